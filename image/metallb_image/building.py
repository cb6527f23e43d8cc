"""An image from the Containerfile, with a builder: what is handed to it, in which order.

Where registries can be reached, the Containerfile's own defaults are used. Where they cannot, the
base is made of Debian packages and helm is a program of this machine.
"""

import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from metallb_image import base, pipconf
from metallb_image.builders import Build, Builder

ROOT: Final = Path(__file__).parents[2]
BASE_NAME: Final = "localhost/metallb-operator-base:latest"
HELM_NAME: Final = "localhost/metallb-operator-helm:latest"
_DEFAULT: Final = re.compile(r"^ARG (\w+)=(\S+)$", re.MULTILINE)
_LAST_CHARACTERS: Final = 6000


class ImageError(Exception):
    """The image could not be built."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the image is made from, besides the repository.

    Attributes:
        name: what it is called, with a tag.
        base: the image to take Python from; None for one that is made of Debian packages.
        helm: a program to put into it; None to have it built in a stage of its own.
        arguments: further arguments of the Containerfile.
        epoch: the time of every file, in seconds.
    """

    name: str
    base: str | None = None
    helm: Path | None = None
    arguments: Mapping[str, str] = field(default_factory=dict)
    epoch: int = 0


def defaults(containerfile: str) -> Mapping[str, str]:
    """Return the arguments of a Containerfile that have a default, with it."""
    return dict(_DEFAULT.findall(containerfile))


def build(builder: Builder, wanted: Wanted) -> None:
    """Build the image into the builder's storage.

    Raises:
        ImageError: a step failed; its output is in the text.
    """
    with tempfile.TemporaryDirectory(prefix="metallb-image-") as name:
        folder = Path(name)
        arguments = dict(wanted.arguments)
        if wanted.base is None:
            _run(*builder.import_tar(_debian(folder / "base.tar"), BASE_NAME))
        arguments["BASE"] = wanted.base or BASE_NAME
        if wanted.helm is not None:
            _run(*builder.import_tar(_helm(wanted.helm, folder / "helm.tar"), HELM_NAME))
            arguments["HELM"] = HELM_NAME
        secrets = dict(_secrets(folder))
        _run(builder.build(Build(ROOT, wanted.name, arguments, secrets, wanted.epoch)))


def save(builder: Builder, name: str, tar: Path) -> None:
    """Write an image of the builder's storage into a docker-archive.

    Raises:
        ImageError: it could not be written.
    """
    _run(builder.save(name, tar))


def _debian(tar: Path) -> Path:
    try:
        base.make(tar)
    except base.BaseError as error:
        raise ImageError(str(error)) from error
    return tar


def _helm(program: Path, tar: Path) -> Path:
    with tarfile.open(tar, "w") as archive:
        archive.add(program, "helm", filter=_plain)
    return tar


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mode, member.uid, member.gid, member.mtime = 0o755, 0, 0, 0
    member.uname = member.gname = ""
    return member


def _secrets(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield what pip is told on this machine, as files for the build, by their id."""
    listing = _output([sys.executable, "-m", "pip", "config", "list"])
    configured = pipconf.settings(listing)
    authorities = pipconf.bundle(configured, os.environ)
    conf = folder / "pip.conf"
    conf.write_text(pipconf.pip_conf(configured, authorities=authorities is not None), "utf-8")
    yield "pip", conf
    if authorities is not None:
        yield "ca", Path(authorities)


def _run(*commands: Sequence[str]) -> None:
    for command in commands:
        _output(command)


def _output(command: Sequence[str]) -> str:
    done = subprocess.run(
        command,
        env={**os.environ, "DOCKER_BUILDKIT": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        shown = " ".join(command)
        raise ImageError(f"{shown}\nfailed:\n{done.stdout[-_LAST_CHARACTERS:]}")
    return done.stdout

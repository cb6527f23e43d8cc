"""The programs that build images, as command lines: podman, docker with BuildKit, buildah. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

Command = list[str]


class NoBuilderError(Exception):
    """Nothing on this machine builds images."""


@dataclass(frozen=True, slots=True)
class Build:
    """What is built.

    Attributes:
        context: the folder of the Containerfile.
        name: what the image is called.
        arguments: the values of the Containerfile's arguments.
        secrets: files that single steps may read, by their id.
        epoch: the time of every file, in seconds; the same time gives the same image.
    """

    context: Path
    name: str
    arguments: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Path] = field(default_factory=dict)
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Builder:
    """One of the programs.

    Attributes:
        kind: podman, docker or buildah.
        program: how it is called, with options that all its commands have.
    """

    kind: str
    program: tuple[str, ...]

    def build(self, wanted: Build) -> Command:
        """Return the command that builds an image."""
        arguments = {**wanted.arguments, "SOURCE_DATE_EPOCH": str(wanted.epoch)}
        return [
            *(*self.program, "build", "--file", str(wanted.context / "Containerfile")),
            *self._habits(wanted.epoch),
            *(f"--secret=id={name},src={path}" for name, path in wanted.secrets.items()),
            *(f"--build-arg={name}={value}" for name, value in arguments.items()),
            *("--tag", wanted.name, str(wanted.context)),
        ]

    def _habits(self, epoch: int) -> Sequence[str]:
        """Return what makes two builds the same, and what one builder does only when asked.

        BuildKit goes by SOURCE_DATE_EPOCH alone, and is told of no proxy; a name without a value
        stands for that of the environment, if it has one.
        """
        if self.kind == "docker":
            return ("--provenance=false", *(f"--build-arg={name}" for name in _PROXIES))
        # No namespace is needed for this isolation, so that it works in a container, too.
        return ("--isolation=chroot", f"--timestamp={epoch}", "--identity-label=false")

    def import_tar(self, tar: Path, name: str) -> Sequence[Command]:
        """Return the commands that make an image of a root file system."""
        if self.kind != "buildah":
            return [[*self.program, "import", str(tar), name]]
        container = name.replace("/", "-").replace(":", "-")
        return [
            [*self.program, "from", "--name", container, "scratch"],
            [*self.program, "add", "--quiet", container, str(tar), "/"],
            [*self.program, "commit", "--quiet", "--rm", container, name],
        ]

    def save(self, name: str, tar: Path) -> Command:
        """Return the command that writes an image into a docker-archive."""
        if self.kind == "buildah":
            return [*self.program, "push", "--quiet", name, f"docker-archive:{tar}:{name}"]
        return [*self.program, "save", "--output", str(tar), name]

    def pull(self, name: str) -> Command:
        """Return the command that fetches an image from its registry."""
        return [*self.program, "pull", name]

    def push(self, name: str) -> Command:
        """Return the command that people publish the image with."""
        return [*self.program, "push", name]


_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
_PREFERRED: Final = ("podman", "docker", "buildah")


def choose(works: Callable[[str], bool], wanted: str = "") -> Builder:
    """Return what to build with.

    Args:
        works: whether a program is there and, for docker, has an engine.
        wanted: the name of the program to use, if it matters.

    Raises:
        NoBuilderError: none is there.
    """
    for kind in (wanted,) if wanted else _PREFERRED:
        if works(kind):
            return Builder(kind, (kind,))
    names = wanted or "podman, docker (with a running engine) or buildah"
    raise NoBuilderError(f"no {names} here; on Debian: apt-get install {wanted or 'buildah'}")

"""Built images as files, kept by what they were built from.

For tests: the same everywhere, whatever registries can be reached. The base is always Debian's,
the builder always buildah with a storage of its own, which is gone afterwards.
"""

import fcntl
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from metallb_image import building
from metallb_image.base import PACKAGES, SUITE
from metallb_image.builders import Builder
from metallb_image.building import ROOT, ImageError, Wanted

INPUTS: Final = (
    "Containerfile",
    "LICENSE",
    "README.md",
    "crds",
    "image",
    "operator",
    "pyproject.toml",
    "requirements.lock",
    "webhooks",
)
"""What the image is built from, as the Containerfile copies it."""

_KEPT: Final = 3
_STORAGE: Final = "storage-"


@dataclass(frozen=True, slots=True)
class Sources:
    """What decides about the content of an image.

    Attributes:
        root: the repository.
        helm: the program to put into it.
        name: what the image is called.
    """

    root: Path
    helm: Path
    name: str

    def fingerprint(self) -> str:
        """Return a short text that is another one when something else would be built."""
        digest = hashlib.sha256(f"{self.name} {SUITE} {PACKAGES} {self.helm.name}".encode())
        for path in _files(self.root):
            digest.update(f"{path.relative_to(self.root)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()[:16]


def cached(folder: Path, name: str, helm: Path) -> Path:
    """Return a docker-archive of the image, building it if it is not there yet.

    Args:
        folder: where such files are kept; only the newest stay.
        name: what the image is called in it, with a tag.
        helm: the program to put into it; its file name says which version it is.

    Raises:
        ImageError: it could not be built.
    """
    sources = Sources(ROOT, helm, name)
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / "lock"):
        _clear_up(folder)
        target = folder / f"{sources.fingerprint()}.tar"
        if target.exists():
            target.touch()
        else:
            _say(f"building {name} (about 2 minutes) ...")
            started = time.monotonic()
            write(target, Wanted(name, helm=helm))
            _say(f"built {name} in {time.monotonic() - started:.0f} s")
            _prune(folder)
    return target


def write(target: Path, wanted: Wanted) -> None:
    """Build an image and write it into a docker-archive.

    Raises:
        ImageError: it could not be built.
    """
    if os.geteuid() or shutil.which("buildah") is None:
        raise ImageError("this needs root and buildah; on Debian: apt-get install buildah")
    unfinished = target.with_name(f"{target.name}.new")
    unfinished.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix=_STORAGE, dir=target.parent) as storage:
        builder = isolated(Path(storage))
        building.build(builder, wanted)
        building.save(builder, wanted.name, unfinished)
    unfinished.rename(target)


def isolated(storage: Path) -> Builder:
    """Return buildah with a storage of its own, which works on any file system."""
    options = ("--root", str(storage / "root"), "--runroot", str(storage / "run"))
    return Builder("buildah", ("buildah", *options, "--storage-driver", "vfs"))


def _files(root: Path) -> Iterator[Path]:
    for name in INPUTS:
        path = root / name
        found = [path] if path.is_file() else sorted(path.rglob("*"))
        yield from (file for file in found if file.is_file() and "__pycache__" not in file.parts)


def _clear_up(folder: Path) -> None:
    """Remove what builds left that were killed; the lock is held, so none is under way."""
    for left in (*folder.glob(f"{_STORAGE}*"), *folder.glob("*.new")):
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink()


def _prune(folder: Path) -> None:
    by_age = sorted(folder.glob("*.tar"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in by_age[_KEPT:]:
        old.unlink()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()

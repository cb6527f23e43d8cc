"""The images that pods of the tests run: MetalLB's and frr-k8s' programs, FRR, and a workload.

Each is an archive in the cache, named by what it is made of.
"""

import fcntl
import hashlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cluster.binaries import binary, cache, module_folder
from cluster.real.archives import Content, archive, layer

WORKLOAD: Final = "example.test/workload:1"

FRR_SUITE: Final = "trixie"
FRR_PACKAGES: Final = ("frr", "frr-pythontools", "tini", "util-linux", "python3")
_DOCKER_START: Final = Path(__file__).parent / "docker-start"
_BUSYBOX: Final = Path("/usr/bin/busybox")
_FOLDERS: Final[Mapping[str, int]] = {"tmp": 0o1777, "etc": 0o755, "var": 0o755, "bin": 0o755}


class ImageError(Exception):
    """An image could not be made."""


@dataclass(frozen=True, slots=True)
class Release:
    """One release of MetalLB and of the frr-k8s that goes with it.

    Attributes:
        suffix: of the names of its programs, as `cluster.binaries` has them.
        frr_k8s_suffix: the same for frr-k8s.
        reloader: path of the reloader's script in the source of frr-k8s.
    """

    metallb: str
    frr_k8s: str
    module: str
    frr_k8s_module: str
    suffix: str = ""
    frr_k8s_suffix: str = ""
    reloader: str = "cmd/reloader/frr-reloader.sh"


RELEASES: Final = (
    Release("0.16.1", "0.0.25", "metallb", "frr-k8s"),
    Release(
        "0.15.3",
        "0.0.21",
        "metallb-0.15.3",
        "frr-k8s-0.0.21",
        "-0.15.3",
        "-0.0.21",
        "frr-tools/reloader/frr-reloader.sh",
    ),
)
FRR_TAGS: Final = ("10.5.3", "10.4.3", "10.4.1")
"""What the releases ask for; one FRR of Debian stands for them all."""


def archives() -> tuple[Path, ...]:
    """Return the archives of everything but the operator's own image, making what is missing.

    Raises:
        ImageError: Debian's packages could not be had.
        BuildError: a program could not be built.
    """
    return (
        workload(),
        *(image for release in RELEASES for image in _metallb(release)),
        frr(),
    )


def workload() -> Path:
    """Return the archive of what tests run in pods, which serves as the pause image, too."""
    content = Content({"workload": binary("workload")}, folders=_FOLDERS)
    return _from_content("workload", [WORKLOAD], content, ["/workload"], ["pause"])


def frr() -> Path:
    """Return the archive of FRR under all of its names."""
    tags = [f"quay.io/frrouting/frr:{tag}" for tag in FRR_TAGS]
    mark = " ".join((FRR_SUITE, *FRR_PACKAGES, *tags, *_HOOKS, _DOCKER_START.read_text()))

    def make(target: Path, folder: Path) -> None:
        base = folder / "base.tar"
        _debian(base)
        archive(target, tags, [base], entrypoint=["/sbin/tini", "--"], command=["/bin/bash"])

    return _cached("frr", mark, make)


def _metallb(release: Release) -> Iterator[Path]:
    suffix = release.suffix
    source = module_folder(release.module, "go.universe.tf/metallb")
    files = {
        "speaker": binary(f"metallb-speaker{suffix}"),
        "cp-tool": binary(f"metallb-cp-tool{suffix}"),
        "frr-metrics": binary(f"metallb-metrics{suffix}"),
        "frr-reloader.sh": source / "frr-tools/reloader/frr-reloader.sh",
    }
    yield _from_content(
        "speaker",
        [f"quay.io/metallb/speaker:v{release.metallb}"],
        Content(files, folders=_FOLDERS),
        ["/speaker"],
    )
    yield _from_content(
        "controller",
        [f"quay.io/metallb/controller:v{release.metallb}"],
        Content({"controller": binary(f"metallb-controller{suffix}")}, folders=_FOLDERS),
        ["/controller"],
    )
    yield _frr_k8s(release)


def _frr_k8s(release: Release) -> Path:
    suffix = release.frr_k8s_suffix
    source = module_folder(release.frr_k8s_module, "github.com/metallb/frr-k8s")
    files = {
        "frr-k8s": binary(f"frr-k8s-controller{suffix}"),
        "statuscleaner": binary(f"frr-k8s-statuscleaner{suffix}"),
        "frr-metrics": binary(f"frr-k8s-metrics{suffix}"),
        "frr-status": binary(f"frr-k8s-status{suffix}"),
        "frr-reloader.sh": source / release.reloader,
        "bin/busybox": _BUSYBOX,
    }
    links = {f"bin/{name}": "busybox" for name in ("sh", "cp", "ls", "cat")}
    return _from_content(
        "frr-k8s",
        [f"quay.io/metallb/frr-k8s:v{release.frr_k8s}"],
        Content(files, links, _FOLDERS),
        ["/frr-k8s"],
    )


def _from_content(
    name: str,
    names: Sequence[str],
    content: Content,
    entrypoint: Sequence[str],
    command: Sequence[str] = (),
) -> Path:
    mark = " ".join((*names, *entrypoint, *command, *_marks(content)))

    def make(target: Path, folder: Path) -> None:
        made = layer(content, folder / "layer.tar")
        archive(target, names, [made], entrypoint=entrypoint, command=command)

    return _cached(name, mark, make)


def _marks(content: Content) -> Iterator[str]:
    # Programs of the cache have names by what they are built from.
    for path, source in sorted(content.files.items()):
        yield f"{path}={source}"
    yield from map(str, sorted(content.links.items()))


def _cached(name: str, mark: str, make: Callable[[Path, Path], None]) -> Path:
    folder = cache().parent / "images"
    folder.mkdir(exist_ok=True)
    digest = hashlib.sha256(mark.encode()).hexdigest()[:16]
    target = folder / f"{name}-{digest}.tar"
    with locked(target.with_suffix(".lock")):
        if not target.exists():
            started = time.monotonic()
            _say(f"making image {name} ...")
            with TemporaryDirectory(prefix="image-", dir=folder) as where:
                make(target, Path(where))
            _say(f"made image {name} in {time.monotonic() - started:.0f} s")
    return target


_HOOKS: Final = (
    # The user and group of FRR's published image, which manifests name by number.
    "groupmod --non-unique --gid 101 frr",
    "usermod --non-unique --uid 100 frr",
    "chown -R frr:frr /etc/frr /var/log/frr /var/lib/frr",
    "ln -sf /usr/bin/tini /usr/sbin/tini",
    "rm -rf /usr/share/doc /usr/share/man /usr/share/locale /var/cache/apt /var/lib/apt/lists",
)


def _debian(target: Path) -> None:
    """Write the root file system of FRR's image from Debian's packages."""
    hooks = [f"--customize-hook=chroot \"$1\" sh -c '{hook}'" for hook in _HOOKS]
    start = f'--customize-hook=install -m 755 {_DOCKER_START} "$1/usr/lib/frr/docker-start"'
    done = subprocess.run(
        [
            *("mmdebstrap", "--variant=minbase", "--mode=root", "--quiet"),
            f"--include={','.join(FRR_PACKAGES)}",
            *hooks,
            start,
            *(FRR_SUITE, str(target)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ImageError(f"mmdebstrap {FRR_SUITE} failed: {done.stderr.strip()[-2000:]}")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let nobody else, in whatever process, into the block that the file stands for."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()

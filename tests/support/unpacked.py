"""An image's root file system, and its processes in it as a container runtime would start them."""

import json
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from support.processes import Process

ACCOUNT: Final = "var/run/secrets/kubernetes.io/serviceaccount"
"""Where a pod finds its ServiceAccount."""

# The root file system cannot be written to; /tmp is a volume of the manifest's, and the kubelet
# mounts the ServiceAccount below /var/run, which leads to /run. All mounts end with the process.
_ENTER: Final = """
set -eu
root=$1 account=$2; shift 2
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount --bind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/run"
mkdir -p "$root/run/secrets/kubernetes.io/serviceaccount"
[ -z "$account" ] || mount --bind -o ro "$account" "$root/run/secrets/kubernetes.io/serviceaccount"
exec env -i "$@"
"""


@dataclass(frozen=True, slots=True)
class Unpacked:
    """An image out of a docker-archive.

    Attributes:
        root: its root file system.
        config: its configuration (OCI image specification, "Image Configuration").
        layer_bytes: the size of each layer.
    """

    root: Path
    config: Mapping[str, Any]
    layer_bytes: tuple[int, ...]

    def files(self) -> Iterator[Path]:
        """Yield every regular file and link by its path in the image."""
        for path in self.root.rglob("*"):
            if path.is_symlink() or path.is_file():
                yield path.relative_to(self.root)

    def process(
        self,
        log: Path,
        *command: str,
        account: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Process:
        """Describe a process of the image.

        Args:
            log: where its output goes.
            command: what runs; the image's own command if empty.
            account: the folder of the ServiceAccount's files; none are mounted if None.
            environment: variables besides the image's own; no others are set.
        """
        settings = self.config["config"]
        extra = (f"{name}={value}" for name, value in (environment or {}).items())
        user = str(settings["User"])
        return Process(
            "image",
            (
                *("unshare", "--mount", "--propagation", "private", "sh", "-c", _ENTER, "sh"),
                *(str(self.root), str(account or "")),
                *(*settings["Env"], *extra),
                *(_program("chroot"), f"--userspec={user}", "--groups=", str(self.root)),
                *(command or settings["Cmd"]),
            ),
            log,
        )


def config_of(tar: Path) -> Mapping[str, Any]:
    """Return the configuration of the one image in a docker-archive."""
    with tarfile.open(tar) as archive:
        [manifest] = _read(archive, "manifest.json")
        found: Mapping[str, Any] = _read(archive, manifest["Config"])
    return found


def unpack(tar: Path, folder: Path) -> Unpacked:
    """Unpack the one image of a docker-archive; there must be no layer that removes files."""
    with tarfile.open(tar) as archive:
        [manifest] = _read(archive, "manifest.json")
        sizes = []
        for name in manifest["Layers"]:
            sizes.append(archive.getmember(name).size)
            with tarfile.open(fileobj=archive.extractfile(name)) as layer:
                layer.extractall(folder, filter="fully_trusted")  # noqa: S202 - built here
    # Whoever runs in it must reach it, and pytest's folders are their owner's alone.
    folder.chmod(0o755)
    return Unpacked(folder, config_of(tar), tuple(sizes))


def _read(archive: tarfile.TarFile, name: str) -> Any:  # noqa: ANN401 - JSON
    file = archive.extractfile(name)
    if file is None:
        raise ValueError(f"{archive.name!r} holds no {name}")
    return json.load(file)


def _program(name: str) -> str:
    """Return where a program is: the image's PATH, which is searched later, is another."""
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"{name} is not on PATH")
    return found

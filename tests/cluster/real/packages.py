"""Programs that the nodes need from Debian: installed where that is possible, named where not."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

PROGRAMS: Final[Mapping[str, str]] = {
    "/usr/bin/containerd": "containerd",
    "/usr/sbin/runc": "runc",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    "/usr/sbin/nft": "nftables",
    "/usr/sbin/conntrack": "conntrack",
    "/usr/sbin/iptables": "iptables",
    "/usr/sbin/ip": "iproute2",
    "/usr/bin/unshare": "util-linux",
    "/usr/lib/frr/bgpd": "frr",
    "/usr/bin/mmdebstrap": "mmdebstrap",
    "/usr/bin/buildah": "buildah",
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
    "/usr/bin/tcpdump": "tcpdump",
    "/usr/sbin/arping": "arping",
    "/usr/bin/busybox": "busybox-static",
}
"""A file of each package, by which its presence is known."""


class MissingError(Exception):
    """This machine has not what real nodes need; the message says what, and how to get it."""


def missing(exists: Callable[[str], bool] = os.path.exists) -> tuple[str, ...]:
    """Return the packages that are not installed, in alphabetical order."""
    return tuple(sorted({package for path, package in PROGRAMS.items() if not exists(path)}))


def ensure() -> None:
    """Install what is missing.

    Raises:
        MissingError: this is not root on a Debian, or apt could not do it.
    """
    if os.geteuid() != 0:
        raise MissingError("real nodes need root: namespaces, mounts and cgroups are made")
    wanted = missing()
    if not wanted:
        return
    if not shutil.which("apt-get"):
        raise MissingError(f"install these Debian packages (or their like): {' '.join(wanted)}")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ("apt-get", "update", "-q"),
        ("apt-get", "install", "-qy", "--no-install-recommends", *wanted),
    ):
        done = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False)
        if done.returncode:
            raise MissingError(f"{' '.join(command)}: {done.stderr.strip()[-1000:]}")
    left = [path for path in PROGRAMS if not Path(path).exists()]
    if left:
        raise MissingError(f"still missing after apt-get install: {' '.join(left)}")

"""containerd's folder with images already in it: unpacked once, shared by all nodes of all runs.

Layers and blobs are never written to once they are committed, so that nodes can share them by hard
links; containerd's databases are copied. Importing them anew would cost each node half a minute.
"""

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cluster.binaries import cache
from cluster.real import node
from cluster.real.images import locked
from cluster.real.machine import machine
from support.waiting import wait_for

_KEPT: Final = 3
"""Seeds that stay in the cache; the ones used longest ago go first."""


def seed(archives: Sequence[Path]) -> Path:
    """Return a folder of containerd's that holds these images, made if it is not there.

    Raises:
        MachineError: containerd does not take an image.
    """
    name = hashlib.sha256(" ".join(sorted(one.name for one in archives)).encode()).hexdigest()[:16]
    folder = cache().parent / "seeds"
    folder.mkdir(exist_ok=True)
    target = folder / name
    with locked(folder / "lock"):
        if not target.exists():
            _make(target, archives)
        target.touch()
        _forget(folder)
    return target


def plant(seed: Path, target: Path) -> None:
    """Give a node the images of a seed.

    Args:
        seed: what `seed` returned.
        target: containerd's folder on the node, which is not there yet; on the same file system.
    """
    subprocess.run(["cp", "-al", str(seed), str(target)], check=True)
    for database in target.rglob("*.db"):
        original = seed / database.relative_to(target)
        database.unlink()
        shutil.copy2(original, database)


def _make(target: Path, archives: Sequence[Path]) -> None:
    with tempfile.TemporaryDirectory(prefix="seed-", dir=target.parent) as where:
        with machine("seed", Path(where) / "seed") as made:
            node.start_runtime(made)
            wait_for("containerd answers", lambda: node.runtime_answers(made))
            for archive in archives:
                node.import_image(made, archive)
            made.programs["containerd"].stop()
        (Path(where) / "seed" / "disk" / "containerd").rename(target)


def _forget(folder: Path) -> None:
    seeds = sorted((one for one in folder.iterdir() if one.is_dir()), key=_used)
    for old in seeds[:-_KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def _used(folder: Path) -> float:
    return folder.stat().st_mtime

"""Clean up behind a cluster whose owner has ended in whatever way: `janitor.py FOLDER CGROUP`.

Reads standard input until its end, which comes with the end of the owner, even by SIGKILL. By then
the machines are gone, since their first processes are leashed to the owner; what stays is their
cgroups and files. Standard library only.
"""

import os
import shutil
import sys
import time
from pathlib import Path

_TRIES = 100
_STEP_SECONDS = 0.1
_CONTROLLERS = Path("/sys/fs/cgroup")


def main() -> None:
    """Wait for the owner's end, then remove the cgroups and the folder."""
    folder, cgroup = sys.argv[1:]
    sys.stdin.read()
    remove_cgroups(cgroup)
    shutil.rmtree(folder, ignore_errors=True)


def remove_cgroups(name: str) -> None:
    """Remove the cgroups of that name everywhere, waiting until their processes are gone."""
    for _ in range(_TRIES):
        left = [path for path in _CONTROLLERS.glob(f"*/{name}") if path.is_dir()]
        left += [path for path in (_CONTROLLERS / name,) if path.is_dir()]
        for path in left:
            _remove(path)
        if not any(path.exists() for path in left):
            return
        time.sleep(_STEP_SECONDS)


def _remove(path: Path) -> None:
    for root, folders, _ in os.walk(path, topdown=False):
        for folder in folders:
            _rmdir(Path(root) / folder)
    _rmdir(path)


def _rmdir(path: Path) -> None:
    try:
        path.rmdir()
    except OSError:
        return  # a process in it has not ended yet: the next round


if __name__ == "__main__":
    main()

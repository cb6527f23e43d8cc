"""Control groups of the nodes, in version 1 hierarchies or the unified one."""

from pathlib import Path
from typing import Final

_ROOT: Final = Path("/sys/fs/cgroup")
_UNIFIED: Final = "cgroup.controllers"
_SHARES: Final = "8192"
_WEIGHT: Final = "800"
"""Eight times the default: beside other processes of this machine, each of which weighs as much as
a whole cgroup, the pods of all nodes together would else count as one."""


def create(name: str) -> None:
    """Create a cgroup of that name below every hierarchy, ready for containers.

    Source: cgroups(7), cpuset(7): a new cpuset is empty, and takes no process before it is filled.
    """
    if (_ROOT / _UNIFIED).exists():
        _delegate(_ROOT)
        (_ROOT / name).mkdir(parents=True, exist_ok=True)
        _delegate(_ROOT / name)
        (_ROOT / Path(name).parts[0] / "cpu.weight").write_text(_WEIGHT)
        return
    for hierarchy in _ROOT.iterdir():
        if not hierarchy.is_dir() or (hierarchy / _UNIFIED).exists():
            continue
        path = hierarchy
        for part in Path(name).parts:
            path = path / part
            path.mkdir(exist_ok=True)
            for setting in ("cpuset.cpus", "cpuset.mems"):
                if (path / setting).exists():
                    (path / setting).write_text((path.parent / setting).read_text())
        shares = hierarchy / Path(name).parts[0] / "cpu.shares"
        if shares.exists():
            shares.write_text(_SHARES)


def _delegate(path: Path) -> None:
    available = (path / _UNIFIED).read_text().split()
    (path / "cgroup.subtree_control").write_text(" ".join(f"+{one}" for one in available))

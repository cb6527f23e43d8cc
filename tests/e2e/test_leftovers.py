"""Real nodes leave nothing behind, however the process that holds them ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cluster.binaries import cache
from support.site import ROOT
from support.waiting import wait_for

pytestmark = pytest.mark.core

HOLD = """
import sys
from pathlib import Path
from cluster.real import images
from cluster.real.core import real_cluster
with real_cluster(images.archives(), nodes=1) as cluster:
    print(cluster.folder, flush=True)
    sys.stdin.read()
"""


def left(folder: Path) -> list[str]:
    """Return what there is of a cluster: processes, cgroups, mounts and files."""
    found = [str(path) for path in (folder,) if path.exists()]
    found += [str(path) for path in Path("/sys/fs/cgroup").glob(f"*/{folder.name}")]
    found += [line for line in Path("/proc/mounts").read_text().splitlines() if str(folder) in line]
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and process.name != str(os.getpid()):
            try:
                command = (process / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue  # it has ended
            if str(folder) in command and "janitor.py" not in command:
                found.append(command.replace("\0", " "))
    return found


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left(how: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}:{ROOT / 'image'}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        folder = Path(holder.stdout.readline().strip() if holder.stdout else "")
        assert folder.parent == cache().parent / "clusters"
        assert len(left(folder)) > 10
        holder.send_signal(how)
        holder.wait(60)
    wait_for("nothing is left", lambda: not left(folder), seconds=60, every=0.5)

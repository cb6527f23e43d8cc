"""The startup probe of FRR asks a real bgpd, which has a real session with a router."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

import metallb_operator
from observe.bgpconfig import Bgp, Neighbor
from observe.router import Router, routing
from support.waiting import wait_for
from support.wires import Wire

SCRIPT: Final = Path(metallb_operator.__file__).parent / "charts/metallb/files/sessions-up.sh"
OURS: Final = Neighbor("192.0.2.1", 64512)
ROUTER: Final = Neighbor("192.0.2.2", 64513)
Probe = Callable[[], tuple[int, str]]


def probing(speaker: Router, root: Path, shell: tuple[str, ...]) -> Probe:
    """Return what asks a bgpd as it is asked in its container, whose root is a folder here."""
    for folder in ("var/run/frr", "etc/frr", "etc/frr_reloader"):
        (root / folder).mkdir(parents=True)
    (root / "proc").symlink_to("/proc")
    (root / "var/run/frr/bgpd.pid").symlink_to(speaker.folder / "bgpd.lock")
    (root / "etc/frr/session-timeout").write_text("120\n")
    vtysh = root / "vtysh"
    vtysh.write_text(
        f'#!/bin/sh\nexec {shutil.which("vtysh")} --vty_socket {speaker.folder} "$@"\n'
    )
    vtysh.chmod(0o755)

    def probe() -> tuple[int, str]:
        done = subprocess.run(
            [*shell, str(SCRIPT), str(root)],
            env={"PATH": f"{root}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        return done.returncode, done.stdout.strip()

    return probe


@pytest.mark.parametrize("shell", [("dash",), ("busybox", "sh")], ids=" ".join)
def test_ready_when_its_sessions_are_up(wire: Wire, shell: tuple[str, ...], tmp_path: Path) -> None:
    with routing(wire.a, Bgp(64512, OURS.address), tmp_path) as speaker:
        probe = probing(speaker, tmp_path / "root", shell)
        assert probe() == (1, "FRR has no configuration yet")
        (tmp_path / "root/etc/frr_reloader/.status").write_text("1764540000 success")
        assert probe() == (0, "")
        speaker.add_neighbor(ROUTER)
        code, said = probe()
        assert code == 1
        assert said.startswith("session with 192.0.2.2 is ")
        with routing(wire.b, Bgp(64513, ROUTER.address, (OURS,)), tmp_path):
            wait_for(
                "the session", lambda: probe() == (1, "session with 192.0.2.2 has just come up")
            )
            wait_for("the session is settled", lambda: probe() == (0, ""))
        wait_for("its end", lambda: probe()[0] == 1)
        speaker.configure("router bgp 64512", "neighbor 192.0.2.2 shutdown")
        assert probe() == (0, "")

"""The startup probe of FRR, run by the shells of the images that FRR comes in."""

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

import metallb_operator

SCRIPT: Final = Path(metallb_operator.__file__).parent / "charts/metallb/files/sessions-up.sh"
SHELLS: Final = (("dash",), ("busybox", "sh"))
TIMEOUT: Final = 30
UP: Final = "Established"
PID: Final = 4711
TINI: Final = 7
UPTIME: Final = 100_000

every_shell = pytest.mark.parametrize("shell", SHELLS, ids=" ".join)


def peer(state: str, seconds: int = 60, **more: object) -> dict[str, Any]:
    """Return a peer as `show bgp summary json` has it (FRR 8.4 to 10.5), as far as it matters."""
    return {
        "hostname": "router",
        "remoteAs": 64513,
        "peerUptime": "00:01:00",
        "peerUptimeMsec": seconds * 1000,
        "pfxSnt": 3,
        "state": state,
        "peerState": "OK",
        **more,
        "idType": "ipv4",
    }


def family(**peers: object) -> dict[str, Any]:
    """Return an address family with peers, `a` standing for 192.0.2.1 and so on."""
    found = {f"192.0.2.{ord(name) - ord('a') + 1}": one for name, one in peers.items()}
    return {"routerId": "10.0.0.1", "vrfName": "default", "peers": found, "totalPeers": len(found)}


def default(**peers: object) -> dict[str, Any]:
    """Return a summary of the default VRF with IPv4 peers."""
    return {"default": {"ipv4Unicast": family(**peers)}}


@dataclass(frozen=True, slots=True)
class Node:
    """What the script finds.

    Attributes:
        age: seconds since bgpd was started; None if it does not run.
        process: what has the process id that bgpd had, and its state.
        status: what frr-reloader.sh noted last; None for nothing.
        newer: whether the speaker has written another configuration since.
        summary: what bgpd answers; None if it does not.
        timeout: of the rollout; None for no such file.
    """

    age: int = 5
    process: str = "(bgpd) S"
    status: str | None = "1764540000 success"
    newer: bool = False
    summary: dict[str, Any] | None = field(default_factory=dict)
    timeout: str | None = f"{TIMEOUT}"
    indent: int | None = 2


def probe(shell: tuple[str, ...], node: Node, root: Path) -> tuple[int, str, str]:
    """Run the script; return its exit code, what it says, and what it logs."""
    files = {
        "var/run/frr/bgpd.pid": f"{PID}\n",
        # Fields 3 to 22 of proc(5), the start in hundredths of a second since boot.
        f"proc/{PID}/stat": f"{PID} {node.process} {TINI} {'0 ' * 17}{(UPTIME - node.age) * 100} 9",
        f"proc/{TINI}/fd/1": "",
        "proc/uptime": f"{UPTIME}.42 123.45\n",
        "etc/frr/session-timeout": node.timeout,
        "etc/frr_reloader/.status": node.status,
        "etc/frr_reloader/frr.conf": "" if node.status else None,
    }
    for name, text in files.items():
        if text is not None:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
    if node.status:
        os.utime(root / "etc/frr_reloader/.status", (1000, 1000))
        os.utime(root / "etc/frr_reloader/frr.conf", (1002, 1002) if node.newer else (998, 998))
    vtysh = root / "vtysh"
    if node.summary is None:
        vtysh.write_text("#!/bin/sh\necho 'Exiting: failed to connect to any daemons.'; exit 1\n")
    else:
        (root / "summary").write_text(json.dumps(node.summary, indent=node.indent))
        vtysh.write_text(f"#!/bin/sh\nexec cat {root}/summary\n")
    vtysh.chmod(0o755)
    done = subprocess.run(
        [*shell, str(SCRIPT), str(root)],
        env={"PATH": f"{root}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert not done.stderr
    return done.returncode, done.stdout.strip(), (root / f"proc/{TINI}/fd/1").read_text()


@every_shell
@pytest.mark.parametrize(
    "node",
    [
        pytest.param(Node(summary={}), id="no BGP at all"),
        pytest.param(Node(summary={"default": {}}), id="a router without peers"),
        pytest.param(Node(summary=default(a=peer(UP), b=peer(UP, 3))), id="all up"),
        pytest.param(Node(summary=default(a=peer(UP)), indent=None), id="all up, on one line"),
        pytest.param(
            Node(summary=default(a=peer(UP), b=peer("Idle (Admin)", 0))), id="one shut down"
        ),
        pytest.param(
            Node(summary=default(a=peer("Idle (PfxCt)", 0))), id="one that sent too many prefixes"
        ),
        pytest.param(
            Node(summary=default(a=peer(UP, desc='x {y}, "state":"Idle"\\n"state":"Idle"'))),
            id="a description that looks like a state",
        ),
        pytest.param(Node(summary=default(a=peer("Active", 0)), timeout="0"), id="waits for none"),
    ],
)
def test_ready_and_silent(shell: tuple[str, ...], node: Node, tmp_path: Path) -> None:
    assert probe(shell, node, tmp_path) == (0, "", "")


WAITING: Final = {
    "not configured yet": (Node(status=None), "FRR has no configuration yet"),
    "configured anew": (Node(newer=True), "FRR is configured anew"),
    "configuration not taken": (
        Node(status="1764540000 failure"),
        "FRR has not taken its configuration",
    ),
    "one down": (
        Node(summary=default(a=peer(UP), b=peer("Active", 0))),
        "session with 192.0.2.2 is Active",
    ),
    "two down": (
        Node(summary=default(a=peer("Idle", 0), b=peer("OpenSent", 0))),
        "session with 192.0.2.1 is Idle, session with 192.0.2.2 is OpenSent",
    ),
    "just up": (Node(summary=default(a=peer(UP, 2))), "session with 192.0.2.1 has just come up"),
    "one down, on one line": (
        Node(summary=default(a=peer("Connect", 0)), indent=None),
        "session with 192.0.2.1 is Connect",
    ),
    "one down in both families": (
        Node(
            summary={
                "default": {
                    "ipv4Unicast": family(a=peer("Idle", 0)),
                    "ipv6Unicast": family(a=peer("Idle", 0)),
                }
            }
        ),
        "session with 192.0.2.1 is Idle",
    ),
    "one down in another VRF": (
        Node(summary={**default(a=peer(UP)), "red": {"ipv6Unicast": family(c=peer("Idle", 0))}}),
        "session with 192.0.2.3 is Idle",
    ),
    "down once more": (
        Node(summary=default(a=peer("Active", 60))),
        "session with 192.0.2.1 is Active",
    ),
    "bgpd is silent": (Node(summary=None), "bgpd does not answer"),
    "nobody said how long": (
        Node(summary=default(a=peer("Idle", 0)), timeout=None),
        "session with 192.0.2.1 is Idle",
    ),
    "nonsense about how long": (
        Node(summary=default(a=peer("Idle", 0)), timeout="soon"),
        "session with 192.0.2.1 is Idle",
    ),
}
every_wait = pytest.mark.parametrize(("node", "why"), WAITING.values(), ids=WAITING)


@every_shell
@every_wait
@pytest.mark.parametrize("age", [0, TIMEOUT - 1])
def test_not_ready_and_says_why(
    shell: tuple[str, ...], node: Node, why: str, age: int, tmp_path: Path
) -> None:
    assert probe(shell, _aged(node, age), tmp_path) == (1, why, "")


@every_shell
@every_wait
@pytest.mark.parametrize("age", [TIMEOUT, 90_000])
def test_ready_when_the_time_is_over_and_logs_what_lacks(
    shell: tuple[str, ...], node: Node, why: str, age: int, tmp_path: Path
) -> None:
    code, said, logged = probe(shell, _aged(node, age), tmp_path)
    assert (code, said) == (0, "")
    text = f"after {TIMEOUT} s the node counts as ready all the same: {why}"
    assert logged == f"sessions-up.sh: {text}\n"


@every_shell
@pytest.mark.parametrize("process", ["(bgpd) Z", "(sleep) S"], ids=["dead", "of another program"])
@pytest.mark.parametrize("age", [5, 90_000])
def test_never_ready_without_bgpd(
    shell: tuple[str, ...], process: str, age: int, tmp_path: Path
) -> None:
    found = probe(shell, Node(process=process, age=age), tmp_path)
    assert found == (1, "bgpd does not run", "")


@every_shell
def test_never_ready_before_bgpd(shell: tuple[str, ...], tmp_path: Path) -> None:
    done = subprocess.run(
        [*shell, str(SCRIPT), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "bgpd does not run\n", "")


def _aged(node: Node, age: int) -> Node:
    return Node(age, node.process, node.status, node.newer, node.summary, node.timeout, node.indent)

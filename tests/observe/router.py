"""A router outside the cluster: FRR's zebra, bgpd and bfdd in a place, with routes in its kernel.

Several can run on one machine: each has its sockets in a folder of its own.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from observe import bgproutes
from observe.bgpconfig import Bgp, Family, Neighbor, add_neighbor, remove_neighbor, render
from observe.bgproutes import Route
from observe.places import Place
from observe.programs import Program, running
from support.waiting import DeadlineError, wait_for

_PROGRAMS: Final = Path("/usr/lib/frr")
_DAEMONS: Final = ("zebra", "bfdd", "bgpd")
_FORWARDING: Final = (
    "net/ipv4/ip_forward",
    "net/ipv6/conf/all/forwarding",
    # Connections, not pairs of hosts, are spread over next hops (ECMP by ports, too).
    "net/ipv4/fib_multipath_hash_policy",
    "net/ipv6/fib_multipath_hash_policy",
)
ESTABLISHED: Final = "Established"


@dataclass(frozen=True, slots=True)
class Router:
    """A running router.

    Attributes:
        place: that it is in.
        bgp: what it was started with.
        folder: of its sockets and configuration.
        daemons: zebra, bfdd and bgpd, by name.
    """

    place: Place
    bgp: Bgp
    folder: Path
    daemons: Mapping[str, Program]

    def vtysh(self, *commands: str) -> str:
        """Run commands, one after the other, and return what they print.

        Raises:
            AssertionError: one of them is none, or was refused.
        """
        command = self.place.command(
            *("vtysh", "--vty_socket", str(self.folder)),
            *(word for one in commands for word in ("-c", one)),
        )
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        # Some refusals are told by the exit code, some by the text alone.
        if done.returncode or any(line.startswith("%") for line in done.stdout.splitlines()):
            raise AssertionError(f"{'; '.join(commands)}: {done.stdout}{done.stderr}".strip())
        return done.stdout

    def show(self, what: str) -> Any:  # noqa: ANN401 - an object or a list
        """Return what `show WHAT`, which must end in `json`, says."""
        return json.loads(self.vtysh(f"show {what}"))

    def configure(self, *commands: str) -> None:
        """Change the running configuration.

        Raises:
            AssertionError: a command was refused.
        """
        self.vtysh("configure terminal", *commands)

    def add_neighbor(self, neighbor: Neighbor) -> None:
        """Add a neighbor, or change one."""
        self.configure(*add_neighbor(self.bgp, neighbor))

    def remove_neighbor(self, address: str) -> None:
        """Forget a neighbor, with all that it has announced."""
        self.configure(*remove_neighbor(self.bgp, address))

    def sessions(self) -> dict[str, str]:
        """Return the state of each neighbor, like `Established` or `Active`."""
        return bgproutes.sessions(self.show("bgp neighbors json"))

    def bfd_peers(self) -> dict[str, str]:
        """Return the state of BFD with each peer that has it, like `up` or `down`."""
        return bgproutes.bfd_peers(self.show("bfd peers json"))

    def routes(self, family: Family = "ipv4") -> dict[str, Route]:
        """Return what is announced to it, and by itself."""
        return bgproutes.routes(self.show(f"bgp {family} unicast json detail"))

    def kernel_routes(self, family: Family = "ipv4") -> dict[str, tuple[str, ...]]:
        """Return the gateways of every prefix that its kernel has learnt by BGP."""
        said = self.place.run("ip", "-j", f"-{family[-1]}", "route", "show", "proto", "bgp")
        return bgproutes.kernel_routes(json.loads(said or "[]"))

    def wait_established(self, *addresses: str, seconds: float = 60) -> None:
        """Return when the sessions with these neighbors are up; without any, with all.

        Raises:
            DeadlineError: they are not in time.
        """

        def up() -> bool:
            found = self.sessions()
            last.update(found)
            return all(found.get(one) == ESTABLISHED for one in addresses or found)

        last: dict[str, str] = {}
        _wait(f"sessions of {self.place.name} with {addresses or 'all'} are up", up, seconds, last)

    def wait_next_hops(self, prefix: str, count: int, *, seconds: float = 60) -> tuple[str, ...]:
        """Return the gateways that the kernel has for a prefix when there are so many.

        Args:
            prefix: like 192.0.2.100/32.
            count: 0 waits for it to be withdrawn.

        Raises:
            DeadlineError: there are more or fewer at the end.
        """
        family: Family = "ipv6" if ":" in prefix else "ipv4"

        last: dict[str, tuple[str, ...]] = {}

        def as_many() -> bool:
            last[prefix] = self.kernel_routes(family).get(prefix, ())
            return len(last[prefix]) == count

        _wait(f"{prefix} has {count} next hops", as_many, seconds, last)
        return last[prefix]


def _wait(what: str, probe: Callable[[], bool], seconds: float, last: Mapping[str, Any]) -> None:
    try:
        wait_for(what, probe, seconds=seconds, every=0.2)
    except DeadlineError as late:
        raise DeadlineError(f"{late}: {dict(last)}") from None


@contextmanager
def routing(place: Place, bgp: Bgp, logs: Path) -> Iterator[Router]:
    """Run a router until the end of the block.

    Args:
        place: that it is in; forwarding is switched on there.
        bgp: its configuration.
        logs: folder for the logs of its daemons; must exist.

    Raises:
        RuntimeError: FRR is not installed.
        AssertionError: a daemon does not start.
    """
    missing = [name for name in _DAEMONS if not (_PROGRAMS / name).exists()]
    if missing:
        raise RuntimeError(f"{missing} not found; on Debian: apt-get install frr")
    for name in _FORWARDING:
        place.run("sh", "-c", f"echo 1 > /proc/sys/{name}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="frr-")))
        _write(folder, bgp)
        daemons = {name: _daemon(name, place, folder, logs) for name in _DAEMONS}
        for daemon in daemons.values():
            stack.enter_context(running(daemon))
            _wait_ready(daemon, folder)
        yield Router(place, bgp, folder, daemons)


def _write(folder: Path, bgp: Bgp) -> None:
    for name in _DAEMONS:
        (folder / f"{name}.conf").write_text(render(bgp) if name == "bgpd" else "")
    # The daemons give up being root before they make their sockets.
    for path in (folder, *folder.iterdir()):
        shutil.chown(path, "frr", "frr")


def _daemon(name: str, place: Place, folder: Path, logs: Path) -> Program:
    extra = {"bfdd": ("--bfdctl", str(folder / "bfdd.sock"))}
    return Program(
        place=place,
        name=name,
        command=(
            str(_PROGRAMS / name),
            *("--config_file", str(folder / f"{name}.conf")),
            *("--pid_file", str(folder / f"{name}.lock")),
            *("--socket", str(folder / "zserv.api")),
            *("--vty_socket", str(folder), "--vty_port", "0"),
            *("--log", "stdout", "--log-level", "info"),
            *extra.get(name, ()),
        ),
        pid_file=folder / f"{name}.pid",
        log=logs / f"{place.name}-{name}.log",
    )


def _wait_ready(daemon: Program, folder: Path) -> None:
    def listening() -> bool:
        if not daemon.alive:
            raise AssertionError(f"{daemon.name} has ended:\n{daemon.tail()}")
        return (folder / f"{daemon.name}.vty").exists()

    wait_for(f"{daemon.name} listens", listening)

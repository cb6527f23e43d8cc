"""What is asked from outside the cluster, where a test needs one answer rather than traffic."""

import json
from collections.abc import Callable, Collection
from typing import Any, Final

from cluster.real.core import RealCluster
from cluster.real.machine import Machine
from observe.announcers import announcers
from support.waiting import wait_for

ON_LINK: Final = (
    "192.168.1.0/24",
    "192.168.9.0/24",
    "192.168.10.0/24",
    "1.2.3.4/32",
    "fc00:f853:ccd:e799::/64",
)
"""Prefixes of the introduction's pools: on the LAN, as where a router has an address in them."""


def put_on_link(machine: Machine) -> None:
    """Lead the introduction's prefixes to the LAN; what BGP learns is longer and goes first."""
    for prefix in ON_LINK:
        machine.run("ip", "route", "replace", prefix, "dev", "eth0")


def ask(machine: Machine, address: str, port: int = 80) -> dict[str, Any]:
    """Ask a Service by HTTP once; empty if nobody answers within two seconds."""
    host = f"[{address}]" if ":" in address else address
    done = machine.try_run("curl", "-sS", "-g", "--max-time", "2", f"http://{host}:{port}/")
    return dict(json.loads(done.stdout)) if not done.returncode and done.stdout else {}


def wait_answer(machine: Machine, address: str, port: int = 80) -> dict[str, Any]:
    """Return the first answer of a Service."""
    what = f"{address} answers on port {port}"
    return wait_for(what, lambda: ask(machine, address, port), seconds=30, every=0.2)


def wait_served(machine: Machine, address: str, times: int = 10) -> None:
    """Wait until so many connections in a row are answered, whichever nodes routes lead them to.

    A node's kube-proxy may hear of a Service later than its speaker.
    """

    def served() -> bool:
        return all(ask(machine, address) for _ in range(times))

    wait_for(f"{address} answers {times} times in a row", served, seconds=30, every=0.2)


def nodes_asked(machine: Machine, address: str, times: int = 20) -> set[str]:
    """Ask many times; return the nodes whose pods answered, "" where nobody did."""
    return {str(ask(machine, address).get("node", "")) for _ in range(times)}


def macs(real: RealCluster) -> dict[str, str]:
    """Return the nodes by the MAC address that they have on the LAN."""
    return {
        json.loads(machine.run("ip", "-j", "link", "show", "eth0"))[0]["address"]: name
        for name, machine in real.nodes.items()
        if machine.up
    }


def announcing(real: RealCluster, address: str) -> set[str]:
    """Return the nodes that answer ARP or NDP for an address at this moment."""
    known = macs(real)
    return {known.get(mac, mac) for mac in announcers(real.router, address)}


def wait_announcing(
    real: RealCluster, address: str, nodes: Collection[str] = (), *, seconds: float = 30
) -> str:
    """Wait until exactly one node answers for an address, one of these if any are named.

    Raises:
        DeadlineError: nobody does, several do, or another one.
    """

    def one() -> str:
        found = announcing(real, address)
        fits = len(found) == 1 and (not nodes or found <= set(nodes))
        return next(iter(found)) if fits else ""

    return wait_for(f"one node answers for {address}", one, seconds=seconds, every=0.2)


def eventually(what: str, holds: Callable[[], object], seconds: float = 30) -> None:
    """Wait until something is so."""
    wait_for(what, holds, seconds=seconds, every=0.3)

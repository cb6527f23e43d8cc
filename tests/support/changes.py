"""A change under traffic: what is announced before, who asks meanwhile, what must hold after."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from cluster.binaries import binary
from cluster.real.addresses import SECOND_ROUTER
from cluster.real.core import RealCluster
from observe.announcers import Wire, watching_arp
from observe.client import Target, Traffic, requesting
from observe.outcomes import Outcome
from observe.report import Evidence, Recording
from observe.router import Router
from support.outside import put_on_link, wait_announcing, wait_answer, wait_served
from support.site import Site, configured, peer, pool, service

LAYER2: Final = "192.168.1.240"
ROUTED: Final = "198.51.100.1"
LONGEST_GAP: Final = 0.5
"""Seconds, on a machine that others use, too; what is aimed at is 0.2."""
LONGEST_OVERLAP: Final = 2.0
"""Seconds that two nodes may answer for one address at once: the one that takes over says so by
gratuitous ARP before the other has heard of it. Speakers that cannot hear each other both answer
for as long as a rollout takes."""


CONTROL: Final = Target("control", SECOND_ROUTER.ipv4, 8080)
"""A server beside the cluster: what it does not answer, the machine itself has lost."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What is under watch while the change happens.

    Attributes:
        shown: takes notes of what else was measured.
    """

    traffic: Traffic
    wire: Wire
    shown: Recording

    def mark(self, what: str) -> None:
        """Note that something happens now."""
        self.traffic.mark(what)


def configure(
    site: Site, real: RealCluster, router: Router, peering: Mapping[str, Any] | None = None
) -> None:
    """Have two Services, one announced on layer 2, one by BGP, and wait until both answer.

    Args:
        peering: more of the BGPPeer's spec.
    """
    put_on_link(real.router)
    site.apply(
        pool("by-layer-2", f"{LAYER2}-192.168.1.245", autoAssign=False),
        pool("by-bgp", f"{ROUTED}-198.51.100.6", autoAssign=False),
        configured("L2Advertisement", "by-layer-2", ipAddressPools=["by-layer-2"]),
        configured("BGPAdvertisement", "by-bgp", ipAddressPools=["by-bgp"]),
        peer("sample", "10.0.0.1", myASN=64500, peerASN=64501, **(peering or {})),
        service("by-layer-2", annotations={"metallb.io/loadBalancerIPs": LAYER2}),
        service("by-bgp", annotations={"metallb.io/loadBalancerIPs": ROUTED}),
    )
    wait_announcing(real, LAYER2, seconds=60)
    router.wait_next_hops(f"{ROUTED}/32", 2)
    for address in (LAYER2, ROUTED):
        wait_served(real.router, address)


@contextmanager
def under_traffic(
    site: Site,
    real: RealCluster,
    router: Router,
    evidence: Evidence,
    name: str,
    *,
    backend: str,
    what: str = "",
    longest_gap: float = LONGEST_GAP,
    peering: Mapping[str, Any] | None = None,
) -> Iterator[Watched]:
    """Ask both Services at 20 Hz while the block changes something, and judge the outcome.

    Args:
        longest_gap: in seconds, that is allowed; as much more as the machine itself has lost.
        peering: more of the BGPPeer's spec.

    Raises:
        AssertionError: an address has changed, requests failed for too long, or two nodes answered
            for the layer 2 address at once.
    """
    configure(site, real, router, peering)
    beside = real.outside[SECOND_ROUTER.name]
    if "control" not in beside.programs:
        beside.start("control", str(binary("workload")), "serve", "8080", "8053")
        wait_answer(real.router, CONTROL.address, CONTROL.port)
    targets = (Target("layer 2", LAYER2), Target("BGP", ROUTED))
    with evidence.scenario(name, what, backend=backend, change=True) as shown:
        shown.before = flat(site)
        with (
            watching_arp(real.router, "eth0", [LAYER2]) as wire,
            requesting(real.router, (*targets, CONTROL)) as traffic,
        ):
            shown.add(traffic)
            traffic.wait_answered(20)
            yield Watched(traffic, wire, shown)
            traffic.mark("done")
            router.wait_next_hops(f"{ROUTED}/32", 2)
            traffic.wait_answered(20)
        shown.after = flat(site)
        overlaps = wire.overlaps(LONGEST_OVERLAP)
        if overlaps:
            shown.notes.append(f"two nodes answered at once: {overlaps}")
        assert shown.after == shown.before
        of_machine = traffic.outcome(CONTROL.name).longest_gap
        for target in targets:
            judge(target.name, traffic.outcome(target.name), longest_gap + of_machine)
        assert overlaps == ()


def judge(name: str, outcome: Outcome, longest_gap: float) -> None:
    """Fail if requests failed for longer than allowed."""
    assert outcome.longest_gap <= longest_gap, f"{name}: {outcome}"


def flat(site: Site) -> dict[str, str]:
    """Return the addresses of all Services, as reports show them."""
    return {name: ", ".join(found) for name, found in site.all_addresses().items()}

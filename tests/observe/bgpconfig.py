"""FRR's configuration of a BGP router, from values.

Source: https://docs.frrouting.org/en/stable-8.4/bgp.html.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final, Literal

Family = Literal["ipv4", "ipv6"]
FAMILIES: Final[tuple[Family, ...]] = ("ipv4", "ipv6")


@dataclass(frozen=True, slots=True)
class Neighbor:
    """The other end of a session.

    Attributes:
        address: IPv4 or IPv6, which it calls from and is called at.
        asn: that it must have; the router's own makes the session internal (iBGP).
        password: of TCP MD5 (RFC 2385); "" for none.
        bfd: whether the session goes down with BFD's (RFC 5880; 300 ms three times).
        multihop: hops that it may be away; 0 for a neighbor on the wire.
        families: that are exchanged.
        passive: whether it is waited for rather than called.
        update_source: address of the router for this session; "" leaves it to the kernel.
        keepalive, hold: seconds; the lower `hold` of the two ends counts.
    """

    address: str
    asn: int
    password: str = ""
    bfd: bool = False
    multihop: int = 0
    families: tuple[Family, ...] = FAMILIES
    passive: bool = False
    update_source: str = ""
    keepalive: int = 3
    hold: int = 9


@dataclass(frozen=True, slots=True)
class Bgp:
    """A BGP router that believes everything it is told.

    Attributes:
        router_id: an IPv4 address, or what looks like one.
        networks: prefixes that it announces itself.
        maximum_paths: next hops that a route can have at once.
    """

    asn: int
    router_id: str
    neighbors: tuple[Neighbor, ...] = ()
    networks: tuple[str, ...] = ()
    maximum_paths: int = 64


def render(bgp: Bgp) -> str:
    """Return the configuration of bgpd."""
    return "\n".join(_lines(bgp)) + "\n"


def add_neighbor(bgp: Bgp, neighbor: Neighbor) -> tuple[str, ...]:
    """Return the commands that add a neighbor to a running router, or change it."""
    families = (
        line
        for family in neighbor.families
        for line in (f"address-family {family} unicast", _activate(neighbor), "exit-address-family")
    )
    return (f"router bgp {bgp.asn}", *_session(neighbor), *families)


def remove_neighbor(bgp: Bgp, address: str) -> tuple[str, ...]:
    """Return the commands that remove a neighbor from a running router."""
    return (f"router bgp {bgp.asn}", f"no neighbor {address}")


def _lines(bgp: Bgp) -> Iterator[str]:
    yield f"router bgp {bgp.asn}"
    yield f" bgp router-id {bgp.router_id}"
    # Without a policy, RFC 8212 has routes of other autonomous systems dropped.
    yield " no bgp ebgp-requires-policy"
    yield " no bgp default ipv4-unicast"
    yield " no bgp network import-check"
    # Nodes of different autonomous systems share the traffic, too.
    yield " bgp bestpath as-path multipath-relax"
    for neighbor in bgp.neighbors:
        yield from (f" {line}" for line in _session(neighbor))
    for family in FAMILIES:
        yield f" address-family {family} unicast"
        yield from (f"  {line}" for line in _family(bgp, family))
        yield " exit-address-family"


def _family(bgp: Bgp, family: Family) -> Iterator[str]:
    yield f"maximum-paths {bgp.maximum_paths}"
    yield f"maximum-paths ibgp {bgp.maximum_paths}"
    for prefix in bgp.networks:
        if f"ipv{ip_network(prefix).version}" == family:
            yield f"network {prefix}"
    for neighbor in bgp.neighbors:
        if family in neighbor.families:
            yield _activate(neighbor)


def _activate(neighbor: Neighbor) -> str:
    return f"neighbor {neighbor.address} activate"


def _session(neighbor: Neighbor) -> Iterator[str]:
    """Yield what is the same for all families."""
    said = {
        f"remote-as {neighbor.asn}": True,
        "passive": neighbor.passive,
        f"password {neighbor.password}": neighbor.password,
        f"ebgp-multihop {neighbor.multihop}": neighbor.multihop,
        f"update-source {neighbor.update_source}": neighbor.update_source,
        "bfd": neighbor.bfd,
        f"timers {neighbor.keepalive} {neighbor.hold}": True,
        "timers connect 1": True,
    }
    return (f"neighbor {neighbor.address} {what}" for what, wanted in said.items() if wanted)

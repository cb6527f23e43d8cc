"""How pools and BGP advertisements go together, seen from either side.

Source: MetalLB 0.16.1, internal/config: what makes a speaker refuse the whole configuration.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from metallb_crds.config_v1beta1 import BFDProfile, BGPAdvertisement, IPAddressPool
from metallb_crds.config_v1beta2 import BGPPeer
from metallb_crds.meta import LabelSelector
from metallb_webhooks.addresses import BITS, Interval
from metallb_webhooks.labelselectors import canonical, matches_any
from metallb_webhooks.snapshot import Snapshot, pool_intervals

IPV4: Final = 4
IPV6: Final = 6
MAPPED_BITS: Final = BITS[IPV6] - BITS[IPV4]


@dataclass(frozen=True, slots=True)
class Misfit:
    """An entry of a pool that an advertisement cannot aggregate.

    Attributes:
        place: of the entry in the pool's addresses.
        shortest: length of the largest prefix in the entry.
        length: what the advertisement aggregates to.
        field: of the advertisement's spec that says so.
    """

    place: int
    entry: str
    shortest: int
    length: int
    field: str


def families(pool: IPAddressPool) -> frozenset[int]:
    """Return the IP versions that a pool has addresses of."""
    return frozenset(interval.version for _, interval in pool_intervals(pool))


def misfits(adv: BGPAdvertisement, pool: IPAddressPool) -> Iterator[Misfit]:
    """Yield the entries whose prefixes are all longer than what they would be aggregated to."""
    for place, interval in pool_intervals(pool):
        entry = pool.spec.addresses[place]
        length, field = (
            (adv.spec.aggregation_length, "aggregationLength")
            if interval.version == IPV4
            else (adv.spec.aggregation_length_v6, "aggregationLengthV6")
        )
        shortest = _shortest(entry, interval)
        if length < shortest:
            yield Misfit(place, entry, shortest, length, field)


def ipv6_entries(pool: IPAddressPool) -> Iterator[tuple[int, str]]:
    """Yield the entries of a pool that are IPv6, with their place."""
    for place, interval in pool_intervals(pool):
        if interval.version == IPV6:
            yield place, pool.spec.addresses[place]


def clash(
    one: BGPAdvertisement, other: BGPAdvertisement, pool: IPAddressPool, snapshot: Snapshot
) -> bool:
    """Tell whether two advertisements announce the same routes with different local preference.

    They do unless their local preference is the same, the routes differ (by aggregation in every
    family of the pool), or they go to different peers or from different nodes. Where services are
    selected MetalLB does not tell before it announces, so neither do we.
    """
    if one.spec.service_selectors or other.spec.service_selectors:
        return False
    return one.spec.local_pref != other.spec.local_pref and collide(one, other, pool, snapshot)


def collide(
    one: BGPAdvertisement, other: BGPAdvertisement, pool: IPAddressPool, snapshot: Snapshot
) -> bool:
    """Tell whether two advertisements of a pool announce the same routes to the same peer."""
    return (
        _aggregate_alike(one, other, pool)
        and _share_peers(one.spec.peers, other.spec.peers)
        and share_nodes(one.spec.node_selectors, other.spec.node_selectors, snapshot)
    )


def reaches(adv: BGPAdvertisement, peer: BGPPeer, snapshot: Snapshot) -> bool:
    """Tell whether an advertisement goes to a peer: it names the peer or none, and a node has both.

    A speaker leaves out the advertisements and peers that are not for its own node before it judges
    what it has.
    """
    named = not adv.spec.peers or peer.metadata.name in adv.spec.peers
    return named and share_nodes(adv.spec.node_selectors, peer.spec.node_selectors, snapshot)


def is_external(peer: BGPPeer) -> bool:
    """Tell whether a peer is surely in another autonomous system than MetalLB (RFC 4271 §1.1)."""
    spec = peer.spec
    return spec.dynamic_asn == "external" or spec.peer_asn not in {0, spec.my_asn}


def echo_sessions(
    adv: BGPAdvertisement, snapshot: Snapshot
) -> Iterator[tuple[BGPPeer, BFDProfile]]:
    """Yield the peers that an advertisement goes to and that BFD with echo mode watches."""
    for profile in snapshot.echo_profiles():
        for peer in snapshot.peers_using_profile(profile.metadata.name):
            if reaches(adv, peer, snapshot):
                yield peer, profile


def share_nodes(
    one: Sequence[LabelSelector], other: Sequence[LabelSelector], snapshot: Snapshot
) -> bool:
    """Tell whether a node is selected by both lists, an empty one selecting all.

    Where no nodes are known, lists share them if either is empty or they share a selector.
    """
    if not snapshot.nodes:
        return not one or not other or bool(_texts(one) & _texts(other))
    return any(
        not other or matches_any(other, node.labels) for node in snapshot.nodes_selected(one)
    )


def _texts(selectors: Iterable[LabelSelector]) -> set[object]:
    return {canonical(selector) for selector in selectors}


def _share_peers(one: Sequence[str], other: Sequence[str]) -> bool:
    return not one or not other or not set(one).isdisjoint(other)


def _aggregate_alike(one: BGPAdvertisement, other: BGPAdvertisement, pool: IPAddressPool) -> bool:
    alike = {
        IPV4: one.spec.aggregation_length == other.spec.aggregation_length,
        IPV6: one.spec.aggregation_length_v6 == other.spec.aggregation_length_v6,
    }
    return any(alike[version] for version in families(pool))


def _shortest(entry: str, interval: Interval) -> int:
    """Return the length of the largest prefix, as MetalLB counts it.

    It counts the 128 bits of a prefix that is written as IPv4-mapped IPv6, against IPv4 limits.
    """
    shortest = min(prefix.length for prefix in interval.prefixes())
    mapped = interval.version == IPV4 and ":" in entry and "-" not in entry
    return shortest + MAPPED_BITS if mapped else shortest

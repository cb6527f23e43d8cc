"""How pools and BGP advertisements go together, seen from either side.

Source: MetalLB 0.16.1, internal/config: what makes a speaker refuse the whole configuration.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

from metallb_crds.config_v1beta1 import BFDProfile, BGPAdvertisement, IPAddressPool
from metallb_crds.config_v1beta2 import BGPPeer
from metallb_crds.meta import LabelSelector
from metallb_webhooks.labelselectors import can_meet, canonical
from metallb_webhooks.snapshot import (
    Snapshot,
    aggregation_floor,
    is_external,
    pool_intervals,
    selection,
    selects_all,
)

__all__ = [
    "IPV4",
    "IPV6",
    "Misfit",
    "alike",
    "can_share",
    "clash",
    "collide",
    "common_pool",
    "echo_sessions",
    "families",
    "ipv6_entries",
    "is_external",
    "misfits",
    "reaches",
    "share_nodes",
]


IPV4: Final = 4
IPV6: Final = 6


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
        shortest = aggregation_floor(entry, interval)
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
    return not alike(one, other, snapshot).isdisjoint(families(pool))


def alike(one: BGPAdvertisement, other: BGPAdvertisement, snapshot: Snapshot) -> frozenset[int]:
    """Return the families of pools of which two advertisements tell the same peer the same routes.

    That is: those that both aggregate to the same length, if they share a peer and a node.
    """
    same = {
        IPV4: one.spec.aggregation_length == other.spec.aggregation_length,
        IPV6: one.spec.aggregation_length_v6 == other.spec.aggregation_length_v6,
    }
    versions = frozenset(version for version, agree in same.items() if agree)
    shared = (
        versions
        and _share_peers(one.spec.peers, other.spec.peers)
        and share_nodes(one.spec.node_selectors, other.spec.node_selectors, snapshot)
    )
    return versions if shared else frozenset()


def common_pool(
    one: BGPAdvertisement, other: BGPAdvertisement, versions: Collection[int], snapshot: Snapshot
) -> IPAddressPool | None:
    """Return a pool of one of the families that two advertisements select."""
    everything = [adv for adv in (one, other) if selects_all(adv)]
    if len(everything) == 2:  # noqa: PLR2004 - both
        found = chain.from_iterable(map(snapshot.pools_of_family, versions))
        return next(found, None)
    lister, filtering = (other, one) if selects_all(one) else (one, other)
    chosen = selection(filtering)
    return next(
        (
            pool
            for pool in snapshot.pools_of_advertisement(lister)
            if chosen(pool) and not families(pool).isdisjoint(versions)
        ),
        None,
    )


def reaches(adv: BGPAdvertisement, peer: BGPPeer, snapshot: Snapshot) -> bool:
    """Tell whether an advertisement goes to a peer: it names the peer or none, and a node has both.

    A speaker leaves out the advertisements and peers that are not for its own node before it judges
    what it has.
    """
    named = not adv.spec.peers or peer.metadata.name in adv.spec.peers
    return named and share_nodes(adv.spec.node_selectors, peer.spec.node_selectors, snapshot)


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
    if not one and not other:
        return True
    if not one or not other:
        return bool(snapshot.names_of_nodes(one or other))
    return not snapshot.names_of_nodes(one).isdisjoint(snapshot.names_of_nodes(other))


def can_share(one: Sequence[LabelSelector], other: Sequence[LabelSelector]) -> bool:
    """Tell whether there can be a node that both lists select, an empty one selecting all."""
    return not one or not other or any(can_meet(a, b) for a in one for b in other)


def _texts(selectors: Iterable[LabelSelector]) -> set[object]:
    return {canonical(selector) for selector in selectors}


def _share_peers(one: Sequence[str], other: Sequence[str]) -> bool:
    return not one or not other or not set(one).isdisjoint(other)

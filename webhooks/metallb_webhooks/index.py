"""Every object that the rules look at, kept under what they look for.

An `Index` is filled and changed object by object by whoever follows the cluster; putting or
removing one costs what that object mentions, however many are stored. Objects of MetalLB's own
kinds are expected from its namespace only.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Protocol

from metallb_crds.config_v1beta1 import (
    BFDProfile,
    BGPAdvertisement,
    Community,
    IPAddressPool,
    L2Advertisement,
)
from metallb_crds.config_v1beta2 import BGPPeer
from metallb_crds.frrk8s_v1beta1 import FRRConfiguration
from metallb_crds.meta import Resource
from metallb_crds.operator_v1beta1 import MetalLB
from metallb_webhooks.addresses import (
    BITS,
    AddressError,
    Interval,
    merge,
    parse_cidr,
    parse_entry,
    parse_ip,
)
from metallb_webhooks.lookups import Groups, Intervals, Labels, Selectors
from metallb_webhooks.speakers import is_of_a_speaker

_IPV4: Final = 4
_MAPPED_BITS: Final = BITS[6] - BITS[4]

NamespacedName = tuple[str, str]
Key = str | NamespacedName


@dataclass(frozen=True, slots=True)
class NodeInfo:
    """What rules know of a Node: its addresses and its pods' networks as they are written."""

    kind: ClassVar[str] = "Node"

    name: str
    labels: dict[str, str] = field(default_factory=dict, hash=False)
    addresses: tuple[str, ...] = ()
    pod_cidrs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NamespaceInfo:
    """What rules know of a Namespace.

    Attributes:
        terminating: somebody has asked for its deletion.
    """

    kind: ClassVar[str] = "Namespace"

    name: str
    labels: dict[str, str] = field(default_factory=dict, hash=False)
    terminating: bool = False


@dataclass(frozen=True, slots=True)
class SecretInfo:
    """What rules know of a Secret: its type and the names of its keys, never their values."""

    kind: ClassVar[str] = "Secret"

    name: str
    type: str = ""
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ServiceInfo:
    """What rules know of a Service of type LoadBalancer: the addresses that it has been given."""

    kind: ClassVar[str] = "Service"

    namespace: str
    name: str
    labels: dict[str, str] = field(default_factory=dict, hash=False)
    addresses: tuple[str, ...] = ()


Info = NodeInfo | NamespaceInfo | SecretInfo | ServiceInfo
Object = Resource | Info
Advertisement = BGPAdvertisement | L2Advertisement


class Lookup(Protocol):
    """A table of lookups.py, whatever it files keys under."""

    def add(self, value: Any, key: Any, /) -> None:  # noqa: ANN401 - see class
        """Put a key under a value."""

    def discard(self, value: Any, key: Any, /) -> None:  # noqa: ANN401 - see class
        """Take it away again."""


class Selection:
    """Advertisements of one kind by the pools that they select."""

    def __init__(self) -> None:
        self.names: Groups[str, str] = Groups()
        self.selectors: Selectors[str] = Selectors()
        self.catch_all: Groups[None, str] = Groups()

    def entries(self, adv: Advertisement) -> Iterator[tuple[Lookup, Any]]:
        """Yield where an advertisement is filed, and under what."""
        for name in adv.spec.ip_address_pools:
            yield self.names, name
        for selector in adv.spec.ip_address_pool_selectors:
            yield self.selectors, selector
        if not adv.spec.ip_address_pools and not adv.spec.ip_address_pool_selectors:
            yield self.catch_all, None

    def surely(self, pool: IPAddressPool) -> Iterator[str]:
        """Yield the advertisements that select a pool by name, or as any other."""
        yield from self.names.get(pool.metadata.name)
        yield from self.catch_all.get(None)

    def perhaps(self, pool: IPAddressPool) -> Iterator[str]:
        """Yield the advertisements that may select a pool by label; perhaps more, perhaps twice."""
        yield from self.selectors.candidates(pool.metadata.labels)


KINDS: Final = (
    "IPAddressPool",
    "BGPPeer",
    "BGPAdvertisement",
    "L2Advertisement",
    "BFDProfile",
    "Community",
    "FRRConfiguration",
    "MetalLB",
    "Node",
    "Namespace",
    "Secret",
    "Service",
)


class Index:
    """Objects by kind and key, and the tables that rules look them up in."""

    def __init__(self, objects: Iterable[Object] = ()) -> None:
        self.objects: dict[str, dict[Any, Any]] = {kind: {} for kind in KINDS}
        self.pool_addresses: Intervals[str] = Intervals()
        self.pool_labels: Labels[str] = Labels()
        self.pools_by_family: Groups[int, str] = Groups()
        # By the entry that is hardest to aggregate of each family.
        self.pools_by_length: Groups[tuple[int, int], str] = Groups()
        self.node_addresses: Intervals[str] = Intervals()
        self.node_pod_networks: Intervals[str] = Intervals()
        self.node_labels: Labels[str] = Labels()
        self.namespace_labels: Labels[str] = Labels()
        self.service_addresses: Intervals[NamespacedName] = Intervals()
        self.services_by_address: Groups[Interval, NamespacedName] = Groups()
        self.bgp_selection = Selection()
        self.l2_selection = Selection()
        self.advertisements_by_peer: Groups[str, str] = Groups()
        self.advertisements_by_alias: Groups[str, str] = Groups()
        self.advertisements_by_local_pref: Groups[int, str] = Groups()
        self.communities_by_alias: Groups[str, str] = Groups()
        self.peers_by_identity: Groups[str, str] = Groups()
        self.peers_by_router_id: Groups[str, str] = Groups()
        self.peers_by_asn: defaultdict[str, Groups[int, str]] = defaultdict(Groups)
        self.peers_by_profile: Groups[str, str] = Groups()
        self.peers_by_secret: Groups[str, str] = Groups()
        self.peer_node_selectors: Selectors[str] = Selectors()
        self.peers_everywhere: Groups[None, str] = Groups()
        self.peers_by_distance: Groups[bool, str] = Groups()
        self.profiles_by_echo: Groups[bool, str] = Groups()
        self.frr_node_selectors: Selectors[NamespacedName] = Selectors()
        # Without what speakers write: that follows the peers.
        self.frr_by_router: defaultdict[str, Groups[tuple[int, str], NamespacedName]]
        self.frr_by_router = defaultdict(Groups)
        self.frr_by_session: Groups[tuple[str, str], NamespacedName] = Groups()
        for thing in objects:
            self.put(thing)

    def put(self, thing: Object) -> None:
        """Store an object in place of the one of that kind and key, if there is one.

        Raises:
            KeyError: rules know nothing of such a kind.
        """
        kind, key = thing.kind, key_of(thing)
        self.remove(kind, key)
        self.objects[kind][key] = thing
        for table, value in self._entries(thing):
            table.add(value, key)

    def remove(self, kind: str, key: Key) -> None:
        """Forget an object, if it is there."""
        thing = self.objects[kind].pop(key, None)
        if thing is not None:
            for table, value in self._entries(thing):
                table.discard(value, key)

    def replace(self, kind: str, things: Iterable[Object]) -> None:
        """Make these the only objects of a kind; what did not change is left alone."""
        wanted = {key_of(thing): thing for thing in things}
        for key in self.objects[kind].keys() - wanted.keys():
            self.remove(kind, key)
        for key, thing in wanted.items():
            if self.objects[kind].get(key) != thing:
                self.put(thing)

    def _entries(self, thing: Any) -> Iterator[tuple[Lookup, Any]]:  # noqa: ANN401 - by kind
        entries = _ENTRIES.get(thing.kind)
        return entries(self, thing) if entries else iter(())


def key_of(thing: Object) -> Key:
    """Return what an object is stored under: its name, with the namespace where it may have any."""
    if isinstance(thing, ServiceInfo):
        return thing.namespace, thing.name
    if isinstance(thing, Resource):
        meta = thing.metadata
        wide = isinstance(thing, FRRConfiguration | MetalLB)
        return (meta.namespace, meta.name) if wide else meta.name
    return thing.name


def peer_identity(peer: BGPPeer) -> str:
    """Return what MetalLB tells sessions apart by: address or interface, and the VRF if any.

    An address that is spelt otherwise is the same address; one that is none stands as it is.
    """
    spec = peer.spec
    end = spec.interface
    if spec.peer_address:
        end = spec.peer_address
        with suppress(AddressError):
            end = str(parse_ip(end))
    return f"{end}-{spec.vrf}" if spec.vrf else end


def pool_intervals(pool: IPAddressPool) -> Iterator[tuple[int, Interval]]:
    """Yield every entry of a pool that can be read, with its place in the list."""
    for place, entry in enumerate(pool.spec.addresses):
        with suppress(AddressError):
            yield place, parse_entry(entry)


def aggregation_floor(entry: str, interval: Interval) -> int:
    """Return the length of the largest prefix in an entry of a pool, as MetalLB counts it.

    It counts the 128 bits of a prefix that is written as IPv4-mapped IPv6, against IPv4 limits.
    """
    mapped = interval.version == _IPV4 and ":" in entry and "-" not in entry
    return interval.shortest_length + (_MAPPED_BITS if mapped else 0)


def hardest_lengths(pool: IPAddressPool) -> dict[int, int]:
    """Return the length that a pool can be aggregated to at the least, by family."""
    found: dict[int, int] = {}
    for place, interval in pool_intervals(pool):
        length = aggregation_floor(pool.spec.addresses[place], interval)
        found[interval.version] = max(length, found.get(interval.version, 0))
    return found


def is_external(peer: BGPPeer) -> bool:
    """Tell whether a peer is surely in another autonomous system than MetalLB (RFC 4271 §1.1)."""
    spec = peer.spec
    return spec.dynamic_asn == "external" or spec.peer_asn not in {0, spec.my_asn}


def _pool_entries(index: Index, pool: IPAddressPool) -> Iterator[tuple[Lookup, Any]]:
    yield index.pool_labels, pool.metadata.labels
    intervals = tuple(pool_intervals(pool))
    for version in {interval.version for _, interval in intervals}:
        yield index.pools_by_family, version
    for version, length in hardest_lengths(pool).items():
        yield index.pools_by_length, (version, length)
    # Merged, since a pool that names an address twice is found by it once.
    for interval in merge(interval for _, interval in intervals):
        yield index.pool_addresses, interval


def _peer_entries(index: Index, peer: BGPPeer) -> Iterator[tuple[Lookup, Any]]:
    spec = peer.spec
    yield index.peers_by_identity, peer_identity(peer)
    yield index.peers_by_asn[spec.vrf], spec.my_asn
    yield index.peers_by_router_id, spec.router_id
    if spec.bfd_profile:
        yield index.peers_by_profile, spec.bfd_profile
    if spec.password_secret.name:
        yield index.peers_by_secret, spec.password_secret.name
    for selector in spec.node_selectors:
        yield index.peer_node_selectors, selector
    if not spec.node_selectors:
        yield index.peers_everywhere, None
    yield index.peers_by_distance, is_external(peer)


def _bgp_entries(index: Index, adv: BGPAdvertisement) -> Iterator[tuple[Lookup, Any]]:
    yield from index.bgp_selection.entries(adv)
    yield index.advertisements_by_local_pref, adv.spec.local_pref
    for peer in adv.spec.peers:
        yield index.advertisements_by_peer, peer
    for community in adv.spec.communities:
        yield index.advertisements_by_alias, community


def _l2_entries(index: Index, adv: L2Advertisement) -> Iterator[tuple[Lookup, Any]]:
    return index.l2_selection.entries(adv)


def _community_entries(index: Index, community: Community) -> Iterator[tuple[Lookup, Any]]:
    for alias in community.spec.communities:
        yield index.communities_by_alias, alias.name


def _profile_entries(index: Index, profile: BFDProfile) -> Iterator[tuple[Lookup, Any]]:
    yield index.profiles_by_echo, bool(profile.spec.echo_mode)


def _frr_entries(index: Index, config: FRRConfiguration) -> Iterator[tuple[Lookup, Any]]:
    yield index.frr_node_selectors, config.spec.node_selector
    if is_of_a_speaker(config):
        return
    for router in config.spec.bgp.routers:
        yield index.frr_by_router[router.vrf], (router.asn, router.id)
        for neighbor in router.neighbors:
            yield index.frr_by_session, (router.vrf, neighbor.interface or neighbor.address)


def _node_entries(index: Index, node: NodeInfo) -> Iterator[tuple[Lookup, Any]]:
    yield index.node_labels, node.labels
    for interval in _addresses(node.addresses):
        yield index.node_addresses, interval
    for text in node.pod_cidrs:
        with suppress(AddressError):
            yield index.node_pod_networks, parse_cidr(text)


def _namespace_entries(index: Index, namespace: NamespaceInfo) -> Iterator[tuple[Lookup, Any]]:
    yield index.namespace_labels, namespace.labels


def _service_entries(index: Index, service: ServiceInfo) -> Iterator[tuple[Lookup, Any]]:
    for interval in _addresses(service.addresses):
        yield index.service_addresses, interval
        yield index.services_by_address, interval


def _addresses(texts: Iterable[str]) -> Iterator[Interval]:
    for text in texts:
        with suppress(AddressError):
            yield Interval.of(parse_ip(text))


_ENTRIES: Final[dict[str, Callable[[Index, Any], Iterator[tuple[Lookup, Any]]]]] = {
    "IPAddressPool": _pool_entries,
    "BGPPeer": _peer_entries,
    "BGPAdvertisement": _bgp_entries,
    "L2Advertisement": _l2_entries,
    "BFDProfile": _profile_entries,
    "Community": _community_entries,
    "FRRConfiguration": _frr_entries,
    "Node": _node_entries,
    "Namespace": _namespace_entries,
    "Service": _service_entries,
}

"""Everything as it would be if a request went through: an index with a few objects changed.

A snapshot neither copies the index nor changes it. What is added lies in layers on top, each a
small index of its own; what a layer replaces or deletes is hidden below it. A lookup asks all of
them and costs what is read of its result.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Generic, TypeVar

from metallb_crds.config_v1beta1 import (
    BFDProfile,
    BGPAdvertisement,
    Community,
    IPAddressPool,
    L2Advertisement,
)
from metallb_crds.config_v1beta2 import BGPPeer
from metallb_crds.frrk8s_v1beta1 import FRRConfiguration
from metallb_crds.meta import LabelSelector
from metallb_crds.operator_v1beta1 import MetalLB
from metallb_webhooks.addresses import Interval
from metallb_webhooks.index import (
    Advertisement,
    Index,
    Key,
    NamespacedName,
    NamespaceInfo,
    NodeInfo,
    Object,
    SecretInfo,
    Selection,
    ServiceInfo,
    aggregation_floor,
    is_external,
    key_of,
    peer_identity,
    pool_intervals,
)
from metallb_webhooks.labelselectors import canonical, matches, matches_any
from metallb_webhooks.lookups import Groups, Labels

__all__ = [
    "Advertisement",
    "Index",
    "NamespaceInfo",
    "NamespacedName",
    "NodeInfo",
    "SecretInfo",
    "ServiceInfo",
    "Snapshot",
    "aggregation_floor",
    "is_external",
    "key_of",
    "peer_identity",
    "pool_intervals",
    "selection",
    "selects_all",
    "selects_pool",
]

K = TypeVar("K", bound=Key)
V = TypeVar("V", str, int)
M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Layer:
    """Some objects on top of others.

    Attributes:
        index: what is there.
        hides: kinds and keys that count no more below: all that is there, and what is deleted.
    """

    index: Index
    hides: Collection[tuple[str, Key]]


Level = tuple[Index, tuple[Layer, ...]]
"""An index, and what may hide some of it."""


def _hidden(above: Iterable[Layer], kind: str, key: Key) -> bool:
    return any((kind, key) in layer.hides for layer in above)


class Layered(Mapping[K, M], Generic[K, M]):
    """The objects of one kind by key, without those that are hidden."""

    def __init__(self, levels: Collection[Level], kind: str) -> None:
        self._levels = levels
        self._kind = kind

    def __getitem__(self, key: K) -> M:
        for index, above in self._levels:
            found: M | None = index.objects[self._kind].get(key)
            if found is not None and not _hidden(above, self._kind, key):
                return found
        raise KeyError(key)

    def __iter__(self) -> Iterator[K]:
        for index, above in self._levels:
            for key in index.objects[self._kind]:
                if not above or not _hidden(above, self._kind, key):
                    yield key

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return next(iter(self), None) is not None


class LayeredGroups(Mapping[V, Collection[str]], Generic[V]):
    """Names by value, without values that have no name left."""

    def __init__(
        self, groups: Collection[tuple[Groups[V, str], tuple[Layer, ...]]], kind: str
    ) -> None:
        self._groups: Collection[tuple[Groups[V, str], tuple[Layer, ...]]] = groups
        self._kind = kind

    def _names(self, value: V) -> Iterator[str]:
        for names, above in self._groups:
            yield from (key for key in names.get(value) if not _hidden(above, self._kind, key))

    def __getitem__(self, value: V) -> Collection[str]:
        names = tuple(self._names(value))
        if not names:
            raise KeyError(value)
        return names

    def __iter__(self) -> Iterator[V]:
        seen: set[V] = set()
        for names, _ in self._groups:
            for value in names.values():
                if value not in seen:
                    seen.add(value)
                    if next(self._names(value), None) is not None:
                        yield value

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A view of an index with layers on top, of which the later ones hide what is in the others.

    It is good for as long as the index does not change: while one request is judged.

    Attributes:
        nodes_known: whether no nodes means that there are none. Files seldom have any.
        selected: names of nodes that were looked for, with what keeps the key theirs.
    """

    index: Index = field(default_factory=Index)
    layers: tuple[Layer, ...] = ()
    nodes_known: bool = True
    selected: dict[object, tuple[object, frozenset[str]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @classmethod
    def of(cls, *objects: Object) -> "Snapshot":
        """Return a snapshot of just these objects."""
        return cls(Index(objects))

    def with_object(self, thing: Object) -> "Snapshot":
        """Return the snapshot with an object added, or in place of the one with its key."""
        layer = Layer(Index([thing]), frozenset({(thing.kind, key_of(thing))}))
        return Snapshot(self.index, (*self.layers, layer), self.nodes_known)

    def without_object(self, kind: str, key: Key) -> "Snapshot":
        """Return the snapshot without an object, whether it was there or not."""
        layer = Layer(Index(), frozenset({(kind, key)}))
        return Snapshot(self.index, (*self.layers, layer), self.nodes_known)

    @property
    def pools(self) -> Mapping[str, IPAddressPool]:
        """Pools by name."""
        return self._layered("IPAddressPool")

    @property
    def peers(self) -> Mapping[str, BGPPeer]:
        """Peers by name."""
        return self._layered("BGPPeer")

    @property
    def bgp_advertisements(self) -> Mapping[str, BGPAdvertisement]:
        """BGP advertisements by name."""
        return self._layered("BGPAdvertisement")

    @property
    def l2_advertisements(self) -> Mapping[str, L2Advertisement]:
        """L2 advertisements by name."""
        return self._layered("L2Advertisement")

    @property
    def bfd_profiles(self) -> Mapping[str, BFDProfile]:
        """BFD profiles by name."""
        return self._layered("BFDProfile")

    @property
    def communities(self) -> Mapping[str, Community]:
        """Community objects by name."""
        return self._layered("Community")

    @property
    def frr_configurations(self) -> Mapping[NamespacedName, FRRConfiguration]:
        """FRR configurations by namespace and name."""
        return self._layered("FRRConfiguration")

    @property
    def metallbs(self) -> Mapping[NamespacedName, MetalLB]:
        """MetalLB objects by namespace and name."""
        return self._layered("MetalLB")

    @property
    def nodes(self) -> Mapping[str, NodeInfo]:
        """Nodes by name."""
        return self._layered("Node")

    @property
    def namespaces(self) -> Mapping[str, NamespaceInfo]:
        """Namespaces by name."""
        return self._layered("Namespace")

    @property
    def secrets(self) -> Mapping[str, SecretInfo]:
        """Secrets of MetalLB's namespace by name."""
        return self._layered("Secret")

    @property
    def services(self) -> Mapping[NamespacedName, ServiceInfo]:
        """Services of type LoadBalancer by namespace and name."""
        return self._layered("Service")

    def pools_overlapping(self, interval: Interval, *, but: str = "") -> Iterator[IPAddressPool]:
        """Yield the pools that hold any of the addresses, less the one with a name."""

        def find(index: Index) -> Iterator[str]:
            # What is asked about is alone in its layer, and may meet itself any number of times.
            alone = index.objects["IPAddressPool"].keys() == {but}
            return iter(()) if alone else index.pool_addresses.overlapping(interval)

        found = self._pick("IPAddressPool", find)
        return (pool for pool in found if pool.metadata.name != but)

    def pools_of_family(self, version: int) -> Iterator[IPAddressPool]:
        """Yield the pools that have addresses of an IP version."""
        return self._pick("IPAddressPool", lambda index: index.pools_by_family.get(version))

    def pools_longer_than(self, version: int, length: int) -> Iterator[IPAddressPool]:
        """Yield the pools with an entry of an IP version that cannot be aggregated to a length."""

        def find(index: Index) -> Iterator[str]:
            for group in index.pools_by_length.values():
                if group[0] == version and group[1] > length:
                    yield from index.pools_by_length.get(group)

        return self._pick("IPAddressPool", find)

    def services_within(self, interval: Interval) -> Iterator[ServiceInfo]:
        """Yield the Services that have been given any of the addresses."""
        return self._pick("Service", lambda index: index.service_addresses.overlapping(interval))

    def shared_addresses(self) -> Iterator[tuple[Interval, tuple[ServiceInfo, ...]]]:
        """Yield the addresses that several Services have, with these."""
        for address in self.index.services_by_address.values():
            if len(self.index.services_by_address.get(address)) > 1:
                services = self._pick(
                    "Service",
                    lambda index, at=address: index.services_by_address.get(at),  # type: ignore[misc]
                )
                yield address, tuple(services)

    def nodes_within(self, interval: Interval) -> Iterator[NodeInfo]:
        """Yield the Nodes that have any of the addresses."""
        return self._pick("Node", lambda index: index.node_addresses.overlapping(interval))

    def pod_networks_within(self, interval: Interval) -> Iterator[NodeInfo]:
        """Yield the Nodes whose pods have any of the addresses."""
        return self._pick("Node", lambda index: index.node_pod_networks.overlapping(interval))

    def advertisements_for_pool(self, pool: IPAddressPool) -> Iterator[Advertisement]:
        """Yield the advertisements that select a pool: by name, by label, or as all of them."""
        yield from self.bgp_advertisements_for_pool(pool)
        yield from self._selecting("L2Advertisement", lambda index: index.l2_selection, pool)

    def bgp_advertisements_for_pool(self, pool: IPAddressPool) -> Iterator[BGPAdvertisement]:
        """Yield the BGP advertisements that select a pool."""
        return self._selecting("BGPAdvertisement", lambda index: index.bgp_selection, pool)

    def _selecting(
        self, kind: str, table: Callable[[Index], Selection], pool: IPAddressPool
    ) -> Iterator[Any]:
        def find(index: Index) -> Iterator[str]:
            yield from table(index).surely(pool)
            for name in table(index).perhaps(pool):
                selectors = index.objects[kind][name].spec.ip_address_pool_selectors
                if matches_any(selectors, pool.metadata.labels):
                    yield name

        return self._pick(kind, find)

    def all_pools_announced(self) -> bool:
        """Tell whether some advertisement selects every pool."""
        bgp = self._pick("BGPAdvertisement", lambda index: index.bgp_selection.catch_all.get(None))
        l2 = self._pick("L2Advertisement", lambda index: index.l2_selection.catch_all.get(None))
        return next(chain(bgp, l2), None) is not None

    def local_prefs(self) -> Mapping[int, Collection[str]]:
        """Return the names of BGP advertisements by localPref."""
        return self._groups("BGPAdvertisement", lambda index: index.advertisements_by_local_pref)

    def listed_communities(self) -> Mapping[str, Collection[str]]:
        """Return the names of BGP advertisements by what they list as communities."""
        return self._groups("BGPAdvertisement", lambda index: index.advertisements_by_alias)

    def peers_not_external(self) -> Iterator[BGPPeer]:
        """Yield the peers that may be in MetalLB's own autonomous system."""
        return self._pick("BGPPeer", lambda index: index.peers_by_distance.get(False))

    def pools_of_advertisement(self, adv: Advertisement) -> Iterator[IPAddressPool]:
        """Yield the pools that an advertisement selects, each once."""
        spec = adv.spec
        if selects_all(adv):
            yield from self.pools.values()
            return
        pools = self.pools
        named = dict.fromkeys(name for name in spec.ip_address_pools if name in pools)
        yield from (pools[name] for name in named)
        for pool in self.pools_selected(spec.ip_address_pool_selectors):
            if pool.metadata.name not in named:
                yield pool

    def pools_selected(self, selectors: Collection[LabelSelector]) -> Iterator[IPAddressPool]:
        """Yield the pools that any of the selectors matches; none if there is none."""
        return self._labelled("IPAddressPool", lambda index: index.pool_labels, selectors)

    def nodes_selected(self, selectors: Collection[LabelSelector]) -> Iterator[NodeInfo]:
        """Yield the Nodes that any of the selectors matches; all of them if there is none."""
        if not selectors:
            return iter(self.nodes.values())
        return self._labelled("Node", lambda index: index.node_labels, selectors)

    def names_of_nodes(self, selectors: Sequence[LabelSelector]) -> frozenset[str]:
        """Return the names of `nodes_selected`; they are looked for once for each list."""
        # By identity first, since that costs nothing; what is kept here keeps its identity.
        found = self.selected.get(id(selectors))
        if found is None:
            same = tuple(map(canonical, selectors))
            found = self.selected.get(same)
            if found is None:
                names = frozenset(node.name for node in self.nodes_selected(selectors))
                self.selected[same] = same, names
                found = same, names
            self.selected[id(selectors)] = selectors, found[1]
        return found[1]

    def namespaces_selected(self, selectors: Collection[LabelSelector]) -> Iterator[NamespaceInfo]:
        """Yield the Namespaces that any of the selectors matches; none if there is none."""
        return self._labelled("Namespace", lambda index: index.namespace_labels, selectors)

    def peers_at(self, identity: str) -> Iterator[BGPPeer]:
        """Yield the peers with an identity, as `peer_identity` returns it."""
        return self._pick("BGPPeer", lambda index: index.peers_by_identity.get(identity))

    def peers_on(self, selectors: Collection[LabelSelector]) -> Iterator[BGPPeer]:
        """Yield the peers that any of the Nodes connects to which any of the selectors matches."""
        nodes = tuple(self.nodes_selected(selectors))
        return self._pick("BGPPeer", lambda index: _peers_on(index, nodes))

    def peers_using_profile(self, name: str) -> Iterator[BGPPeer]:
        """Yield the peers that name a BFD profile."""
        return self._pick("BGPPeer", lambda index: index.peers_by_profile.get(name))

    def peers_using_secret(self, name: str) -> Iterator[BGPPeer]:
        """Yield the peers whose password is in a Secret."""
        return self._pick("BGPPeer", lambda index: index.peers_by_secret.get(name))

    def router_ids(self) -> Mapping[str, Collection[str]]:
        """Return the names of peers by router id; "" is for those that give none."""
        return self._groups("BGPPeer", lambda index: index.peers_by_router_id)

    def asns(self, vrf: str) -> Mapping[int, Collection[str]]:
        """Return the names of a VRF's peers by MetalLB's own AS number."""
        return self._groups("BGPPeer", lambda index: index.peers_by_asn.get(vrf) or Groups())

    def echo_profiles(self) -> Iterator[BFDProfile]:
        """Yield the BFD profiles that turn echo mode on."""
        return self._pick("BFDProfile", lambda index: index.profiles_by_echo.get(True))

    def advertisements_naming_pool(self, name: str) -> Iterator[Advertisement]:
        """Yield the advertisements that select a pool by name, whether it exists or not."""
        yield from self._pick("BGPAdvertisement", lambda ix: ix.bgp_selection.names.get(name))
        yield from self._pick("L2Advertisement", lambda ix: ix.l2_selection.names.get(name))

    def advertisements_naming_peer(self, name: str) -> Iterator[BGPAdvertisement]:
        """Yield the BGP advertisements that are confined to some peers, this one among them."""
        return self._pick("BGPAdvertisement", lambda index: index.advertisements_by_peer.get(name))

    def advertisements_using_alias(self, alias: str) -> Iterator[BGPAdvertisement]:
        """Yield the BGP advertisements that list a community by exactly this text."""
        return self._pick(
            "BGPAdvertisement", lambda index: index.advertisements_by_alias.get(alias)
        )

    def frr_configurations_on(self, selector: LabelSelector) -> Iterator[FRRConfiguration]:
        """Yield the FRR configurations that are for any of the Nodes which a selector matches."""
        labelled = [node.labels for node in self.nodes_selected([selector])]

        def find(index: Index) -> Iterator[NamespacedName]:
            configs = index.objects["FRRConfiguration"]
            return index.frr_node_selectors.matching_any(
                labelled, lambda key, labels: matches(configs[key].spec.node_selector, labels)
            )

        return self._pick("FRRConfiguration", find)

    def frr_configurations_describing(self, vrf: str, end: str) -> Iterator[FRRConfiguration]:
        """Yield what others than speakers wrote of a session, by its address or interface."""
        return self._pick("FRRConfiguration", lambda index: index.frr_by_session.get((vrf, end)))

    def frr_configurations_unlike(
        self, vrf: str, asn: int, router_id: str
    ) -> Iterator[FRRConfiguration]:
        """Yield what others than speakers wrote of a VRF's router with another AS number or id."""

        def unlike(index: Index) -> Iterator[NamespacedName]:
            groups = index.frr_by_router.get(vrf) or Groups()
            for other in groups.values():
                if other[0] != asn or (router_id and other[1] and other[1] != router_id):
                    yield from groups.get(other)

        return self._pick("FRRConfiguration", unlike)

    def communities_defining(self, alias: str) -> Iterator[Community]:
        """Yield the Community objects that define an alias."""
        return self._pick("Community", lambda index: index.communities_by_alias.get(alias))

    def _levels(self) -> tuple[Level, ...]:
        layers = self.layers
        above = ((layer.index, layers[place:]) for place, layer in enumerate(layers, 1))
        return (self.index, layers), *above

    def _layered(self, kind: str) -> "Layered[Any, Any]":
        return Layered(self._levels(), kind)

    def _groups(self, kind: str, table: Callable[[Index], Groups[V, str]]) -> LayeredGroups[V]:
        return LayeredGroups([(table(index), above) for index, above in self._levels()], kind)

    def _pick(self, kind: str, find: Callable[[Index], Iterable[Key]]) -> Iterator[Any]:
        """Yield what is found of a kind, each once, less what is hidden; looks as it is read."""
        for index, above in self._levels():
            objects, seen = index.objects[kind], set[Key]()
            for key in find(index):
                if key not in seen:
                    seen.add(key)
                    if not above or not _hidden(above, kind, key):
                        yield objects[key]

    def _labelled(
        self,
        kind: str,
        table: Callable[[Index], Labels[str]],
        selectors: Collection[LabelSelector],
    ) -> Iterator[Any]:
        return self._pick(
            kind, lambda index: (key for one in selectors for key in table(index).matching(one))
        )


def _peers_on(index: Index, nodes: Collection[NodeInfo]) -> Iterator[str]:
    """Yield the peers that any of the Nodes connects to, each once."""
    peers = index.objects["BGPPeer"]
    if nodes:
        yield from index.peers_everywhere.get(None)
    yield from index.peer_node_selectors.matching_any(
        [node.labels for node in nodes],
        lambda name, labels: matches_any(peers[name].spec.node_selectors, labels),
    )


def selects_all(adv: Advertisement) -> bool:
    """Tell whether an advertisement selects every pool, since it names none."""
    return not adv.spec.ip_address_pools and not adv.spec.ip_address_pool_selectors


def selects_pool(adv: Advertisement, pool: IPAddressPool) -> bool:
    """Tell whether an advertisement selects a pool: by name, by label, or as all of them."""
    return selection(adv)(pool)


def selection(adv: Advertisement) -> Callable[[IPAddressPool], bool]:
    """Return what tells of many pools whether an advertisement selects them."""
    if selects_all(adv):
        return lambda _: True
    names, selectors = frozenset(adv.spec.ip_address_pools), adv.spec.ip_address_pool_selectors
    return lambda pool: pool.metadata.name in names or matches_any(selectors, pool.metadata.labels)

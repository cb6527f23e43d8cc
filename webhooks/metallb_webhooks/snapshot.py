"""Everything as it would be if a request went through: an index with a few objects changed.

A snapshot neither copies the index nor changes it. What a request adds lies in a small index of
its own on top; what it replaces or deletes is hidden. A lookup asks both and costs what it finds.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
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
    ServiceInfo,
    key_of,
    peer_identity,
    pool_intervals,
)
from metallb_webhooks.labelselectors import matches, matches_any
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
    "key_of",
    "peer_identity",
    "pool_intervals",
    "selects_pool",
]

K = TypeVar("K", bound=Key)
V = TypeVar("V", str, int)
M = TypeVar("M")


class Layered(Mapping[K, M], Generic[K, M]):
    """The objects of one kind by key: those below that are not hidden, and those on top."""

    def __init__(
        self,
        below: Mapping[K, M],
        top: Mapping[K, M],
        hidden: frozenset[tuple[str, Key]],
        kind: str,
    ) -> None:
        self._below = below
        self._top = top
        self._hidden = hidden
        self._kind = kind

    def __getitem__(self, key: K) -> M:
        if key in self._top:
            return self._top[key]
        if (self._kind, key) in self._hidden:
            raise KeyError(key)
        return self._below[key]

    def __iter__(self) -> Iterator[K]:
        yield from (key for key in self._below if (self._kind, key) not in self._hidden)
        yield from self._top

    def __len__(self) -> int:
        gone = sum(kind == self._kind and key in self._below for kind, key in self._hidden)
        return len(self._below) - gone + len(self._top)


class LayeredGroups(Mapping[V, Collection[str]], Generic[V]):
    """Names by value, without values that have no name left."""

    def __init__(
        self, below: Groups[V, str], top: Groups[V, str], hidden: Callable[[str], bool]
    ) -> None:
        self._below: Groups[V, str] = below
        self._top: Groups[V, str] = top
        self._hidden = hidden

    def _names(self, value: V) -> Iterator[str]:
        yield from (name for name in self._below.get(value) if not self._hidden(name))
        yield from self._top.get(value)

    def __getitem__(self, value: V) -> Collection[str]:
        names = tuple(self._names(value))
        if not names:
            raise KeyError(value)
        return names

    def __iter__(self) -> Iterator[V]:
        values = {**dict.fromkeys(self._below.values()), **dict.fromkeys(self._top.values())}
        return (value for value in values if next(self._names(value), None) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A view of an index with some objects put on top and some hidden.

    It is good for as long as the index does not change: while one request is judged.
    """

    index: Index = field(default_factory=Index)
    top: Index = field(default_factory=Index)
    hidden: frozenset[tuple[str, Key]] = frozenset()

    @classmethod
    def of(cls, *objects: Object) -> "Snapshot":
        """Return a snapshot of just these objects."""
        return cls(Index(objects))

    def with_object(self, thing: Object) -> "Snapshot":
        """Return the snapshot with an object added, or in place of the one with its key."""
        key = key_of(thing)
        return replace(
            self,
            top=Index([*self._put_on_top(but=(thing.kind, key)), thing]),
            hidden=self.hidden | {(thing.kind, key)},
        )

    def without_object(self, kind: str, key: Key) -> "Snapshot":
        """Return the snapshot without an object, whether it was there or not."""
        top = Index(self._put_on_top(but=(kind, key)))
        return replace(self, top=top, hidden=self.hidden | {(kind, key)})

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

    def pools_overlapping(self, interval: Interval) -> Iterator[IPAddressPool]:
        """Yield the pools that hold any of the addresses."""
        return self._pick("IPAddressPool", lambda index: index.pool_addresses.overlapping(interval))

    def services_within(self, interval: Interval) -> Iterator[ServiceInfo]:
        """Yield the Services that have been given any of the addresses."""
        return self._pick("Service", lambda index: index.service_addresses.overlapping(interval))

    def nodes_within(self, interval: Interval) -> Iterator[NodeInfo]:
        """Yield the Nodes that have any of the addresses."""
        return self._pick("Node", lambda index: index.node_addresses.overlapping(interval))

    def pod_networks_within(self, interval: Interval) -> Iterator[NodeInfo]:
        """Yield the Nodes whose pods have any of the addresses."""
        return self._pick("Node", lambda index: index.node_pod_networks.overlapping(interval))

    def advertisements_for_pool(self, pool: IPAddressPool) -> Iterator[Advertisement]:
        """Yield the advertisements that select a pool: by name, by label, or as all of them."""
        yield from self.bgp_advertisements_for_pool(pool)
        for adv in self._pick("L2Advertisement", lambda ix: ix.l2_selection.candidates(pool)):
            if selects_pool(adv, pool):
                yield adv

    def bgp_advertisements_for_pool(self, pool: IPAddressPool) -> Iterator[BGPAdvertisement]:
        """Yield the BGP advertisements that select a pool."""
        for adv in self._pick("BGPAdvertisement", lambda ix: ix.bgp_selection.candidates(pool)):
            if selects_pool(adv, pool):
                yield adv

    def pools_of_advertisement(self, adv: Advertisement) -> Iterator[IPAddressPool]:
        """Yield the pools that an advertisement selects, each once."""
        spec = adv.spec
        if not spec.ip_address_pools and not spec.ip_address_pool_selectors:
            yield from self.pools.values()
            return
        named = dict.fromkeys(name for name in spec.ip_address_pools if name in self.pools)
        yield from (self.pools[name] for name in named)
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
        return LayeredGroups(
            self.index.peers_by_router_id, self.top.peers_by_router_id, self._peer_hidden
        )

    def asns(self, vrf: str) -> Mapping[int, Collection[str]]:
        """Return the names of a VRF's peers by MetalLB's own AS number."""
        below, top = self.index.peers_by_asn.get(vrf), self.top.peers_by_asn.get(vrf)
        return LayeredGroups(below or Groups(), top or Groups(), self._peer_hidden)

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

    def frr_configurations_on(self, node: NodeInfo) -> Iterator[FRRConfiguration]:
        """Yield the FRR configurations that are for a Node, of every namespace that is known."""
        for config in self._pick(
            "FRRConfiguration", lambda index: index.frr_node_selectors.candidates(node.labels)
        ):
            if matches(config.spec.node_selector, node.labels):
                yield config

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

    def _put_on_top(self, but: tuple[str, Key]) -> Iterator[Any]:
        for kind, things in self.top.objects.items():
            for key, thing in things.items():
                if (kind, key) != but:
                    yield thing

    def _layered(self, kind: str) -> "Layered[Any, Any]":
        return Layered(self.index.objects[kind], self.top.objects[kind], self.hidden, kind)

    def _pick(self, kind: str, find: Callable[[Index], Iterable[Key]]) -> Iterator[Any]:
        """Yield what both indexes find of a kind, each once, less what is hidden below."""
        below, top = self.index.objects[kind], self.top.objects[kind]
        for key in dict.fromkeys(find(self.index)):
            if (kind, key) not in self.hidden:
                yield below[key]
        for key in dict.fromkeys(find(self.top)):
            yield top[key]

    def _labelled(
        self,
        kind: str,
        table: Callable[[Index], Labels[str]],
        selectors: Collection[LabelSelector],
    ) -> Iterator[Any]:
        return self._pick(
            kind, lambda index: (key for one in selectors for key in table(index).matching(one))
        )

    def _peer_hidden(self, name: str) -> bool:
        return ("BGPPeer", name) in self.hidden


def _peers_on(index: Index, nodes: Collection[NodeInfo]) -> Iterator[str]:
    """Yield the peers that any of the Nodes connects to, each once."""
    if nodes:
        yield from index.peers_everywhere.get(None)
    found: set[str] = set()
    for node in nodes:
        for name in index.peer_node_selectors.candidates(node.labels):
            selectors = index.objects["BGPPeer"][name].spec.node_selectors
            if name not in found and matches_any(selectors, node.labels):
                found.add(name)
                yield name


def selects_pool(adv: Advertisement, pool: IPAddressPool) -> bool:
    """Tell whether an advertisement selects a pool: by name, by label, or as all of them."""
    spec = adv.spec
    if not spec.ip_address_pools and not spec.ip_address_pool_selectors:
        return True
    return pool.metadata.name in spec.ip_address_pools or matches_any(
        spec.ip_address_pool_selectors, pool.metadata.labels
    )

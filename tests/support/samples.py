"""Objects for tests, built from the fields that matter to them."""

from collections.abc import Sequence
from typing import Any

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
from metallb_webhooks.snapshot import NamespaceInfo, NodeInfo, ServiceInfo

NAMESPACE = "metallb-system"
CATCH_ALL: dict[str, Any] = {}


def labelled(**labels: str) -> dict[str, Any]:
    """Return a selector for labels, as JSON."""
    return {"matchLabels": labels}


def selector(**labels: str) -> LabelSelector:
    """Return a selector for labels."""
    return LabelSelector.parse(labelled(**labels))


def manifest(name: str, labels: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    """Return an object in MetalLB's namespace; the keywords are its spec."""
    metadata = {"name": name, "namespace": NAMESPACE, "labels": labels or {}}
    return {"metadata": metadata, "spec": spec}


def pool(
    name: str,
    *addresses: str,
    labels: dict[str, str] | None = None,
    **spec: Any,  # noqa: ANN401 - whatever JSON holds
) -> IPAddressPool:
    """Return a pool of these ranges."""
    return IPAddressPool.parse(manifest(name, labels, addresses=list(addresses), **spec))


def bgp(name: str, **spec: Any) -> BGPAdvertisement:  # noqa: ANN401 - whatever JSON holds
    """Return a BGP advertisement."""
    return BGPAdvertisement.parse(manifest(name, **spec))


def l2(name: str, **spec: Any) -> L2Advertisement:  # noqa: ANN401 - whatever JSON holds
    """Return an L2 advertisement."""
    return L2Advertisement.parse(manifest(name, **spec))


def peer(name: str, **spec: Any) -> BGPPeer:  # noqa: ANN401 - whatever JSON holds
    """Return a peer, sound unless the keywords say otherwise."""
    sound: dict[str, Any] = {"myASN": 64500, "peerASN": 64501, "peerAddress": "192.0.2.1"}
    return BGPPeer.parse(manifest(name, **(sound | spec)))


def profile(name: str, **spec: Any) -> BFDProfile:  # noqa: ANN401 - whatever JSON holds
    """Return a BFD profile."""
    return BFDProfile.parse(manifest(name, **spec))


def community(name: str, **aliases: str) -> Community:
    """Return a Community that defines these aliases."""
    found = [{"name": alias, "value": value} for alias, value in aliases.items()]
    return Community.parse(manifest(name, communities=found))


def frr(
    name: str,
    *routers: dict[str, Any],
    space: str = NAMESPACE,
    profiles: Sequence[dict[str, Any]] = (),
    **nodes: str,
) -> FRRConfiguration:
    """Return an FRR configuration with these routers, for the nodes with these labels."""
    bgp_spec = {"routers": list(routers), "bfdProfiles": list(profiles)}
    spec = {"bgp": bgp_spec, "nodeSelector": labelled(**nodes)}
    return FRRConfiguration.parse({"metadata": {"name": name, "namespace": space}, "spec": spec})


def neighbor(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    """Return a neighbor of a router of an FRR configuration, sound unless the keywords say so."""
    return {"address": "192.0.2.1", "asn": 64501} | fields


def metallb(**spec: Any) -> MetalLB:  # noqa: ANN401 - whatever JSON holds
    """Return the MetalLB object that counts."""
    return MetalLB.parse(manifest("metallb", **spec))


def node(name: str, *addresses: str, pods: tuple[str, ...] = (), **labels: str) -> NodeInfo:
    """Return a Node with these addresses."""
    return NodeInfo(name, labels, addresses, pods)


def namespace(name: str, **labels: str) -> NamespaceInfo:
    """Return a Namespace."""
    return NamespaceInfo(name, labels)


def service(name: str, *addresses: str, space: str = "default", **labels: str) -> ServiceInfo:
    """Return a Service that has been given these addresses."""
    return ServiceInfo(space, name, labels, addresses)

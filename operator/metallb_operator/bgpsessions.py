"""BGP sessions of nodes: who speaks, what was asked for, what is up. Pure.

In the backends with frr-k8s a speaker writes the sessions that it wants into an FRRConfiguration,
and frr-k8s reports in one BGPSessionState a session how they fare (frr-k8s 0.0.25, cmd/status). In
the others nothing of the kind can be read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv6Address
from typing import Final, NamedTuple

from metallb_crds.frrk8s_v1beta1 import BGPSessionState, FRRConfiguration
from metallb_kube.objects import Manifest
from metallb_operator.fields import at, text_at
from metallb_webhooks.speakers import is_of_a_speaker

TYPE: Final = "METALLB_BGP_TYPE"
"""Environment variable of a speaker that names its backend; native without it."""
NAMESPACE: Final = "--frrk8s-namespace="
"""Argument of a speaker that names where an frr-k8s of somebody else is."""
_NAMESPACE_VARIABLE: Final = "FRRK8S_NAMESPACE"
_ESTABLISHED: Final = "Established"


class Peer(NamedTuple):
    """A router that a node talks to: its address or interface, and the VRF ("" for the default)."""

    address: str
    vrf: str = ""

    def __str__(self) -> str:
        return f"{self.address} in VRF {self.vrf}" if self.vrf else self.address


class SpeaksBy(NamedTuple):
    """How the speaker of a pod speaks BGP: native, frr or frr-k8s, and where that frr-k8s is."""

    backend: str
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Sessions:
    """What is known of the sessions of nodes.

    Attributes:
        peers: whether any peer is configured at all.
        wanted: what speakers have asked frr-k8s for, by node; of the others it is not known yet.
        up: what is established, by node; None where that cannot be read.
    """

    peers: bool = True
    wanted: Mapping[str, frozenset[Peer]] = field(default_factory=dict)
    up: Mapping[str, frozenset[Peer]] | None = None


def speaks_by(pod: Manifest | None) -> SpeaksBy | None:
    """Return how a speaker speaks BGP; None if that cannot be seen.

    Args:
        pod: the spec of its pod, or of its template.
    """
    if not at(pod, "containers"):
        return None
    backend, namespace = "native", ""
    for container in at(pod, "containers"):
        for variable in at(container, "env") or ():
            if text_at(variable, "name") == TYPE:
                backend = text_at(variable, "value") or backend
            elif text_at(variable, "name") == _NAMESPACE_VARIABLE:
                namespace = text_at(variable, "value")
        for argument in at(container, "args") or ():
            if str(argument).startswith(NAMESPACE):
                namespace = str(argument).removeprefix(NAMESPACE)
    return SpeaksBy(backend, namespace)


def told_apart(pod: Manifest) -> list[dict[str, object]]:
    """Return of a pod's containers what `speaks_by` reads."""
    return [
        {
            "env": [
                variable
                for variable in at(container, "env") or ()
                if text_at(variable, "name") in {TYPE, _NAMESPACE_VARIABLE}
            ],
            "args": [a for a in at(container, "args") or () if str(a).startswith(NAMESPACE)],
        }
        for container in at(pod, "containers") or ()
        if text_at(container, "name") in {"", "speaker"}
    ]


def wanted_by_node(
    found: Iterable[FRRConfiguration], namespace: str
) -> Mapping[str, frozenset[Peer]]:
    """Return what speakers have asked for, by node.

    Args:
        found: every FRRConfiguration.
        namespace: where speakers write theirs.
    """
    return {
        one.metadata.name.removeprefix("metallb-"): frozenset(
            Peer(_named(neighbor.interface or neighbor.address), router.vrf)
            for router in one.spec.bgp.routers
            for neighbor in router.neighbors
        )
        for one in found
        if one.metadata.namespace == namespace and is_of_a_speaker(one)
    }


def established(found: Iterable[BGPSessionState]) -> Mapping[str, frozenset[Peer]]:
    """Return which sessions are up, by node."""
    nodes: dict[str, set[Peer]] = {}
    for one in found:
        if one.status.bgp_status == _ESTABLISHED:
            nodes.setdefault(one.status.node, set()).add(Peer(one.status.peer, one.status.vrf))
    return {node: frozenset(peers) for node, peers in nodes.items()}


def _named(neighbor: str) -> str:
    """Return a neighbor as frr-k8s labels it: IPv6 in full, with dashes."""
    try:
        return IPv6Address(neighbor).exploded.replace(":", "-")
    except AddressValueError:
        return neighbor

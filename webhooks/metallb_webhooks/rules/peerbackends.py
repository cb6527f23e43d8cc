"""Rules on BGPPeer that depend on who speaks BGP.

The native backend knows few fields. FRR is one process a node, so that the peers that a node
connects to must get along. Which these are is asked for only if some peer at all differs.

Source: MetalLB 0.16.1, internal/config/validation.go.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Final

from metallb_crds.backend import Backend
from metallb_crds.config_v1beta2 import BGPPeer, BGPPeerSpec
from metallb_webhooks.addresses import AddressError, parse_ip
from metallb_webhooks.durations import DurationError, parse
from metallb_webhooks.rules.announcing import can_share, share_nodes
from metallb_webhooks.rules.base import Problem, Request, Rule, Severity
from metallb_webhooks.rules.generic import listed
from metallb_webhooks.snapshot import Snapshot, peer_identity

IPV6: Final = 6

_FRR_K8S: Final = frozenset({Backend.FRR_K8S, Backend.FRR_K8S_EXTERNAL})


def _keepalive(spec: BGPPeerSpec) -> str | None:
    with suppress(DurationError):
        return spec.keepalive_time if spec.keepalive_time and parse(spec.keepalive_time) else None
    return None


_NOT_NATIVE: Final[tuple[tuple[str, Callable[[BGPPeerSpec], object]], ...]] = (
    ("bfdProfile", lambda spec: spec.bfd_profile),
    ("keepaliveTime", _keepalive),
    ("vrf", lambda spec: spec.vrf),
    ("connectTime", lambda spec: spec.connect_time),
    ("enableGracefulRestart", lambda spec: spec.enable_graceful_restart),
    ("disableMP", lambda spec: spec.disable_mp),
    ("dualStackAddressFamily", lambda spec: spec.dual_stack_address_family),
    ("dynamicASN", lambda spec: spec.dynamic_asn),
    ("interface", lambda spec: spec.interface),
    ("localASN", lambda spec: spec.local_asn),
)
"""Fields that the native backend refuses, and what counts as having given one."""


def _native(request: Request[BGPPeer]) -> Iterator[Problem]:
    if request.backend is not Backend.NATIVE:
        return
    for field, given in _NOT_NATIVE:
        value = given(request.subject.spec)
        if value:
            shown = "true" if value is True else repr(value)
            message = (
                f"the native backend has no {field} ({shown}): speakers would refuse the whole"
                " configuration. Remove it, or use the backend frr-k8s"
            )
            yield f"spec.{field}", message


def _native_ipv6(request: Request[BGPPeer]) -> Iterator[Problem]:
    spec = request.subject.spec
    if request.backend is Backend.NATIVE and _version(spec.peer_address) == IPV6:
        message = (
            f"the native backend cannot connect to {spec.peer_address!r}, an IPv6 address; use the"
            " router's IPv4 address, or the backend frr-k8s"
        )
        yield "spec.peerAddress", message


def _source_family(request: Request[BGPPeer]) -> Iterator[Problem]:
    spec = request.subject.spec
    source, router = _version(spec.source_address), _version(spec.peer_address)
    if request.backend not in _FRR_K8S and source and router and source != router:
        message = (
            f"{spec.source_address!r} is IPv{source}, and peerAddress {spec.peer_address!r} is"
            f" IPv{router}, which cannot talk; use two addresses of the same family"
        )
        yield "spec.sourceAddress", message


def _frr_k8s_ignores(request: Request[BGPPeer]) -> Iterator[Problem]:
    spec = request.subject.spec
    if request.backend not in _FRR_K8S:
        return
    for field, value in (("sourceAddress", spec.source_address), ("localASN", spec.local_asn)):
        if value:
            message = (
                f"MetalLB does not hand {value!r} on to frr-k8s, and sessions come up without it or"
                " not at all; remove it, or write an FRRConfiguration for this router instead"
            )
            yield f"spec.{field}", message


def _local_asn(request: Request[BGPPeer]) -> Iterator[Problem]:
    spec = request.subject.spec
    internal = spec.dynamic_asn == "internal" or spec.peer_asn == spec.my_asn
    if request.backend is Backend.FRR and spec.local_asn and internal:
        message = (
            f"FRR refuses {spec.local_asn} for a router of MetalLB's own AS, and with it everything"
            f" else that changes; remove it, or set myASN to {spec.local_asn}"
        )
        yield "spec.localASN", message


def _local_asn_same(request: Request[BGPPeer]) -> Iterator[Problem]:
    spec = request.subject.spec
    if spec.local_asn and spec.local_asn == spec.my_asn:
        message = f"{spec.local_asn} is myASN already, which FRR may refuse; remove it"
        yield "spec.localASN", message


def _same_session(request: Request[BGPPeer]) -> Iterator[Problem]:
    if not request.backend.uses_frr:
        return
    peer = request.subject
    alike = request.snapshot.peers_at(peer_identity(peer))
    others = sorted(
        (other for other in alike if _meet(peer, other, request.snapshot)),
        key=lambda other: other.metadata.name,
    )
    if others:
        names = listed(f"{other.metadata.name!r} ({_told(other)})" for other in others)
        message = (
            f"{_told(peer)} and BGPPeer {names} are the same session to speakers of one node, which"
            " would refuse the whole configuration. Remove one of the peers, or keep them on"
            " different nodes with nodeSelectors"
        )
        yield ("spec.peerAddress" if peer.spec.peer_address else "spec.interface"), message


def _router_id(request: Request[BGPPeer]) -> Iterator[Problem]:
    own = request.subject.spec.router_id
    ids = request.snapshot.router_ids()
    if not request.backend.uses_frr or all(other == own for other in ids):
        return
    others = _beside(request, lambda other: other.spec.router_id != own)
    if others:
        names = listed(
            f"{other.metadata.name!r} ({other.spec.router_id or 'none'})" for other in others
        )
        message = (
            f"{own or 'no routerID'!s} differs from that of BGPPeer {names} on the same node, where"
            " FRR has only one: speakers would refuse the whole configuration. Give all of them the"
            " same routerID or none, or keep them on different nodes with nodeSelectors"
        )
        yield "spec.routerID", message


def _my_asn(request: Request[BGPPeer]) -> Iterator[Problem]:
    spec = request.subject.spec
    # A peer without a number is at fault by itself, and not for what others have.
    asns = {0, *request.snapshot.asns(spec.vrf)}
    if not request.backend.uses_frr or not spec.my_asn or asns <= {0, spec.my_asn}:
        return
    others = _beside(
        request,
        lambda other: other.spec.vrf == spec.vrf and other.spec.my_asn not in {0, spec.my_asn},
    )
    if others:
        names = listed(f"{other.metadata.name!r} ({other.spec.my_asn})" for other in others)
        where = f"VRF {spec.vrf!r}" if spec.vrf else "main routing table"
        message = (
            f"{spec.my_asn} differs from that of BGPPeer {names} on the same node, where FRR has"
            f" one for the {where}: speakers would refuse the whole configuration. Use the same"
            " myASN, or keep them on different nodes with nodeSelectors"
        )
        yield "spec.myASN", message


def _meet(one: BGPPeer, other: BGPPeer, snapshot: Snapshot) -> bool:
    """Tell whether another peer is one of a node that this one is one of, too.

    Where there are no nodes MetalLB takes all peers to meet; where nobody knows of nodes, those
    meet that can.
    """
    if other.metadata.name == one.metadata.name:
        return False
    selectors = one.spec.node_selectors, other.spec.node_selectors
    if snapshot.nodes:
        return share_nodes(*selectors, snapshot)
    return snapshot.nodes_known or can_share(*selectors)


def _beside(request: Request[BGPPeer], differs: Callable[[BGPPeer], bool]) -> list[BGPPeer]:
    """Return the other peers that a node connects to along with this one and that differ.

    Which do where there are no nodes, `_meet` says.
    """
    subject, snapshot = request.subject, request.snapshot
    selectors = subject.spec.node_selectors
    beside: Iterable[BGPPeer] = (
        snapshot.peers_on(selectors) if snapshot.nodes else snapshot.peers.values()
    )
    if not snapshot.nodes and not snapshot.nodes_known:
        beside = (peer for peer in beside if can_share(selectors, peer.spec.node_selectors))
    own = subject.metadata.name
    found = [other for other in beside if other.metadata.name != own and differs(other)]
    return sorted(found, key=lambda other: other.metadata.name)


def _told(peer: BGPPeer) -> str:
    spec = peer.spec
    end = repr(spec.peer_address) if spec.peer_address else f"interface {spec.interface!r}"
    return f"{end} in VRF {spec.vrf!r}" if spec.vrf else end


def _version(text: str) -> int | None:
    with suppress(AddressError):
        return parse_ip(text).version
    return None


PEER_BACKEND_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "peer-native-unsupported",
        "With the native backend no field is set that only FRR knows",
        _native,
        source="PEER-30 to PEER-39, GAP-13",
        by_backend=True,
    ),
    Rule(
        "peer-native-ipv6",
        "With the native backend peerAddress is IPv4",
        _native_ipv6,
        source="GAP-17",
        by_backend=True,
    ),
    Rule(
        "peer-source-address-family",
        "sourceAddress and peerAddress are of one family",
        _source_family,
        source="PEER-12, GAP-18",
        by_backend=True,
    ),
    Rule(
        "peer-frr-k8s-ignored",
        "With frr-k8s no field is set that MetalLB does not hand on",
        _frr_k8s_ignores,
        Severity.WARN,
        source="GAP-18",
        by_backend=True,
    ),
    Rule(
        "peer-local-asn-internal",
        "With FRR localASN is for routers of another AS",
        _local_asn,
        source="PEER-22, GAP-18",
        by_backend=True,
    ),
    Rule(
        "peer-local-asn-same",
        "localASN is another one than myASN",
        _local_asn_same,
        Severity.WARN,
        source="PEER-22, GAP-18",
    ),
    Rule(
        "peer-session-repeated",
        "With FRR no node has two peers with the same address or interface in the same VRF",
        _same_session,
        source="PEER-41, GAP-21",
        by_backend=True,
    ),
    Rule(
        "peer-router-id-differs",
        "With FRR all peers of a node have the same routerID, or none",
        _router_id,
        source="PEER-40",
        by_backend=True,
    ),
    Rule(
        "peer-my-asn-differs",
        "With FRR all peers of a node have the same myASN in a VRF",
        _my_asn,
        source="PEER-42",
        by_backend=True,
    ),
)

"""Rules on BGPPeer that look at FRRConfigurations which people have written.

With frr-k8s each speaker hands its peers on as an FRRConfiguration, which is merged with those of
others for the same node. Where they contradict each other frr-k8s refuses what the speaker writes,
and nothing changes on that node any more.

Source: MetalLB 0.16.1, internal/bgp/frrk8s and internal/config (what is written for a peer).
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from itertools import chain
from typing import Any, Final

from metallb_crds.backend import Backend
from metallb_crds.config_v1beta2 import BGPPeer, BGPPeerSpec
from metallb_crds.frrk8s_v1beta1 import FRRConfiguration
from metallb_crds.versions import version_of
from metallb_webhooks.addresses import AddressError, parse_ip
from metallb_webhooks.durations import DurationError, parse
from metallb_webhooks.installation import METALLB
from metallb_webhooks.rules.announcing import share_nodes
from metallb_webhooks.rules.base import Problem, Request, Rule, Severity
from metallb_webhooks.rules.frrmerging import MAY_BE_ABSENT, Statement, statements
from metallb_webhooks.rules.frrsessions import place_of

_ROUTER: Final = "spec.bgp.routers[0]"
_NEIGHBOR: Final = f"{_ROUTER}.neighbors[0]"
_FIELDS: Final[Mapping[str, str]] = {
    f"{_ROUTER}.asn": "spec.myASN",
    f"{_ROUTER}.id": "spec.routerID",
    f"{_NEIGHBOR}.asn": "spec.peerASN",
    f"{_NEIGHBOR}.port": "spec.peerPort",
    f"{_NEIGHBOR}.bfdProfile": "spec.bfdProfile",
    f"{_NEIGHBOR}.ebgpMultiHop": "spec.ebgpMultiHop",
    f"{_NEIGHBOR}.dualStackAddressFamily": "spec.dualStackAddressFamily",
    f"{_NEIGHBOR}.holdTime": "spec.holdTime",
    f"{_NEIGHBOR}.keepaliveTime": "spec.keepaliveTime",
    f"{_NEIGHBOR}.connectTime": "spec.connectTime",
}
"""Fields of a peer by what becomes of them; whatever else is about the session as a whole."""

_SECRET: Final = f"{_NEIGHBOR}.password"
_BEFORE_0_16: Final = frozenset({"0.15.3"})
"""With frr-k8s 0.0.21, which refuses a session with a BFD profile beside the same one without."""
_KEEPALIVES: Final = 3
"""Of the two timers the one that is not given follows from the other."""


def written(peer: BGPPeer) -> FRRConfiguration:
    """Return what speakers write for a peer, less prefixes and passwords."""
    spec = peer.spec
    neighbor: dict[str, Any] = {
        "address": _address(spec),
        "interface": spec.interface,
        "asn": spec.peer_asn,
        "dynamicASN": spec.dynamic_asn,
        "port": spec.peer_port,
        "bfdProfile": spec.bfd_profile,
        "ebgpMultiHop": spec.ebgp_multi_hop,
        "dualStackAddressFamily": spec.dual_stack_address_family,
        "connectTime": spec.connect_time,
        **_timers(spec),
    }
    router = {
        "asn": spec.my_asn,
        "id": spec.router_id,
        "vrf": spec.vrf,
        "neighbors": [{name: value for name, value in neighbor.items() if value is not None}],
    }
    return FRRConfiguration.parse({"spec": {"bgp": {"routers": [router]}}})


def _address(spec: BGPPeerSpec) -> str:
    with suppress(AddressError):
        return str(parse_ip(spec.peer_address))
    return spec.peer_address


def _timers(spec: BGPPeerSpec) -> Mapping[str, str | None]:
    hold, keepalive = spec.hold_time, spec.keepalive_time
    with suppress(DurationError):
        if hold is not None and keepalive is None:
            keepalive = f"{parse(hold) // _KEEPALIVES}ns"
        elif keepalive is not None and hold is None:
            hold = f"{parse(keepalive) * _KEEPALIVES}ns"
    return {"holdTime": hold, "keepaliveTime": keepalive}


def _disagrees(request: Request[BGPPeer]) -> Iterator[Problem]:
    if request.backend not in {Backend.FRR_K8S, Backend.FRR_K8S_EXTERNAL}:
        return
    others = _others(request)
    if not others:
        return
    absent = _may_be_absent(request)
    own = {(said.thing, said.field): said for said in statements(written(request.subject), absent)}
    told: set[str] = set()
    for other in others:
        for said in statements(other, absent):
            mine = own.get((said.thing, said.field))
            if mine is None or mine.value == said.value or mine.path == _SECRET:
                continue
            field = _FIELDS.get(mine.path, "spec.peerAddress")
            if field not in told:
                told.add(field)
                yield field, _message(mine, said, other)


def _may_be_absent(request: Request[BGPPeer]) -> Collection[str]:
    """Return what agrees with anything where it is not said, in the frr-k8s of the release."""
    metallb = request.snapshot.metallbs.get((request.namespace, METALLB))
    version = version_of(metallb.spec.version) if metallb else None
    return MAY_BE_ABSENT - ({"bfdProfile"} if version in _BEFORE_0_16 else set())


def _others(request: Request[BGPPeer]) -> list[FRRConfiguration]:
    """Return what others have written about the router or the session on one of the nodes."""
    spec, snapshot, place = request.subject.spec, request.snapshot, place_of(request)
    if not snapshot.nodes:
        return []
    end = spec.interface or _address(spec)
    found = chain(
        snapshot.frr_configurations_describing(spec.vrf, end),
        snapshot.frr_configurations_unlike(spec.vrf, spec.my_asn, spec.router_id),
    )
    each = {(one.metadata.namespace, one.metadata.name): one for one in found}
    return [
        other
        for (where, _), other in sorted(each.items())
        if where == place and share_nodes(spec.node_selectors, [other.spec.node_selector], snapshot)
    ]


def _message(mine: Statement, said: Statement, other: FRRConfiguration) -> str:
    where = f"{other.metadata.namespace}/{other.metadata.name}"
    return (
        f"FRRConfiguration {where!r} ({said.path}) is for the same node and says"
        f" {_shown(said.value)} of the {said.field} of {said.thing}, which is"
        f" {_shown(mine.value)} here: frr-k8s would refuse what the speaker writes, and nothing"
        " would change on that node any more. Let the two agree, or keep them on different nodes"
    )


def _shown(value: object) -> str:
    if isinstance(value, frozenset):
        return " and ".join(f"IPv{version}" for version in sorted(value)) or "none"
    return repr(value)


def _copied(request: Request[BGPPeer]) -> Iterator[Problem]:
    """Yield that a password leaves its Secret: frr-k8s elsewhere cannot read ours."""
    secret = request.subject.spec.password_secret.name
    metallb = request.snapshot.metallbs.get((request.namespace, METALLB))
    config = metallb.spec.frrk8s_config if metallb else None
    if request.backend is not Backend.FRR_K8S_EXTERNAL or not secret or config is None:
        return
    if config.namespace not in {"", request.namespace}:
        message = (
            f"speakers copy the password of Secret {secret!r} in clear into FRRConfigurations in"
            f" namespace {config.namespace!r}, since the frr-k8s there cannot read it here; see to"
            f" who may read FRRConfigurations, or use the backend {Backend.FRR_K8S}"
        )
        yield "spec.passwordSecret", message


PEER_FRR_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "peer-password-copied",
        "With an external frr-k8s passwords stay in their Secrets",
        _copied,
        Severity.WARN,
        source="MetalLB 0.16.1, --frrk8s-namespace",
        by_backend=True,
    ),
    Rule(
        "peer-frr-disagrees",
        "With frr-k8s a peer agrees with FRRConfigurations of others for the same node",
        _disagrees,
        Severity.WARN,
        source="GAP-32",
        by_backend=True,
    ),
)

"""What a backend refuses in a peer, alone and next to others on the same node."""

from collections.abc import Sequence
from typing import Any

import pytest

from metallb_crds.backend import Backend
from metallb_crds.config_v1beta2 import BGPPeer
from metallb_webhooks.index import Object
from metallb_webhooks.rules.base import Severity
from support.judging import by_rule, judge
from support.samples import labelled, node, peer

RED, BLUE = [labelled(rack="red")], [labelled(rack="blue")]
NODES = [node("r1", rack="red"), node("b1", rack="blue")]
BOTH = node("rb", rack="red", blue="yes")
OTHER = {"peerAddress": "192.0.2.2"}
FRR_BACKENDS = [Backend.FRR, Backend.FRR_K8S, Backend.FRR_K8S_EXTERNAL]

NATIVE_REFUSES: list[tuple[str, dict[str, Any], str]] = [
    ("spec.bfdProfile", {"bfdProfile": "fast"}, "('fast')"),
    ("spec.keepaliveTime", {"keepaliveTime": "30s"}, "('30s')"),
    ("spec.vrf", {"vrf": "red"}, "('red')"),
    ("spec.connectTime", {"connectTime": "10s"}, "('10s')"),
    ("spec.enableGracefulRestart", {"enableGracefulRestart": True}, "(true)"),
    ("spec.disableMP", {"disableMP": True}, "(true)"),
    ("spec.dualStackAddressFamily", {"dualStackAddressFamily": True}, "(true)"),
    ("spec.dynamicASN", {"peerASN": 0, "dynamicASN": "external"}, "('external')"),
    ("spec.interface", {"peerAddress": "", "interface": "eth0"}, "('eth0')"),
    ("spec.localASN", {"localASN": 5}, "(5)"),
]


@pytest.mark.parametrize(("path", "spec", "shown"), NATIVE_REFUSES)
def test_fields_that_only_frr_knows(path: str, spec: dict[str, Any], shown: str) -> None:
    rule = "peer-native-unsupported"
    [finding] = by_rule(rule, judge(peer("p", **spec), backend=Backend.NATIVE))
    assert finding.severity is Severity.DENY
    assert finding.path == path
    assert f"{shown}: speakers would refuse" in finding.message
    for backend in FRR_BACKENDS:
        assert by_rule(rule, judge(peer("p", **spec), backend=backend)) == []


@pytest.mark.parametrize(
    "spec",
    [
        {"holdTime": "30s", "routerID": "192.0.2.9", "sourceAddress": "192.0.2.9"},
        {"ebgpMultiHop": True, "password": "x"},
        {"keepaliveTime": "0s", "holdTime": "90s", "enableGracefulRestart": False},
        {"passwordSecret": {"name": "s"}, "disableMP": False},
    ],
)
def test_what_the_native_backend_knows(spec: dict[str, Any]) -> None:
    found = judge(peer("p", **spec), backend=Backend.NATIVE)
    assert [one for one in found if one.severity is Severity.DENY] == []


def test_every_field_is_told_at_once() -> None:
    spec = {"vrf": "red", "localASN": 5, "connectTime": "10s"}
    found = judge(peer("p", **spec), backend=Backend.NATIVE)
    assert [one.path for one in by_rule("peer-native-unsupported", found)] == [
        "spec.vrf",
        "spec.connectTime",
        "spec.localASN",
    ]


@pytest.mark.parametrize(
    ("address", "backend", "refused"),
    [
        ("fc00::1", Backend.NATIVE, True),
        ("::ffff:192.0.2.1", Backend.NATIVE, False),
        ("192.0.2.1", Backend.NATIVE, False),
        ("fc00::1", Backend.FRR, False),
    ],
)
def test_ipv6_routers(address: str, backend: Backend, *, refused: bool) -> None:
    found = by_rule("peer-native-ipv6", judge(peer("p", peerAddress=address), backend=backend))
    assert bool(found) is refused


@pytest.mark.parametrize(
    ("source", "backend", "refused"),
    [
        ("fc00::1", Backend.FRR, True),
        ("fc00::1", Backend.NATIVE, True),
        ("fc00::1", Backend.FRR_K8S, False),
        ("192.0.2.9", Backend.FRR, False),
        ("bad", Backend.FRR, False),
    ],
)
def test_families_of_source_and_router(source: str, backend: Backend, *, refused: bool) -> None:
    found = judge(peer("p", sourceAddress=source), backend=backend)
    assert bool(by_rule("peer-source-address-family", found)) is refused


@pytest.mark.parametrize("backend", FRR_BACKENDS)
def test_what_is_not_handed_on_to_frr_k8s(backend: Backend) -> None:
    found = judge(peer("p", sourceAddress="192.0.2.9", localASN=5), backend=backend)
    expected = [] if backend is Backend.FRR else ["spec.sourceAddress", "spec.localASN"]
    assert [one.path for one in by_rule("peer-frr-k8s-ignored", found)] == expected


@pytest.mark.parametrize(
    ("spec", "rule"),
    [
        ({"localASN": 5, "peerASN": 64500}, "peer-local-asn-internal"),
        ({"localASN": 5, "peerASN": 0, "dynamicASN": "internal"}, "peer-local-asn-internal"),
        ({"localASN": 64500}, "peer-local-asn-same"),
        ({"localASN": 5}, None),
        ({"peerASN": 64500}, None),
    ],
)
def test_local_as_numbers(spec: dict[str, Any], rule: str | None) -> None:
    found = judge(peer("p", **spec), backend=Backend.FRR)
    assert [one.rule for one in found] == ([rule] if rule else [])


CLASHES: list[tuple[str, BGPPeer, Sequence[Object], str, str]] = [
    (
        "peer-session-repeated",
        peer("p"),
        [peer("q", peerPort=1179, peerASN=1)],
        "spec.peerAddress",
        "'192.0.2.1' and BGPPeer 'q' ('192.0.2.1')",
    ),
    (
        "peer-session-repeated",
        peer("p", peerAddress="fc00:0::1", vrf="red"),
        [peer("q", peerAddress="fc00::1", vrf="red"), peer("r", peerAddress="fc00::1")],
        "spec.peerAddress",
        "BGPPeer 'q' ('fc00::1' in VRF 'red') are",
    ),
    (
        "peer-session-repeated",
        peer("p", peerAddress="", interface="eth0-red"),
        [peer("q", peerAddress="", interface="eth0", vrf="red")],
        "spec.interface",
        "interface 'eth0-red' and BGPPeer 'q' (interface 'eth0' in VRF 'red')",
    ),
    (
        "peer-session-repeated",
        peer("p", nodeSelectors=RED),
        [*NODES, peer("q"), peer("r", nodeSelectors=BLUE)],
        "spec.peerAddress",
        "BGPPeer 'q' ('192.0.2.1') are",
    ),
    (
        "peer-session-repeated",
        peer("p", nodeSelectors=RED),
        [*NODES, BOTH, peer("q", nodeSelectors=[labelled(blue="yes")])],
        "spec.peerAddress",
        "'q'",
    ),
    (
        "peer-session-repeated",
        peer("p"),
        [peer(name) for name in "zyxwv"],
        "spec.peerAddress",
        "'v' ('192.0.2.1'), 'w' ('192.0.2.1'), 'x' ('192.0.2.1') and 2 more",
    ),
    (
        "peer-router-id-differs",
        peer("p", routerID="1.1.1.1"),
        [peer("q", **OTHER, routerID="2.2.2.2", vrf="red")],
        "spec.routerID",
        "1.1.1.1 differs from that of BGPPeer 'q' (2.2.2.2)",
    ),
    (
        "peer-router-id-differs",
        peer("p", routerID="1.1.1.1"),
        [*NODES, peer("q", **OTHER)],
        "spec.routerID",
        "'q' (none)",
    ),
    (
        "peer-router-id-differs",
        peer("p", nodeSelectors=RED),
        [*NODES, peer("q", **OTHER, routerID="2.2.2.2"), peer("r", nodeSelectors=BLUE)],
        "spec.routerID",
        "no routerID differs from that of BGPPeer 'q' (2.2.2.2)",
    ),
    (
        "peer-my-asn-differs",
        peer("p"),
        [*NODES, peer("q", **OTHER, myASN=1), peer("r", **OTHER, vrf="red", myASN=2)],
        "spec.myASN",
        "64500 differs from that of BGPPeer 'q' (1) on the same node",
    ),
    (
        "peer-my-asn-differs",
        peer("p", vrf="red"),
        [peer("q", **OTHER, vrf="red", myASN=1)],
        "spec.myASN",
        "for the VRF 'red'",
    ),
]

PEACE: list[tuple[str, BGPPeer, Sequence[Object]]] = [
    ("peer-session-repeated", peer("p"), [peer("p"), peer("q", **OTHER)]),
    ("peer-session-repeated", peer("p"), [peer("q", vrf="red")]),
    (
        "peer-session-repeated",
        peer("p", nodeSelectors=RED),
        [*NODES, peer("q", nodeSelectors=BLUE)],
    ),
    ("peer-session-repeated", peer("p"), [*NODES, peer("q", nodeSelectors=[labelled(a="b")])]),
    ("peer-session-repeated", peer("p", nodeSelectors=[labelled(a="b")]), [*NODES, peer("q")]),
    (
        "peer-session-repeated",
        peer("p", peerAddress="", interface="eth0"),
        [peer("q", peerAddress="", interface="eth1")],
    ),
    ("peer-router-id-differs", peer("p"), [peer("q", **OTHER)]),
    ("peer-router-id-differs", peer("p", routerID="1.1.1.1"), []),
    (
        "peer-router-id-differs",
        peer("p", routerID="1.1.1.1"),
        [peer("p", routerID="2.2.2.2"), peer("q", **OTHER, routerID="1.1.1.1")],
    ),
    (
        "peer-router-id-differs",
        peer("p", routerID="1.1.1.1", nodeSelectors=RED),
        [*NODES, peer("q", **OTHER, nodeSelectors=BLUE)],
    ),
    ("peer-my-asn-differs", peer("p"), [peer("q", **OTHER, myASN=1, vrf="red")]),
    (
        "peer-my-asn-differs",
        peer("p", nodeSelectors=RED),
        [*NODES, peer("q", **OTHER, myASN=1, nodeSelectors=BLUE)],
    ),
]


@pytest.mark.parametrize("backend", FRR_BACKENDS)
@pytest.mark.parametrize(("rule", "subject", "others", "path", "piece"), CLASHES)
def test_peers_that_a_node_cannot_have_together(  # noqa: PLR0917 - a table's columns
    rule: str, subject: BGPPeer, others: Sequence[Object], path: str, piece: str, backend: Backend
) -> None:
    [finding] = by_rule(rule, judge(subject, *others, backend=backend))
    assert finding.severity is Severity.DENY
    assert finding.path == path
    assert piece in finding.message


@pytest.mark.parametrize(("rule", "subject", "others"), PEACE)
def test_peers_that_get_along(rule: str, subject: BGPPeer, others: Sequence[Object]) -> None:
    assert by_rule(rule, judge(subject, *others)) == []


@pytest.mark.parametrize(("rule", "subject", "others", "path", "piece"), CLASHES)
def test_the_native_backend_has_no_such_limits(
    rule: str, subject: BGPPeer, others: Sequence[Object], path: str, piece: str
) -> None:
    del path, piece
    assert by_rule(rule, judge(subject, *others, backend=Backend.NATIVE)) == []


def test_stored_peers_that_clash_are_not_held_against_another() -> None:
    stored = [peer("q", **OTHER), peer("r", **OTHER), peer("s", peerAddress="bad", myASN=64500)]
    assert judge(peer("p"), *stored) == ()

"""What is said of what a peer refers to, and of what refers to it."""

from collections.abc import Sequence
from typing import Any

import pytest

from metallb_crds.backend import Backend
from metallb_crds.config_v1beta2 import BGPPeer
from metallb_webhooks.index import Object
from metallb_webhooks.rules.base import Severity
from metallb_webhooks.snapshot import SecretInfo
from support.judging import by_rule, judge
from support.samples import bgp, labelled, node, peer, pool, profile

BASIC_AUTH = "kubernetes.io/basic-auth"
GOOD_SECRET = SecretInfo("s", BASIC_AUTH, frozenset({"username", "password"}))
ECHO = profile("fast", echoMode=True)
V6 = pool("v6", "192.0.2.0/24", "fc00::/64")
WATCHED = peer("p", bfdProfile="fast")


def secured(**reference: str) -> BGPPeer:
    return peer("p", passwordSecret=reference)


WARNED: list[tuple[str, BGPPeer, Sequence[Object], str, str]] = [
    ("peer-bfd-profile-unknown", WATCHED, [profile("slow")], "spec.bfdProfile", "'fast'"),
    (
        "peer-bfd-echo-multi-hop",
        peer("p", bfdProfile="fast", ebgpMultiHop=True),
        [ECHO],
        "spec.bfdProfile",
        "several hops",
    ),
    (
        "peer-secret-unknown",
        secured(name="s"),
        [],
        "spec.passwordSecret.name",
        "no Secret 's' in namespace 'metallb-system'",
    ),
    (
        "peer-secret-unusable",
        secured(name="s"),
        [SecretInfo("s", "Opaque", frozenset({"password"}))],
        "spec.passwordSecret.name",
        "of type 'Opaque'",
    ),
    (
        "peer-secret-unusable",
        secured(name="s"),
        [SecretInfo("s", BASIC_AUTH, frozenset({"username"}))],
        "spec.passwordSecret.name",
        "no key 'password'",
    ),
    (
        "peer-secret-namespace",
        secured(name="s", namespace="other"),
        [GOOD_SECRET],
        "spec.passwordSecret.namespace",
        "not in 'other'",
    ),
    (
        "peer-no-node",
        peer("p", nodeSelectors=[labelled(rack="red")]),
        [node("a", rack="blue")],
        "spec.nodeSelectors",
        "no Node matches",
    ),
]

HELD: list[tuple[str, BGPPeer, Sequence[Object]]] = [
    ("peer-bfd-profile-unknown", WATCHED, [ECHO]),
    ("peer-bfd-profile-unknown", peer("p"), []),
    ("peer-bfd-echo-multi-hop", peer("p", bfdProfile="fast", ebgpMultiHop=True), [profile("fast")]),
    ("peer-bfd-echo-multi-hop", WATCHED, [ECHO]),
    ("peer-secret-unknown", secured(name="s"), [GOOD_SECRET]),
    ("peer-secret-unknown", peer("p"), []),
    ("peer-secret-unusable", secured(name="s"), [GOOD_SECRET]),
    ("peer-secret-unusable", secured(name="s"), []),
    ("peer-secret-namespace", secured(name="s", namespace="metallb-system"), []),
    ("peer-secret-namespace", secured(namespace="other"), []),
    ("peer-no-node", peer("p", nodeSelectors=[labelled(a="b"), {}]), [node("a")]),
    ("peer-no-node", peer("p", nodeSelectors=[labelled(a="b")]), []),
    ("peer-no-node", peer("p"), [node("a")]),
]


@pytest.mark.parametrize(("rule", "subject", "others", "path", "piece"), WARNED)
def test_warned(
    rule: str, subject: BGPPeer, others: Sequence[Object], path: str, piece: str
) -> None:
    [finding] = by_rule(rule, judge(subject, *others))
    assert finding.severity is Severity.WARN
    assert finding.path == path
    assert piece in finding.message


@pytest.mark.parametrize(("rule", "subject", "others"), HELD)
def test_held(rule: str, subject: BGPPeer, others: Sequence[Object]) -> None:
    assert by_rule(rule, judge(subject, *others)) == []


@pytest.mark.parametrize(
    "adv",
    [
        bgp("a"),
        bgp("a", peers=["q", "p"]),
        bgp("a", ipAddressPools=["v6"]),
        bgp("a", nodeSelectors=[labelled(rack="red")]),
    ],
)
def test_echo_mode_and_ipv6_do_not_go_together(adv: Object) -> None:
    found = judge(WATCHED, ECHO, V6, adv, node("x", rack="red"))
    [finding] = by_rule("peer-bfd-echo", found)
    assert finding.severity is Severity.DENY
    assert "BGPAdvertisement 'a' announces IPAddressPool 'v6'" in finding.message


@pytest.mark.parametrize(
    ("profiles", "pools", "adv"),
    [
        ([profile("fast")], [V6], {}),
        ([], [V6], {}),
        ([ECHO], [pool("v4", "192.0.2.0/24")], {}),
        ([ECHO], [V6], {"peers": ["q"]}),
        ([ECHO], [V6, pool("v4", "10.0.0.0/24")], {"ipAddressPools": ["v4"]}),
        ([ECHO], [V6], {"nodeSelectors": [labelled(rack="blue")]}),
    ],
)
def test_echo_mode_where_no_ipv6_is_announced(
    profiles: Sequence[Object], pools: Sequence[Object], adv: dict[str, Any]
) -> None:
    found = judge(WATCHED, *profiles, *pools, bgp("a", **adv), node("x", rack="red"))
    assert by_rule("peer-bfd-echo", found) == []


def test_the_native_backend_refuses_profiles_whatever_they_are() -> None:
    found = judge(WATCHED, V6, bgp("a"), backend=Backend.NATIVE)
    assert [one.rule for one in found] == ["peer-native-unsupported"]
    found = judge(WATCHED, ECHO, V6, bgp("a"), backend=Backend.NATIVE)
    assert [one.rule for one in found] == ["peer-native-unsupported"]


def test_deleting_a_peer_that_advertisements_name() -> None:
    named = [bgp("y", peers=["p"]), bgp("x", peers=["q", "p"]), bgp("z", peers=["q"]), bgp("w")]
    [finding] = judge(peer("p"), *named, delete=True)
    assert (finding.rule, finding.severity) == ("peer-delete-named", Severity.WARN)
    assert "BGPAdvertisement 'x', 'y' would still name" in finding.message


def test_deleting_a_bad_peer_that_nobody_names() -> None:
    assert judge(peer("p", myASN=0, peerAddress="bad"), bgp("z"), delete=True) == ()

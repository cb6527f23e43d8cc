"""What is refused or warned of in a peer by itself."""

from typing import Any

import pytest

from metallb_crds.backend import Backend
from metallb_webhooks.rules.base import Severity
from support.judging import by_rule, judge
from support.samples import labelled, node, peer

NO_ROUTER: dict[str, Any] = {"peerAddress": ""}
LONG = "x" * 81

REFUSED: list[tuple[str, dict[str, Any], str, str]] = [
    ("peer-number-range", {"myASN": -1}, "spec.myASN", "-1 is out of range"),
    ("peer-number-range", {"peerASN": 4294967296}, "spec.peerASN", "up to 4294967295"),
    ("peer-number-range", {"localASN": -1}, "spec.localASN", "-1"),
    ("peer-number-range", {"peerPort": 65536}, "spec.peerPort", "up to 65535"),
    ("peer-my-asn-required", {"myASN": 0}, "spec.myASN", "0 is no AS number"),
    ("peer-asn-required", {"peerASN": 0}, "spec.peerASN", "is missing"),
    ("peer-asn-required", {"dynamicASN": "internal"}, "spec.dynamicASN", "peerASN 64501"),
    ("peer-dynamic-asn", {"dynamicASN": "both"}, "spec.dynamicASN", "'both'"),
    (
        "peer-multi-hop-internal",
        {"peerASN": 64500, "ebgpMultiHop": True},
        "spec.ebgpMultiHop",
        "in AS 64500 as MetalLB is",
    ),
    ("peer-address-required", NO_ROUTER, "spec.peerAddress", "set peerAddress, or interface"),
    ("peer-address-required", {"interface": "eth0"}, "spec.interface", "'192.0.2.1'"),
    (
        "peer-address-syntax",
        {"peerAddress": "10.0.0.256"},
        "spec.peerAddress",
        "'10.0.0.256' is no IP address; write one such as",
    ),
    *[
        ("peer-address-syntax", {"peerAddress": text}, "spec.peerAddress", repr(text))
        for text in (
            "1.1.1",
            "router.example",
            "192.0.2.1/32",
            " 192.0.2.1",
            "192.0.2.01",
            "fe80::1%eth0",
        )
    ],
    *[
        ("peer-router-id", {"routerID": text}, "spec.routerID", f"{text!r} is no BGP identifier")
        for text in ("abc", "fc00::1", "0.0.0.0", "1.1.1", "1.1.1.1/32")  # noqa: S104 - no binding
    ],
    ("peer-source-address-syntax", {"sourceAddress": "nope"}, "spec.sourceAddress", "'nope'"),
    *[
        ("peer-device-name", NO_ROUTER | {"interface": name}, "spec.interface", repr(name))
        for name in ("sixteen-letters-", "eth 0", "eth0\n", "a/b", "a:b", "..", "ethernet-ßßßß")
    ],
    ("peer-device-name", {"vrf": "red blue"}, "spec.vrf", "'red blue'"),
    (
        "peer-password-twice",
        {"password": "x", "passwordSecret": {"name": "s"}},
        "spec.password",
        "Secret 's'",
    ),
    ("peer-password-text", {"password": "a\nrouter bgp 1"}, "spec.password", "control characters"),
    ("peer-password-text", {"password": " a"}, "spec.password", "begins or ends with a blank"),
    ("peer-password-text", {"password": "two words"}, "spec.password", "has a blank within"),
    ("peer-password-text", {"password": LONG}, "spec.password", "81 bytes"),
    (
        "peer-selector-syntax",
        {"nodeSelectors": [{"matchExpressions": [{"key": "a", "operator": "Gt"}]}]},
        "spec.nodeSelectors[0].matchExpressions[0].operator",
        "'Gt'",
    ),
    ("peer-selector-repeated", {"nodeSelectors": [{}, {}]}, "spec.nodeSelectors[1]", "repeats"),
]

WARNED: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "peer-multi-hop-unused",
        {"peerASN": 0, "dynamicASN": "internal", "ebgpMultiHop": True},
        "spec.ebgpMultiHop",
        "dynamicASN internal",
    ),
    (
        "peer-multi-hop-unused",
        NO_ROUTER | {"interface": "eth0", "ebgpMultiHop": True},
        "spec.ebgpMultiHop",
        "'eth0'",
    ),
    ("peer-address-special", {"peerAddress": "0.0.0.0"}, "spec.peerAddress", "unspecified"),  # noqa: S104 - no binding
    ("peer-address-special", {"peerAddress": "::"}, "spec.peerAddress", "unspecified"),
    ("peer-address-special", {"peerAddress": "224.0.0.1"}, "spec.peerAddress", "multicast"),
    ("peer-address-special", {"peerAddress": "127.0.0.1"}, "spec.peerAddress", "loopback"),
    ("peer-address-special", {"peerAddress": "::1"}, "spec.peerAddress", "loopback"),
    ("peer-address-special", {"peerAddress": "255.255.255.255"}, "spec.peerAddress", "broadcast"),
    ("peer-address-special", {"peerAddress": "fe80::1"}, "spec.peerAddress", "or the interface"),
    ("peer-source-address-nodes", {"sourceAddress": "192.0.2.9"}, "spec.sourceAddress", "several"),
    ("peer-vrf-default", {"vrf": "default"}, "spec.vrf", "leave vrf away"),
    ("peer-disable-mp", {"disableMP": True}, "spec.disableMP", "dualStackAddressFamily"),
]

HELD: list[tuple[str, dict[str, Any]]] = [
    ("peer-number-range", {"myASN": 4294967295, "peerPort": 16384, "localASN": 1}),
    ("peer-asn-required", {"peerASN": 0, "dynamicASN": "external"}),
    ("peer-dynamic-asn", {"dynamicASN": "internal"}),
    ("peer-multi-hop-internal", {"ebgpMultiHop": True}),
    ("peer-multi-hop-internal", {"peerASN": 64500}),
    ("peer-multi-hop-internal", {"myASN": 0, "peerASN": 0, "ebgpMultiHop": True}),
    ("peer-multi-hop-unused", {"ebgpMultiHop": True}),
    ("peer-multi-hop-unused", {"dynamicASN": "internal", "interface": "eth0"}),
    ("peer-address-required", NO_ROUTER | {"interface": "eth0"}),
    ("peer-address-syntax", {"peerAddress": "::ffff:192.0.2.1"}),
    ("peer-address-syntax", {"peerAddress": "2001:db8::1"}),
    ("peer-address-syntax", NO_ROUTER),
    ("peer-address-special", {"peerAddress": "169.254.1.1"}),
    ("peer-address-special", {"peerAddress": "bad"}),
    ("peer-router-id", {"routerID": "192.0.2.1"}),
    ("peer-router-id", {"routerID": ""}),
    ("peer-source-address-syntax", {"sourceAddress": "fc00::1"}),
    (
        "peer-source-address-nodes",
        {"sourceAddress": "192.0.2.9", "nodeSelectors": [labelled(x="1")]},
    ),
    ("peer-source-address-nodes", {}),
    ("peer-device-name", NO_ROUTER | {"interface": "fifteen-letters", "vrf": "red.1_@"}),
    ("peer-vrf-default", {"vrf": "red"}),
    ("peer-password-twice", {"password": "x", "passwordSecret": {"namespace": "n"}}),
    ("peer-password-twice", {"passwordSecret": {"name": "s"}}),
    ("peer-password-text", {"password": LONG[1:]}),
    ("peer-password-text", {"password": "no#blank!'\\"}),
    ("peer-disable-mp", {"disableMP": False}),
    ("peer-selector-syntax", {"nodeSelectors": [{}, labelled(a="b")]}),
    ("peer-selector-repeated", {"nodeSelectors": [{}, labelled(a="b")]}),
]

NODES = [node("a", x="1"), node("b", x="2")]


@pytest.mark.parametrize(("rule", "spec", "path", "piece"), REFUSED)
def test_refused(rule: str, spec: dict[str, Any], path: str, piece: str) -> None:
    [finding] = by_rule(rule, judge(peer("p", **spec)))
    assert finding.severity is Severity.DENY
    assert finding.path == path
    assert piece in finding.message


@pytest.mark.parametrize(("rule", "spec", "path", "piece"), WARNED)
def test_warned(rule: str, spec: dict[str, Any], path: str, piece: str) -> None:
    [finding] = by_rule(rule, judge(peer("p", **spec), *NODES))
    assert finding.severity is Severity.WARN
    assert finding.path == path
    assert piece in finding.message


@pytest.mark.parametrize(("rule", "spec"), HELD)
def test_held(rule: str, spec: dict[str, Any]) -> None:
    assert by_rule(rule, judge(peer("p", **spec), *NODES)) == []


def test_a_sound_peer_has_no_findings() -> None:
    assert judge(peer("p")) == ()


@pytest.mark.parametrize(
    ("address", "told"), [("router.example", True), ("10.0.0.256", False), ("fe80::1%a", False)]
)
def test_that_names_are_not_looked_up_is_told_of_names(address: str, *, told: bool) -> None:
    [finding] = judge(peer("p", peerAddress=address))
    assert ("names are not looked up" in finding.message) is told


def test_every_problem_is_told_at_once() -> None:
    found = judge(peer("p", myASN=0, peerASN=0, peerAddress="bad", routerID="bad", holdTime="1s"))
    assert [finding.path for finding in found] == [
        "spec.myASN",
        "spec.peerASN",
        "spec.peerAddress",
        "spec.routerID",
        "spec.holdTime",
    ]


def test_no_message_shows_a_password() -> None:
    found = judge(peer("p", password=f" tell\n{LONG}", passwordSecret={"name": "s"}))
    assert {"peer-password-twice", "peer-password-text"} <= {finding.rule for finding in found}
    assert not any("tell" in finding.message or LONG in finding.message for finding in found)


def test_blanks_around_a_password_are_the_native_backend_s_to_keep() -> None:
    found = judge(peer("p", password=" a "), backend=Backend.NATIVE)
    assert by_rule("peer-password-text", found) == []


@pytest.mark.parametrize(
    ("before", "after"), [(None, True), (True, None), (False, True), (True, False)]
)
def test_graceful_restart_is_for_ever(*, before: bool | None, after: bool | None) -> None:
    old, new = (peer("p", enableGracefulRestart=value) for value in (before, after))
    [finding] = by_rule("peer-graceful-restart-changed", judge(new, old=old))
    assert finding.path == "spec.enableGracefulRestart"
    assert "create it anew" in finding.message


@pytest.mark.parametrize(("before", "after"), [(None, False), (False, None), (True, True)])
def test_graceful_restart_that_stays(*, before: bool | None, after: bool | None) -> None:
    old, new = (peer("p", enableGracefulRestart=value) for value in (before, after))
    assert judge(new, old=old) == ()


def test_graceful_restart_of_a_new_peer_is_free() -> None:
    assert judge(peer("p", enableGracefulRestart=True)) == ()


def test_a_peer_that_disables_mp_is_judged_as_any_other() -> None:
    found = judge(peer("p", disableMP=True, myASN=0))
    assert {finding.rule for finding in found} == {"peer-disable-mp", "peer-my-asn-required"}

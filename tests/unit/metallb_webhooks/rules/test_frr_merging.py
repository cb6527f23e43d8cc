"""What FRR configurations for the same node, and parts of one of them, must agree about."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from metallb_crds.frrk8s_v1beta1 import FRRConfiguration
from metallb_webhooks.index import Object
from metallb_webhooks.rules.base import Severity
from metallb_webhooks.rules.registry import evaluate
from support.judging import by_rule, judge, request
from support.samples import frr, neighbor, node

HERE = "spec.bgp.routers[0].neighbors[0]"
NODES = [node("a", host="a", zone="1"), node("b", host="b", zone="2")]
FAST = {"name": "fast", "receiveInterval": 100}


def speaker(*routers: dict[str, Any], host: str = "a", **more: Any) -> FRRConfiguration:  # noqa: ANN401 - whatever JSON holds
    """Return an object as the speaker of a node writes it."""
    return frr(f"metallb-{host}", *routers, host=host, **more)


def router(*neighbors: dict[str, Any], **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    return {"asn": 64500, "prefixes": ["10.0.0.0/24", "fc00::/64"], "neighbors": neighbors} | fields


def preferring(pref: int, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    entry = {"localPref": pref, "prefixes": ["10.0.0.0/24"]}
    return neighbor(toAdvertise={"allowed": {"mode": "all"}, "withLocalPref": [entry]}, **fields)


FIELDS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("asn", {}, {"asn": 64502}),
    ("asn", {}, {"asn": 0, "dynamicASN": "external"}),
    ("port", {}, {"port": 180}),
    ("port", {"port": 0}, {}),
    ("sourceaddress", {}, {"sourceaddress": "192.0.2.9"}),
    ("password", {"password": "one"}, {"password": "two"}),
    ("ebgpMultiHop", {}, {"ebgpMultiHop": True}),
    ("dualStackAddressFamily", {}, {"dualStackAddressFamily": True}),
    ("holdTime", {}, {"holdTime": "90s", "keepaliveTime": "60s"}),
    ("keepaliveTime", {}, {"holdTime": "180s", "keepaliveTime": "30s"}),
    ("connectTime", {}, {"connectTime": "10s"}),
    ("localASN", {}, {"localASN": 64999}),
]
"""The field in which two descriptions of a neighbor differ, and the descriptions."""

AGREEING: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({}, {"port": 179}),
    ({"port": 1179}, {"port": 1179}),
    ({}, {"holdTime": "180s", "keepaliveTime": "60s", "connectTime": "60s"}),
    ({}, {"holdTime": "180999ms", "keepaliveTime": "60001ms", "connectTime": "1m"}),
    ({"holdTime": "900ms", "keepaliveTime": "-900ms"}, {"holdTime": "0s", "keepaliveTime": "0s"}),
    ({"password": "one"}, {"password": "one"}),
    ({"passwordSecret": {"name": "one"}}, {"passwordSecret": {"name": "two"}}),
    ({"bfdProfile": "fast"}, {}),
    ({"enableGracefulRestart": True}, {}),
    ({"address": "fc00::1"}, {"address": "fc00:0::1", "port": 180}),
    ({"address": "", "interface": "eth0"}, {"port": 180}),
]


def of_rule(subject: FRRConfiguration, *others: Object) -> list[tuple[str, str]]:
    found = by_rule("frr-merge", judge(subject, *others))
    assert all(finding.severity is Severity.DENY for finding in found)
    return [(finding.path, finding.message) for finding in found]


@pytest.mark.parametrize(("field", "one", "other"), FIELDS)
def test_descriptions_of_a_neighbor_that_differ(
    field: str, one: dict[str, Any], other: dict[str, Any]
) -> None:
    mine, theirs = router(neighbor(**one)), router(neighbor(**other))
    [(path, message)] = of_rule(speaker(mine), *NODES, frr("users", theirs))
    assert path == f"{HERE}.{field}"
    assert f"FRRConfiguration 'metallb-system/users' ({HERE}.{field})" in message
    assert "neighbor '192.0.2.1' of the default VRF" in message
    [(path, message)] = of_rule(frr("x", router(neighbor(**one), neighbor(**other))))
    assert path == f"spec.bgp.routers[0].neighbors[1].{field}"
    assert f"{HERE}.{field} says otherwise" in message
    [(path, _)] = of_rule(frr("x", mine, theirs))
    assert path == f"spec.bgp.routers[1].neighbors[0].{field}"


@pytest.mark.parametrize(("one", "other"), AGREEING)
def test_descriptions_of_a_neighbor_that_agree(one: dict[str, Any], other: dict[str, Any]) -> None:
    mine, theirs = router(neighbor(**one)), router(neighbor(**other))
    profiles = [FAST]
    assert judge(speaker(mine, profiles=profiles), *NODES, frr("u", theirs)) == ()
    assert judge(frr("x", router(neighbor(**one), neighbor(**other)), profiles=profiles)) == ()
    assert judge(frr("x", mine, theirs, profiles=profiles)) == ()


def test_a_password_is_never_told() -> None:
    mine, theirs = neighbor(password="hunter2"), neighbor(password="hunter3")
    [(_, message)] = of_rule(frr("x", router(mine, theirs)))
    assert "hunter" not in message


@pytest.mark.parametrize(("trusted", "count"), [(True, 1), (False, 0)])
def test_who_may_be_anybody_does_not_learn_whether_a_guess_is_right(
    count: int, *, trusted: bool
) -> None:
    guess, theirs = neighbor(password="hunter2"), neighbor(password="hunter3")
    asked = request(speaker(router(guess)), *NODES, frr("users", router(theirs)))
    found = evaluate(replace(asked, is_trusted=trusted), "FRRConfiguration")
    assert len(by_rule("frr-merge", found)) == count


def test_what_differs_within_the_own_object_is_told_to_anybody() -> None:
    both = router(neighbor(password="hunter2"), neighbor(password="hunter3"))
    found = evaluate(replace(request(frr("x", both)), is_trusted=False), "FRRConfiguration")
    assert len(by_rule("frr-merge", found)) == 1


PARTS: list[tuple[list[dict[str, Any]], list[dict[str, Any]], str]] = [
    ([router()], [router(asn=1)], "spec.bgp.routers[0].asn"),
    ([router(id="1.1.1.1")], [router(id="2.2.2.2")], "spec.bgp.routers[0].id"),
    (
        [router(vrf="red"), router(vrf="blue", asn=2)],
        [router(vrf="blue", asn=3)],
        "spec.bgp.routers[1].asn",
    ),
    (
        [router(preferring(100))],
        [router(preferring(200))],
        f"{HERE}.toAdvertise.withLocalPref[0]",
    ),
]


@pytest.mark.parametrize(("mine", "theirs", "path"), PARTS)
def test_routers_that_contradict_each_other(
    mine: list[dict[str, Any]], theirs: list[dict[str, Any]], path: str
) -> None:
    assert [found for found, _ in of_rule(speaker(*mine), *NODES, frr("u", *theirs))] == [path]
    assert len(of_rule(frr("x", *mine, *theirs))) == 1


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ([router(id="1.1.1.1")], [router()]),
        ([router(id="1.1.1.1")], [router(id="2.2.2.2", vrf="red", asn=1)]),
        ([router()], [router(vrf="default", asn=1)]),
        ([router(preferring(100))], [router(preferring(100))]),
        ([router(preferring(100))], [router(neighbor())]),
        ([router(preferring(100))], [router(preferring(200, address="192.0.2.2"))]),
    ],
)
def test_routers_that_agree(mine: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> None:
    assert judge(speaker(*mine), *NODES, frr("u", *theirs)) == ()
    assert judge(frr("x", *mine, *theirs)) == ()


def test_a_prefix_has_one_local_preference_for_a_neighbor() -> None:
    entries = [{"localPref": pref, "prefixes": ["10.0.0.0/24"]} for pref in (1, 2)]
    told = {"allowed": {"mode": "all"}, "withLocalPref": entries}
    [(path, message)] = of_rule(frr("x", router(neighbor(toAdvertise=told))))
    assert path == f"{HERE}.toAdvertise.withLocalPref[1]"
    assert "'10.0.0.0/24' for neighbor '192.0.2.1'" in message


@pytest.mark.parametrize(
    ("theirs", "clash"),
    [
        (FAST, False),
        (FAST | {"echoMode": False}, False),
        ({"name": "slow"}, False),
        (FAST | {"echoMode": True}, True),
        (FAST | {"detectMultiplier": 3}, True),
        ({"name": "fast"}, True),
    ],
)
def test_profiles_of_the_same_name(theirs: dict[str, Any], clash: bool) -> None:  # noqa: FBT001 - a table's column
    found = of_rule(speaker(profiles=[FAST]), *NODES, frr("u", profiles=[theirs]))
    assert [path for path, _ in found] == (["spec.bgp.bfdProfiles[0]"] if clash else [])


def test_profiles_of_a_neighbor_must_be_the_same_if_both_are_given() -> None:
    slow = {"name": "slow"}
    [(path, _)] = of_rule(
        speaker(router(neighbor(bfdProfile="fast")), profiles=[FAST]),
        *NODES,
        frr("u", router(neighbor(bfdProfile="slow")), profiles=[slow]),
    )
    assert path == f"{HERE}.bfdProfile"
    three = [neighbor(), neighbor(bfdProfile="fast"), neighbor(bfdProfile="slow")]
    [(path, message)] = of_rule(frr("x", router(*three), profiles=[FAST, slow]))
    assert path == "spec.bgp.routers[0].neighbors[2].bfdProfile"
    assert "spec.bgp.routers[0].neighbors[1].bfdProfile" in message


OTHER = router(asn=1)


@pytest.mark.parametrize(
    ("subject", "others", "count"),
    [
        (speaker(router()), [*NODES, speaker(OTHER, host="b")], 0),
        (speaker(router()), [*NODES, frr("u", OTHER, zone="1")], 1),
        (speaker(router()), [*NODES, frr("u", OTHER, zone="2")], 0),
        (speaker(router()), [frr("u", OTHER)], 0),
        (frr("u", router()), [*NODES, speaker(OTHER), speaker(OTHER, host="b")], 1),
        (frr("u", router(), zone="2"), [*NODES, speaker(OTHER)], 0),
        (speaker(router()), [*NODES, speaker(OTHER)], 0),
        (speaker(router()), [*NODES, speaker(OTHER, space="elsewhere")], 0),
        (speaker(router(), space="elsewhere"), [*NODES, frr("u", OTHER)], 0),
        (
            speaker(router(), space="elsewhere"),
            [*NODES, frr("u", OTHER, space="elsewhere")],
            0,
        ),
        (speaker(router()), [*NODES, frr("u", OTHER, zone="1"), frr("v", router(asn=2))], 1),
    ],
)
def test_only_objects_for_the_same_node_are_compared(
    subject: FRRConfiguration, others: Sequence[Object], count: int
) -> None:
    assert len(of_rule(subject, *others)) == count


def test_objects_that_contradict_each_other_are_not_held_against_a_third() -> None:
    stored = [
        frr("u", OTHER | {"vrf": "red"}, profiles=[FAST]),
        frr("v", router(vrf="red"), profiles=[{"name": "fast"}]),
        frr("w", router(neighbor(address="bad"), vrf="blue")),
    ]
    assert judge(speaker(router()), *NODES, *stored) == ()

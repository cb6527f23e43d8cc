"""What an L2 advertisement is refused or warned for."""

from collections.abc import Sequence
from typing import Any

import pytest

from metallb_crds.backend import Backend
from metallb_crds.config_v1beta1 import L2Advertisement
from metallb_webhooks.index import Object
from metallb_webhooks.rules.base import Severity
from support.judging import by_rule, judge
from support.samples import bgp, l2, labelled, node, pool, service

POOL = pool("p", "10.0.0.0/24", "fc00::/64", labels={"tier": "gold"})
WEB = service("web", "10.0.0.5", app="web")
TWIN = service("twin", "10.0.0.5", "fc00::1", app="db")


def preferring(*preferences: dict[str, Any], weight: int = 1) -> L2Advertisement:
    entries = [{"weight": weight, "preference": preference} for preference in preferences]
    return l2("x", preferredNodeSelectors=entries)


DENIED: list[tuple[str, L2Advertisement, str, str]] = [
    ("l2-pools-repeated", l2("x", ipAddressPools=["p", "p"]), "spec.ipAddressPools[1]", "'p'"),
    (
        "l2-selector-syntax",
        l2("x", ipAddressPoolSelectors=[{"matchLabels": {"a": "b!"}}]),
        "spec.ipAddressPoolSelectors[0].matchLabels[a]",
        "'b!' is no label value",
    ),
    ("l2-selector-repeated", l2("x", nodeSelectors=[{}, {}]), "spec.nodeSelectors[1]", "remove"),
    (
        "l2-selector-repeated",
        l2("x", serviceSelectors=[labelled(a="b"), labelled(a="b")]),
        "spec.serviceSelectors[1]",
        "remove one of them",
    ),
    (
        "l2-preference-syntax",
        preferring({}, {"matchExpressions": [{"key": "zone", "operator": "In"}]}),
        "spec.preferredNodeSelectors[1].preference.matchExpressions[0].values",
        "give at least one",
    ),
]

WARNED: list[tuple[str, L2Advertisement, Sequence[Object], str, str]] = [
    (
        "l2-pool-unknown",
        l2("x", ipAddressPools=["p", "q"]),
        [POOL],
        "spec.ipAddressPools[1]",
        "there is no IPAddressPool 'q'",
    ),
    (
        "l2-pool-unmatched",
        l2("x", ipAddressPools=["p"], ipAddressPoolSelectors=[labelled(tier="silver")]),
        [POOL],
        "spec.ipAddressPoolSelectors",
        "label those that are to be announced",
    ),
    (
        "l2-node-unmatched",
        l2("x", nodeSelectors=[labelled(zone="2")]),
        [node("a", zone="1")],
        "spec.nodeSelectors",
        "nobody would announce",
    ),
    (
        "l2-preference-ignored",
        preferring({}, weight=101),
        [],
        "spec.preferredNodeSelectors",
        "up to 0.16.1 does not read it",
    ),
    (
        "l2-shared-address",
        l2("x", serviceSelectors=[labelled(app="web")]),
        [POOL, WEB, TWIN],
        "spec.serviceSelectors",
        "Service default/web (10.0.0.5) shares its address",
    ),
    (
        "l2-shared-address",
        l2("x", serviceSelectors=[{}]),
        [POOL, WEB, TWIN],
        "spec.serviceSelectors",
        "default/twin (10.0.0.5), default/web (10.0.0.5) shares",
    ),
]

HELD: list[tuple[str, L2Advertisement, Sequence[Object]]] = [
    ("l2-pools-repeated", l2("x", ipAddressPools=["p", "q"]), []),
    ("l2-selector-repeated", preferring({}, {}), []),
    ("l2-preference-syntax", preferring({}, labelled(zone="1")), []),
    ("l2-preference-ignored", l2("x"), []),
    ("l2-pool-unknown", l2("x", ipAddressPools=["p"]), [POOL]),
    ("l2-pool-unmatched", l2("x", ipAddressPoolSelectors=[labelled(tier="gold")]), [POOL]),
    ("l2-node-unmatched", l2("x", nodeSelectors=[{}]), [node("a")]),
    ("l2-shared-address", l2("x"), [POOL, WEB, TWIN]),
    ("l2-shared-address", l2("x", serviceSelectors=[{}]), [POOL, WEB]),
    ("l2-shared-address", l2("x", serviceSelectors=[labelled(app="x")]), [POOL, WEB, TWIN]),
    ("l2-shared-address", l2("x", serviceSelectors=[{}]), [pool("p", "fc00::/64"), WEB, TWIN]),
    (
        "l2-shared-address",
        l2("x", serviceSelectors=[{}], ipAddressPools=["q"]),
        [POOL, WEB, TWIN],
    ),
    ("l2-shared-address", l2("x", serviceSelectors=[{}]), [POOL, service("odd", "bad", "bad")]),
]


@pytest.mark.parametrize(("rule", "subject", "path", "piece"), DENIED)
def test_denied(rule: str, subject: L2Advertisement, path: str, piece: str) -> None:
    [finding] = by_rule(rule, judge(subject))
    assert finding.severity is Severity.DENY
    assert finding.path == path
    assert piece in finding.message


@pytest.mark.parametrize(("rule", "subject", "others", "path", "piece"), WARNED)
def test_warned(
    rule: str, subject: L2Advertisement, others: Sequence[Object], path: str, piece: str
) -> None:
    findings = judge(subject, *others)
    [finding] = by_rule(rule, findings)
    assert finding.path == path
    assert piece in finding.message
    assert all(one.severity is Severity.WARN for one in findings)


@pytest.mark.parametrize(("rule", "subject", "others"), HELD)
def test_held(rule: str, subject: L2Advertisement, others: Sequence[Object]) -> None:
    assert by_rule(rule, judge(subject, *others)) == []


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("eth0", True),
        ("bond0.100", True),
        ("veth@if1", True),
        ("exactly15letter", True),
        ("sixteen_letters_", False),
        ("ééééééée", True),
        ("éééééééé", False),
        ("", False),
        (".", False),
        ("..", False),
        ("eth 0", False),
        ("eth0\n", False),
        ("eth/0", False),
        ("eth0:1", False),
    ],
)
def test_interface_names(name: str, fits: bool) -> None:  # noqa: FBT001 - a table's column
    found = by_rule("l2-interface-name", judge(l2("x", interfaces=["lo", name])))
    assert [(one.path, one.severity) for one in found] == (
        [] if fits else [("spec.interfaces[1]", Severity.WARN)]
    )


@pytest.mark.parametrize("backend", list(Backend))
def test_a_sound_advertisement_is_sound_for_every_backend(backend: Backend) -> None:
    sound = l2("x", ipAddressPools=["p"], interfaces=["eth0"], serviceSelectors=[{}])
    assert judge(sound, POOL, WEB, backend=backend) == ()


def test_deleting_the_last_advertisement_of_a_pool() -> None:
    [finding] = judge(l2("x"), POOL, WEB, delete=True)
    assert (finding.rule, finding.severity) == ("l2-withdraws", Severity.WARN)
    assert "Service default/web any more" in finding.message
    assert judge(l2("x"), POOL, WEB, bgp("y", ipAddressPools=["p"]), delete=True) == ()


def test_bad_advertisements_that_are_stored_are_not_held_against_another() -> None:
    stored = [l2("o", ipAddressPools=["p", "p"]), l2("q", nodeSelectors=[{}, {}])]
    assert judge(l2("x"), POOL, *stored) == ()

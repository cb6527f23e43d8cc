"""What is said when MetalLB goes, or when what it does for others changes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from metallb_crds.backend import Backend
from metallb_crds.operator_v1beta1 import MetalLB
from metallb_webhooks.index import Object
from metallb_webhooks.rules.base import Severity
from metallb_webhooks.rules.registry import evaluate
from support.judging import by_rule, judge, request
from support.samples import bgp, community, labelled, metallb, node, peer, pool, profile, service

POOL = pool("p", "10.0.0.0/24", "fc00::/64")
WEB, MAIL = service("web", "10.0.0.5", "fc00::5"), service("mail", "10.0.0.6")
ELSEWHERE = service("cloud", "198.51.100.1")


def test_deleting_metallb_while_services_have_addresses() -> None:
    [finding] = judge(metallb(), POOL, WEB, MAIL, ELSEWHERE, delete=True)
    assert (finding.rule, finding.severity) == ("metallb-delete-in-use", Severity.WARN)
    assert finding.message.startswith(
        "2 Services have addresses of MetalLB's pools (default/mail, default/web) and would not"
    )


@pytest.mark.parametrize("others", [[], [POOL], [POOL, ELSEWHERE], [WEB]])
def test_deleting_metallb_while_nobody_is_served(others: Sequence[Object]) -> None:
    assert judge(metallb(), *others, delete=True) == ()


@pytest.mark.parametrize(
    "metadata",
    [{"name": "other", "namespace": "metallb-system"}, {"name": "metallb", "namespace": "shop"}],
)
def test_deleting_an_object_that_does_not_count(metadata: dict[str, str]) -> None:
    assert judge(MetalLB.parse({"metadata": metadata}), POOL, WEB, delete=True) == ()


@pytest.mark.parametrize(
    ("before", "after", "piece"),
    [
        ({}, {"loadBalancerClass": "b"}, "of class 'b', and no longer those without a class"),
        ({"loadBalancerClass": "a"}, {}, "without a class, and no longer those of class 'a'"),
    ],
)
def test_changing_the_class(before: dict[str, Any], after: dict[str, Any], piece: str) -> None:
    found = judge(metallb(**after), POOL, WEB, old=metallb(**before))
    [finding] = by_rule("metallb-class-in-use", found)
    assert finding.path == "spec.loadBalancerClass"
    assert finding.message.startswith("1 Service has an address of MetalLB's pools (default/web)")
    assert piece in finding.message
    assert judge(metallb(**after), POOL, old=metallb(**before)) == ()
    assert judge(metallb(**after), POOL, WEB, old=metallb(**after)) == ()


STORED = [
    POOL,
    bgp("all"),
    bgp("large", communities=["large:1:2:3"], ipAddressPools=["x"]),
    peer("plain"),
    peer("vrf", vrf="red"),
    profile("fast"),
    community("names", big="large:1:2:3"),
]


def switched(
    before: str, after: str, *others: Object, old: MetalLB | None = None
) -> list[tuple[str, str]]:
    subject, stored = metallb(bgpBackend=after), old or metallb(bgpBackend=before)
    found = judge(subject, *others, old=stored, backend=Backend(after))
    return [(one.path, one.message) for one in by_rule("metallb-backend-switch", found)]


def test_switching_to_a_backend_that_refuses_what_is_stored() -> None:
    [(path, message)] = switched("frr", "native", *STORED)
    assert path == "spec.bgpBackend"
    assert message.startswith("the backend native does not support BFDProfile 'fast', ")
    assert "BGPAdvertisement 'large'" in message
    assert "which frr does" in message


@pytest.mark.parametrize(
    ("others", "told"),
    [
        ([peer("vrf", vrf="red")], "BGPPeer 'vrf', which"),
        ([POOL, bgp("all")], "BGPAdvertisement 'all', IPAddressPool 'p', which"),
        ([community("names", big="large:1:2:3")], "Community 'names', which"),
    ],
)
def test_every_kind_is_looked_at(others: Sequence[Object], told: str) -> None:
    [(_, message)] = switched("frr-k8s", "native", *others)
    assert told in message


def test_switching_to_frr_looks_at_peers_side_by_side() -> None:
    one, other = peer("one", routerID="1.1.1.1"), peer("other", peerAddress="192.0.2.2")
    [(_, message)] = switched("native", "frr", one, other)
    assert "BGPPeer 'one', BGPPeer 'other', which native does" in message
    assert switched("frr-k8s", "frr", one, other) == []
    apart = [
        peer("one", routerID="1.1.1.1", nodeSelectors=[labelled(rack="a")]),
        peer("other", peerAddress="192.0.2.2", nodeSelectors=[labelled(rack="b")]),
    ]
    assert switched("native", "frr", *apart, node("a", rack="a"), node("b", rack="b")) == []


def test_what_is_refused_by_both_is_not_told() -> None:
    assert switched("frr", "native", peer("bad", peerAddress="bad")) == []
    assert switched("frr", "native", peer("plain"), pool("v4", "10.0.0.0/24"), bgp("all")) == []
    assert switched("frr", "frr", *STORED) == []


def test_naming_the_backend_that_runs_changes_nothing() -> None:
    running = MetalLB.parse(
        {
            "metadata": {"name": "metallb", "namespace": "metallb-system"},
            "status": {"backend": "native"},
        }
    )
    assert switched("", "native", *STORED, old=running) == []


def test_a_new_object_is_measured_by_the_default_backend() -> None:
    found = judge(metallb(bgpBackend="native"), *STORED, backend=Backend.NATIVE)
    [finding] = by_rule("metallb-backend-switch", found)
    assert "which frr-k8s does" in finding.message


def test_a_prescribed_backend_does_not_change() -> None:
    asked = request(metallb(bgpBackend="native"), *STORED, old=metallb(bgpBackend="frr"))
    found = evaluate(replace(asked, backend=Backend.FRR), "MetalLB")
    assert by_rule("metallb-backend-switch", found) == []

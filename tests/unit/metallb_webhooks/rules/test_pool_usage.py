"""What is warned of because Services use the pool, or advertisements name it."""

from collections.abc import Sequence
from typing import Any

import pytest

from metallb_crds.config_v1beta1 import IPAddressPool
from metallb_webhooks.index import Object
from metallb_webhooks.rules.base import Finding, Severity
from support.judging import by_rule, judge
from support.samples import bgp, l2, labelled, namespace, pool, service

WEB = service("web", "10.0.0.5", app="web")
MAIL = service("mail", "10.0.0.255", "fc00::1")
BEFORE = pool("p", "10.0.0.0/24")


def confined(**allocation: Any) -> IPAddressPool:  # noqa: ANN401 - whatever JSON holds
    return pool("p", "10.0.0.0/24", serviceAllocation=allocation)


def warned(rule: str, findings: tuple[Finding, ...], path: str, piece: str) -> None:
    [finding] = by_rule(rule, findings)
    assert finding.severity is Severity.WARN
    assert finding.path == path
    assert piece in finding.message


@pytest.mark.parametrize(
    ("after", "others", "path", "piece"),
    [
        (pool("p", "10.0.0.128/25"), [WEB], "spec.addresses", "Service default/web (10.0.0.5)"),
        (pool("p"), [WEB, MAIL], "spec.addresses", "default/mail (10.0.0.255), default/web"),
        (
            pool("p", "10.0.0.0/24", avoidBuggyIPs=True),
            [WEB, MAIL],
            "spec.avoidBuggyIPs",
            "Service default/mail (10.0.0.255) would lose",
        ),
        (
            pool("p", "10.0.1.0/24"),
            [WEB, pool("q", "10.0.0.6/32")],
            "spec.addresses",
            "default/web",
        ),
        (
            pool("p", "10.0.1.0/24"),
            [service(f"s{n}", f"10.0.0.{n}") for n in range(1, 6)],
            "spec.addresses",
            "and 2 more would lose",
        ),
    ],
)
def test_shrinking(after: IPAddressPool, others: Sequence[Object], path: str, piece: str) -> None:
    warned("pool-shrinks-in-use", judge(after, *others, old=BEFORE), path, piece)


@pytest.mark.parametrize(
    ("after", "others"),
    [
        (pool("p", "10.0.0.0/25"), [WEB]),
        (pool("p", "10.0.0.0/25"), [service("x", "192.0.2.1"), service("y", "bad")]),
        (pool("p", "10.0.0.0/23"), [WEB, MAIL]),
        (pool("p", "10.0.0.0/24", avoidBuggyIPs=True), [WEB]),
        (pool("p", "10.0.0.0/24", labels={"a": "b"}), [WEB]),
        (pool("p", "10.0.1.0/24"), [WEB, pool("q", "10.0.0.5/32")]),
    ],
)
def test_shrinking_where_nobody_is_hurt(after: IPAddressPool, others: Sequence[Object]) -> None:
    assert by_rule("pool-shrinks-in-use", judge(after, *others, old=BEFORE)) == []


def test_an_old_pool_that_cannot_be_read_is_no_hindrance() -> None:
    found = judge(pool("p", "10.0.0.0/24"), WEB, old=pool("p", "bad"))
    assert by_rule("pool-shrinks-in-use", found) == []


def test_deleting_a_pool_in_use() -> None:
    found = judge(BEFORE, BEFORE, WEB, delete=True)
    warned("pool-delete-in-use", found, "metadata.name", "default/web (10.0.0.5) would lose")
    assert judge(BEFORE, BEFORE, delete=True) == ()


def test_deleting_a_pool_that_advertisements_name() -> None:
    named = [l2("x", ipAddressPools=["p"]), bgp("y", ipAddressPools=["q", "p"]), bgp("z")]
    found = judge(BEFORE, BEFORE, *named, delete=True)
    warned("pool-delete-named", found, "metadata.name", "BGPAdvertisement 'y', L2Advertisement 'x'")


@pytest.mark.parametrize(
    ("old", "after", "others"),
    [
        (BEFORE, confined(namespaces=["other"]), []),
        (BEFORE, confined(serviceSelectors=[labelled(app="mail")]), []),
        (BEFORE, confined(namespaceSelectors=[labelled(team="x")]), [namespace("y", team="x")]),
        (confined(namespaces=["default"]), confined(namespaces=["other"]), []),
        (confined(), confined(namespaces=["default"], serviceSelectors=[labelled(app="x")]), []),
    ],
)
def test_shutting_a_service_out(
    old: IPAddressPool, after: IPAddressPool, others: Sequence[Object]
) -> None:
    found = judge(after, WEB, *others, old=old)
    warned("pool-confined-in-use", found, "spec.serviceAllocation", "Service default/web")


@pytest.mark.parametrize(
    ("old", "after", "others"),
    [
        (BEFORE, BEFORE, []),
        (BEFORE, confined(priority=3), []),
        (BEFORE, confined(namespaces=["default"]), []),
        (BEFORE, confined(namespaceSelectors=[labelled(team="x")]), [namespace("y")]),
        (BEFORE, confined(namespaceSelectors=[labelled(a="b")]), [namespace("default", a="b")]),
        (BEFORE, confined(serviceSelectors=[labelled(app="web")]), []),
        (confined(namespaces=["gone"]), confined(namespaces=["other"]), []),
        (confined(namespaces=["gone"]), BEFORE, []),
    ],
)
def test_services_that_may_stay(
    old: IPAddressPool, after: IPAddressPool, others: Sequence[Object]
) -> None:
    assert by_rule("pool-confined-in-use", judge(after, WEB, *others, old=old)) == []

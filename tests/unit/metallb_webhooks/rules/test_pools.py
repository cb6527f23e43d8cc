"""What is refused or warned of in a pool by itself, next to other pools, nodes and namespaces."""

from collections.abc import Sequence
from typing import Any

import pytest

from metallb_crds.config_v1beta1 import IPAddressPool
from metallb_webhooks.index import Object
from metallb_webhooks.rules.base import Severity
from support.judging import by_rule, judge
from support.samples import labelled, namespace, node, pool

ANNOTATED = IPAddressPool.parse(
    {
        "metadata": {
            "name": "p",
            "namespace": "metallb-system",
            "annotations": {"metallb.io/allow-node-addresses": "true"},
        },
        "spec": {"addresses": ["10.0.0.0/24"]},
    }
)


def allocated(**allocation: Any) -> IPAddressPool:  # noqa: ANN401 - whatever JSON holds
    return pool("p", "10.0.0.0/24", serviceAllocation=allocation)


TRIPPED: list[tuple[str, IPAddressPool, Sequence[Object], str, str]] = [
    ("pool-addresses-required", pool("p"), [], "spec.addresses", "at least one"),
    ("pool-address-syntax", pool("p", "10.0.0.1"), [], "spec.addresses[0]", "10.0.0.1/32"),
    (
        "pool-address-syntax",
        pool("p", "10.0.0.0/24", "10.0.1.9-10.0.1.1"),
        [],
        "spec.addresses[1]",
        "write 10.0.1.1-10.0.1.9",
    ),
    ("pool-address-syntax", pool("p", "10.0.0.1-fc00::1"), [], "spec.addresses[0]", "same family"),
    (
        "pool-own-overlap",
        pool("p", "10.0.0.0/24", "10.0.0.9-10.0.0.12"),
        [],
        "spec.addresses[1]",
        "spec.addresses[0] '10.0.0.0/24' both hold 10.0.0.9-10.0.0.12",
    ),
    (
        "pool-own-overlap",
        pool("p", "10.0.0.9/32", "10.0.0.0/24"),
        [],
        "spec.addresses[1]",
        "both hold 10.0.0.9",
    ),
    ("pool-own-overlap", pool("p", *["10.0.0.0/24"] * 2), [], "spec.addresses[1]", "10.0.0.0/24"),
    (
        "pool-own-overlap",
        pool("p", "::ffff:10.0.0.7-::ffff:10.0.0.8", "10.0.0.0/24"),
        [],
        "spec.addresses[1]",
        "both hold 10.0.0.7-10.0.0.8",
    ),
    (
        "pool-overlap",
        pool("p", "192.0.2.0/24", "10.0.0.0/24"),
        [pool("q", "10.0.1.0/24", "10.0.0.128-10.0.0.140")],
        "spec.addresses[1]",
        "'10.0.0.128-10.0.0.140' of IPAddressPool 'q' both hold 10.0.0.128-10.0.0.140",
    ),
    (
        "pool-overlap",
        pool("p", "10.0.0.0/8"),
        [pool(name, f"10.0.{place}.0/24") for place, name in enumerate("vwxyz")],
        "spec.addresses[0]",
        "IPAddressPool 'v' (and of w, x, y and 1 more)",
    ),
    (
        "pool-mapped-prefix",
        pool("p", "::ffff:10.0.0.9/120"),
        [],
        "spec.addresses[0]",
        "write 10.0.0.0/24",
    ),
    ("pool-special-addresses", pool("p", "127.0.0.1/32"), [], "spec.addresses[0]", "loopback"),
    (
        "pool-special-addresses",
        pool("p", "239.1.0.0/16"),
        [],
        "spec.addresses[0]",
        "multicast addresses (224.0.0.0/4)",
    ),
    ("pool-special-addresses", pool("p", "fe80::/64"), [], "spec.addresses[0]", "link-local"),
    (
        "pool-special-addresses",
        pool("p", "::/0"),
        [],
        "spec.addresses[0]",
        "the unspecified address (::/128), the loopback address (::1/128)",
    ),
    (
        "pool-node-address",
        pool("p", "10.0.1.0/24", "10.0.0.5-10.0.0.37"),
        [node("a", "10.0.0.37"), node("b", "10.0.0.5"), node("c", "10.0.0.4")],
        "spec.addresses[1]",
        "metallb.io/allow-node-addresses",
    ),
    (
        "pool-node-address",
        pool("p", "fc00::/64"),
        [node("a", "10.0.0.1", "fc00::5")],
        "spec.addresses[0]",
        "'fc00::/64' holds an address of Node a;",
    ),
    (
        "pool-pod-network",
        pool("p", "10.244.0.0/16"),
        [node("a", pods=("10.244.3.0/24",))],
        "spec.addresses[0]",
        "the pod network of Node a;",
    ),
    (
        "pool-namespaces-repeated",
        allocated(namespaces=["a", "b", "a"]),
        [],
        "spec.serviceAllocation.namespaces[2]",
        "'a' is listed twice",
    ),
    (
        "pool-namespace-unknown",
        allocated(namespaces=["a", "b"]),
        [namespace("a")],
        "spec.serviceAllocation.namespaces[1]",
        "no Namespace 'b'",
    ),
    (
        "pool-allocation-open",
        allocated(namespaceSelectors=[labelled(team="x")]),
        [namespace("a", team="y")],
        "spec.serviceAllocation.namespaceSelectors",
        "every namespace",
    ),
    (
        "pool-priority-negative",
        allocated(priority=-1),
        [],
        "spec.serviceAllocation.priority",
        "such as -1",
    ),
    (
        "pool-selector-syntax",
        allocated(namespaceSelectors=[{"matchLabels": {"a b": "c"}}]),
        [],
        "spec.serviceAllocation.namespaceSelectors[0].matchLabels",
        "'a b'",
    ),
    (
        "pool-selector-repeated",
        allocated(serviceSelectors=[{}, {}]),
        [],
        "spec.serviceAllocation.serviceSelectors[1]",
        "remove one of them",
    ),
]

HELD: list[tuple[str, IPAddressPool, Sequence[Object]]] = [
    ("pool-addresses-required", pool("p", "10.0.0.0/24"), []),
    ("pool-address-syntax", pool("p", "10.0.0.0/24", "10.0.1.1 - 10.0.1.9", "fc00::/64"), []),
    ("pool-own-overlap", pool("p", "10.0.0.0/24", "10.0.1.0/24", "fc00::/64"), []),
    ("pool-own-overlap", pool("p", "bad", "bad"), []),
    ("pool-own-overlap", pool("p", "0.0.0.0/0", "::/0"), []),
    (
        "pool-overlap",
        pool("p", "10.0.0.0/24"),
        [pool("q", "10.0.1.0/24"), pool("p", "10.0.0.0/24")],
    ),
    ("pool-overlap", pool("p", "0.0.0.0/0"), [pool("q", "::/0"), pool("r", "bad")]),
    (
        "pool-overlap",
        pool("p", "10.0.0.0/24"),
        [pool("q", "192.0.2.0/24"), pool("r", "192.0.2.0/24")],
    ),
    ("pool-mapped-prefix", pool("p", "10.0.0.1-::ffff:10.0.0.9", "fc00::/64"), []),
    ("pool-special-addresses", pool("p", "10.0.0.0/8", "2001:db8::/32", "fc00::/7"), []),
    ("pool-node-address", pool("p", "10.0.0.5-10.0.0.37"), [node("a", "10.0.0.38", "bad")]),
    ("pool-node-address", ANNOTATED, [node("a", "10.0.0.38")]),
    ("pool-pod-network", pool("p", "10.0.0.0/24"), [node("a", pods=("10.244.0.0/24", "bad"))]),
    ("pool-namespaces-repeated", allocated(namespaces=["a", "b"]), []),
    ("pool-namespaces-repeated", pool("p", "10.0.0.0/24"), []),
    ("pool-namespace-unknown", allocated(namespaces=["a"]), [namespace("a")]),
    ("pool-allocation-open", allocated(), []),
    (
        "pool-allocation-open",
        allocated(namespaceSelectors=[labelled(team="x")]),
        [namespace("a", team="x")],
    ),
    ("pool-allocation-open", allocated(namespaces=["a"], namespaceSelectors=[labelled(a="b")]), []),
    (
        "pool-allocation-open",
        allocated(serviceSelectors=[{}], namespaceSelectors=[labelled(a="b")]),
        [],
    ),
    ("pool-priority-negative", allocated(priority=0), []),
    ("pool-selector-syntax", allocated(serviceSelectors=[{}]), []),
    ("pool-selector-repeated", allocated(serviceSelectors=[{}], namespaceSelectors=[{}]), []),
]


@pytest.mark.parametrize(("rule", "subject", "others", "path", "piece"), TRIPPED)
def test_tripped(
    rule: str, subject: IPAddressPool, others: Sequence[Object], path: str, piece: str
) -> None:
    [finding] = by_rule(rule, judge(subject, *others))
    assert finding.path == path
    assert piece in finding.message


@pytest.mark.parametrize(("rule", "subject", "others"), HELD)
def test_held(rule: str, subject: IPAddressPool, others: Sequence[Object]) -> None:
    assert by_rule(rule, judge(subject, *others)) == []


def test_every_overlap_within_a_pool_is_told() -> None:
    subject = pool("p", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "11.0.0.0/8")
    found = by_rule("pool-own-overlap", judge(subject))
    assert [finding.path for finding in found] == ["spec.addresses[1]", "spec.addresses[2]"]


def test_a_sound_pool_that_nothing_announces_is_only_warned_of() -> None:
    [finding] = judge(pool("p", "10.0.0.0/24"))
    assert (finding.rule, finding.severity) == ("pool-not-announced", Severity.WARN)


def test_bad_pools_that_are_stored_are_not_held_against_another() -> None:
    stored = [pool("q", "bad"), pool("r", "192.0.2.0/24"), pool("s", "192.0.2.0/24")]
    found = judge(pool("p", "10.0.0.0/24"), *stored)
    assert [finding.rule for finding in found] == ["pool-not-announced"]

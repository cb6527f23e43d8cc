"""What is refused or warned of in a pool because of the advertisements that select it."""

from collections.abc import Sequence

import pytest

from metallb_crds.backend import Backend
from metallb_crds.config_v1beta1 import IPAddressPool
from metallb_webhooks.index import Object
from support.judging import by_rule, judge
from support.samples import bgp, l2, labelled, node, peer, pool, profile

V4 = pool("p", "10.0.0.0/24", labels={"tier": "gold"})
V6 = pool("p", "10.0.0.0/24", "fc00::/64")
NODES = [node("a", zone="1"), node("b", zone="2")]

TRIPPED: list[tuple[str, IPAddressPool, Sequence[Object], str, str]] = [
    (
        "pool-aggregation",
        pool("p", "10.0.0.0/24", "10.1.0.0/28"),
        [bgp("all", aggregationLength=26)],
        "spec.addresses[1]",
        "'10.1.0.0/28' is a /28, but BGPAdvertisement 'all' aggregates to /26",
    ),
    (
        "pool-aggregation",
        pool("p", "10.0.0.2-10.0.0.254"),
        [bgp("named", aggregationLength=25, ipAddressPools=["p"])],
        "spec.addresses[0]",
        "aggregationLength to at least 26",
    ),
    (
        "pool-aggregation",
        pool("p", "fc00::/64"),
        [bgp("all", aggregationLength=24, aggregationLengthV6=48)],
        "spec.addresses[0]",
        "aggregationLengthV6 to at least 64",
    ),
    (
        "pool-aggregation",
        pool("p", "::ffff:10.0.0.0/120"),
        [bgp("all")],
        "spec.addresses[0]",
        "is a /120",
    ),
    (
        "pool-local-pref",
        V4,
        [
            *NODES,
            bgp("one", localPref=100, ipAddressPoolSelectors=[labelled(tier="gold")]),
            bgp("two", localPref=200),
        ],
        "metadata.labels",
        "'two' (localPref 200)",
    ),
    (
        "pool-local-pref",
        V6,
        [*NODES, bgp("one", localPref=1, aggregationLength=24), bgp("two")],
        "metadata.labels",
        "give both the same localPref",
    ),
    (
        "pool-bfd-echo",
        V6,
        [bgp("all"), peer("r", bfdProfile="fast"), profile("fast", echoMode=True)],
        "spec.addresses",
        "BFDProfile 'fast' has echoMode",
    ),
    (
        "pool-bfd-echo",
        V6,
        [bgp("one", peers=["r"]), peer("r", bfdProfile="fast"), profile("fast", echoMode=True)],
        "spec.addresses",
        "BGPPeer 'r'",
    ),
    (
        "pool-not-announced",
        V4,
        [bgp("other", ipAddressPools=["q"]), l2("none", ipAddressPoolSelectors=[labelled(a="b")])],
        "metadata.name",
        "create one that does",
    ),
]

HELD: list[tuple[str, IPAddressPool, Sequence[Object]]] = [
    ("pool-aggregation", pool("p", "10.0.0.2-10.0.0.254"), [bgp("all", aggregationLength=26)]),
    ("pool-aggregation", pool("p", "10.0.0.0/24"), [bgp("all", aggregationLengthV6=0)]),
    (
        "pool-aggregation",
        pool("p", "10.0.0.0/28"),
        [bgp("q", aggregationLength=24, ipAddressPools=["q"])],
    ),
    ("pool-local-pref", V4, [*NODES, bgp("one", localPref=1), bgp("two", localPref=1)]),
    ("pool-local-pref", V4, [*NODES, bgp("one", localPref=1), bgp("two", ipAddressPools=["q"])]),
    ("pool-local-pref", V4, [*NODES, bgp("one", localPref=1, aggregationLength=24), bgp("two")]),
    ("pool-local-pref", V4, [*NODES, bgp("one", localPref=1, serviceSelectors=[{}]), bgp("two")]),
    (
        "pool-local-pref",
        V4,
        [*NODES, bgp("one", localPref=1, peers=["a"]), bgp("two", peers=["b"])],
    ),
    (
        "pool-local-pref",
        V4,
        [
            *NODES,
            bgp("one", localPref=1, nodeSelectors=[labelled(zone="1")]),
            bgp("two", nodeSelectors=[labelled(zone="2"), labelled(zone="3")]),
        ],
    ),
    ("pool-local-pref", pool("p"), [*NODES, bgp("one", localPref=1), bgp("two")]),
    ("pool-bfd-echo", V4, [bgp("all"), peer("r", bfdProfile="f"), profile("f", echoMode=True)]),
    ("pool-bfd-echo", V6, [bgp("all"), peer("r", bfdProfile="f"), profile("f", echoMode=False)]),
    ("pool-bfd-echo", V6, [bgp("all"), peer("r"), profile("f", echoMode=True)]),
    (
        "pool-bfd-echo",
        V6,
        [bgp("one", peers=["s"]), peer("r", bfdProfile="f"), profile("f", echoMode=True)],
    ),
    (
        "pool-bfd-echo",
        V6,
        [
            *NODES,
            bgp("one", nodeSelectors=[labelled(zone="1")]),
            peer("r", bfdProfile="f", nodeSelectors=[labelled(zone="2")]),
            profile("f", echoMode=True),
        ],
    ),
    ("pool-not-announced", V4, [l2("all")]),
    ("pool-not-announced", V4, [bgp("gold", ipAddressPoolSelectors=[labelled(tier="gold")])]),
    ("pool-ipv6-native", V6, [bgp("all")]),
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


def test_the_native_backend_announces_no_ipv6() -> None:
    found = judge(V6, bgp("one"), bgp("two"), backend=Backend.NATIVE)
    [finding] = by_rule("pool-ipv6-native", found)
    assert finding.path == "spec.addresses[1]"
    assert "BGPAdvertisement 'one' selects 'fc00::/64'" in finding.message


@pytest.mark.parametrize(
    ("subject", "adv"), [(V4, bgp("all")), (V6, bgp("q", ipAddressPools=["q"]))]
)
def test_the_native_backend_lets_other_pools_be(subject: IPAddressPool, adv: Object) -> None:
    assert by_rule("pool-ipv6-native", judge(subject, adv, backend=Backend.NATIVE)) == []


def test_where_no_nodes_are_known_advertisements_meet_unless_they_select_differently() -> None:
    one = bgp("one", localPref=1, nodeSelectors=[labelled(zone="1")])
    two = bgp("two", nodeSelectors=[labelled(zone="2")])
    alike = bgp("two", nodeSelectors=[labelled(zone="1")])
    assert by_rule("pool-local-pref", judge(V4, one, two)) == []
    assert len(by_rule("pool-local-pref", judge(V4, one, alike))) == 1
    assert len(by_rule("pool-local-pref", judge(V4, one, bgp("two")))) == 1

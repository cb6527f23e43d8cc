"""What a BGP advertisement is refused or warned for."""

from collections.abc import Sequence
from typing import Any

import pytest

from metallb_crds.backend import Backend
from metallb_crds.config_v1beta1 import BGPAdvertisement
from metallb_webhooks.index import Object
from metallb_webhooks.rules.base import Severity
from support.judging import by_rule, judge
from support.samples import (
    bgp,
    community,
    l2,
    labelled,
    node,
    peer,
    pool,
    profile,
    service,
)

V4 = pool("p", "10.0.0.0/24", labels={"tier": "gold"})
V6 = pool("p", "10.0.0.0/24", "fc00::/64")
NODES = [node("a", zone="1"), node("b", zone="2")]
COLON = bgp("x", communities=["corp:web"])
DEFINING = community("names", **{"corp:web": "64500:1", "64500:7": "64500:8", "vpn": "64500:2"})
OTHER = bgp("other", localPref=200)
ECHO = [peer("r", bfdProfile="fast"), profile("fast", echoMode=True)]


def numbered(count: int, **more: Any) -> BGPAdvertisement:  # noqa: ANN401 - whatever JSON holds
    return bgp("x", communities=[f"64500:{n}" for n in range(count)], **more)


DENIED: list[tuple[str, BGPAdvertisement, Sequence[Object], str, str]] = [
    (
        "bgp-pools-repeated",
        bgp("x", ipAddressPools=["p", "q", "p"]),
        [],
        "spec.ipAddressPools[2]",
        "'p' is listed twice",
    ),
    ("bgp-peers-repeated", bgp("x", peers=["r", "r"]), [], "spec.peers[1]", "'r' is listed"),
    (
        "bgp-communities-repeated",
        bgp("x", communities=["vpn", "vpn"]),
        [],
        "spec.communities[1]",
        "'vpn'",
    ),
    (
        "bgp-communities-repeated",
        bgp("x", communities=["1:2", "1:2"]),
        [],
        "spec.communities[1]",
        "'1:2'",
    ),
    (
        "bgp-selector-syntax",
        bgp("x", serviceSelectors=[{"matchLabels": {"a b": "c"}}]),
        [],
        "spec.serviceSelectors[0].matchLabels",
        "'a b' is no label key",
    ),
    (
        "bgp-selector-syntax",
        bgp("x", nodeSelectors=[{"matchExpressions": [{"key": "a", "operator": "in"}]}]),
        [],
        "spec.nodeSelectors[0].matchExpressions[0].operator",
        "use In, NotIn",
    ),
    (
        "bgp-selector-repeated",
        bgp("x", ipAddressPoolSelectors=[{}, {}]),
        [],
        "spec.ipAddressPoolSelectors[1]",
        "remove one of them",
    ),
    (
        "bgp-aggregation-length",
        bgp("x", aggregationLength=33),
        [],
        "spec.aggregationLength",
        "33 is no length of an IPv4 prefix; write a number from 1 to 32",
    ),
    (
        "bgp-aggregation-length",
        bgp("x", aggregationLengthV6=129),
        [],
        "spec.aggregationLengthV6",
        "from 1 to 128",
    ),
    (
        "bgp-aggregation-length",
        bgp("x", aggregationLengthV6=-(2**31) - 1),
        [],
        "spec.aggregationLengthV6",
        "is no length",
    ),
    (
        "bgp-aggregation-services",
        bgp("x", aggregationLength=24, serviceSelectors=[{}]),
        [],
        "spec.aggregationLength",
        "leave aggregationLength at 32",
    ),
    (
        "bgp-aggregation-services",
        bgp("x", aggregationLengthV6=0, serviceSelectors=[{}]),
        [],
        "spec.aggregationLengthV6",
        "or drop the selectors",
    ),
    ("bgp-local-pref-range", bgp("x", localPref=-1), [], "spec.localPref", "write a number from 0"),
    ("bgp-local-pref-range", bgp("x", localPref=2**32), [], "spec.localPref", "cannot read"),
    (
        "bgp-community-syntax",
        bgp("x", communities=["1:2", "65536:1"]),
        [],
        "spec.communities[1]",
        "no number from 0 to 65535",
    ),
    (
        "bgp-community-syntax",
        bgp("x", communities=["1:2:3"]),
        [],
        "spec.communities[0]",
        "no community",
    ),
    ("bgp-community-syntax", COLON, [], "spec.communities[0]", "'corp' in 'corp:web'"),
    ("bgp-communities-many", numbered(64), [], "spec.communities", "64 communities are more than"),
    (
        "bgp-communities-many",
        bgp("x", communities=[*(f"64500:{n}" for n in range(3, 67)), "vpn"]),
        [DEFINING],
        "spec.communities",
        "Remove some",
    ),
    (
        "bgp-aggregation-pool",
        bgp("x", aggregationLength=26, ipAddressPools=["p"]),
        [pool("p", "1.1.1.0/28", "1.1.2.0/30", "1.1.3.0/24")],
        "spec.aggregationLength",
        "IPAddressPool 'p' holds '1.1.2.0/30', whose largest prefix is a /30; use at least 30",
    ),
    (
        "bgp-aggregation-pool",
        bgp("x", aggregationLength=25),
        [pool("p", "10.0.0.2-10.0.0.254")],
        "spec.aggregationLength",
        "use at least 26",
    ),
    (
        "bgp-aggregation-pool",
        bgp("x", aggregationLengthV6=-7),
        [V6],
        "spec.aggregationLengthV6",
        "use at least 64",
    ),
    (
        "bgp-local-pref",
        bgp("x", localPref=100),
        [*NODES, V4, OTHER],
        "spec.localPref",
        "BGPAdvertisement 'other' (localPref 200) announces the same routes of IPAddressPool 'p'",
    ),
    ("bgp-local-pref", bgp("x"), [*NODES, V4, OTHER], "spec.localPref", "the same localPref"),
    (
        "bgp-local-pref",
        bgp("x", aggregationLength=24),
        [*NODES, V6, OTHER],
        "spec.localPref",
        "'other'",
    ),
    (
        "bgp-local-pref",
        bgp("x", ipAddressPools=["p"], peers=["r", "s"]),
        [*NODES, V4, bgp("o", localPref=1, ipAddressPoolSelectors=[{}], peers=["s"])],
        "spec.localPref",
        "'o' (localPref 1)",
    ),
    ("bgp-bfd-echo", bgp("x"), [V6, *ECHO], "spec.ipAddressPools", "BFDProfile 'fast' has echo"),
    ("bgp-bfd-echo", bgp("x", peers=["r"]), [V6, *ECHO], "spec.ipAddressPools", "BGPPeer 'r'"),
]

WARNED: list[tuple[str, BGPAdvertisement, Sequence[Object], str, str]] = [
    (
        "bgp-pool-unknown",
        bgp("x", ipAddressPools=["p", "q"]),
        [V4],
        "spec.ipAddressPools[1]",
        "there is no IPAddressPool 'q'; create it",
    ),
    (
        "bgp-pool-unmatched",
        bgp("x", ipAddressPoolSelectors=[labelled(tier="silver"), labelled(a="b")]),
        [V4],
        "spec.ipAddressPoolSelectors",
        "no IPAddressPool has such labels",
    ),
    (
        "bgp-node-unmatched",
        bgp("x", nodeSelectors=[labelled(zone="3")]),
        NODES,
        "spec.nodeSelectors",
        "no Node has such labels",
    ),
    (
        "bgp-local-pref-large",
        bgp("x", localPref=2**31),
        [],
        "spec.localPref",
        "use a number up to 2147483647",
    ),
    (
        "bgp-community-unknown",
        bgp("x", communities=["vpn", "other"]),
        [DEFINING],
        "spec.communities[1]",
        "no Community defines the alias 'other'",
    ),
    ("bgp-community-unknown", bgp("x", communities=[""]), [], "spec.communities[0]", "alias ''"),
    (
        "bgp-community-shadowed",
        bgp("x", communities=["64500:7"]),
        [DEFINING],
        "spec.communities[0]",
        "Community 'names' defines an alias '64500:7'",
    ),
    (
        "bgp-local-pref-services",
        bgp("x", localPref=100, serviceSelectors=[labelled(app="web")]),
        [*NODES, V4, OTHER],
        "spec.localPref",
        "BGPAdvertisement 'other' (localPref 200) selects as well would not be announced",
    ),
    (
        "bgp-local-pref-services",
        bgp("x", serviceSelectors=[labelled(app="web")]),
        [*NODES, V4, bgp("o", localPref=1, serviceSelectors=[labelled(app="db"), labelled(b="c")])],
        "spec.localPref",
        "select different Services",
    ),
    (
        "bgp-peer-unknown",
        bgp("x", peers=["r", "s"]),
        [peer("r")],
        "spec.peers[1]",
        "there is no BGPPeer 's'",
    ),
    (
        "bgp-peer-apart",
        bgp("x", peers=["r", "s"], nodeSelectors=[labelled(zone="1")]),
        [*NODES, peer("r"), peer("s", nodeSelectors=[labelled(zone="2")])],
        "spec.peers[1]",
        "no Node is selected both here and by BGPPeer 's'",
    ),
    (
        "bgp-local-pref-external",
        bgp("x", localPref=100),
        [peer("r"), peer("s", peerASN=0, dynamicASN="external")],
        "spec.localPref",
        "other autonomous systems",
    ),
    (
        "bgp-local-pref-external",
        bgp("x", localPref=100, peers=["r"]),
        [peer("r"), peer("s", peerASN=64500)],
        "spec.localPref",
        "leave it out",
    ),
]

HELD: list[tuple[str, BGPAdvertisement, Sequence[Object]]] = [
    ("bgp-pools-repeated", bgp("x", ipAddressPools=["p", "q"]), []),
    ("bgp-communities-repeated", bgp("x", communities=["1:2", "01:2"]), []),
    ("bgp-selector-repeated", bgp("x", nodeSelectors=[{}], serviceSelectors=[{}]), []),
    ("bgp-aggregation-length", bgp("x", aggregationLength=0, aggregationLengthV6=-7), []),
    ("bgp-aggregation-length", bgp("x", aggregationLength=32, aggregationLengthV6=128), []),
    ("bgp-aggregation-services", bgp("x", serviceSelectors=[{}]), []),
    ("bgp-aggregation-services", bgp("x", aggregationLength=24, aggregationLengthV6=64), []),
    ("bgp-local-pref-range", bgp("x", localPref=2**32 - 1), []),
    ("bgp-local-pref-large", bgp("x", localPref=2**31 - 1), []),
    ("bgp-local-pref-large", bgp("x", localPref=2**32), []),
    ("bgp-community-syntax", bgp("x", communities=["1:2", "large:1:2:3", "vpn"]), []),
    ("bgp-community-syntax", COLON, [DEFINING]),
    ("bgp-community-unknown", COLON, []),
    ("bgp-community-unknown", bgp("x", communities=["vpn"]), [DEFINING]),
    ("bgp-community-shadowed", bgp("x", communities=["64500:9", "vpn", "corp:web"]), [DEFINING]),
    ("bgp-community-large-native", bgp("x", communities=["large:1:2:3"]), []),
    ("bgp-communities-many", numbered(63), []),
    (
        "bgp-communities-many",
        bgp("x", communities=[*(f"64500:{n}" for n in range(63)), "vpn", "064500:1", "unknown"]),
        [DEFINING],
    ),
    ("bgp-aggregation-pool", bgp("x", aggregationLength=24), [V4]),
    ("bgp-aggregation-pool", bgp("x", aggregationLength=26), [pool("p", "10.0.0.2-10.0.0.254")]),
    (
        "bgp-aggregation-pool",
        bgp("x", aggregationLength=8, ipAddressPools=["q"]),
        [V4, pool("q", "10.0.0.0/8")],
    ),
    ("bgp-aggregation-pool", bgp("x", aggregationLengthV6=-7), [V4]),
    ("bgp-aggregation-pool", bgp("x", aggregationLengthV6=0), [pool("p", "::/0")]),
    ("bgp-aggregation-pool", bgp("x"), [pool("p", "bad")]),
    ("bgp-ipv6-native", bgp("x"), [V6]),
    ("bgp-local-pref", bgp("x", localPref=200), [*NODES, V4, OTHER]),
    ("bgp-local-pref", bgp("x", ipAddressPools=["q"]), [*NODES, V4, OTHER]),
    ("bgp-local-pref", bgp("x", aggregationLength=24), [*NODES, V4, OTHER]),
    ("bgp-local-pref", bgp("x", serviceSelectors=[{}]), [*NODES, V4, OTHER]),
    (
        "bgp-local-pref",
        bgp("x", peers=["a"]),
        [*NODES, V4, bgp("o", localPref=1, peers=["b"])],
    ),
    (
        "bgp-local-pref",
        bgp("x", nodeSelectors=[labelled(zone="1")]),
        [*NODES, V4, bgp("o", localPref=1, nodeSelectors=[labelled(zone="2")])],
    ),
    ("bgp-local-pref-services", bgp("x"), [*NODES, V4, OTHER]),
    (
        "bgp-local-pref-services",
        bgp("x", localPref=200, serviceSelectors=[{}]),
        [*NODES, V4, OTHER],
    ),
    (
        "bgp-local-pref-services",
        bgp("x", serviceSelectors=[labelled(app="web")]),
        [*NODES, V4, bgp("o", localPref=1, serviceSelectors=[labelled(app="db")])],
    ),
    (
        "bgp-local-pref-services",
        bgp("x", serviceSelectors=[{}], peers=["a"]),
        [*NODES, V4, bgp("o", localPref=1, peers=["b"])],
    ),
    ("bgp-bfd-echo", bgp("x"), [V4, *ECHO]),
    ("bgp-bfd-echo", bgp("x", peers=["s"]), [V6, *ECHO]),
    ("bgp-bfd-echo", bgp("x"), [V6, peer("r", bfdProfile="fast"), profile("fast")]),
    ("bgp-bfd-echo", bgp("x", ipAddressPools=["q"]), [V6, *ECHO]),
    ("bgp-pool-unknown", bgp("x", ipAddressPools=["p"]), [V4]),
    (
        "bgp-pool-unmatched",
        bgp("x", ipAddressPoolSelectors=[labelled(a="b"), labelled(tier="gold")]),
        [V4],
    ),
    ("bgp-pool-unmatched", bgp("x"), []),
    ("bgp-node-unmatched", bgp("x", nodeSelectors=[labelled(zone="1")]), NODES),
    ("bgp-node-unmatched", bgp("x", nodeSelectors=[labelled(zone="1")]), []),
    ("bgp-node-unmatched", bgp("x"), NODES),
    ("bgp-peer-unknown", bgp("x", peers=["r"]), [peer("r")]),
    ("bgp-peer-apart", bgp("x", peers=["r"], nodeSelectors=[labelled(zone="1")]), NODES),
    (
        "bgp-peer-apart",
        bgp("x", peers=["r"], nodeSelectors=[labelled(zone="1")]),
        [*NODES, peer("r", nodeSelectors=[labelled(zone="2"), labelled(zone="1")])],
    ),
    ("bgp-local-pref-external", bgp("x", localPref=100), []),
    ("bgp-local-pref-external", bgp("x"), [peer("r")]),
    ("bgp-local-pref-external", bgp("x", localPref=1), [peer("r"), peer("s", peerASN=64500)]),
    (
        "bgp-local-pref-external",
        bgp("x", localPref=1),
        [peer("s", peerASN=0, dynamicASN="internal")],
    ),
]


@pytest.mark.parametrize(("rule", "subject", "others", "path", "piece"), DENIED)
def test_denied(
    rule: str, subject: BGPAdvertisement, others: Sequence[Object], path: str, piece: str
) -> None:
    [finding] = by_rule(rule, judge(subject, *others))
    assert finding.severity is Severity.DENY
    assert finding.path == path
    assert piece in finding.message


@pytest.mark.parametrize(("rule", "subject", "others", "path", "piece"), WARNED)
def test_warned(
    rule: str, subject: BGPAdvertisement, others: Sequence[Object], path: str, piece: str
) -> None:
    findings = judge(subject, *others)
    [finding] = by_rule(rule, findings)
    assert finding.severity is Severity.WARN
    assert finding.path == path
    assert piece in finding.message
    assert all(one.severity is Severity.WARN for one in findings)


@pytest.mark.parametrize(("rule", "subject", "others"), HELD)
def test_held(rule: str, subject: BGPAdvertisement, others: Sequence[Object]) -> None:
    assert by_rule(rule, judge(subject, *others)) == []


NATIVE: list[tuple[str, BGPAdvertisement, Sequence[Object], int]] = [
    ("bgp-ipv6-native", bgp("x"), [V4, V6], 1),
    ("bgp-ipv6-native", bgp("x", ipAddressPools=["p"]), [V6, pool("q", "fc00:1::/64")], 1),
    ("bgp-ipv6-native", bgp("x"), [pool("q", "::ffff:10.0.0.0/120")], 0),
    ("bgp-ipv6-native", bgp("x", ipAddressPools=["q"]), [V6], 0),
    ("bgp-community-large-native", bgp("x", communities=["1:2", "large:1:2:3"]), [], 1),
    ("bgp-community-large-native", bgp("x", communities=["1:2", "vpn", "large"]), [], 0),
]


@pytest.mark.parametrize(("rule", "subject", "others", "count"), NATIVE)
@pytest.mark.parametrize("backend", list(Backend))
def test_what_the_native_backend_cannot_do(
    rule: str, subject: BGPAdvertisement, others: Sequence[Object], count: int, backend: Backend
) -> None:
    found = by_rule(rule, judge(subject, *others, backend=backend))
    assert len(found) == (count if backend is Backend.NATIVE else 0)
    assert all("backend frr-k8s" in finding.message for finding in found)


def test_a_sound_advertisement_is_neither_refused_nor_warned_of() -> None:
    sound = bgp(
        "x",
        ipAddressPools=["p"],
        aggregationLength=24,
        communities=["64500:1", "vpn"],
        localPref=100,
        peers=["r"],
        nodeSelectors=[labelled(zone="1")],
    )
    others = [*NODES, V4, DEFINING, peer("r", peerASN=64500)]
    assert judge(sound, *others) == ()
    assert judge(sound, *others, old=sound) == ()


def test_every_problem_is_told() -> None:
    bad = bgp("x", aggregationLength=33, peers=["r", "r"], communities=["1:x"], localPref=-1)
    rules = {one.rule for one in judge(bad) if one.severity is Severity.DENY}
    assert rules == {
        "bgp-aggregation-length",
        "bgp-peers-repeated",
        "bgp-community-syntax",
        "bgp-local-pref-range",
    }


def test_each_rival_is_named_once() -> None:
    pools = [pool(name, f"10.{place}.0.0/24") for place, name in enumerate("pqr")]
    found = by_rule("bgp-local-pref", judge(bgp("x"), *NODES, *pools, OTHER))
    assert len(found) == 1


def test_bad_advertisements_that_are_stored_are_not_held_against_another() -> None:
    stored = [bgp("o", localPref=1), bgp("q", localPref=2), bgp("r", communities=["1:x"])]
    found = judge(bgp("x", ipAddressPools=["z"]), *NODES, V4, *stored)
    assert [one.rule for one in found] == ["bgp-pool-unknown"]


WEB = service("web", "10.0.0.5")


@pytest.mark.parametrize(
    ("before", "after", "others"),
    [
        (bgp("x"), None, [V4, WEB]),
        (bgp("x"), bgp("x", ipAddressPools=["q"]), [V4, WEB, pool("q", "10.1.0.0/24")]),
        (bgp("x"), None, [V4, WEB, l2("other", ipAddressPools=["q"])]),
    ],
)
def test_leaving_a_pool_without_announcement(
    before: BGPAdvertisement, after: BGPAdvertisement | None, others: Sequence[Object]
) -> None:
    findings = judge(after, *others, old=before) if after else judge(before, *others, delete=True)
    [finding] = by_rule("bgp-withdraws", findings)
    assert finding.severity is Severity.WARN
    assert finding.path == ("spec" if after else "metadata.name")
    assert "announces IPAddressPool 'p': nobody could reach Service default/web" in finding.message


@pytest.mark.parametrize(
    ("before", "after", "others"),
    [
        (bgp("x"), None, [V4]),
        (bgp("x"), None, [V4, WEB, l2("all")]),
        (bgp("x", ipAddressPools=["q"]), None, [V4, WEB]),
        (bgp("x"), bgp("x", ipAddressPools=["p"]), [V4, WEB]),
        (bgp("x"), bgp("x", localPref=1), [V4, WEB]),
    ],
)
def test_leaving_nobody_without_announcement(
    before: BGPAdvertisement, after: BGPAdvertisement | None, others: Sequence[Object]
) -> None:
    findings = judge(after, *others, old=before) if after else judge(before, *others, delete=True)
    assert by_rule("bgp-withdraws", findings) == []


def test_an_old_advertisement_that_cannot_be_read_is_no_hindrance() -> None:
    old = bgp("x", ipAddressPoolSelectors=[{"matchExpressions": [{"key": "", "operator": "?"}]}])
    assert by_rule("bgp-withdraws", judge(bgp("x"), V4, WEB, old=old)) == []

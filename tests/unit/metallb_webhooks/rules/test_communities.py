"""What a Community is refused or warned for."""

from collections.abc import Sequence

import pytest

from metallb_crds.backend import Backend
from metallb_crds.config_v1beta1 import Community
from metallb_webhooks.index import Object
from metallb_webhooks.rules.base import Severity
from support.judging import by_rule, judge
from support.samples import bgp, community, manifest


def aliases(*pairs: tuple[str, str]) -> Community:
    entries = [{"name": name, "value": value} for name, value in pairs]
    return Community.parse(manifest("c", communities=entries))


SOUND = community("c", vpn="64500:1", cdn="large:64500:1:2")

DENIED: list[tuple[str, Community, Sequence[Object], str, str]] = [
    (
        "community-value-syntax",
        aliases(("a", "1:2"), ("b", "1234")),
        [],
        "spec.communities[1].value",
        "'1234' is no community; write two numbers",
    ),
    ("community-value-syntax", community("c", a=""), [], "spec.communities[0].value", "''"),
    ("community-value-syntax", community("c", a="b"), [], "spec.communities[0].value", "'b'"),
    (
        "community-value-syntax",
        community("c", a="1:65536"),
        [],
        "spec.communities[0].value",
        "from 0 to 65535",
    ),
    (
        "community-alias-repeated",
        aliases(("a", "1:2"), ("b", "1:2"), ("a", "1:2")),
        [],
        "spec.communities[2].name",
        "'a' is defined already by spec.communities[0]",
    ),
    (
        "community-alias-defined",
        aliases(("a", "1:2"), ("vpn", "64500:1")),
        [community("d", vpn="64500:1"), community("e", vpn="64500:2")],
        "spec.communities[1].name",
        "'vpn' is defined already by Community d, e; choose another name",
    ),
    (
        "community-alias-defined",
        aliases(("", "1:2")),
        [Community.parse(manifest("d", communities=[{"value": "1:3"}]))],
        "spec.communities[0].name",
        "Community d",
    ),
]

HELD: list[tuple[str, Community, Sequence[Object]]] = [
    ("community-value-syntax", SOUND, []),
    ("community-alias-repeated", aliases(("", "1:2"), ("a", "1:2")), []),
    ("community-alias-defined", SOUND, [community("d", other="64500:1")]),
    ("community-alias-defined", SOUND, [SOUND]),
    ("community-alias-colon", SOUND, []),
]


@pytest.mark.parametrize(("rule", "subject", "others", "path", "piece"), DENIED)
def test_denied(
    rule: str, subject: Community, others: Sequence[Object], path: str, piece: str
) -> None:
    [finding] = by_rule(rule, judge(subject, *others))
    assert finding.severity is Severity.DENY
    assert finding.path == path
    assert piece in finding.message


@pytest.mark.parametrize(("rule", "subject", "others"), HELD)
def test_held(rule: str, subject: Community, others: Sequence[Object]) -> None:
    assert by_rule(rule, judge(subject, *others)) == []


@pytest.mark.parametrize("backend", list(Backend))
def test_the_native_backend_has_no_large_communities(backend: Backend) -> None:
    found = judge(aliases(("a", "1:2"), ("b", "large:1:2:3"), ("c", "bad")), backend=backend)
    large = by_rule("community-large-native", found)
    expected = ["spec.communities[1].value"] if backend is Backend.NATIVE else []
    assert [finding.path for finding in large] == expected


@pytest.mark.parametrize(
    ("name", "piece"),
    [
        ("64500:1", "would announce the alias's value instead"),
        ("large:1:2:3", "would announce the alias's value instead"),
        ("corp:web", "always by MetalLB's own webhooks"),
    ],
)
def test_aliases_that_read_as_communities_are_warned_of(name: str, piece: str) -> None:
    [finding] = judge(aliases(("a", "1:2"), (name, "1:3")))
    assert (finding.rule, finding.severity) == ("community-alias-colon", Severity.WARN)
    assert finding.path == "spec.communities[1].name"
    assert piece in finding.message


def test_an_alias_without_a_name_is_warned_of() -> None:
    [finding] = judge(aliases(("a", "1:2"), ("", "1:3")))
    assert (finding.rule, finding.severity) == ("community-alias-name", Severity.WARN)
    assert finding.path == "spec.communities[1].name"


USERS = [bgp("one", communities=["vpn"]), bgp("two", communities=["vpn", "64500:9"])]


@pytest.mark.parametrize(
    ("after", "path"),
    [
        (community("c", cdn="1:2"), "spec.communities"),
        (community("c", VPN="64500:1"), "spec.communities"),
        (None, "metadata.name"),
    ],
)
def test_removing_an_alias_in_use(after: Community | None, path: str) -> None:
    findings = judge(after, *USERS, old=SOUND) if after else judge(SOUND, *USERS, delete=True)
    [finding] = findings
    assert (finding.rule, finding.severity) == ("community-alias-used", Severity.WARN)
    assert finding.path == path
    assert "BGPAdvertisement one, two would still use the alias 'vpn'" in finding.message


@pytest.mark.parametrize(
    ("before", "after", "others"),
    [
        (SOUND, community("c", vpn="64500:2"), USERS),
        (SOUND, None, [bgp("one", communities=["64500:1"])]),
        (SOUND, None, [*USERS, community("d", vpn="64500:1")]),
        (aliases(("64500:9", "1:2")), None, USERS),
    ],
)
def test_removing_what_nobody_misses(
    before: Community, after: Community | None, others: Sequence[Object]
) -> None:
    findings = judge(after, *others, old=before) if after else judge(before, *others, delete=True)
    assert findings == ()


def test_bad_communities_that_are_stored_are_not_held_against_another() -> None:
    stored = [community("d", a="bad"), community("e", b="1:2"), community("f", b="1:2")]
    assert judge(SOUND, *stored) == ()

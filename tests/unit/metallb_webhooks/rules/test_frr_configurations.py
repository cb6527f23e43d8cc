"""What an FRR configuration is refused or warned for by itself: what frr-k8s refuses, no more."""

from typing import Any

import pytest

from metallb_crds.backend import Backend
from metallb_crds.frrk8s_v1beta1 import FRRConfiguration
from metallb_crds.operator_v1beta1 import MetalLB
from metallb_webhooks.rules.base import Severity
from support.judging import by_rule, judge
from support.samples import NAMESPACE, frr, neighbor, node, selector

HERE = "spec.bgp.routers[0].neighbors[0]"
PREFIXES = ["10.0.0.0/24", "10.1.0.0/24", "fc00::/64"]


def session(**fields: Any) -> FRRConfiguration:  # noqa: ANN401 - whatever JSON holds
    """Return an object with one neighbor, of a router that has some prefixes."""
    return frr("x", {"asn": 64500, "prefixes": PREFIXES, "neighbors": [neighbor(**fields)]})


def router(**fields: Any) -> FRRConfiguration:  # noqa: ANN401 - whatever JSON holds
    return frr("x", {"asn": 64500} | fields)


def telling(**told: Any) -> FRRConfiguration:  # noqa: ANN401 - whatever JSON holds
    """Return an object whose neighbor is told of all prefixes that its session carries."""
    return session(toAdvertise={"allowed": {"mode": "all"}} | told)


def preferring(*entries: tuple[int, list[str]]) -> FRRConfiguration:
    return telling(
        withLocalPref=[{"localPref": pref, "prefixes": prefixes} for pref, prefixes in entries]
    )


def marking(*entries: tuple[str, list[str]]) -> FRRConfiguration:
    return telling(
        withCommunity=[{"community": text, "prefixes": prefixes} for text, prefixes in entries]
    )


def filtering(*prefixes: str, **fields: Any) -> FRRConfiguration:  # noqa: ANN401 - whatever JSON holds
    return session(toAdvertise={"allowed": {"prefixes": list(prefixes)}}, **fields)


def accepting(prefix: str, **lengths: int) -> FRRConfiguration:
    return session(toReceive={"allowed": {"prefixes": [{"prefix": prefix} | lengths]}})


def importing(*vrfs: str) -> dict[str, Any]:
    return {"imports": [{"vrf": vrf} for vrf in vrfs]}


DENIED: list[tuple[str, FRRConfiguration, str, str]] = [
    ("frr-neighbor-end", session(address=""), HERE, "give one, or an interface"),
    ("frr-neighbor-end", session(interface="eth0"), HERE, "are both given"),
    ("frr-neighbor-end", session(address="router"), f"{HERE}.address", "no IP address"),
    ("frr-neighbor-end", session(address="fe80::1%eth0"), f"{HERE}.address", "no IP address"),
    ("frr-neighbor-asn", session(asn=0), HERE, "give asn, or dynamicASN"),
    ("frr-neighbor-asn", session(dynamicASN="external"), HERE, "asn 64501 and dynamicASN"),
    ("frr-neighbor-asn", session(asn=0, dynamicASN="any"), f"{HERE}.dynamicASN", "internal or ext"),
    (
        "frr-local-asn-internal",
        session(asn=64500, localASN=64999),
        f"{HERE}.localASN",
        "remove localASN",
    ),
    ("frr-duration-syntax", session(connectTime="90"), f"{HERE}.connectTime", "a unit is missing"),
    ("frr-duration-syntax", session(connectTime=""), f"{HERE}.connectTime", "it is empty"),
    ("frr-timers", session(holdTime="90s"), HERE, "keepaliveTime is missing"),
    ("frr-timers", session(keepaliveTime="30s"), HERE, "holdTime is missing"),
    (
        "frr-timers",
        session(holdTime="2999ms", keepaliveTime="0s"),
        f"{HERE}.holdTime",
        "at least 3s",
    ),
    ("frr-timers", session(holdTime="-1s", keepaliveTime="-2s"), f"{HERE}.holdTime", "too short"),
    (
        "frr-timers",
        session(holdTime="90s", keepaliveTime="90001ms"),
        f"{HERE}.keepaliveTime",
        "is longer than holdTime '90s'",
    ),
    (
        "frr-timers",
        session(holdTime="0s", keepaliveTime="30s"),
        f"{HERE}.keepaliveTime",
        "is longer",
    ),
    (
        "frr-password-twice",
        session(password="secret", passwordSecret={"name": "s"}),
        f"{HERE}.password",
        "remove the password",
    ),
    ("frr-bfd-unknown", session(bfdProfile="fast"), f"{HERE}.bfdProfile", "defines no 'fast'"),
    (
        "frr-bfd-repeated",
        frr("x", profiles=[{"name": "a"}, {"name": "b"}, {"name": "a"}]),
        "spec.bgp.bfdProfiles[2].name",
        "spec.bgp.bfdProfiles[0]",
    ),
    (
        "frr-router-prefix",
        router(prefixes=["10.0.0.0/24", "10.0.0.1"]),
        "spec.bgp.routers[0].prefixes[1]",
        "write 10.0.0.1/32",
    ),
    (
        "frr-import-unknown",
        router(**importing("default", "red")),
        "spec.bgp.routers[0].imports[1].vrf",
        "no router of this object is in VRF 'red'",
    ),
    (
        "frr-import-unknown",
        router(vrf="red", **importing("default")),
        "spec.bgp.routers[0].imports[0].vrf",
        "'default'",
    ),
    (
        "frr-told-family",
        filtering("10.0.0.0/24", "fc00::/64"),
        f"{HERE}.toAdvertise.allowed.prefixes[1]",
        "does not carry IPv6",
    ),
    (
        "frr-told-family",
        preferring((1, ["fc00::/64"])),
        f"{HERE}.toAdvertise.withLocalPref[0].prefixes[0]",
        "dualStackAddressFamily",
    ),
    (
        "frr-told-family",
        marking(("1:2", ["10.0.0.0"])),
        f"{HERE}.toAdvertise.withCommunity[0].prefixes[0]",
        "'10.0.0.0' is no prefix",
    ),
    (
        "frr-told-unknown",
        filtering("10.0.0.0/24", "10.2.0.0/24"),
        f"{HERE}.toAdvertise.allowed.prefixes[1]",
        "not among the prefixes of the router",
    ),
    (
        "frr-told-unknown",
        filtering("10.0.0.1/24"),
        f"{HERE}.toAdvertise.allowed.prefixes[0]",
        "add it there",
    ),
    (
        "frr-told-unknown",
        preferring((1, ["10.2.0.0/24"])),
        f"{HERE}.toAdvertise.withLocalPref[0].prefixes[0]",
        "the neighbor is not told of '10.2.0.0/24'",
    ),
    (
        "frr-told-unknown",
        session(
            toAdvertise={
                "allowed": {"prefixes": ["10.0.0.0/24"]},
                "withCommunity": [{"community": "1:2", "prefixes": ["10.1.0.0/24"]}],
            }
        ),
        f"{HERE}.toAdvertise.withCommunity[0].prefixes[0]",
        "add it to allowed.prefixes",
    ),
    (
        "frr-attribute-repeated",
        preferring((1, ["10.0.0.0/24"]), (2, ["10.1.0.0/24"]), (1, ["10.1.0.0/24"])),
        f"{HERE}.toAdvertise.withLocalPref[2]",
        "merge the two",
    ),
    (
        "frr-attribute-repeated",
        marking(("1:2", ["10.0.0.0/24"]), ("01:2", [])),
        f"{HERE}.toAdvertise.withCommunity[1]",
        "1:2 has an entry already",
    ),
    (
        "frr-attribute-repeated",
        marking(("1:2", ["10.0.0.0/24", "10.0.0.0/24"])),
        f"{HERE}.toAdvertise.withCommunity[0].prefixes[1]",
        "is listed twice",
    ),
    (
        "frr-local-pref-range",
        preferring((-1, ["10.0.0.0/24"])),
        f"{HERE}.toAdvertise.withLocalPref[0].localPref",
        "cannot read -1",
    ),
    (
        "frr-community-syntax",
        marking(("large:1:2", ["10.0.0.0/24"])),
        f"{HERE}.toAdvertise.withCommunity[0].community",
        "is no community",
    ),
    (
        "frr-accepted-prefix",
        accepting("10.0.0.1"),
        f"{HERE}.toReceive.allowed.prefixes[0].prefix",
        "write 10.0.0.1/32",
    ),
    (
        "frr-accepted-prefix",
        accepting("10.0.0.0/24", le=23),
        f"{HERE}.toReceive.allowed.prefixes[0].le",
        "write at least 24",
    ),
    (
        "frr-accepted-prefix",
        accepting("10.0.0.0/24", ge=16),
        f"{HERE}.toReceive.allowed.prefixes[0].ge",
        "no prefix in '10.0.0.0/24' has length 16",
    ),
    (
        "frr-accepted-prefix",
        accepting("10.0.0.0/24", ge=30, le=28),
        f"{HERE}.toReceive.allowed.prefixes[0].ge",
        "swap them",
    ),
]

ACCEPTED: list[FRRConfiguration] = [
    frr("x"),
    router(asn=0, prefixes=["10.0.0.5/24", "::ffff:10.0.0.0/120"]),
    session(),
    session(address="", interface="eth0", dynamicASN="internal", asn=0),
    session(address="::ffff:192.0.2.1", localASN=64999),
    session(asn=0, dynamicASN="internal", localASN=64500),
    session(holdTime="90s", keepaliveTime="30s", connectTime="0s"),
    session(holdTime="999ms", keepaliveTime="-1s"),
    session(holdTime="3s", keepaliveTime="3s"),
    session(holdTime="-999ms", keepaliveTime="-1s"),
    session(password="secret", passwordSecret={"namespace": "s"}),
    session(passwordSecret={"name": "s"}),
    frr("x", {"asn": 1, "neighbors": [neighbor(bfdProfile="a")]}, profiles=[{"name": "a"}]),
    frr("x", {"asn": 1, **importing("default", "red", "")}, {"asn": 2, "vrf": "red"}),
    filtering("10.0.0.0/24", "10.0.0.0/24"),
    filtering("10.0.0.0/24", "fc00::/64", dualStackAddressFamily=True),
    filtering("10.0.0.0/24", "fc00::/64", address="", interface="eth0"),
    filtering("fc00::/64", address="fc00::1"),
    telling(allowed={"mode": "all", "prefixes": ["nonsense"]}),
    preferring((1, ["10.0.0.0/24"]), (2, ["10.1.0.0/24"])),
    preferring((1, []), (1, ["10.1.0.0/24"])),
    preferring((2**32 - 1, ["10.0.0.0/24"])),
    marking(("1:2", ["10.0.0.0/24"]), ("large:1:2:3", ["10.0.0.0/24", "10.1.0.0/24"])),
    accepting("10.0.0.0/24"),
    accepting("10.0.0.0/24", ge=24, le=24),
    accepting("10.0.0.0/24", le=32),
    accepting("fc00::/64", ge=65),
    session(toReceive={"allowed": {"mode": "all", "prefixes": [{"prefix": "nonsense"}]}}),
    frr(
        "x",
        {"asn": 1, "neighbors": [neighbor(toAdvertise={"allowed": {"prefixes": ["10.9.0.0/24"]}})]}
        | importing("red"),
        {"asn": 2, "vrf": "red", "prefixes": ["10.9.0.0/24"]},
    ),
]


@pytest.mark.parametrize(("rule", "subject", "path", "piece"), DENIED)
def test_denied(rule: str, subject: FRRConfiguration, path: str, piece: str) -> None:
    findings = judge(subject)
    [finding] = by_rule(rule, findings)
    assert finding.severity is Severity.DENY
    assert finding.path == path
    assert piece in finding.message
    assert judge(subject, node("a"), old=subject) == findings


@pytest.mark.parametrize("subject", ACCEPTED)
@pytest.mark.parametrize("backend", list(Backend))
def test_accepted(subject: FRRConfiguration, backend: Backend) -> None:
    assert judge(subject, backend=backend) == ()


@pytest.mark.parametrize(("rule", "subject", "path", "piece"), DENIED)
def test_frr_k8s_looks_at_nothing_that_is_for_no_node(
    rule: str, subject: FRRConfiguration, path: str, piece: str
) -> None:
    spec = subject.spec.model_copy(update={"node_selector": selector(a="b")})
    elsewhere = subject.model_copy(update={"spec": spec})
    findings = judge(elsewhere, node("a", a="c"))
    [warning] = by_rule("frr-node-unmatched", findings)
    assert (warning.path, warning.severity) == ("spec.nodeSelector", Severity.WARN)
    denied = [finding for finding in findings if finding.severity is Severity.DENY]
    # It does read the objects, though, and stumbles over what it cannot read.
    unreadable = rule in {"frr-duration-syntax", "frr-local-pref-range"}
    assert [finding.path for finding in denied] == ([path] if unreadable else [])
    assert all(piece in finding.message for finding in denied)


def test_a_bad_selector_is_denied_whatever_it_is_for() -> None:
    bad = FRRConfiguration.parse(
        {"spec": {"nodeSelector": {"matchExpressions": [{"key": "a", "operator": "Is"}]}}}
    )
    findings = judge(bad, node("a"))
    [finding] = by_rule("frr-selector-syntax", findings)
    assert finding.severity is Severity.DENY
    assert finding.path == "spec.nodeSelector.matchExpressions[0].operator"


def test_what_frr_k8s_ignores_is_warned_of() -> None:
    [finding] = judge(session(disableMP=True))
    assert (finding.rule, finding.severity) == ("frr-disable-mp", Severity.WARN)
    assert finding.path == f"{HERE}.disableMP"


@pytest.mark.parametrize(
    ("old", "new", "warned"),
    [
        (session(), session(enableGracefulRestart=True), True),
        (session(enableGracefulRestart=True), session(), True),
        (session(), session(), False),
        (session(), session(address="192.0.2.9", enableGracefulRestart=True), False),
        (
            session(),
            frr("x", {"asn": 1, "vrf": "red", "neighbors": [neighbor(enableGracefulRestart=True)]}),
            False,
        ),
    ],
)
def test_changing_graceful_restart(
    old: FRRConfiguration,
    new: FRRConfiguration,
    warned: bool,  # noqa: FBT001 - a table's column
) -> None:
    findings = judge(new, old=old)
    assert [(one.rule, one.path, one.severity) for one in findings] == (
        [("frr-graceful-restart", f"{HERE}.enableGracefulRestart", Severity.WARN)] if warned else []
    )


def external(namespace: str) -> MetalLB:
    spec = {"bgpBackend": "frr-k8s-external", "frrk8sConfig": {"namespace": namespace}}
    return MetalLB.parse({"metadata": {"name": "metallb", "namespace": NAMESPACE}, "spec": spec})


@pytest.mark.parametrize(
    ("where", "others", "backend", "place"),
    [
        (NAMESPACE, [], Backend.FRR_K8S, ""),
        ("tenant", [], Backend.FRR_K8S, NAMESPACE),
        ("tenant", [external("tenant")], Backend.FRR_K8S, NAMESPACE),
        ("tenant", [external("tenant")], Backend.FRR_K8S_EXTERNAL, ""),
        (NAMESPACE, [external("tenant")], Backend.FRR_K8S_EXTERNAL, "tenant"),
        # Whoever reads them then is not MetalLB's.
        ("tenant", [], Backend.NATIVE, ""),
        ("tenant", [], Backend.FRR, ""),
    ],
)
def test_an_object_that_frr_k8s_does_not_read_is_warned_of(
    where: str, others: list[MetalLB], backend: Backend, place: str
) -> None:
    found = by_rule("frr-namespace-unread", judge(frr("x", space=where), *others, backend=backend))
    assert [(one.path, one.severity) for one in found] == (
        [("metadata.namespace", Severity.WARN)] if place else []
    )
    assert all(f"Create it in {place!r}" in one.message for one in found)


def test_an_object_elsewhere_is_refused_for_what_is_wrong_in_itself() -> None:
    bad = frr("x", {"asn": 64500, "neighbors": [neighbor(address="bad")]}, space="tenant")
    assert f"{HERE}.address" in {one.path for one in judge(bad) if one.severity is Severity.DENY}


def test_every_problem_is_told() -> None:
    bad = session(address="bad", asn=0, bfdProfile="none", holdTime="1s", keepaliveTime="2s")
    assert sorted(finding.path.removeprefix(HERE) for finding in judge(bad)) == [
        "",
        ".address",
        ".bfdProfile",
        ".holdTime",
        ".keepaliveTime",
    ]


def test_deleting_is_never_refused() -> None:
    assert judge(session(address="bad"), delete=True) == ()

"""What a BFD profile is refused or warned for."""

from collections.abc import Sequence
from typing import Any

import pytest

from metallb_crds.backend import Backend
from metallb_crds.config_v1beta1 import BFDProfile
from metallb_webhooks.index import Object
from metallb_webhooks.rules.base import Severity
from support.judging import by_rule, judge
from support.samples import bgp, labelled, node, peer, pool, profile

ECHO = profile("fast", echoMode=True)
V6 = pool("six", "10.0.0.0/24", "fc00::/64")
USER = peer("r", bfdProfile="fast")


@pytest.mark.parametrize(
    "field",
    ["receiveInterval", "transmitInterval", "detectMultiplier", "echoInterval", "minimumTtl"],
)
def test_numbers_that_metallb_cannot_read(field: str) -> None:
    for value, denied in ((-1, True), (0, False), (2**32 - 1, False), (2**32, True)):
        found = by_rule("bfd-number-readable", judge(profile("fast", **{field: value})))
        assert [(one.path, one.severity) for one in found] == (
            [(f"spec.{field}", Severity.DENY)] if denied else []
        )


@pytest.mark.parametrize("backend", list(Backend))
def test_the_native_backend_has_no_profiles(backend: Backend) -> None:
    found = judge(profile("fast"), backend=backend)
    if backend is Backend.NATIVE:
        [finding] = found
        assert (finding.rule, finding.severity) == ("bfd-native", Severity.DENY)
        assert "Use the backend frr-k8s" in finding.message
    else:
        assert found == ()
    assert judge(profile("fast"), delete=True, backend=backend) == ()


@pytest.mark.parametrize(
    ("others", "piece"),
    [
        ([V6, USER, bgp("all")], "BGPAdvertisement 'all' announces IPAddressPool 'six'"),
        ([V6, USER, bgp("one", peers=["q", "r"])], "BGPPeer 'r' uses the profile"),
        ([V6, pool("four", "10.1.0.0/24"), USER, bgp("one", ipAddressPools=["six"])], "'six'"),
    ],
)
@pytest.mark.parametrize("old", [None, profile("fast")])
def test_echo_where_a_peer_is_told_of_ipv6(
    others: Sequence[Object], piece: str, old: BFDProfile | None
) -> None:
    [finding] = judge(ECHO, *others, old=old)
    assert (finding.rule, finding.severity) == ("bfd-echo-ipv6", Severity.DENY)
    assert finding.path == "spec.echoMode"
    assert piece in finding.message


@pytest.mark.parametrize(
    ("subject", "others"),
    [
        (profile("fast"), [V6, USER, bgp("all")]),
        (ECHO, [V6, peer("r", bfdProfile="other"), bgp("all")]),
        (ECHO, [pool("four", "10.1.0.0/24"), USER, bgp("all")]),
        (ECHO, [V6, USER, bgp("one", peers=["q"])]),
        (ECHO, [V6, USER, bgp("one", ipAddressPools=["four"])]),
        (ECHO, [V6, USER]),
        (
            ECHO,
            [
                V6,
                node("a", zone="1"),
                node("b", zone="2"),
                peer("r", bfdProfile="fast", nodeSelectors=[labelled(zone="1")]),
                bgp("one", nodeSelectors=[labelled(zone="2")]),
            ],
        ),
    ],
)
def test_echo_where_no_peer_is_told_of_ipv6(subject: BFDProfile, others: Sequence[Object]) -> None:
    assert judge(subject, *others) == ()


HOPS: list[tuple[str, dict[str, Any], dict[str, Any], bool]] = [
    ("bfd-echo-multi-hop", {"echoMode": True}, {"ebgpMultiHop": True}, True),
    ("bfd-echo-multi-hop", {"echoMode": True}, {}, False),
    ("bfd-echo-multi-hop", {}, {"ebgpMultiHop": True}, False),
    ("bfd-minimum-ttl", {"minimumTtl": 254}, {}, True),
    ("bfd-minimum-ttl", {"minimumTtl": 254}, {"peerASN": 0, "dynamicASN": "external"}, True),
    ("bfd-minimum-ttl", {"minimumTtl": 254}, {"ebgpMultiHop": True}, False),
    ("bfd-minimum-ttl", {"minimumTtl": 254}, {"peerASN": 64500}, False),
    ("bfd-minimum-ttl", {"minimumTtl": 254}, {"peerASN": 0, "dynamicASN": "internal"}, False),
    ("bfd-minimum-ttl", {"minimumTtl": 254}, {"bfdProfile": "other"}, False),
    ("bfd-minimum-ttl", {}, {}, False),
]


@pytest.mark.parametrize(("rule", "spec", "fields", "warned"), HOPS)
def test_hops(rule: str, spec: dict[str, Any], fields: dict[str, Any], warned: bool) -> None:  # noqa: FBT001 - a table's column
    found = judge(profile("fast", **spec), peer("r", **({"bfdProfile": "fast"} | fields)))
    assert [(one.rule, one.severity) for one in found] == (
        [(rule, Severity.WARN)] if warned else []
    )


@pytest.mark.parametrize("backend", list(Backend))
def test_a_profile_in_use_is_not_deleted(backend: Backend) -> None:
    others = [USER, peer("q", bfdProfile="fast"), peer("s", bfdProfile="other")]
    [finding] = judge(profile("fast"), *others, delete=True, backend=backend)
    assert (finding.rule, finding.severity) == ("bfd-delete-used", Severity.DENY)
    assert "BGPPeer q, r uses the profile" in finding.message


def test_a_profile_that_nobody_uses_is_deleted() -> None:
    assert judge(profile("fast"), peer("s", bfdProfile="other"), delete=True) == ()


def test_a_profile_of_the_same_name_elsewhere_is_deleted() -> None:
    elsewhere = BFDProfile.parse({"metadata": {"name": "fast", "namespace": "default"}})
    assert judge(elsewhere, USER, delete=True) == ()

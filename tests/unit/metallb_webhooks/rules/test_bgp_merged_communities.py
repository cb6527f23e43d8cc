"""Communities of several advertisements that the native backend puts on one route."""

from typing import Any

import pytest

from metallb_crds.backend import Backend
from metallb_crds.config_v1beta1 import BGPAdvertisement
from metallb_webhooks.rules.base import Severity
from support.judging import by_rule, judge
from support.samples import bgp, node, pool

POOLS = (pool("one", "192.0.2.0/24"), pool("two", "198.51.100.0/24"))
NODES = (node("a", zone="1"), node("b", zone="2"))
FIRST = [f"64500:{n}" for n in range(40)]
SECOND = [f"64500:{n}" for n in range(40, 64)]


def adv(name: str, communities: list[str], **spec: Any) -> BGPAdvertisement:  # noqa: ANN401 - whatever JSON holds
    return bgp(name, communities=communities, **spec)


def said(
    subject: BGPAdvertisement, *others: BGPAdvertisement, backend: Backend = Backend.NATIVE
) -> list[str]:
    found = judge(subject, *others, *POOLS, *NODES, backend=backend)
    merged = by_rule("bgp-communities-merged", found)
    assert all((one.severity, one.path) == (Severity.WARN, "spec.communities") for one in merged)
    return [one.message for one in merged]


def test_too_many_together_are_warned_of_once_with_names_and_number() -> None:
    [message] = said(adv("a", FIRST), adv("b", SECOND), adv("c", []))
    assert "BGPAdvertisement 'b'" in message
    assert "there are 64 communities" in message
    assert "at most 63" in message


@pytest.mark.parametrize(
    ("subject", "other"),
    [
        pytest.param(adv("a", FIRST), adv("b", SECOND[:-1]), id="just-as-many-as-fit"),
        pytest.param(adv("a", FIRST), adv("b", FIRST), id="the-same"),
        pytest.param(adv("a", []), adv("b", [*FIRST, *SECOND]), id="none-of-its-own"),
        pytest.param(
            adv("a", FIRST, ipAddressPools=["one"]),
            adv("b", SECOND, ipAddressPools=["two"]),
            id="other-pools",
        ),
        pytest.param(adv("a", FIRST, peers=["p"]), adv("b", SECOND, peers=["q"]), id="other-peers"),
        pytest.param(
            adv("a", FIRST, nodeSelectors=[{"matchLabels": {"zone": "1"}}]),
            adv("b", SECOND, nodeSelectors=[{"matchLabels": {"zone": "2"}}]),
            id="other-nodes",
        ),
        pytest.param(
            adv("a", FIRST, aggregationLength=24), adv("b", SECOND), id="other-aggregation"
        ),
    ],
)
def test_what_does_not_come_together_is_no_trouble(
    subject: BGPAdvertisement, other: BGPAdvertisement
) -> None:
    assert said(subject, other) == []


@pytest.mark.parametrize("backend", [Backend.FRR, Backend.FRR_K8S, Backend.FRR_K8S_EXTERNAL])
def test_frr_keeps_advertisements_apart(backend: Backend) -> None:
    assert said(adv("a", FIRST), adv("b", SECOND), backend=backend) == []

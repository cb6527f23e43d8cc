"""Peers, and what people have written for frr-k8s on the same nodes."""

from typing import Any

import pytest

from metallb_crds.backend import Backend
from metallb_crds.frrk8s_v1beta1 import FRRConfiguration
from metallb_crds.operator_v1beta1 import MetalLB
from metallb_webhooks.index import Object
from metallb_webhooks.rules.base import Severity
from metallb_webhooks.rules.peerfrr import written
from support.judging import by_rule, judge
from support.samples import NAMESPACE, frr, metallb, neighbor, node, peer, selector

NODES = [node("a", zone="1"), node("b", zone="2")]
TIMERS = {"holdTime": "90s", "keepaliveTime": "30s"}


def router(*neighbors: dict[str, Any], **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    return {"asn": 64500, "neighbors": list(neighbors)} | fields


def session(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    """Return a neighbor as a peer of the samples would be written."""
    return neighbor(**({"address": "192.0.2.1", "asn": 64501, "port": 179} | fields))


def paths(
    spec: dict[str, Any],
    *others: Object,
    backend: Backend = Backend.FRR_K8S,
    nodes: list[Object] | None = None,
) -> list[str]:
    around = NODES if nodes is None else nodes
    found = by_rule(
        "peer-frr-disagrees", judge(peer("p", **spec), *others, *around, backend=backend)
    )
    assert all(one.severity is Severity.WARN for one in found)
    return [one.path for one in found]


@pytest.mark.parametrize(
    ("spec", "said", "path"),
    [
        ({}, router(asn=64999), "spec.myASN"),
        ({"routerID": "192.0.2.7"}, router(id="192.0.2.8"), "spec.routerID"),
        ({}, router(session(asn=64999)), "spec.peerASN"),
        ({}, router(session(asn=0, dynamicASN="external")), "spec.peerASN"),
        ({"peerPort": 1179}, router(session()), "spec.peerPort"),
        ({"ebgpMultiHop": True}, router(session()), "spec.ebgpMultiHop"),
        ({"bfdProfile": "fast"}, router(session(bfdProfile="slow")), "spec.bfdProfile"),
        ({}, router(session(dualStackAddressFamily=True)), "spec.dualStackAddressFamily"),
        (
            {"holdTime": "90s"},
            router(session(holdTime="60s", keepaliveTime="30s")),
            "spec.holdTime",
        ),
        (
            {"keepaliveTime": "30s"},
            router(session(holdTime="90s", keepaliveTime="9s")),
            "spec.keepaliveTime",
        ),
        ({"connectTime": "10s"}, router(session()), "spec.connectTime"),
        ({}, router(session(sourceaddress="192.0.2.9")), "spec.peerAddress"),
        ({}, router(session(localASN=64999)), "spec.peerAddress"),
    ],
)
def test_what_is_contradicted_is_warned_of_at_the_peers_field(
    spec: dict[str, Any], said: dict[str, Any], path: str
) -> None:
    assert paths(spec, frr("theirs", said)) == [path]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, router()),
        ({}, router(session())),
        ({"routerID": "192.0.2.7"}, router(session())),
        ({}, router(id="192.0.2.8")),
        ({"password": "one"}, router(session(password="two"))),
        (TIMERS, router(session(**TIMERS))),
        ({"holdTime": "90s"}, router(session(**TIMERS))),
        ({"keepaliveTime": "30s"}, router(session(**TIMERS))),
        ({"bfdProfile": "fast"}, router(session())),
        # Another session, another VRF: nothing is merged.
        ({}, router(session(address="192.0.2.99", asn=64999))),
        ({}, router(session(asn=64999), asn=64999, vrf="red")),
        ({"vrf": "red"}, router(session(asn=64999), asn=64999)),
    ],
)
def test_what_agrees_or_has_nothing_to_do_with_it_is_no_trouble(
    spec: dict[str, Any], said: dict[str, Any]
) -> None:
    assert paths(spec, frr("theirs", said)) == []


def test_an_address_is_written_as_frr_k8s_compares_it() -> None:
    said = router(session(address="2001:db8::1", asn=64999))
    assert paths({"peerAddress": "2001:DB8:0::1"}, frr("theirs", said)) == ["spec.peerASN"]


def test_an_interface_is_an_end_too() -> None:
    said = router(session(address="", interface="eth1", asn=64999))
    assert paths({"peerAddress": "", "interface": "eth1"}, frr("theirs", said)) == ["spec.peerASN"]


OTHER = router(session(asn=64999), asn=64999)


@pytest.mark.parametrize(
    ("spec", "theirs", "meets"),
    [
        ({}, frr("theirs", OTHER), True),
        ({}, frr("theirs", OTHER, zone="2"), True),
        ({"nodeSelectors": [{"matchLabels": {"zone": "1"}}]}, frr("theirs", OTHER), True),
        (
            {"nodeSelectors": [{"matchLabels": {"zone": "1"}}]},
            frr("theirs", OTHER, zone="2"),
            False,
        ),
        ({}, frr("theirs", OTHER, zone="3"), False),
    ],
)
def test_only_what_is_for_the_same_node_matters(
    spec: dict[str, Any], theirs: FRRConfiguration, *, meets: bool
) -> None:
    assert paths(spec, theirs) == (["spec.myASN", "spec.peerASN"] if meets else [])


def test_what_speakers_write_follows_the_peers() -> None:
    host = {"kubernetes.io/hostname": "a"}
    nodes: list[Object] = [node("a", **host)]
    assert paths({}, frr("metallb-a", OTHER, **host), nodes=nodes) == []
    # It is theirs by its name and its one node only.
    assert paths({}, frr("mine", OTHER, **host), nodes=nodes) == ["spec.myASN", "spec.peerASN"]
    assert paths({}, frr("metallb-b", OTHER, **host), nodes=nodes) != []


@pytest.mark.parametrize(
    ("backend", "count"),
    [
        (Backend.NATIVE, 0),
        (Backend.FRR, 0),
        (Backend.FRR_K8S, 2),
        (Backend.FRR_K8S_EXTERNAL, 2),
    ],
)
def test_it_matters_with_frr_k8s(backend: Backend, count: int) -> None:
    assert len(paths({}, frr("theirs", OTHER), backend=backend)) == count


def test_without_nodes_nothing_is_known_to_meet() -> None:
    assert paths({}, frr("theirs", OTHER), nodes=[]) == []


def test_the_message_names_both_sides_and_the_remedy() -> None:
    found = judge(
        peer("p"), frr("theirs", router(session(asn=64999))), *NODES, backend=Backend.FRR_K8S
    )
    [one] = by_rule("peer-frr-disagrees", found)
    assert "'metallb-system/theirs' (spec.bgp.routers[0].neighbors[0].asn)" in one.message
    assert "says 64999 of the asn of neighbor '192.0.2.1' of the default VRF" in one.message
    assert "which is 64501 here" in one.message
    assert "Let the two agree, or keep them on different nodes" in one.message


def test_one_finding_a_field_though_many_contradict() -> None:
    many = [frr(f"theirs-{n}", router(asn=64900 + n)) for n in range(5)]
    assert paths({}, *many) == ["spec.myASN"]


@pytest.mark.parametrize("bad", ["never", "1h1"])
def test_what_is_no_duration_is_left_to_other_rules(bad: str) -> None:
    made = written(peer("p", holdTime=bad))
    assert made.spec.bgp.routers[0].neighbors[0].hold_time == bad


def test_a_selector_is_of_no_interest_to_what_is_written() -> None:
    assert written(peer("p")) == written(
        peer("p", nodeSelectors=[selector(zone="1").model_dump(mode="json", by_alias=True)])
    )


SECRET = {"passwordSecret": {"name": "bgp"}}


def external(namespace: str) -> MetalLB:
    spec = {"bgpBackend": "frr-k8s-external", "frrk8sConfig": {"namespace": namespace}}
    metadata = {"name": "metallb", "namespace": NAMESPACE}
    return MetalLB.parse({"metadata": metadata, "spec": spec})


def copied(spec: dict[str, Any], *others: Object, backend: Backend) -> list[str]:
    found = judge(peer("p", **spec), *others, *NODES, backend=backend)
    return [one.message for one in by_rule("peer-password-copied", found)]


def test_a_password_that_leaves_its_secret_is_warned_of() -> None:
    [said] = copied(SECRET, external("frr-k8s-system"), backend=Backend.FRR_K8S_EXTERNAL)
    assert "password of Secret 'bgp' in clear" in said
    assert "namespace 'frr-k8s-system'" in said


@pytest.mark.parametrize(
    ("spec", "metallb", "backend"),
    [
        (SECRET, external("frr-k8s-system"), Backend.FRR_K8S),
        (SECRET, external(NAMESPACE), Backend.FRR_K8S_EXTERNAL),
        (SECRET, external(""), Backend.FRR_K8S_EXTERNAL),
        ({}, external("frr-k8s-system"), Backend.FRR_K8S_EXTERNAL),
        ({"password": "x"}, external("frr-k8s-system"), Backend.FRR_K8S_EXTERNAL),
    ],
)
def test_a_password_that_stays_where_it_is_is_not(
    spec: dict[str, Any], metallb: MetalLB, backend: Backend
) -> None:
    assert copied(spec, metallb, backend=backend) == []


def test_without_a_metallb_object_nothing_is_known_to_be_copied() -> None:
    assert copied(SECRET, backend=Backend.FRR_K8S_EXTERNAL) == []


@pytest.mark.parametrize(
    ("version", "found"),
    [("0.15.3", ["spec.bfdProfile"]), ("v0.15.3", ["spec.bfdProfile"]), ("0.16.1", []), ("", [])],
)
def test_a_profile_on_one_side_alone_is_refused_by_older_releases(
    version: str, found: list[str]
) -> None:
    other = frr("theirs", router(session()))
    assert paths({"bfdProfile": "fast"}, other, metallb(version=version)) == found

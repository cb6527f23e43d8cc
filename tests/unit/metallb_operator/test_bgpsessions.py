"""Who speaks BGP on a node, what was asked for and what is up, from what is stored."""

from typing import Any

import pytest

from metallb_crds.frrk8s_v1beta1 import BGPSessionState, FRRConfiguration
from metallb_operator.bgpsessions import (
    Peer,
    SpeaksBy,
    established,
    speaks_by,
    told_apart,
    wanted_by_node,
)
from support.rendering import BACKENDS, RELEASES, render

FRR = {"name": "METALLB_BGP_TYPE", "value": "frr"}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_speakers_as_rendered(backend: str, release: str) -> None:
    external = backend == "frr-k8s-external"
    spec = {"frrk8sConfig": {"namespace": "routers"}} if external else {}
    pod = render(spec, backend, release).template("speaker")["spec"]
    expected = SpeaksBy(backend.removesuffix("-external"), "routers" if external else "")
    assert speaks_by(pod) == expected
    kept = told_apart(pod)
    assert speaks_by({"containers": kept}) == expected
    assert told_apart({"containers": kept}) == kept
    assert len(kept) == 1


@pytest.mark.parametrize(
    ("pod", "expected"),
    [
        (None, None),
        ({}, None),
        ({"containers": []}, None),
        ({"containers": [{}]}, SpeaksBy("native")),
        ({"containers": [{"env": [FRR]}, {}]}, SpeaksBy("frr")),
        # As MetalLB's own manifest for frr-k8s-external has it.
        (
            {"containers": [{"env": [{"name": "FRRK8S_NAMESPACE", "value": "routers"}]}]},
            SpeaksBy("native", "routers"),
        ),
    ],
)
def test_speakers_of_others(pod: Any, expected: SpeaksBy | None) -> None:  # noqa: ANN401 - JSON
    assert speaks_by(pod) == expected


def configuration(name: str, *routers: dict[str, Any], node: str = "a") -> FRRConfiguration:
    return FRRConfiguration.parse(
        {
            "metadata": {"name": name, "namespace": "routers"},
            "spec": {
                "bgp": {"routers": list(routers)},
                "nodeSelector": {"matchLabels": {"kubernetes.io/hostname": node}},
            },
        }
    )


def test_what_speakers_ask_for() -> None:
    red = {"asn": 1, "vrf": "red", "neighbors": [{"address": "192.0.2.1"}]}
    plain = {"asn": 1, "neighbors": [{"address": "2001:db8::1"}, {"interface": "eth1"}]}
    found = [
        configuration("metallb-a", red, plain),
        configuration("metallb-b", node="b"),
        configuration("mine", red),
        configuration("metallb-c", red, node="other"),
    ]
    assert wanted_by_node(found, "routers") == {
        "a": {
            Peer("192.0.2.1", "red"),
            Peer("2001-0db8-0000-0000-0000-0000-0000-0001"),
            Peer("eth1"),
        },
        "b": frozenset(),
    }
    assert wanted_by_node(found, "elsewhere") == {}


def test_what_is_up() -> None:
    def state(node: str, peer: str, status: str, vrf: str = "") -> BGPSessionState:
        told = {"node": node, "peer": peer, "vrf": vrf, "bgpStatus": status, "bfdStatus": "N/A"}
        return BGPSessionState.parse({"metadata": {"name": node}, "status": told})

    found = [
        state("a", "192.0.2.1", "Established"),
        state("a", "192.0.2.1", "Active", "red"),
        state("b", "192.0.2.1", "Idle"),
        state("c", "eth1", "Established", "red"),
    ]
    assert established(found) == {"a": {Peer("192.0.2.1")}, "c": {Peer("eth1", "red")}}


def test_peers_in_words() -> None:
    assert str(Peer("192.0.2.1")) == "192.0.2.1"
    assert str(Peer("192.0.2.1", "red")) == "192.0.2.1 in VRF red"

"""From manifests as they are to the state of workloads."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from metallb_kube.objects import Manifest
from metallb_operator.component import Component
from metallb_operator.observation import Observation
from metallb_operator.rollout import HANDOVER_ANNOTATION, components
from metallb_operator.troubles import Kind
from support.observed import (
    NOW,
    daemonset,
    deployment,
    fresh,
    looping,
    node,
    pod,
    running,
    waiting,
    workload,
)
from support.truth import DESIRED, NODES, PODS, world


def state(kind: str, name: str, seen: Observation, *desired: Manifest) -> Component:
    """Return the component of that name."""
    found = components(desired or DESIRED, seen)
    return next(c for c in found if (c.kind, c.name) == (kind, name))


def numbers(found: Component) -> tuple[int, int, int, bool]:
    return found.desired, found.updated, found.ready, found.rolled


def counts(generation: int = 1, observed: int = 1, **status: int) -> dict[str, Any]:
    return {"generation": generation, "status": {"observedGeneration": observed, **status}}


def test_the_order_does_not_depend_on_that_of_manifests() -> None:
    seen = world()
    assert components(DESIRED, seen) == components(reversed(DESIRED), seen)
    assert [c.name for c in components(DESIRED, seen)] == ["controller", "frr-k8s", "speaker"]


def test_only_workloads_are_components() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
    assert components([secret], world()) == ()


def rolled(generation: int, observed: int, *, updated: int, replicas: int) -> Manifest:
    status = counts(generation, observed, updatedReplicas=updated, replicas=replicas)
    return deployment("controller", **status)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ([], (1, 1, 1, True)),
        ([rolled(2, 1, updated=1, replicas=1)], (1, 0, 1, False)),
        ([rolled(2, 2, updated=0, replicas=1)], (1, 0, 1, False)),
        ([rolled(2, 2, updated=1, replicas=2)], (1, 1, 1, False)),
        ([deployment("controller", status={})], (1, 0, 1, False)),
        ([fresh("controller", "n1", running("controller"))], (1, 1, 0, True)),
        ([fresh("controller", "n2", running("controller"))], (1, 1, 1, True)),
        ([pod("controller", "n2")], (1, 1, 1, True)),
    ],
)
def test_deployment(changed: list[Manifest], expected: tuple[int, int, int, bool]) -> None:
    assert numbers(state("Deployment", "controller", world(*changed))) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (counts(desiredNumberScheduled=3, updatedNumberScheduled=3), (3, 3, 3, True)),
        (counts(desiredNumberScheduled=3, updatedNumberScheduled=2), (3, 2, 3, False)),
        (counts(2, 1, desiredNumberScheduled=3, updatedNumberScheduled=3), (3, 0, 3, False)),
        ({"status": {}}, (3, 0, 3, False)),
    ],
)
def test_daemonset(status: dict[str, Any], expected: tuple[int, int, int, bool]) -> None:
    seen = world(daemonset("speaker", **status))
    assert numbers(state("DaemonSet", "speaker", seen)) == expected


def test_a_daemonset_rolled_by_hand_is_never_half_done() -> None:
    hand = daemonset(
        "speaker",
        updateStrategy={"type": "OnDelete"},
        **counts(desiredNumberScheduled=3, updatedNumberScheduled=0),
    )
    assert numbers(state("DaemonSet", "speaker", world(hand))) == (3, 0, 3, True)


def test_a_daemonset_whose_pods_the_operator_replaces_is_under_way() -> None:
    paced = daemonset(
        "speaker",
        updateStrategy={"type": "OnDelete"},
        **counts(desiredNumberScheduled=3, updatedNumberScheduled=1),
    )
    metadata = {**paced["metadata"], "annotations": {HANDOVER_ANNOTATION: "why"}}
    found = state("DaemonSet", "speaker", world({**paced, "metadata": metadata}))
    assert numbers(found) == (3, 1, 3, False)
    assert found.outdated == 0


@pytest.mark.parametrize(
    ("unavailable", "tolerated"),
    [(None, 1), (2, 2), (0, 0), ("34%", 2), ("10%", 1), ("100%", 3)],
)
def test_how_many_may_be_away(unavailable: int | str | None, tolerated: int) -> None:
    strategy = {"rollingUpdate": {"maxUnavailable": unavailable}}
    seen = world(daemonset("speaker", updateStrategy=strategy))
    assert state("DaemonSet", "speaker", seen).tolerated == tolerated


def test_nodes_are_named_by_what_is_the_matter_with_them() -> None:
    nodes = [
        node("n1"),
        node("n2"),
        node("n3", ready=False),
        node("n4", taints=["gpu:NoSchedule"]),
    ]
    seen = world(pod("speaker", "n2", running("speaker"), ready=False, since=60), nodes=nodes)
    found = state("DaemonSet", "speaker", seen)
    assert (found.desired, found.ready, found.unready) == (3, 1, 1)
    assert (found.waiting, found.lost) == (("n2",), ("n3",))
    assert found.left_out == {"n4": "gpu:NoSchedule"}
    assert found.message == (
        "ready on 1 of 3 nodes, not on n2; NotReady: n3; pod speaker-n2 on n2, container speaker: "
        "it runs, but its readiness probe does not succeed; its log may say why; "
        "left out for their taints: n4 (gpu:NoSchedule)"
    )


@pytest.mark.parametrize(
    "stray",
    [
        looping("speaker"),
        waiting("speaker", "ErrImagePull", "not found"),
    ],
)
def test_pods_on_nodes_that_are_not_meant_are_no_trouble(stray: dict[str, Any]) -> None:
    nodes = [*NODES, node("n4", taints=["gpu:NoSchedule"]), node("n5", ready=False)]
    seen = world(fresh("speaker", "n4", stray), fresh("speaker", "n5", stray), nodes=nodes)
    assert state("DaemonSet", "speaker", seen).troubles == ()


def test_pods_of_a_former_incarnation_do_not_count() -> None:
    remade = daemonset("speaker")
    remade["metadata"]["uid"] = "another"
    found = state("DaemonSet", "speaker", world(remade))
    assert (found.ready, found.waiting) == (0, ("n1", "n2", "n3"))


@pytest.mark.parametrize(
    ("changed", "starting"),
    [
        ([], 0),
        ([fresh("speaker", "n1")], 1),
        ([fresh("speaker", "n1"), pod("speaker", "n2", ready=False, since=60)], 1),
    ],
)
def test_starting(changed: list[Manifest], starting: int) -> None:
    assert state("DaemonSet", "speaker", world(*changed)).starting == starting


def test_a_node_without_a_pod_is_starting() -> None:
    assert state("DaemonSet", "speaker", world(without=["speaker-n1"])).starting == 1


@pytest.mark.parametrize(
    ("changed", "seconds"),
    [
        ([], 86400 - 60),
        ([pod("speaker", "n1", since=7)], 7),
        ([daemonset("speaker", age=5)], 5),
    ],
)
def test_when_it_came_nearer_last(changed: list[Manifest], seconds: float) -> None:
    found = state("DaemonSet", "speaker", world(*changed))
    assert found.progressed == NOW - timedelta(seconds=seconds)


def test_a_pull_secret_that_is_there_is_not_blamed() -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "regcred", "namespace": "metallb-system"},
    }
    pulling = fresh("controller", "n1", waiting("controller", "ErrImagePull", "not found"))
    named = deployment("controller", pod={"imagePullSecrets": [{"name": "regcred"}]})
    (trouble,) = state("Deployment", "controller", world(named, pulling, secret)).troubles
    assert trouble.kind is Kind.IMAGE
    assert "regcred" not in trouble.message


def test_the_image_is_the_declared_one() -> None:
    wanted = workload("DaemonSet", "speaker")
    found = state("DaemonSet", "speaker", world(), wanted)
    assert found.image == "quay.io/metallb/speaker:v0.16.1"


def test_a_thousand_nodes_are_one_short_sentence() -> None:
    names = [f"w{number:04}" for number in range(1000)]
    seen = world(
        daemonset("speaker", nodes=1000),
        *(fresh("speaker", name, looping("speaker")) for name in names),
        nodes=[node(name) for name in names],
    )
    found = state("DaemonSet", "speaker", seen)
    assert found.ready == 0
    assert len(found.message) < 500
    assert "and 995 more" in found.message


@pytest.mark.parametrize(
    ("component", "properties"),
    [
        (Component("c", "Deployment", 1, ready=1, rolled=True), "serves settled"),
        (Component("c", "Deployment", 1, ready=1), "serves moves"),
        (Component("c", "Deployment", 1, rolled=True), "moves"),
        (Component("c", "Deployment", 1, present=False), ""),
        (Component("c", "Deployment", 0, rolled=True), ""),
        (Component("s", "DaemonSet", 0, rolled=True), "nowhere"),
        (Component("s", "DaemonSet", 3, ready=2, rolled=True, lost=("a",)), "serves settled"),
        (Component("s", "DaemonSet", 1, ready=0, rolled=True, lost=("a",)), ""),
        (
            Component("s", "DaemonSet", 3, ready=2, rolled=True, starting=1, tolerated=1),
            "moves nearly_serves",
        ),
        (Component("s", "DaemonSet", 3, ready=2, rolled=True, tolerated=1), "moves"),
        (Component("s", "DaemonSet", 3, ready=1, rolled=True, starting=2, tolerated=1), "moves"),
        (Component("s", "DaemonSet", 1, ready=0, rolled=True, starting=1, tolerated=1), "moves"),
    ],
)
def test_properties(component: Component, properties: str) -> None:
    names = ("serves", "nowhere", "moves", "settled")
    found = {name for name in names if getattr(component, name)}
    if component.nearly_serves and not component.serves:
        found.add("nearly_serves")
    assert found == set(properties.split())


def test_pods_are_counted_as_often_as_there_are_replicas() -> None:
    more = replace(world(), pods=(*PODS, pod("controller", "n2")))
    assert state("Deployment", "controller", more).ready == 1

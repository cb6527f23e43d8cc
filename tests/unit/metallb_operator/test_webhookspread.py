"""When a replica of the webhooks moves: one row a state of pods, nodes and Deployment."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from metallb_kube.objects import ref_of
from metallb_operator.fields import name_of, time_text
from metallb_operator.observation import Observation
from metallb_operator.packaging.workloads import webhooks
from metallb_operator.webhookspread import to_move

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def ready(seconds: int = 300, status: str = "True") -> dict[str, Any]:
    since = time_text(NOW - timedelta(seconds=seconds))
    return {"conditions": [{"type": "Ready", "status": status, "lastTransitionTime": since}]}


def pod(name: str, node: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    return {
        "metadata": {
            "name": name,
            "labels": {"app.kubernetes.io/name": "metallb-webhooks"},
            "creationTimestamp": f"2026-01-01T0{name[-1]}:00:00Z",
            **more.pop("metadata", {}),
        },
        "spec": {"nodeName": node},
        "status": more.pop("status", ready()),
    }


def node(name: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/os": "linux"}},
        "spec": more.pop("spec", {}),
        "status": more.pop("status", ready()),
    }


def deployment(**status: int) -> dict[str, Any]:
    counts = {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2}
    made = webhooks()
    return {
        **made,
        "metadata": {**made["metadata"], "generation": 1},
        "status": {**counts, **status},
    }


TOGETHER = (pod("w-1", "n1"), pod("w-2", "n1"))
LEAVING = {"deletionTimestamp": "2026-01-01T12:00:30Z"}
CORDON = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
TWO = (node("n1"), node("n2"))


def moved(
    pods: tuple[dict[str, Any], ...] = TOGETHER,
    nodes: tuple[dict[str, Any], ...] = TWO,
    found: dict[str, Any] | None = None,
) -> str:
    found = found or deployment()
    pod = to_move(Observation({ref_of(found): found}, pods, nodes), "metallb-system", NOW)
    return name_of(pod) if pod else ""


def test_the_youngest_of_those_that_share_a_node_moves() -> None:
    assert moved() == "w-2"
    assert moved(tuple(reversed(TOGETHER))) == "w-2"


@pytest.mark.parametrize(
    "pods",
    [
        (pod("w-1", "n1"), pod("w-2", "n2")),
        (pod("w-1", "n1"),),
        (pod("w-1", "n1"), pod("w-2", "n1", status=ready(status="False"))),
        (pod("w-1", "n1"), pod("w-2", "n1", status=ready(30))),
        (pod("w-1", "n1"), pod("w-2", "n1", metadata=LEAVING)),
        (*TOGETHER, pod("w-3", "n1")),
        (*TOGETHER, pod("w-3", "")),
        (),
    ],
    ids=["apart", "one", "not ready", "just ready", "leaving", "rolling", "pending", "none"],
)
def test_nothing_moves_by_the_pods(pods: tuple[dict[str, Any], ...]) -> None:
    assert moved(pods) == ""


@pytest.mark.parametrize(
    ("other", "moves"),
    [
        (node("n2"), True),
        (node("n1"), False),
        (node("n2", status=ready(status="Unknown")), False),
        (node("n2", status=ready(30)), False),
        (node("n2", spec={"unschedulable": True}), False),
        (node("n2", spec={"taints": [CORDON]}), False),
        (node("n2", spec={"taints": [{"key": "gpu", "effect": "NoSchedule"}]}), False),
        (node("n2", spec={"taints": [{"key": "gpu", "effect": "PreferNoSchedule"}]}), True),
        ({**node("n2"), "metadata": {"name": "n2", "labels": {"kubernetes.io/os": "win"}}}, False),
    ],
)
def test_there_must_be_another_node(other: dict[str, Any], *, moves: bool) -> None:
    assert bool(moved(nodes=(node("n1"), other))) is moves


@pytest.mark.parametrize(
    "status",
    [{"updatedReplicas": 1}, {"readyReplicas": 1}, {"replicas": 3}, {"observedGeneration": 0}],
)
def test_a_rollout_is_waited_for(status: dict[str, int]) -> None:
    assert moved(found=deployment(**status)) == ""


def test_a_pod_that_has_failed_is_history() -> None:
    failed = {**pod("w-3", "n2"), "status": {"phase": "Failed"}}
    assert moved((*TOGETHER, failed)) == "w-2"


def test_without_their_deployment_nothing_moves() -> None:
    assert to_move(Observation({}, TOGETHER, TWO), "metallb-system", NOW) is None

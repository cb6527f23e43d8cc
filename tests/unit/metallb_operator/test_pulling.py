"""How far the pulling of images is, and what is said of it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from metallb_kube.objects import Manifest
from metallb_operator.prepull import NAME
from metallb_operator.pulling import awaited, pulling
from metallb_operator.troubles import Kind
from support.observed import (
    NOW,
    ago,
    end,
    node,
    observation,
    terminated,
    waiting,
    warning,
    workload,
)
from support.observed import pod as pod_of
from support.observed import running as runs

FIRST, SECOND = "image-1", "image-2"
CONTAINERS = [{"name": name, "image": f"example.test/{name}"} for name in (FIRST, SECOND)]
MADE = workload("DaemonSet", NAME, pod={"containers": CONTAINERS}, age=900)
NODES = (node("n1"), node("n2"), node("dead", ready=False))
FAILED = end(128, "StartError")


def on(where: str, *statuses: Mapping[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401 - as `pod`
    """Return a pod of the DaemonSet."""
    return pod_of(NAME, where, *statuses, **({"ready": False} | more))


def done(where: str) -> dict[str, Any]:
    return on(where, runs(FIRST), runs(SECOND))


def told(
    *pods: Manifest, stored: Manifest | None = MADE, warnings: tuple[Manifest, ...] = ()
) -> str:
    objects = [stored] if stored else []
    seen = observation(*objects, nodes=NODES, pods=pods, warnings=warnings)
    return awaited(pulling([MADE], seen))


PULLED = {
    "running": runs,
    "ended": lambda name: terminated(name, FAILED),
    "not started": lambda name: waiting(name, "RunContainerError"),
    "not created": lambda name: waiting(name, "CreateContainerError"),
    "in a loop": lambda name: waiting(name, "CrashLoopBackOff", restarts=2, ended=FAILED),
}
MISSING = {
    "being created": lambda name: waiting(name, "ContainerCreating"),
    "not pulled": lambda name: waiting(name, "ErrImagePull", "no such manifest"),
    "not pulled again": lambda name: waiting(name, "ImagePullBackOff", "Back-off"),
    "no name": lambda name: waiting(name, "InvalidImageName"),
    "not heard of": lambda name: {"name": name, "state": {}},
}


@pytest.mark.parametrize("state", PULLED.values(), ids=PULLED)
def test_who_could_be_started_or_not_has_the_image(state: Any) -> None:  # noqa: ANN401 - a maker of statuses
    assert told(*(on(where, state(FIRST), state(SECOND)) for where in ("n1", "n2"))) == ""


@pytest.mark.parametrize("state", MISSING.values(), ids=MISSING)
def test_one_image_that_is_missing_is_waited_for(state: Any) -> None:  # noqa: ANN401 - a maker of statuses
    said = told(done("n1"), on("n2", runs(FIRST), state(SECOND)))
    assert said.startswith("images are on 1 of 2 nodes, not on n2")


@pytest.mark.parametrize(
    ("pods", "stored"),
    [
        pytest.param([], None, id="not-made-yet"),
        pytest.param([], MADE, id="no-pod-yet"),
        pytest.param([on("n1"), on("n2")], MADE, id="not-taken-yet"),
        pytest.param(
            [on("n1", runs("image-old")), on("n2", runs("image-old"))], MADE, id="of-old-images"
        ),
        pytest.param([done("n1")], None, id="pods-of-nobody"),
    ],
)
def test_every_node_is_waited_for(pods: list[Manifest], stored: Manifest | None) -> None:
    assert told(*pods, stored=stored) == "images are on 0 of 2 nodes, not on n1, n2"


def test_where_nothing_is_to_be_pulled_nothing_is_waited_for() -> None:
    nothing = pulling([workload("DaemonSet", "speaker")], observation(nodes=NODES))
    assert nothing is None
    assert awaited(nothing) == ""


UNSCHEDULED = {
    "type": "PodScheduled",
    "status": "False",
    "message": "0/3 nodes are available: 1 Too many pods",
    "lastTransitionTime": ago(60),
}


@pytest.mark.parametrize(
    ("pods", "warnings", "said"),
    [
        pytest.param(
            [on("n2", waiting(FIRST, "ErrImagePull", "manifest unknown"), runs(SECOND))],
            (),
            "cannot be pulled: it does not exist",
            id="no-such-image",
        ),
        pytest.param(
            [done("n1")],
            (warning("DaemonSet", NAME, "FailedCreate", "Error creating: exceeded quota: q"),),
            "its pods are refused",
            id="refused",
        ),
        pytest.param(
            [done("n1"), on("", started=False, conditions=[UNSCHEDULED])],
            (),
            "Too many pods",
            id="no-place",
        ),
        pytest.param(
            [on("n2", phase="Failed", reason="Evicted", message="The node was low on disk")],
            (),
            "a pod on n2: Evicted: The node was low on disk",
            id="evicted",
        ),
        pytest.param(
            [on("n2", waiting(FIRST, "ErrImagePull"), waiting(SECOND, "CrashLoopBackOff"))],
            (),
            "image-1:v0.16.1 cannot be pulled",
            id="what-is-intended-is-not-told",
        ),
    ],
)
def test_what_holds_it_up_is_told(
    pods: list[Manifest], warnings: tuple[Manifest, ...], said: str
) -> None:
    text = told(*pods, warnings=warnings)
    assert text.startswith("images are on ")
    assert said in text


@pytest.mark.parametrize(
    "pods",
    [
        pytest.param([on("n1", runs(FIRST), waiting(SECOND, "CreateContainerError"))], id="pulled"),
        pytest.param([on("n1", waiting(FIRST, "ErrImagePull"), runs(SECOND))], id="not-pulled"),
        pytest.param([on("dead", waiting(FIRST, "ErrImagePull"), runs(SECOND))], id="elsewhere"),
    ],
)
def test_pods_that_fail_as_they_shall_are_no_trouble(pods: list[Manifest]) -> None:
    found = pulling([MADE], observation(MADE, nodes=NODES, pods=pods))
    assert found is not None
    assert {trouble.kind for trouble in found.troubles} <= {Kind.IMAGE}
    assert all(" on n1" in trouble.where for trouble in found.troubles)


def ended(name: str, restarts: int, since: float) -> dict[str, Any]:
    return waiting(
        name, "CrashLoopBackOff", restarts=restarts, ended=end(128, "StartError", since=since)
    )


@pytest.mark.parametrize(
    ("pods", "seconds"),
    [
        pytest.param([], 900, id="when-pulling-began"),
        pytest.param([on("n1", waiting(FIRST, "ContainerCreating"))], 900, id="none-yet"),
        pytest.param([on("n1", runs(FIRST, since=7))], 7, id="running"),
        pytest.param([on("n1", terminated(FIRST, end(since=3)))], 3, id="ended"),
        pytest.param([on("n1", waiting(FIRST, "CreateContainerError"))], 900, id="no-time"),
        pytest.param([on("n1", ended(FIRST, 0, 4))], 4, id="ended-once"),
        pytest.param([on("n1", ended(FIRST, 1, 4))], 14, id="ended-twice"),
        pytest.param([on("n1", ended(FIRST, 5, 4))], 314, id="ended-often"),
        pytest.param([on("n1", ended(FIRST, 6, 4))], 614, id="ended-more-often"),
        pytest.param([on("n1", ended(FIRST, 60, 4))], 900, id="long-ago"),
        pytest.param(
            [on("n1", ended(FIRST, 5, 4)), on("n2", runs(FIRST, since=50))], 50, id="the-latest"
        ),
    ],
)
def test_each_image_that_is_there_is_progress_once(pods: list[Manifest], seconds: float) -> None:
    found = pulling([MADE], observation(MADE, nodes=NODES, pods=pods))
    assert found is not None
    assert found.progressed == NOW - timedelta(seconds=seconds)

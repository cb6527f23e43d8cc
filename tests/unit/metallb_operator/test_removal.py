"""What is deleted when, and what is waited for."""

from typing import Any

import pytest

from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_operator.applyset import PART_OF_LABEL
from metallb_operator.observation import Observation
from metallb_operator.removal import next_step

MINE = "applyset-x-v1"
KINDS = {
    "speaker": ("apps/v1", "DaemonSet"),
    "controller": ("apps/v1", "Deployment"),
    "frr-k8s": ("apps/v1", "DaemonSet"),
    "statuscleaner": ("apps/v1", "Deployment"),
    "metallb-excludel2": ("v1", "ConfigMap"),
    "metallb-memberlist": ("v1", "Secret"),
}


def member(name: str, **metadata: Any) -> Manifest:  # noqa: ANN401 - whatever JSON holds
    api_version, kind = KINDS[name]
    labels = {PART_OF_LABEL: MINE}
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, "namespace": "ns", "uid": f"uid-{name}", "labels": labels}
        | metadata,
    }


def pod(component: str, node: str = "n1", app: str = "metallb") -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{component}-x",
            "namespace": "ns",
            "labels": {"app": app, "component": component},
        },
        "spec": {"nodeName": node} if node else {},
    }


def node(name: str, ready: str = "True") -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


def seen(*objects: Manifest) -> Observation:
    kept: dict[ObjectRef, Manifest] = {
        ref_of(one): one for one in objects if one["kind"] not in {"Pod", "Node"}
    }
    pods = tuple(one for one in objects if one["kind"] == "Pod")
    nodes = tuple(one for one in objects if one["kind"] == "Node")
    return Observation(kept, pods, nodes or (node("n1"),))


ALL = tuple(member(name) for name in KINDS)
GOING = {"deletionTimestamp": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("objects", "deleted", "waited"),
    [
        pytest.param(ALL, ["speaker"], ["DaemonSet ns/speaker"], id="speakers-first"),
        pytest.param(
            [*ALL[1:], pod("speaker")], [], ["Pod speaker-x on n1"], id="until-their-pods-are-gone"
        ),
        pytest.param(
            [member("speaker", **GOING), *ALL[1:]],
            [],
            ["DaemonSet ns/speaker"],
            id="what-is-going-is-not-deleted-twice",
        ),
        pytest.param(ALL[1:], ["controller"], ["Deployment ns/controller"], id="then-allocation"),
        pytest.param(
            ALL[2:],
            ["frr-k8s"],
            ["DaemonSet ns/frr-k8s"],
            id="then-who-spoke-for-speakers",
        ),
        pytest.param(
            [*ALL[3:], pod("frr-k8s")],
            [],
            ["Pod frr-k8s-x on n1"],
            id="until-nobody-speaks",
        ),
        pytest.param(
            ALL[3:],
            ["statuscleaner"],
            ["Deployment ns/statuscleaner"],
            id="then-who-cleans-up-behind-it",
        ),
        pytest.param(
            ALL[4:],
            ["metallb-excludel2", "metallb-memberlist"],
            ["ConfigMap ns/metallb-excludel2", "Secret ns/metallb-memberlist"],
            id="then-the-rest",
        ),
        pytest.param(
            [*ALL[1:], pod("speaker", "n2"), node("n1"), node("n2", "Unknown")],
            ["controller"],
            ["Deployment ns/controller"],
            id="a-dead-node-cannot-tell-of-its-pods",
        ),
        pytest.param(
            [*ALL[1:], pod("speaker", app="other")],
            ["controller"],
            ["Deployment ns/controller"],
            id="pods-of-somebody-else",
        ),
        pytest.param([pod("controller", "")], [], ["Pod controller-x"], id="a-pod-without-a-node"),
        pytest.param([], [], [], id="nothing-is-left"),
    ],
)
def test_one_step_at_a_time(objects: list[Manifest], deleted: list[str], waited: list[str]) -> None:
    step = next_step(seen(*objects), MINE)
    assert [delete.ref.name for delete in step.deletes] == deleted
    assert list(step.waiting) == waited
    assert step.is_done == (not objects)


def test_what_is_not_ours_is_never_touched() -> None:
    foreign = member("speaker", labels={PART_OF_LABEL: "applyset-y-v1"})
    assert next_step(seen(foreign), MINE).is_done
    assert next_step(seen(foreign), MINE, hurried=True).is_done


def test_when_the_time_is_up_everything_is_deleted_at_once() -> None:
    step = next_step(seen(*ALL, pod("speaker")), MINE, hurried=True)
    assert step.deletes[0].ref.name == "speaker"
    assert {delete.uid for delete in step.deletes} == {f"uid-{name}" for name in KINDS}
    assert "Pod speaker-x on n1" in step.left


def test_only_the_incarnation_that_was_seen_is_deleted() -> None:
    [delete] = next_step(seen(member("speaker", uid="this-one")), MINE).deletes
    assert delete.uid == "this-one"

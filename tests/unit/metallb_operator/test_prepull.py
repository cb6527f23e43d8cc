"""Images are on the nodes before anything is replaced."""

from collections.abc import Mapping
from typing import Any

import pytest

from metallb_kube.objects import Manifest, ref_of
from metallb_operator.prepull import NAME, puller, unpulled
from support.observed import daemonset, deployment, end, node, observation, pod, terminated, uid
from support.observed import running as runs
from support.observed import waiting as waits

OLD, NEW = "example.test/speaker:v1", "example.test/speaker:v2"


def of(kind: str, name: str, *images: str, **template: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    """Return a workload of these images."""
    made = (deployment if kind == "Deployment" else daemonset)(name)
    containers = [{"name": f"c{n}", "image": image} for n, image in enumerate(images)]
    made["spec"]["template"]["spec"] = {"containers": containers, **template}
    return made


def speaker(*images: str, **template: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    return of("DaemonSet", "speaker", *images, **template)


def controller(*images: str) -> dict[str, Any]:
    return of("Deployment", "controller", *images)


def made_of(wanted: list[Manifest], there: list[Manifest]) -> Manifest | None:
    return puller(wanted, {ref_of(one): one for one in there})


def images_of(made: Manifest) -> list[str]:
    return [one["image"] for one in made["spec"]["template"]["spec"]["containers"]]


@pytest.mark.parametrize(
    ("wanted", "there", "pulled"),
    [
        pytest.param([speaker(NEW)], [speaker(OLD)], [NEW], id="another-image"),
        pytest.param([speaker(OLD)], [speaker(OLD)], None, id="the-same-image"),
        pytest.param([speaker(NEW)], [], None, id="a-first-installation"),
        pytest.param([controller(NEW)], [controller(OLD)], None, id="no-speaker"),
        pytest.param(
            [controller("c:2"), speaker("s:2")],
            [controller("c:1"), speaker("s:1")],
            ["c:2", "s:2"],
            id="a-release",
        ),
        pytest.param(
            [controller("c:2"), speaker("s:2")],
            [controller("c:2"), speaker("s:1")],
            ["c:2", "s:2"],
            id="it-stays-the-same-while-workloads-change",
        ),
        pytest.param(
            [speaker(OLD), of("DaemonSet", "frr-k8s", "frr:1")],
            [speaker(OLD)],
            ["frr:1", OLD],
            id="a-workload-more",
        ),
        pytest.param([speaker(OLD, OLD, "x:1")], [speaker(OLD)], [OLD, "x:1"], id="each-once"),
        pytest.param(
            [speaker(OLD, initContainers=[{"image": "init:1"}])],
            [speaker(OLD)],
            [OLD, "init:1"],
            id="of-init-containers-too",
        ),
        pytest.param([speaker(OLD)], [speaker(OLD, NEW)], None, id="an-image-less"),
    ],
)
def test_images_that_no_workload_has_yet_are_pulled(
    wanted: list[Manifest], there: list[Manifest], pulled: list[str] | None
) -> None:
    made = made_of(wanted, there)
    assert (images_of(made) if made else None) == (sorted(pulled) if pulled else None)


PLACED: Mapping[str, Any] = {
    "nodeSelector": {"edge": "yes"},
    "tolerations": [{"key": "edge", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "imagePullSecrets": [{"name": "registry"}],
    "priorityClassName": "system-node-critical",
}


def test_it_runs_where_speakers_do_and_may_do_nothing() -> None:
    made = made_of([speaker(NEW, hostNetwork=True, **PLACED)], [speaker(OLD)])
    assert made is not None
    found = made["spec"]["template"]["spec"]
    assert PLACED.items() <= found.items()
    assert "hostNetwork" not in found
    assert found["automountServiceAccountToken"] is False
    assert found["securityContext"]["runAsNonRoot"] is True
    [container] = found["containers"]
    assert container["command"] == ["/metallb-image-prepull"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False


def test_selectors_fit_their_pods_and_nobody_elses() -> None:
    made = made_of([speaker(NEW)], [speaker(OLD)])
    assert made is not None
    labels = made["spec"]["template"]["metadata"]["labels"]
    assert made["spec"]["selector"]["matchLabels"] == labels
    assert labels["component"] not in {"speaker", "controller", "frr-k8s"}


IMAGES = ("c:2", "s:2")
MADE = made_of(
    [controller("c:2"), speaker("s:2")], [controller("c:1"), speaker("s:1")]
) or pytest.fail("there is nothing to pull")
FIRST, SECOND = (one["name"] for one in MADE["spec"]["template"]["spec"]["containers"])
STORED = {**MADE, "metadata": {**MADE["metadata"], "uid": uid(NAME)}}
NODES = (node("n1"), node("n2"), node("dead", ready=False))


def on(where: str, *statuses: Mapping[str, Any]) -> dict[str, Any]:
    """Return a pod of the DaemonSet."""
    found = pod(NAME, where, *statuses, ready=False)
    found["metadata"]["labels"] = dict(MADE["metadata"]["labels"])
    return found


def seen(*pods: Manifest, stored: Manifest | None = STORED) -> str:
    objects = [stored] if stored else []
    return unpulled([MADE], observation(*objects, nodes=NODES, pods=pods))


FAILED = end(128, "StartError")
PULLED = {
    "running": runs,
    "ended": lambda name: terminated(name, FAILED),
    "not started": lambda name: waits(name, "RunContainerError"),
    "not created": lambda name: waits(name, "CreateContainerError"),
    "in a loop": lambda name: waits(name, "CrashLoopBackOff", restarts=2, ended=FAILED),
}
MISSING = {
    "being created": lambda name: waits(name, "ContainerCreating"),
    "not pulled": lambda name: waits(name, "ErrImagePull", "no such manifest"),
    "not pulled again": lambda name: waits(name, "ImagePullBackOff", "Back-off"),
    "no name": lambda name: waits(name, "InvalidImageName"),
    "not heard of": lambda name: {"name": name, "state": {}},
}


@pytest.mark.parametrize("state", PULLED.values(), ids=PULLED)
def test_who_could_be_started_or_not_has_the_image(state: Any) -> None:  # noqa: ANN401 - a maker of statuses
    pods = [on(where, state(FIRST), state(SECOND)) for where in ("n1", "n2")]
    assert seen(*pods) == ""


@pytest.mark.parametrize("state", MISSING.values(), ids=MISSING)
def test_one_image_that_is_missing_is_waited_for(state: Any) -> None:  # noqa: ANN401 - a maker of statuses
    done = on("n1", runs(FIRST), runs(SECOND))
    said = seen(done, on("n2", runs(FIRST), state(SECOND)))
    assert said.startswith("images are on 1 of 2 nodes, not on n2")


def test_an_image_that_cannot_be_had_is_named() -> None:
    said = seen(on("n2", waits(FIRST, "ErrImagePull", "manifest unknown"), runs(SECOND)))
    assert "not on n1, n2; pod" in said
    assert "cannot be pulled: it does not exist" in said


@pytest.mark.parametrize(
    ("pods", "stored"),
    [
        pytest.param([], None, id="not-made-yet"),
        pytest.param([], STORED, id="no-pod-yet"),
        pytest.param([on("n1"), on("n2")], STORED, id="not-taken-yet"),
        pytest.param(
            [on("n1", runs("image-old")), on("n2", runs("image-old"))], STORED, id="of-old-images"
        ),
        pytest.param([on("n1", runs(FIRST), runs(SECOND))], None, id="pods-of-nobody"),
    ],
)
def test_every_node_is_waited_for(pods: list[Manifest], stored: Manifest | None) -> None:
    assert seen(*pods, stored=stored) == "images are on 0 of 2 nodes, not on n1, n2"


def test_where_nothing_is_to_be_pulled_nothing_is_waited_for() -> None:
    assert unpulled([speaker(NEW)], observation(nodes=NODES)) == ""

"""Images are on the nodes before anything is replaced."""

from collections.abc import Mapping
from typing import Any

import pytest

from metallb_kube.objects import Manifest, ref_of
from metallb_operator.prepull import puller
from support.observed import daemonset, deployment

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
    "serviceAccountName": "speaker",
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

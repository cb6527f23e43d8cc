"""Installations of MetalLB by others, from the fields that tell them apart."""

from collections.abc import Mapping
from typing import Any, Final

from metallb_kube.objects import ref_of
from metallb_operator.installations import adoption
from metallb_operator.situation import Problem
from metallb_operator.workload import Workload, workload_of
from support.samples import NAMESPACE

CHART: Final = "metallb"
_READY: Final[Mapping[str, Mapping[str, int]]] = {
    "controller": {"readyReplicas": 1},
    # Those that a DaemonSet's status must have.
    "speaker": {
        "currentNumberScheduled": 3,
        "desiredNumberScheduled": 3,
        "numberMisscheduled": 0,
        "numberReady": 3,
    },
}


def by_chart(
    part: str,
    *,
    namespace: str = NAMESPACE,
    release: str = "metallb",
    arguments: tuple[str, ...] = (),
    environment: Mapping[str, str] | None = None,
    **spec: Any,  # noqa: ANN401 - whatever JSON holds
) -> dict[str, Any]:
    """Return the controller or speaker as MetalLB's Helm chart names and labels it."""
    labels = {
        "app.kubernetes.io/name": CHART,
        "app.kubernetes.io/instance": release,
        "app.kubernetes.io/component": part,
    }
    container = {
        "name": part,
        "image": f"quay.io/metallb/{part}:v0.15.3",
        "args": list(arguments),
        "env": [{"name": name, "value": value} for name, value in (environment or {}).items()],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment" if part == "controller" else "DaemonSet",
        "metadata": {
            "name": f"{release}-{part}",
            "namespace": namespace,
            "uid": f"uid-of-{part}",
            "labels": {"app.kubernetes.io/managed-by": "Helm", **labels},
        },
        "spec": {
            **({"replicas": 1} if part == "controller" else {}),
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            **spec,
        },
        "status": _READY[part],
    }


def by_manifests(part: str, **environment: str) -> dict[str, Any]:
    """Return it as MetalLB's manifests have it: under the names that are ours, too."""
    found = by_chart(part, environment=environment)
    found["metadata"]["name"] = part
    found["metadata"]["labels"] = {"app": "metallb", "component": part}
    return found


def other_operator() -> Workload:
    """Return the operator of MetalLB's own project."""
    found = by_chart("controller")
    found["metadata"]["name"] = "metallb-operator-controller-manager"
    return workload_of(found)


def beside_another() -> Problem:
    """Return what keeps ours from being installed beside what the chart has installed."""
    theirs = by_chart("controller")
    found = adoption({}, {ref_of(theirs): theirs}, (), (), namespace=NAMESPACE)
    if found.problem is None:
        raise AssertionError("another controller holds nothing")
    return found.problem

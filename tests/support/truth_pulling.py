"""Rows of the truth table: images that are pulled before anything is replaced."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from metallb_kube.objects import Manifest
from metallb_operator.prepull import NAME
from metallb_operator.pulling import awaited, pulling
from support.observed import (
    ago,
    deployment,
    fresh,
    observation,
    pod,
    running,
    waiting,
    warning,
    workload,
)
from support.truth import FINE, NODES, QUIET, ROLLING, WORKERS, Row, rolling, world

IMAGE: Final = {"name": "new", "image": "example.test/speaker:v2"}
LATE: Final = 700.0


def pulled(
    *pods: Manifest, age: float = 30, warnings: Sequence[Manifest] = ()
) -> Mapping[str, Any]:
    """Return what a situation holds while images are pulled.

    Args:
        pods: of what pulls.
        age: for how many seconds it has been there.
        warnings: Events.
    """
    made = workload("DaemonSet", NAME, pod={"containers": [IMAGE]}, age=age)
    found = pulling([made], observation(made, nodes=NODES, pods=pods, warnings=warnings))
    return {
        "pulling": found,
        "upgrading": "0.15.3 -> 0.16.1",
        "waiting": (f"Deployment controller waits: {awaited(found)}",),
    }


def _row(name: str, degraded: str = QUIET, *tells: str, since: float = 30, **given: Any) -> Row:  # noqa: ANN401 - the rest of the Situation
    return Row(
        name,
        FINE,
        "True Upgrading",
        degraded,
        "False Progressing",
        tells=tells,
        previous=rolling(since),
        given=given,
    )


def _changed(since: float) -> dict[str, Any]:
    """Return the controller's Deployment, which we have changed so many seconds ago."""
    made = deployment("controller", generation=2)
    entry = {"manager": "metallb-operator", "operation": "Apply", "time": ago(since)}
    return {**made, "metadata": {**made["metadata"], "managedFields": [entry]}}


_FULL: Final = {
    "type": "PodScheduled",
    "status": "False",
    "message": "0/3 nodes are available: 3 Too many pods",
    "lastTransitionTime": ago(60),
}
_QUOTA: Final = 'Error creating: pods "x" is forbidden: exceeded quota: small'
_CREATING: Final = tuple(fresh(NAME, n, waiting("new", "ContainerCreating")) for n in WORKERS)

PULLING: Final = (
    _row("images are being pulled", **pulled(*_CREATING)),
    _row(
        "an image that is pulled first does not exist",
        "True ImagePullFailed",
        "DaemonSet metallb-image-prepull: pod metallb-image-prepull-n1 on n1, container new: ",
        "it does not exist",
        **pulled(fresh(NAME, "n1", waiting("new", "ErrImagePull", "manifest unknown"))),
    ),
    _row(
        "what pulls images is refused",
        "True PodsRefused",
        "DaemonSet metallb-image-prepull: its pods are refused",
        "exceeded quota: small",
        **pulled(warnings=[warning("DaemonSet", NAME, "FailedCreate", _QUOTA)]),
    ),
    _row(
        "what pulls images finds no place",
        "True Unschedulable",
        "Too many pods",
        **pulled(pod(NAME, ready=False, started=False, age=60, conditions=[_FULL])),
    ),
    _row(
        "images take too long",
        "True ContainerCreating",
        "DaemonSet metallb-image-prepull: pod metallb-image-prepull-n1 on n1, ",
        since=LATE,
        **pulled(*_CREATING, age=LATE),
    ),
    _row(
        "images take long, and come",
        since=LATE,
        **pulled(pod(NAME, "n1", running("new", since=50), ready=False), *_CREATING[1:], age=LATE),
    ),
    Row(
        "images took long, and the controller is being replaced",
        "False ComponentsNotReady",
        ROLLING,
        upgradeable="False Progressing",
        tells=("ready on 0 of 1 replicas",),
        seen=world(_changed(5.0), without=["controller-n1"]),
        previous=rolling(LATE),
    ),
)

"""Rows of the truth table: what lasts, whoever brought it about, and writes that fail."""

from typing import Any, Final

from metallb_operator.conditions import Reason
from metallb_operator.situation import Problem
from support.observed import ago, daemonset, deployment, fresh, node, pod, running, workload
from support.truth import (
    DESIRED,
    FINE,
    NODES,
    NOT_READY,
    QUIET,
    ROLLING,
    WORKERS,
    Row,
    nodes_but,
    rolling,
    stored,
    world,
)
from support.truth_objects import failed


def ending(component: str, where: str, due: float) -> dict[str, Any]:
    """Return a pod that had to be gone so many seconds ago."""
    found = pod(component, where, ready=False, since=due)
    metadata = {**found["metadata"], "deletionTimestamp": ago(due)}
    return {**found, "metadata": metadata}


BY_HAND: Final[dict[str, Any]] = {
    "updateStrategy": {"type": "OnDelete"},
    "status": {
        "observedGeneration": 1,
        "desiredNumberScheduled": 3,
        "updatedNumberScheduled": 1,
    },
}
_JOINED: Final = node("w1")
_LABELS: Final = {"labels": {"kubernetes.io/os": "windows"}}
WINDOWS: Final = {**_JOINED, "metadata": {**_JOINED["metadata"], **_LABELS}}
RECREATED: Final = deployment("controller", generation=2)

PODS_THAT_STAY: Final = (
    Row(
        "the old controller does not end",
        NOT_READY,
        ROLLING,
        "True PodTerminating",
        "False Progressing",
        tells=(
            "Deployment controller: pod controller-n1 on n1: it is being deleted",
            "delete the Node",
        ),
        seen=world(RECREATED, ending("controller", "n1", 60)),
        previous=rolling(),
    ),
    Row(
        "the old controller is about to end",
        NOT_READY,
        ROLLING,
        upgradeable="False Progressing",
        tells=("pod controller-n1 on n1: it is being deleted, and the next pod waits",),
        hides=("--force", "has not ended"),
        seen=world(RECREATED, ending("controller", "n1", -2)),
        previous=rolling(),
    ),
    *(
        Row(
            f"a speaker is replaced, and had to be gone {due} s ago",
            FINE,
            ROLLING,
            upgradeable="False Progressing",
            tells=("pod speaker-n2 on n2: it is being deleted, and the next pod waits",),
            hides=("--force", "has not ended"),
            seen=world(ending("speaker", "n2", due)),
            previous=rolling(),
        )
        for due in (-30, 0, 8)
    ),
    Row(
        "the old speaker of a node does not end",
        NOT_READY,
        ROLLING,
        "True PodTerminating",
        "False Progressing",
        tells=("DaemonSet speaker: pod speaker-n2 on n2: it is being deleted", "--force"),
        seen=world(ending("speaker", "n2", 60)),
        previous=rolling(),
    ),
    Row(
        "the old speaker of a node does not end, and the new one runs",
        upgradeable=FINE,
        seen=world(
            {
                **ending("speaker", "n2", 60),
                "metadata": ending("speaker", "n2", 60)["metadata"] | {"name": "speaker-old"},
            },
        ),
    ),
    Row(
        "speakers are replaced by hand",
        upgradeable=FINE,
        tells=("2 pods of an earlier template run until somebody deletes them", "OnDelete"),
        seen=world(daemonset("speaker", **BY_HAND)),
    ),
)
NODES_APART: Final = (
    Row(
        "a node is cordoned",
        upgradeable=FINE,
        tells=("ready on 3 of 3 nodes",),
        seen=world(
            nodes=nodes_but(node("n2", taints=["node.kubernetes.io/unschedulable:NoSchedule"]))
        ),
    ),
    Row(
        "a node has a taint that only asks",
        upgradeable=FINE,
        tells=("ready on 3 of 3 nodes",),
        seen=world(nodes=nodes_but(node("n2", taints=["slow:PreferNoSchedule"]))),
    ),
    Row(
        "a node of another operating system has joined",
        upgradeable=FINE,
        tells=("DaemonSet speaker: ready on 3 of 3 nodes",),
        seen=world(nodes=[*NODES, WINDOWS]),
        desired=(
            DESIRED[0],
            *(
                workload("DaemonSet", name, pod={"nodeSelector": {"kubernetes.io/os": "linux"}})
                for name in ("frr-k8s", "speaker")
            ),
        ),
    ),
    Row(
        "a node has joined and has no network yet",
        degraded="True NodesNotReady",
        upgradeable=FINE,
        tells=("n4", "repair them, or delete the Nodes that are gone"),
        seen=world(
            nodes=[*NODES, node("n4", taints=["node.kubernetes.io/not-ready:NoSchedule"])],
        ),
    ),
    Row(
        "a node is being shut down",
        degraded="True NodesNotReady",
        upgradeable=FINE,
        tells=("n2",),
        seen=world(
            nodes=nodes_but(node("n2", taints=["node.kubernetes.io/out-of-service:NoExecute"])),
            without=["speaker-n2", "frr-k8s-n2"],
        ),
    ),
    Row(
        "a kubelet takes no pod",
        FINE,
        ROLLING,
        upgradeable="False Progressing",
        tells=("not on n2", "its node has not started it yet"),
        seen=world(pod("speaker", "n2", ready=False, started=False, age=90)),
        previous=rolling(),
    ),
    Row(
        "a kubelet takes no pod for longer than a rollout may last",
        NOT_READY,
        ROLLING,
        "True ContainerCreating",
        "False Progressing",
        tells=("pod speaker-n2 on n2: its node has not started it yet",),
        seen=world(pod("speaker", "n2", ready=False, started=False, age=700)),
        previous=rolling(700),
    ),
)
PARTS: Final = (
    *(
        Row(
            f"DaemonSet {name} is deleted while paused",
            "False ComponentMissing",
            "False Paused",
            "True ComponentMissing",
            tells=(f"DaemonSet {name}: it does not exist", "once spec.paused is false"),
            seen=world(without=[name, *(f"{name}-{where}" for where in WORKERS)]),
            given={"paused": True},
        )
        for name in ("speaker", "frr-k8s")
    ),
    Row(
        "frr-k8s is deleted, and about to come back",
        "False ComponentMissing",
        "True Applying",
        upgradeable="False Progressing",
        tells=("DaemonSet frr-k8s: it does not exist",),
        seen=world(without=["frr-k8s", *(f"frr-k8s-{where}" for where in WORKERS)]),
    ),
    Row(
        "the controllers of workloads do not run",
        NOT_READY,
        ROLLING,
        "True ProgressDeadlineExceeded",
        "False Progressing",
        tells=("not done after 600 s", "DaemonSet speaker: ready on 0 of 3 nodes"),
        seen=world(
            workload("DaemonSet", "speaker", age=800),
            without=[f"speaker-{where}" for where in WORKERS],
        ),
        previous=stored(700, Available=NOT_READY, Progressing="True RollingOut"),
    ),
    Row(
        "somebody else's pods have our labels",
        upgradeable=FINE,
        tells=("DaemonSet speaker: ready on 3 of 3 nodes",),
        seen=world(
            {
                **fresh("speaker", "n1", running("speaker"), since=900, age=900),
                "metadata": {
                    **pod("speaker", "n1")["metadata"],
                    "name": "another",
                    "ownerReferences": [],
                },
            }
        ),
    ),
    Row(
        "the status is that of another operator",
        upgradeable=FINE,
        previous=stored(
            Available="True Available",
            Upgradeable="True Upgradeable",
            Progressing="False Progressing",
            Degraded="False Degraded",
        ),
    ),
)
UNSEEN: Final = Problem(Reason.FORBIDDEN, 'reading pods: User "x" cannot list resource "pods"')
BLIND: Final = (
    Row(
        "what MetalLB runs as may not be read",
        "Unknown NotObserved",
        "False Forbidden",
        "True Forbidden",
        tells=('cannot list resource "pods"',),
        desired=(),
        given={"problems": (UNSEEN,), "unseen": ("pods",)},
    ),
    Row(
        "what MetalLB runs as may not be read any more",
        "Unknown NotObserved",
        degraded="True Forbidden",
        tells=('cannot list resource "pods"',),
        given={"beside": (UNSEEN,), "unseen": ("pods",)},
    ),
)
_FAILURES: Final = (
    (
        "somebody's admission webhook refuses a write",
        "RefusedByApiServer",
        ("ConfigMap", 400, 'admission webhook "p.example.test" denied the request: no', ""),
        "change that policy, or exempt the namespace",
    ),
    (
        "somebody's admission webhook does not answer for a write",
        "RefusedByApiServer",
        ("ConfigMap", 500, 'failed calling webhook "p.example.test": refused', "InternalError"),
        "put that webhook right",
    ),
    (
        "the namespace is being deleted",
        "RefusedByApiServer",
        (
            "ConfigMap",
            403,
            "unable to create new content in namespace m because it is being terminated",
            "Forbidden",
        ),
        "wait until the namespace is gone",
    ),
    (
        "the operator's token is not accepted",
        "Forbidden",
        ("Deployment", 401, "Unauthorized", "Unauthorized"),
        "give the operator's ServiceAccount",
    ),
    (
        "the API server throttles",
        "ApiServerUnavailable",
        ("DaemonSet", 429, "too many requests, please try again", "TooManyRequests"),
        "it is tried again",
    ),
    (
        "etcd is full",
        "ApiServerUnavailable",
        ("Secret", 500, "etcdserver: mvcc: database space exceeded", "InternalError"),
        "database space exceeded",
    ),
    (
        "somebody was faster",
        "RefusedByApiServer",
        ("Service", 409, "the object has been modified", "Conflict"),
        "it is tried again",
    ),
)
WRITES: Final = tuple(
    Row(
        name,
        FINE,
        f"False {reason}",
        f"True {reason}",
        tells=(f"{kind} metallb-system/x: ", remedy),
        given=failed(kind, "x", status, message, code),
    )
    for name, reason, (kind, status, message, code), remedy in _FAILURES
)
NOTHING_LEFT: Final = Row(
    "everything was deleted and may not be made anew",
    "False ComponentMissing",
    "False Forbidden",
    "True Forbidden",
    tells=("cannot patch", "bundle"),
    seen=world(nodes=NODES, without=["controller", "speaker", "frr-k8s"]),
    previous=stored(Available=FINE, Progressing=QUIET),
    given=failed("DaemonSet", "speaker", 403, 'User "x" cannot patch resource "d"', "Forbidden"),
)
STANDING: Final = (*PODS_THAT_STAY, *NODES_APART, *PARTS, *BLIND, *WRITES, NOTHING_LEFT)

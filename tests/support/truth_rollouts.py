"""Rows of the truth table: installing, rolling out, nodes that come and go."""

from typing import Any, Final

from metallb_operator.situation import Checked
from support.observed import (
    daemonset,
    deployment,
    end,
    fresh,
    looping,
    node,
    observation,
    pod,
    running,
    waiting,
    warning,
    workload,
)
from support.truth import (
    DESIRED,
    FINE,
    NEW,
    NODES,
    NOT_READY,
    QUIET,
    ROLLING,
    WORKERS,
    Row,
    installing,
    nodes_but,
    rolling,
    world,
)

UNSEEN: Final[dict[str, Any]] = {"status": {}, "age": 2.0}


ROLLOUTS: Final = (
    Row("nothing is wrong", upgradeable=FINE, tells=("ready on 3 of 3 nodes",)),
    Row(
        "nothing is known yet",
        "False NotInstalled",
        QUIET,
        upgradeable=FINE,
        preflight="Unknown NotChecked",
        configuration="Unknown NotChecked",
        tells=("not installed yet",),
        previous=NEW,
        desired=(),
        given={"preflight": Checked(), "configuration": Checked()},
    ),
    # An installation that goes well.
    Row(
        "workloads have just been written",
        NOT_READY,
        ROLLING,
        upgradeable="False Progressing",
        tells=("ready on 0 of 1 replicas", "being rolled out"),
        seen=observation(
            workload("Deployment", "controller", **UNSEEN),
            workload("DaemonSet", "frr-k8s", **UNSEEN),
            workload("DaemonSet", "speaker", **UNSEEN),
            nodes=NODES,
        ),
        previous=NEW,
    ),
    Row(
        "pods are being created",
        NOT_READY,
        ROLLING,
        upgradeable="False Progressing",
        tells=("ready on 0 of 3 nodes", "it is being created"),
        seen=world(
            *(fresh("speaker", where, waiting("speaker", "ContainerCreating")) for where in WORKERS)
        ),
        previous=installing(),
    ),
    Row(
        "a mount has failed once while a pod starts",
        NOT_READY,
        ROLLING,
        upgradeable="False Progressing",
        tells=("timed out",),
        seen=world(
            fresh("controller", "n1", waiting("controller", "ContainerCreating")),
            warnings=[
                warning("Pod", "controller-n1", "FailedMount", "timed out", first=18, last=18)
            ],
        ),
        previous=installing(),
    ),
    Row(
        "a container has ended once and starts again",
        NOT_READY,
        ROLLING,
        upgradeable="False Progressing",
        tells=("it ended once", "exit code 1"),
        seen=world(
            fresh(
                "speaker",
                "n1",
                waiting("speaker", "CrashLoopBackOff", "back-off 10s", ended=end(since=12)),
            )
        ),
        previous=installing(),
    ),
    Row(
        "the first of three speakers is ready",
        NOT_READY,
        ROLLING,
        upgradeable="False Progressing",
        tells=("ready on 2 of 3 nodes",),
        seen=world(fresh("speaker", "n3", running("speaker"))),
        previous=installing(),
    ),
    # Rollouts.
    Row(
        "a speaker is being replaced",
        FINE,
        ROLLING,
        upgradeable="False Progressing",
        tells=("ready on 2 of 3 nodes",),
        seen=world(
            daemonset(
                "speaker",
                generation=2,
                status={
                    "observedGeneration": 2,
                    "desiredNumberScheduled": 3,
                    "updatedNumberScheduled": 1,
                },
            ),
            without=["speaker-n1"],
        ),
        previous=rolling(),
    ),
    Row(
        "the last speaker is being replaced",
        FINE,
        ROLLING,
        upgradeable="False Progressing",
        seen=world(fresh("speaker", "n3", running("speaker"))),
        previous=rolling(),
    ),
    Row(
        "two speakers are away where one may be",
        NOT_READY,
        ROLLING,
        upgradeable="False Progressing",
        seen=world(without=["speaker-n1", "speaker-n2"]),
        previous=rolling(),
    ),
    Row(
        "the replacement of a speaker crashes",
        NOT_READY,
        ROLLING,
        "True ContainerCrashing",
        "False Progressing",
        tells=("pod speaker-n3 on n3", "exit code 2"),
        seen=world(fresh("speaker", "n3", looping("speaker"))),
        previous=rolling(),
    ),
    Row(
        "a rollout is past its deadline",
        NOT_READY,
        ROLLING,
        "True ContainerNotReady",
        "False Progressing",
        tells=("not done after 600 s", "speaker-n3", "container speaker", "readiness probe"),
        seen=world(fresh("speaker", "n3", running("speaker", since=800), since=800, age=800)),
        previous=rolling(700),
    ),
    Row(
        "a rollout is past its deadline, and no pod says why",
        NOT_READY,
        ROLLING,
        "True ProgressDeadlineExceeded",
        "False Progressing",
        tells=("not done after 600 s", "not on n3"),
        seen=world(without=["speaker-n3"]),
        previous=rolling(700),
    ),
    Row(
        "a long rollout of which another pod has just become ready",
        FINE,
        ROLLING,
        upgradeable="False Progressing",
        seen=world(
            pod("frr-k8s", "n3", since=30, age=60), fresh("speaker", "n1", running("speaker"))
        ),
        previous=rolling(3000),
    ),
    Row(
        "a Deployment's controller has not seen the new template",
        FINE,
        ROLLING,
        upgradeable="False Progressing",
        tells=("the current template is being rolled out",),
        seen=world(deployment("controller", generation=2)),
    ),
    Row(
        "a Deployment counts a pod that is gone",
        NOT_READY,
        ROLLING,
        upgradeable="False Progressing",
        tells=("ready on 0 of 1 replicas",),
        seen=world(without=["controller-n1"]),
    ),
    Row(
        "a release is being changed",
        FINE,
        "True Upgrading",
        upgradeable="False Progressing",
        given={
            "upgrading": "0.15.3 -> 0.16.1",
            "waiting": ("DaemonSet speaker waits for Deployment controller",),
        },
    ),
    Row(
        "a node has joined",
        FINE,
        ROLLING,
        upgradeable="False Progressing",
        tells=("ready on 3 of 4 nodes",),
        seen=world(nodes=[*NODES, node("n4", since=5)]),
        desired=DESIRED,
    ),
    Row(
        "a node is back and its speaker not yet",
        FINE,
        ROLLING,
        upgradeable="False Progressing",
        seen=world(
            pod("speaker", "n2", running("speaker"), ready=False, since=300),
            nodes=nodes_but(node("n2", since=5)),
        ),
    ),
    # Nodes.
    Row(
        "a node is NotReady",
        FINE,
        QUIET,
        "True NodesNotReady",
        FINE,
        tells=("speaker", "frr-k8s", "n2"),
        seen=world(
            pod("speaker", "n2", ready=False, since=60),
            pod("frr-k8s", "n2", ready=False, since=60),
            nodes=nodes_but(node("n2", ready=False)),
        ),
    ),
    Row(
        "the controller's node is NotReady",
        NOT_READY,
        "True ComponentsNotReady",
        "True NodesNotReady",
        "False Progressing",
        tells=("pod controller-n1 on n1: node n1 is NotReady",),
        seen=world(
            pod("controller", "n1", running("controller", ready=True), ready=False, since=60),
            nodes=nodes_but(node("n1", ready=False)),
        ),
    ),
    Row(
        "every node is NotReady",
        "False NodesNotReady",
        QUIET,
        "True NodesNotReady",
        tells=("n1, n2, n3",),
        seen=world(
            *(
                pod(name, where, ready=False)
                for name in ("speaker", "frr-k8s")
                for where in WORKERS
            ),
            nodes=[node(name, ready=False) for name in WORKERS],
            without=["controller"],
        ),
        desired=DESIRED[1:],
    ),
    Row(
        "a node is tainted",
        upgradeable=FINE,
        tells=("ready on 2 of 2 nodes", "left out for their taints: n3 (dedicated=gpu:NoSchedule)"),
        seen=world(
            nodes=nodes_but(node("n3", taints=["dedicated=gpu:NoSchedule"])),
            without=["speaker-n3", "frr-k8s-n3"],
        ),
    ),
    Row(
        "every node is tainted",
        "False NoMatchingNode",
        QUIET,
        "True NoMatchingNode",
        tells=("n1 (a:NoExecute)", "spec.speakerTolerations"),
        seen=world(nodes=[node(name, taints=["a:NoExecute"]) for name in WORKERS]),
        desired=DESIRED[1:],
    ),
    Row(
        "no node matches",
        "False NoMatchingNode",
        QUIET,
        "True NoMatchingNode",
        tells=("no node matches it", "spec.nodeSelector"),
        desired=(
            DESIRED[0],
            DESIRED[1],
            workload("DaemonSet", "speaker", pod={"nodeSelector": {"rack": "none"}}),
        ),
    ),
)

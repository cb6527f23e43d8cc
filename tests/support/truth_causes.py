"""Rows of the truth table: one a cause that kubelet, scheduler or admission tells of."""

from collections.abc import Mapping
from typing import Any, Final

from support.observed import (
    ago,
    deployment,
    end,
    fresh,
    looping,
    node,
    pod,
    running,
    terminated,
    waiting,
    warning,
    workload,
)
from support.truth import (
    DESIRED,
    NOT_READY,
    ROLLING,
    WORKERS,
    Row,
    installing,
    nodes_but,
    world,
)

SPEAKERS: Final = tuple(f"speaker-{where}" for where in WORKERS)


def held_up(name: str, reason: str, *changed: Mapping[str, Any], tells: tuple[str, ...]) -> Row:
    """Return a row: an installation that one thing keeps from getting done."""
    return Row(
        name,
        NOT_READY,
        ROLLING,
        f"True {reason}",
        "False Progressing",
        tells=tells,
        seen=world(*changed),
        previous=installing(),
    )


def unpulled(name: str, message: str, *tells: str, reason: str = "ErrImagePull") -> Row:
    """Return a row: the controller's image cannot be had."""
    found = fresh("controller", "n1", waiting("controller", reason, message))
    told = ("Deployment controller: pod controller-n1 on n1", *tells)
    return held_up(name, "ImagePullFailed", found, tells=told)


def unscheduled(component: str, message: str) -> dict[str, Any]:
    """Return a pod that no node takes."""
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "lastTransitionTime": ago(40),
        "message": message,
    }
    return pod(component, ready=False, started=False, conditions=[condition])


def refused(name: str, message: str, *tells: str) -> Row:
    """Return a row: the pods of the speakers are refused."""
    event = warning("DaemonSet", "speaker", "FailedCreate", f"Error creating: {message}")
    return Row(
        name,
        NOT_READY,
        ROLLING,
        "True PodsRefused",
        "False Progressing",
        tells=("DaemonSet speaker: its pods are refused", *tells),
        seen=world(without=SPEAKERS, warnings=[event]),
        previous=installing(),
    )


IMAGES: Final = (
    unpulled(
        "an image is not made for the node's architecture",
        "no match for platform in manifest: not found",
        "architecture",
        "spec.images",
    ),
    unpulled(
        "a registry limits how often it is asked",
        "toomanyrequests: You have reached your unauthenticated pull rate limit",
        "spec.images.registry",
    ),
    unpulled(
        "a registry cannot be reached",
        "dial tcp 192.0.2.1:443: i/o timeout",
        "cannot be reached from the node",
    ),
    unpulled(
        "a registry's certificate is not trusted",
        "tls: failed to verify certificate: x509: unknown authority",
        "does not trust",
    ),
    unpulled("a node's disk is full", "write /x: no space left on device", "disk is full"),
    unpulled("a pull fails for an unknown cause", "unexpected EOF", "unexpected EOF"),
    unpulled(
        "an image reference is none",
        'couldn\'t parse image name "x y"',
        "no image reference",
        reason="InvalidImageName",
    ),
    unpulled(
        "an image may not be pulled and is not there",
        "image is not present with pull policy of Never",
        "spec.images.pullPolicy",
        reason="ErrImageNeverPull",
    ),
    Row(
        "an image does not exist, and only an Event says so",
        NOT_READY,
        ROLLING,
        "True ImagePullFailed",
        "False Progressing",
        tells=("it does not exist; check spec.images",),
        seen=world(
            fresh(
                "controller",
                "n1",
                waiting("controller", "ImagePullBackOff", 'Back-off pulling image "x"'),
            ),
            warnings=[
                warning("Pod", "controller-n1", "Failed", 'Failed to pull image "x": not found')
            ],
        ),
        previous=installing(),
    ),
    held_up(
        "the image of an init container does not exist",
        "ImagePullFailed",
        fresh(
            "frr-k8s",
            "n2",
            waiting("controller", "PodInitializing"),
            initContainerStatuses=[waiting("cp-frr-files", "ErrImagePull", "x: not found")],
        ),
        tells=("pod frr-k8s-n2 on n2, container cp-frr-files", "it does not exist"),
    ),
)
ENDINGS: Final = (
    held_up(
        "the controller has too little memory",
        "ContainerCrashing",
        fresh(
            "controller",
            "n1",
            waiting(
                "controller",
                "CrashLoopBackOff",
                "back-off",
                restarts=3,
                ended=end(137, "OOMKilled"),
            ),
        ),
        tells=("OOMKilled", "raise limits.memory", "spec.controllerConfig.resources"),
    ),
    held_up(
        "a process of the node listens where a speaker would",
        "ContainerCrashing",
        fresh(
            "speaker",
            "n1",
            looping("speaker", 1, '{"msg":"failed","error":"bind: address already in use"}'),
        ),
        tells=("pod speaker-n1 on n1", "address already in use", "choose another port"),
    ),
    held_up(
        "a container ends without a word",
        "ContainerCrashing",
        fresh("speaker", "n1", looping("speaker", 1)),
        tells=("exit code 1 (Error)", "kubectl logs --previous"),
    ),
    held_up(
        "an init container ends again and again",
        "ContainerCrashing",
        fresh(
            "frr-k8s",
            "n1",
            waiting("controller", "PodInitializing"),
            initContainerStatuses=[terminated("cp-status", end(1, message="no"), restarts=2)],
        ),
        tells=("pod frr-k8s-n1 on n1, container cp-status", "exit code 1 (Error): no"),
    ),
    held_up(
        "one of several containers ends again and again",
        "ContainerCrashing",
        fresh("frr-k8s", "n1", running("controller", ready=True), looping("frr", 139)),
        tells=("container frr", "exit code 139"),
    ),
    held_up(
        "a node cannot start a container",
        "ContainerCrashing",
        fresh("speaker", "n3", waiting("speaker", "RunContainerError", "seccomp is not supported")),
        tells=("pod speaker-n3 on n3", "seccomp is not supported"),
    ),
    Row(
        "the statuscleaner ends again and again",
        NOT_READY,
        ROLLING,
        "True ContainerCrashing",
        "False Progressing",
        tells=("Deployment statuscleaner: pod statuscleaner-n1 on n1",),
        seen=world(
            deployment("statuscleaner"),
            fresh("statuscleaner", "n1", looping("statuscleaner", said="no certificate")),
        ),
        previous=installing(),
        desired=(*DESIRED, workload("Deployment", "statuscleaner", replicas=1)),
    ),
)
REFUSALS: Final = (
    refused(
        "a quota refuses the speakers' pods",
        'pods "speaker-x" is forbidden: exceeded quota: small, requested: pods=1',
        "raise the ResourceQuota",
    ),
    refused(
        "a quota wants limits that pods do not have",
        'pods "speaker-x" is forbidden: failed quota: small: must specify limits.cpu',
        "must specify limits.cpu",
        "raise the ResourceQuota",
    ),
    refused(
        "a PriorityClass does not exist",
        'pods "speaker-x" is forbidden: no PriorityClass with name high was found',
        "create it, or change priorityClassName in spec",
    ),
    refused(
        "a RuntimeClass does not exist",
        'pods "speaker-x" is forbidden: pod rejected: RuntimeClass "crun" not found',
        "create it, or change runtimeClassName in spec",
    ),
    refused(
        "SecurityContextConstraints refuse the speakers' pods",
        'pods "speaker-" is forbidden: unable to validate against any security context constraint',
        "SecurityContextConstraints privileged",
    ),
    refused(
        "somebody's admission webhook does not answer for pods",
        'Internal error occurred: failed calling webhook "no.example.test": no endpoints',
        '"no.example.test"',
        "put that webhook right, or exempt the namespace",
    ),
)
CORDONED: Final = tuple(
    {**found, "spec": {**found["spec"], "unschedulable": True}}
    for found in (node("n1"), node("n3"))
)
SCHEDULING: Final = (
    Row(
        "nodes are cordoned, and no other one takes the controller",
        NOT_READY,
        ROLLING,
        "True Unschedulable",
        "False Progressing",
        tells=(
            "2 node(s) were unschedulable; extend spec.controllerTolerations",
            "end the maintenance of cordoned nodes by `kubectl uncordon n1 n3`",
        ),
        hides=("claims", "deallocate,"),
        seen=world(
            unscheduled(
                "controller",
                "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) were "
                "unschedulable. no new claims to deallocate, preemption: 0/3 nodes are "
                "available: 3 Preemption is not helpful for scheduling.",
            ),
            nodes=nodes_but(*CORDONED),
            without=["controller-n1"],
        ),
        previous=installing(),
    ),
    Row(
        "another pod has a port that speakers need",
        NOT_READY,
        ROLLING,
        "True Unschedulable",
        "False Progressing",
        tells=("didn't have free ports", "move it, or choose another port"),
        seen=world(
            unscheduled(
                "speaker",
                "0/3 nodes are available: 1 didn't have free ports for the requested "
                "pod ports, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].",
            ),
            without=["speaker-n2"],
        ),
        previous=installing(),
    ),
    Row(
        "no node matches the controller",
        NOT_READY,
        ROLLING,
        "True Unschedulable",
        "False Progressing",
        tells=("Deployment controller: pod controller-x", "change nodeSelector or affinity"),
        seen=world(
            unscheduled(
                "controller",
                "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.",
            ),
            without=["controller-n1"],
        ),
        previous=installing(),
    ),
    Row(
        "every node has a taint that the controller does not tolerate",
        NOT_READY,
        ROLLING,
        "True Unschedulable",
        "False Progressing",
        tells=("untolerated taint {dedicated: gpu}", "spec.controllerTolerations"),
        seen=world(
            unscheduled(
                "controller",
                "0/3 nodes are available: 3 node(s) had untolerated taint {dedicated: gpu}.",
            ),
            without=["controller-n1"],
        ),
        previous=installing(),
    ),
    held_up(
        "a kubelet has no room for a pod",
        "PodFailed",
        pod(
            "controller",
            "n1",
            ready=False,
            since=30,
            phase="Failed",
            reason="OutOfmemory",
            message="Node didn't have enough resource: memory",
        ),
        tells=("a pod on n1: OutOfmemory",),
    ),
)
CAUSES: Final = (*IMAGES, *ENDINGS, *REFUSALS, *SCHEDULING)

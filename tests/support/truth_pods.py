"""Rows of the truth table: why pods are not ready, or not there."""

from typing import Any, Final

from support.observed import (
    DAY,
    ago,
    daemonset,
    deployment,
    end,
    fresh,
    looping,
    pod,
    running,
    terminated,
    waiting,
    warning,
)
from support.truth import (
    FINE,
    NOT_READY,
    QUIET,
    ROLLING,
    WORKERS,
    Row,
    installing,
    rolling,
    stored,
    world,
)


def not_pulled(name: str, message: str, reason: str = "ImagePullBackOff") -> dict[str, Any]:
    """Return the status of a container whose image cannot be had."""
    return waiting(name, reason, f'Back-off pulling image "x": ErrImagePull: {message}')


LOOPS: Final = tuple(fresh("speaker", where, looping("speaker")) for where in WORKERS)
SPEAKER: Final = daemonset("speaker", pod={"serviceAccountName": "speaker"})
PULL_SECRET: Final[dict[str, Any]] = {"pod": {"imagePullSecrets": [{"name": "regcred"}]}}

TROUBLED: Final = (
    # Images.
    Row(
        "an image does not exist",
        NOT_READY,
        ROLLING,
        "True ImagePullFailed",
        "False Progressing",
        tells=("image quay.io/metallb/controller:v0.16.1", "it does not exist", "spec.images"),
        seen=world(fresh("controller", "n1", not_pulled("controller", "x: not found"))),
        previous=installing(),
    ),
    Row(
        "an image wants credentials",
        NOT_READY,
        ROLLING,
        "True ImagePullFailed",
        "False Progressing",
        tells=("credentials", "spec.images.pullSecrets"),
        seen=world(fresh("controller", "n1", not_pulled("controller", "401 Unauthorized"))),
        previous=installing(),
    ),
    Row(
        "a pull secret is missing",
        NOT_READY,
        ROLLING,
        "True ImagePullFailed",
        "False Progressing",
        tells=("Secret regcred", "does not exist"),
        seen=world(
            deployment("controller", **PULL_SECRET),
            fresh("controller", "n1", not_pulled("controller", "401 Unauthorized")),
        ),
        previous=installing(),
    ),
    # Crashes.
    Row(
        "the controller crashes again and again",
        NOT_READY,
        "True ComponentsNotReady",
        "True ContainerCrashing",
        "False Progressing",
        tells=("pod controller-n1 on n1, container controller", "exit code 2", "no such flag"),
        seen=world(
            pod(
                "controller",
                "n1",
                looping("controller", said='{"ts":"2026-08-01","msg":"no such flag"}'),
                ready=False,
                since=120,
            )
        ),
    ),
    Row(
        "every speaker crashes again and again",
        NOT_READY,
        ROLLING,
        "True ContainerCrashing",
        "False Progressing",
        tells=("pod speaker-n1 on n1, pod speaker-n2 on n2, pod speaker-n3 on n3",),
        seen=world(*LOOPS),
        previous=installing(),
    ),
    Row(
        "a crashing container runs for a moment",
        NOT_READY,
        ROLLING,
        "True ContainerCrashing",
        "False Progressing",
        tells=("it keeps ending: exit code 1",),
        seen=world(
            fresh("speaker", "n1", running("speaker", since=2, restarts=4, ended=end())),
        ),
        previous=installing(),
    ),
    Row(
        "a crashing container has just ended",
        NOT_READY,
        ROLLING,
        "True ContainerCrashing",
        "False Progressing",
        seen=world(fresh("speaker", "n1", terminated("speaker", end(), restarts=1))),
        previous=installing(),
    ),
    Row(
        "a container's configuration is missing",
        NOT_READY,
        ROLLING,
        "True ContainerConfigurationFailed",
        "False Progressing",
        tells=('secret "metallb-memberlist" not found',),
        seen=world(
            fresh(
                "speaker",
                "n1",
                waiting(
                    "speaker",
                    "CreateContainerConfigError",
                    'secret "metallb-memberlist" not found',
                ),
            )
        ),
        previous=installing(),
    ),
    Row(
        "frr-k8s crashes",
        NOT_READY,
        "True ComponentsNotReady",
        "True ContainerCrashing",
        "False Progressing",
        tells=("DaemonSet frr-k8s",),
        seen=world(pod("frr-k8s", "n2", looping("frr-k8s"), ready=False, since=60)),
    ),
    Row(
        "a readiness probe has begun to fail",
        NOT_READY,
        "True ComponentsNotReady",
        QUIET,
        "False Progressing",
        tells=("pod speaker-n2 on n2", "readiness probe"),
        seen=world(pod("speaker", "n2", running("speaker", since=DAY), ready=False, since=60)),
    ),
    Row(
        "a readiness probe has failed for longer than a rollout may take",
        NOT_READY,
        "True ComponentsNotReady",
        "True ContainerNotReady",
        "False Progressing",
        tells=("pod speaker-n2 on n2", "readiness probe"),
        seen=world(
            pod("speaker", "n2", running("speaker", since=DAY), ready=False, since=700),
            pod("frr-k8s", "n1", since=5, age=30),
        ),
        previous=stored(700, Available=NOT_READY, Progressing="True ComponentsNotReady"),
    ),
    # Pods that are not created, or go nowhere.
    Row(
        "a quota refuses the controller's pod",
        NOT_READY,
        ROLLING,
        "True PodsRefused",
        "False Progressing",
        tells=("Deployment controller", "exceeded quota: small", "raise the ResourceQuota"),
        seen=world(
            deployment(
                "controller",
                status={
                    "observedGeneration": 1,
                    "conditions": [
                        {
                            "type": "ReplicaFailure",
                            "status": "True",
                            "lastTransitionTime": ago(30),
                            "message": 'pods "controller-5d-x" is forbidden: exceeded quota: small',
                        }
                    ],
                },
            ),
            without=["controller-n1"],
        ),
        previous=installing(),
    ),
    *(
        Row(
            f"{what} the speakers' pods",
            NOT_READY,
            ROLLING,
            "True PodsRefused",
            "False Progressing",
            tells=("DaemonSet speaker", "its pods are refused", *fragments),
            seen=world(
                without=[f"speaker-{name}" for name in WORKERS],
                warnings=[warning("DaemonSet", "speaker", "FailedCreate", message)],
            ),
            previous=installing(),
        )
        for what, message, fragments in (
            (
                "Pod Security refuses",
                'Error creating: pods "speaker-x" is forbidden: violates PodSecurity "baseline"',
                ("enforce=privileged",),
            ),
            (
                "a LimitRange refuses",
                'Error creating: pods "speaker-x" is forbidden: maximum cpu usage per Container',
                ("LimitRange",),
            ),
            (
                "a missing ServiceAccount prevents",
                'Error creating: pods "speaker-" is forbidden: error looking up service account',
                ("apply them again",),
            ),
            (
                "an admission policy refuses",
                'Error creating: admission webhook "no.example.test" denied the request: no',
                ('"no.example.test" denied',),
            ),
        )
    ),
    Row(
        "a ServiceAccount is missing, and no Event says so any more",
        NOT_READY,
        ROLLING,
        "True PodsRefused",
        "False Progressing",
        tells=(
            "DaemonSet speaker: its pods are refused: ServiceAccount speaker, as which its pods",
            "apply them again",
        ),
        seen=world(SPEAKER, without=["speaker-n2"], accounts=["controller"]),
        previous=rolling(),
    ),
    Row(
        "a pod is yet to be created",
        FINE,
        ROLLING,
        upgradeable="False Progressing",
        tells=("not on n2; a pod is yet to be created",),
        hides=("describe",),
        seen=world(SPEAKER, without=["speaker-n2"], accounts=["speaker"]),
        previous=rolling(),
    ),
    Row(
        "a pod is not created, and nothing says why",
        NOT_READY,
        ROLLING,
        "True ContainerCreating",
        "False Progressing",
        tells=("`kubectl -n metallb-system describe daemonset speaker` may say why",),
        seen=world(
            SPEAKER,
            *(pod(name, "n1", since=DAY) for name in ("controller", "frr-k8s", "speaker")),
            without=["speaker-n2"],
            accounts=["speaker"],
        ),
        previous=rolling(700),
    ),
    Row(
        "pods were refused in the past, and one is being replaced now",
        FINE,
        ROLLING,
        upgradeable="False Progressing",
        seen=world(
            without=["speaker-n1"],
            warnings=[warning("DaemonSet", "speaker", "FailedCreate", "x", last=2 * DAY)],
        ),
        previous=rolling(),
    ),
    Row(
        "no node takes the controller",
        NOT_READY,
        ROLLING,
        "True Unschedulable",
        "False Progressing",
        tells=("0/3 nodes are available", "Insufficient cpu"),
        seen=world(
            pod(
                "controller",
                ready=False,
                started=False,
                conditions=[
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "lastTransitionTime": ago(40),
                        "message": "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3",
                    }
                ],
            ),
            without=["controller-n1"],
        ),
        previous=installing(),
    ),
    Row(
        "a volume is missing",
        NOT_READY,
        ROLLING,
        "True VolumeMountFailed",
        "False Progressing",
        tells=('configmap "metallb-excludel2" not found',),
        seen=world(
            fresh("speaker", "n1", waiting("speaker", "ContainerCreating")),
            warnings=[
                warning(
                    "Pod", "speaker-n1", "FailedMount", 'configmap "metallb-excludel2" not found'
                )
            ],
        ),
        previous=installing(),
    ),
    Row(
        "a pod is evicted, and its successor not there yet",
        NOT_READY,
        ROLLING,
        "True PodFailed",
        "False Progressing",
        tells=("a pod on n1", "Evicted: low on disk"),
        seen=world(
            pod(
                "controller",
                "n1",
                ready=False,
                since=30,
                phase="Failed",
                reason="Evicted",
                message="low on disk",
            )
        ),
        previous=rolling(),
    ),
    Row(
        "a pod was evicted long ago and has a successor",
        upgradeable=FINE,
        seen=world(
            pod("controller", "n2", ready=False, phase="Failed", reason="Evicted"),
            pod("controller", "n1"),
        ),
    ),
)

"""What a pod's own status says of why it is not ready."""

from typing import Any

import pytest

from metallb_operator.podtroubles import of_pod
from metallb_operator.troubles import Kind
from support.observed import ago, end, fresh, looping, pod, running, terminated, waiting

IMAGE = "image quay.io/metallb/speaker:v0.16.1 cannot be pulled"


def unscheduled(message: str) -> dict[str, Any]:
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "lastTransitionTime": ago(40),
        "message": message,
    }
    return pod("speaker", ready=False, started=False, conditions=[condition])


def init(*containers: dict[str, Any], main: str = "PodInitializing") -> dict[str, Any]:
    return fresh("speaker", "n1", waiting("speaker", main), initContainerStatuses=list(containers))


@pytest.mark.parametrize(
    ("found", "kind", "certain", "text"),
    [
        (
            fresh("speaker", "n1", looping("speaker")),
            Kind.CRASH,
            True,
            "it keeps ending: exit code 2",
        ),
        (
            fresh("speaker", "n1", looping("speaker", said="line one\nno config")),
            Kind.CRASH,
            True,
            "exit code 2 (Error): no config",
        ),
        (
            fresh("speaker", "n1", waiting("speaker", "CrashLoopBackOff", "back-off 5m0s x")),
            Kind.CRASH,
            True,
            "it keeps ending",
        ),
        (
            fresh("speaker", "n1", waiting("speaker", "RunContainerError", "exec: no such file")),
            Kind.CRASH,
            True,
            "exec: no such file",
        ),
        (
            fresh(
                "speaker",
                "n1",
                terminated("speaker", end(137, "OOMKilled"), restarts=1),
            ),
            Kind.CRASH,
            True,
            "exit code 137 (OOMKilled)",
        ),
        (
            fresh("speaker", "n1", terminated("speaker", end(0, "Completed"), restarts=3)),
            Kind.CRASH,
            True,
            "exit code 0 (Completed)",
        ),
        (
            fresh("speaker", "n1", running("speaker", since=2, restarts=2, ended=end())),
            Kind.CRASH,
            True,
            "it keeps ending",
        ),
        (
            fresh("speaker", "n1", running("speaker", since=2, restarts=1, ended=end())),
            Kind.UNREADY,
            False,
            "it ended once",
        ),
        (
            pod(
                "speaker",
                "n1",
                running("speaker", since=900, restarts=9, ended=end(since=901)),
                ready=False,
                since=30,
            ),
            Kind.UNREADY,
            False,
            "readiness probe",
        ),
        (
            fresh("speaker", "n1", waiting("speaker", "CreateContainerConfigError", "no secret")),
            Kind.CONFIGURATION,
            True,
            "no secret",
        ),
        (
            fresh("speaker", "n1", waiting("speaker", "CreateContainerError")),
            Kind.CONFIGURATION,
            True,
            "CreateContainerError",
        ),
        (init(looping("init")), Kind.CRASH, True, "container init: it keeps ending"),
        (init(running("init")), Kind.PENDING, False, "container init: it has not finished"),
        (
            init(terminated("init", end(0, "Completed"), ready=True)),
            Kind.PENDING,
            False,
            "container speaker: it is being created",
        ),
        (
            fresh("speaker", "n1", waiting("speaker", "ContainerCreating")),
            Kind.PENDING,
            False,
            "it is being created",
        ),
        (fresh("speaker", "n1"), Kind.PENDING, False, "its node has not started it yet"),
        (
            pod("speaker", ready=False, started=False),
            Kind.PENDING,
            False,
            "no node was chosen for it yet",
        ),
        (
            pod("speaker", "n1", running("speaker", ready=True), ready=False),
            Kind.UNREADY,
            False,
            "its containers are ready, but it is not",
        ),
        (
            unscheduled("0/3 nodes are available: 3 Insufficient cpu. preemption: none"),
            Kind.UNSCHEDULABLE,
            False,
            "pod speaker-x: 0/3 nodes are available: 3 Insufficient cpu; free some",
        ),
        (
            pod("speaker", "n1", ready=False, phase="Failed", reason="Evicted", message="no disk"),
            Kind.FAILED,
            False,
            "a pod on n1: Evicted: no disk",
        ),
        (pod("speaker", "n1", ready=False, phase="Failed"), Kind.FAILED, False, "it failed"),
    ],
)
def test_the_one_trouble(found: dict[str, Any], kind: Kind, certain: bool, text: str) -> None:  # noqa: FBT001 - a column
    (trouble,) = of_pod(found)
    assert (trouble.kind, trouble.certain) == (kind, certain)
    assert text in str(trouble)


def test_a_ready_pod_has_none() -> None:
    assert of_pod(pod("speaker", "n1", running("speaker", restarts=9, ended=end()))) == ()


def test_every_container_is_told_of() -> None:
    found = of_pod(fresh("speaker", "n1", looping("frr"), looping("speaker")))
    assert [trouble.container for trouble in found] == ["frr", "speaker"]


@pytest.mark.parametrize(
    ("reason", "message", "text"),
    [
        ("ErrImagePull", "rpc error: quay.io/x:v1: not found", f"{IMAGE}: it does not exist"),
        ("ImagePullBackOff", "manifest unknown", f"{IMAGE}: it does not exist"),
        ("ErrImagePull", "401 Unauthorized", "set spec.images.pullSecrets"),
        ("ErrImagePull", "pull access denied", "it does not exist, or wants credentials"),
        ("ErrImagePull", "dial tcp: lookup quay.example: no such host", "cannot be reached"),
        ("ErrImagePull", "dial tcp 192.0.2.1:443: i/o timeout", "cannot be reached"),
        ("ErrImagePull", "tls: x509: certificate signed by unknown authority", "does not trust"),
        ("InvalidImageName", "couldn't parse image name", "no image reference"),
        ("ErrImageNeverPull", "not present with pull policy of Never", "spec.images.pullPolicy"),
        ("ImagePullBackOff", 'Back-off pulling image "x": ErrImagePull: EOF', f"{IMAGE}: EOF"),
    ],
)
def test_why_an_image_cannot_be_pulled(reason: str, message: str, text: str) -> None:
    (trouble,) = of_pod(fresh("speaker", "n1", waiting("speaker", reason, message)))
    assert trouble.kind is Kind.IMAGE
    assert text in trouble.message
    assert trouble.certain


def test_why_an_image_cannot_be_pulled_is_left_to_events_where_the_container_does_not_say() -> None:
    silent = waiting("speaker", "ImagePullBackOff", 'Back-off pulling image "x"')
    (trouble,) = of_pod(fresh("speaker", "n1", silent))
    assert (trouble.kind, trouble.certain, trouble.message) == (Kind.IMAGE, False, IMAGE)


@pytest.mark.parametrize("reason", ["ErrImagePull", "ImagePullBackOff"])
def test_an_image_is_told_of_in_the_same_words_all_along(reason: str) -> None:
    cause = "rpc error: code = Unknown desc = broken"
    message = {
        "ErrImagePull": cause,
        "ImagePullBackOff": f'Back-off pulling image "q/x:1": ErrImagePull: {cause}',
    }[reason]
    (trouble,) = of_pod(fresh("speaker", "n1", waiting("speaker", reason, message)))
    assert trouble.message == f"{IMAGE}: {cause}"


def test_a_crash_loop_is_told_in_the_same_words_all_along() -> None:
    loop = [
        waiting("speaker", "CrashLoopBackOff", "back-off 10s", restarts=1, ended=end()),
        running("speaker", since=1, restarts=2, ended=end(since=2)),
        terminated("speaker", end(since=0), restarts=2),
        waiting("speaker", "CrashLoopBackOff", "back-off 20s", restarts=2, ended=end()),
        running("speaker", since=1, restarts=3, ended=end(since=30)),
    ]
    told = {of_pod(fresh("speaker", "n1", status)) for status in loop}
    assert len(told) == 1

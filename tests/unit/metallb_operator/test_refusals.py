"""What Events say of pods that do not exist, or wait."""

from datetime import timedelta
from typing import Any

import pytest

from metallb_operator.podtroubles import of_pod
from metallb_operator.refusals import explained, of_workload
from metallb_operator.troubles import Kind
from support.observed import NOW, ago, daemonset, deployment, fresh, running, waiting, warning

SPEAKER = daemonset("speaker")
NO_QUOTA = 'Error creating: pods "speaker-a" is forbidden: exceeded quota: q'
SILENT = fresh(
    "speaker", "n1", waiting("speaker", "ImagePullBackOff", 'Back-off pulling image "x"')
)
CREATING = fresh("speaker", "n1", waiting("speaker", "ContainerCreating"))


def refused(message: str = NO_QUOTA, **times: float) -> dict[str, Any]:
    return warning("DaemonSet", "speaker", "FailedCreate", message, **times)


@pytest.mark.parametrize(
    ("message", "remedy"),
    [
        (NO_QUOTA, "raise the ResourceQuota"),
        ('pods "x" is forbidden: violates PodSecurity "restricted:latest"', "enforce=privileged"),
        ('pods "x" is forbidden: error looking up service account m/speaker', "apply them again"),
        ('pods "x" is forbidden: maximum cpu usage per Container is 1m', "LimitRange"),
        ('pods "x" is forbidden: no PriorityClass with name p was found', "priorityClassName"),
    ],
)
def test_a_refusal_comes_with_its_remedy(message: str, remedy: str) -> None:
    (trouble,) = of_workload(SPEAKER, [refused(message)], youngest=None)
    assert trouble.kind is Kind.REFUSED
    assert remedy in trouble.message
    assert '"x"' not in trouble.message


@pytest.mark.parametrize(
    ("event", "youngest", "counts"),
    [
        (refused(last=5), None, True),
        (refused(last=5), 60, True),
        (refused(last=5), 5, True),
        (refused(last=60), 5, False),
        (warning("DaemonSet", "frr-k8s", "FailedCreate", "x"), None, False),
        (warning("Deployment", "speaker", "FailedCreate", "x"), None, False),
        (warning("DaemonSet", "speaker", "FailedDaemonPod", "x"), None, False),
        (
            {**refused(), "involvedObject": {"kind": "DaemonSet", "name": "speaker", "uid": "old"}},
            None,
            False,
        ),
    ],
)
def test_which_events_count(event: dict[str, Any], youngest: float | None, counts: bool) -> None:  # noqa: FBT001 - a column
    when = NOW - timedelta(seconds=youngest) if youngest else None
    assert bool(of_workload(SPEAKER, [event], youngest=when)) is counts


def test_of_two_messages_the_one_that_is_new_is_told_whoever_comes_last() -> None:
    for last_old, last_new in ((5, 1), (1, 5)):
        old = refused("old cause", first=90, last=last_old)
        new = refused("new cause", first=30, last=last_new)
        (trouble,) = of_workload(SPEAKER, [old, new], youngest=None)
        assert "new cause" in trouble.message


def test_a_deployment_says_so_itself() -> None:
    condition = {
        "type": "ReplicaFailure",
        "status": "True",
        "lastTransitionTime": ago(7),
        "message": NO_QUOTA,
    }
    found = deployment("controller", status={"conditions": [condition]})
    (trouble,) = of_workload(found, [], youngest=NOW)
    assert "exceeded quota" in trouble.message
    assert trouble.since == NOW - timedelta(seconds=7)


@pytest.mark.parametrize(
    ("reason", "first", "kind", "certain"),
    [
        ("FailedMount", 60, Kind.VOLUME, True),
        ("FailedAttachVolume", 60, Kind.VOLUME, True),
        ("FailedMount", 6, Kind.PENDING, False),
        ("FailedCreatePodSandBox", 60, Kind.PENDING, False),
    ],
)
def test_what_a_pod_waits_for(reason: str, first: float, kind: Kind, certain: bool) -> None:  # noqa: FBT001 - a column
    (trouble,) = of_pod(CREATING)
    event = warning("Pod", "speaker-n1", reason, "no secret", first=first)
    found = explained(trouble, CREATING, [event])
    assert (found.kind, found.certain, found.message) == (kind, certain, "no secret")


@pytest.mark.parametrize(
    ("pod", "event"),
    [
        (CREATING, warning("Pod", "speaker-n2", "FailedMount", "x")),
        (CREATING, warning("Pod", "speaker-n1", "Unhealthy", "x")),
        (
            fresh("speaker", "n1", running("speaker")),
            warning("Pod", "speaker-n1", "FailedMount", "x"),
        ),
    ],
)
def test_what_explains_nothing(pod: dict[str, Any], event: dict[str, Any]) -> None:
    (trouble,) = of_pod(pod)
    assert explained(trouble, pod, [event]) is trouble


@pytest.mark.parametrize(
    ("reason", "message", "told"),
    [
        ("Failed", 'Failed to pull image "x": manifest unknown', "does not exist; check spec"),
        ("Failed", "Error: ErrImagePull", ""),
        ("BackOff", 'Failed to pull image "x": manifest unknown', ""),
    ],
)
def test_why_an_image_cannot_be_pulled(reason: str, message: str, told: str) -> None:
    (trouble,) = of_pod(SILENT)
    found = explained(trouble, SILENT, [warning("Pod", "speaker-n1", reason, message)])
    assert found.kind is Kind.IMAGE
    assert (found is trouble) is (not told)
    assert told in found.message

"""Whether anybody looks: one row a state of Lease, pods, nodes and webhooks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from metallb_cli.attendance import Attendance, silence, unanswered

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def lease(seconds: float, *, holder: str = "op-1", duration: int = 30) -> dict[str, Any]:
    """Return a Lease that was renewed so many seconds ago."""
    renewed = NOW - timedelta(seconds=seconds)
    return {
        "spec": {
            "holderIdentity": holder,
            "leaseDurationSeconds": duration,
            "renewTime": renewed.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
    }


def node(name: str, *, ready: bool = True) -> dict[str, Any]:
    condition = {
        "type": "Ready",
        "status": "True" if ready else "Unknown",
        "lastTransitionTime": "2026-01-01T11:59:00Z",
    }
    return {"metadata": {"name": name}, "status": {"conditions": [condition]}}


def pod(name: str, on: str, *, ready: bool = True, **status: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    conditions = [{"type": "Ready", "status": str(ready)}]
    return {
        "metadata": {"name": name},
        "spec": {"nodeName": on},
        "status": {"conditions": conditions, **status},
    }


CRASHING = pod(
    "op-1",
    "n1",
    ready=False,
    containerStatuses=[
        {
            "name": "operator",
            "restartCount": 5,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}},
            "lastState": {"terminated": {"exitCode": 1, "reason": "Error", "message": "no helm"}},
        }
    ],
)
LEAVING = {
    **pod("op-1", "n1"),
    "metadata": {"name": "op-1", "deletionTimestamp": "2026-01-01T12:00:30Z"},
}
TWO = {"metadata": {"name": "metallb-webhooks"}, "spec": {"replicas": 2}}
WELL = Attendance(
    namespace="m",
    lease=lease(3),
    operator=(pod("op-1", "n1"),),
    deployment=TWO,
    webhooks=(pod("wh-1", "n1"), pod("wh-2", "n2")),
    nodes=(node("n1"), node("n2")),
)
GONE = (node("n1", ready=False), node("n2"))
BOTH_ON_N1 = (pod("wh-1", "n1"), pod("wh-2", "n1"))


@pytest.mark.parametrize(
    ("seconds", "holder", "duration", "silent"),
    [
        (0, "op-1", 30, False),
        (30, "op-1", 30, False),
        (31, "op-1", 30, True),
        (31, "op-1", 60, False),
        (-600, "op-1", 30, False),  # a clock that is ahead
        (31, "op-1", 0, True),
        # Given up, so that the next one need not wait; there has to be a next one.
        (29, "", 1, False),
        (31, "", 1, True),
    ],
)
def test_when_nobody_looks(seconds: float, holder: str, duration: int, *, silent: bool) -> None:
    found = replace(WELL, lease=lease(seconds, holder=holder, duration=duration))
    assert (silence(found, NOW) is not None) is silent


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"nodes": GONE}, "pod op-1 on n1 is out of reach: the node is NotReady since 2026-01-01T"),
        ({"nodes": (node("n2"),)}, "pod op-1 on n1 is lost: there is no such node"),
        ({"operator": (LEAVING,)}, "pod op-1 on n1 is being deleted"),
        ({"operator": (CRASHING,)}, "pod op-1 on n1 is not ready: it keeps ending: exit code 1"),
        ({}, "pod op-1 on n1 is Ready as far as its node has told; `kubectl -n m logs op-1` may"),
        (
            {"operator": (pod("op-0", ""), pod("op-1", "n1")), "nodes": (node("n2"),)},
            "pod op-1 on n1 is lost: there is no such node; pod op-0 is Ready",
        ),
    ],
)
def test_what_the_operators_pod_does(change: dict[str, Any], said: str) -> None:
    found = silence(replace(WELL, lease=lease(107), **change), NOW)
    assert found is not None
    head = "nobody has looked since 2026-01-01T11:58:13Z (1 min 47 s ago): the operator's "
    assert found.since == "2026-01-01T11:58:13Z"
    assert found.text.startswith(head + said)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"operator": ()}, "Deployment metallb-operator has no pod; `kubectl -n m describe"),
        ({"unread": ("Pod",)}, "the operator's pods cannot be read"),
    ],
)
def test_where_no_pod_is_known(change: dict[str, Any], said: str) -> None:
    found = silence(replace(WELL, lease=lease(7260), **change), NOW)
    assert found is not None
    assert f"(2 h 1 min ago): {said}" in found.text


def test_where_nobody_has_ever_looked() -> None:
    found = silence(Attendance("m"), NOW)
    assert found is not None
    assert found.since == ""
    assert found.text.startswith("nobody looks: there is no Lease metallb-operator in namespace m;")


def test_a_lease_that_may_not_be_read_says_nothing() -> None:
    assert silence(Attendance("m", unread=("Lease",)), NOW) is None


def test_a_node_that_may_not_be_read_says_nothing() -> None:
    found = silence(replace(WELL, lease=lease(60), nodes=(), unread=("Node",)), NOW)
    assert found is not None
    assert "on n1 is Ready as far as" in found.text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ""),
        ({"nodes": GONE}, ""),
        ({"deployment": None, "webhooks": ()}, ""),
        ({"webhooks": BOTH_ON_N1, "nodes": GONE}, "pod wh-1 on n1 is out of reach"),
        ({"webhooks": (pod("wh-1", "n1", ready=False),)}, "pod wh-1 on n1 is not ready: "),
        ({"webhooks": ()}, "Deployment metallb-webhooks has no pod; `kubectl -n m describe"),
        ({"webhooks": (), "deployment": {"spec": {"replicas": 0}}}, "Deployment metallb-webhooks"),
        ({"webhooks": (), "unread": ("Pod",)}, "its pods cannot be read"),
        (
            {
                "webhooks": (),
                "unread": ("Pod",),
                "deployment": {**TWO, "status": {"readyReplicas": 1}},
            },
            "",
        ),
    ],
)
def test_when_no_webhook_answers(change: dict[str, Any], said: str) -> None:
    head = "no replica of the webhooks is ready, so that configuration cannot be changed: "
    found = unanswered(replace(WELL, **change))
    assert found.startswith(head + said if said else "")
    assert bool(found) is bool(said)

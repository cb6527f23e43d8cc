"""Pods whose ServiceAccount is deleted have no rights: told, and healed when it is back."""

from datetime import UTC, datetime

import pytest

from metallb_operator.fields import time_text
from support.operating import NAMESPACE, Operating, install
from support.waiting import wait_for

_WORKLOADS = {"controller": "deployment", "speaker": "daemonset"}


@pytest.fixture
def settled(operator: Operating) -> Operating:
    operator.create(bgpBackend="native")
    operator.wait_condition("Available", "True")
    operator.wait_condition("Degraded", "False")
    return operator


def test_accounts_that_are_gone_are_told_and_their_pods_replaced(settled: Operating) -> None:
    before = {name: _uids(settled, name) for name in _WORKLOADS}
    settled.cluster.kubectl("delete", "serviceaccount", *_WORKLOADS, "-n", NAMESPACE)
    settled.wait_condition("Degraded", "True", "ServiceAccountMissing")
    wait_for(
        "both are named",
        lambda: "controller, speaker." in settled.conditions()["Degraded"]["message"],
    )
    # Pods count by the second: the new accounts are to be younger than any of them.
    _next_second(settled)
    install(settled.cluster)
    settled.wait_condition("Degraded", "False")
    for name in _WORKLOADS:
        wait_for(
            f"every pod of {name} is another one, and ready",
            lambda: _replaced(settled, name, before[name]),  # noqa: B023 - called at once
            seconds=90,
        )
    # Once, and not again: the accounts are as old as they are.
    settled.wait_condition("Progressing", "False")
    generations = {name: _generation(settled, name) for name in _WORKLOADS}
    settled.create(bgpBackend="native", logLevel="debug")
    settled.wait_condition("Available", "True")
    settled.wait_condition("Progressing", "False")
    after = {name: _generation(settled, name) for name in _WORKLOADS}
    assert after == {name: number + 1 for name, number in generations.items()}


def _next_second(operator: Operating) -> None:
    """Wait until it is another second than any pod was created in, by the clock of us all."""
    created = "jsonpath={.items[*].metadata.creationTimestamp}"
    youngest = max(operator.cluster.kubectl("get", "pods", "-n", NAMESPACE, "-o", created).split())
    wait_for("another second", lambda: time_text(datetime.now(UTC)) > youngest)


def _replaced(operator: Operating, name: str, before: frozenset[str]) -> bool:
    found = operator.cluster.get(_WORKLOADS[name], name, NAMESPACE) or {}
    counts = found["status"]
    ready = counts.get("numberReady") or counts.get("readyReplicas") or 0
    wanted = counts.get("desiredNumberScheduled") or counts.get("replicas")
    return operator.alive() and ready == wanted and not before & _uids(operator, name)


def _uids(operator: Operating, name: str) -> frozenset[str]:
    where = ("-n", NAMESPACE, "-l", f"component={name}", "-o", "jsonpath={.items[*].metadata.uid}")
    return frozenset(operator.cluster.kubectl("get", "pods", *where).split())


def _generation(operator: Operating, name: str) -> int:
    found = operator.cluster.get(_WORKLOADS[name], name, NAMESPACE) or {}
    return int(found["metadata"]["generation"])

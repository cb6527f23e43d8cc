"""An operator that may not read says so, instead of what it knew before; it goes on when it may."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cluster import Cluster
from support.operating import NAMESPACE, Operating, operating

ROLE = ("role", "metallb-operator", "-n", NAMESPACE)


@contextmanager
def without_pods(cluster: Cluster) -> Iterator[None]:
    """Take the right to read pods from the operator for a while."""
    rules = _rules(cluster)
    kept = [rule for rule in rules if "pods" not in rule["resources"]]
    assert len(kept) < len(rules)
    _replace(cluster, kept)
    try:
        yield
    finally:
        _replace(cluster, rules)


def _rules(cluster: Cluster) -> list[dict[str, Any]]:
    found = cluster.get("role", "metallb-operator", NAMESPACE) or {}
    return list(found["rules"])


def _replace(cluster: Cluster, rules: list[dict[str, Any]]) -> None:
    patch = [{"op": "replace", "path": "/rules", "value": rules}]
    cluster.kubectl("patch", *ROLE, "--type=json", "-p", json.dumps(patch))


def test_what_may_not_be_read_is_said_and_nothing_else(
    own_cluster: Cluster, tmp_path: Path
) -> None:
    with without_pods(own_cluster), operating(own_cluster, tmp_path) as first:
        first.create(bgpBackend="native")
        told = first.wait_condition("Degraded", "True", "Forbidden")
        assert 'cannot list resource "pods"' in told["message"]
        assert "permissions of its bundle" in told["message"]
        first.wait_condition("Available", "Unknown", "NotObserved")
        assert first.operands() == {}
        _give_back(first)


def test_a_removal_ends_in_its_time_though_something_cannot_be_read(
    own_cluster: Cluster, tmp_path: Path
) -> None:
    with without_pods(own_cluster), operating(own_cluster, tmp_path) as blind:
        blind.create(bgpBackend="native", uninstall={"timeoutSeconds": 5})
        blind.wait_condition("Degraded", "True", "Forbidden")
        blind.delete(seconds=20)
        events = (own_cluster.get("events", namespace=NAMESPACE) or {})["items"]
        told = [one["message"] for one in events if one["reason"] == "RemovalTimedOut"]
        assert any("pods, which cannot be read" in message for message in told), told


def _give_back(operator: Operating) -> None:
    """Give the right back to the process that lacked it."""
    _replace(operator.cluster, [*_rules(operator.cluster), READS_PODS])
    operator.wait_condition("Available", "True", "AsExpected")
    operator.wait_condition("Degraded", "False")
    operator.delete()


READS_PODS: dict[str, Any] = {
    "apiGroups": [""],
    "resources": ["pods"],
    "verbs": ["get", "list", "watch"],
}

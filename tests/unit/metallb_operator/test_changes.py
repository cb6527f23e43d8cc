"""When the operator has changed a workload last, through what is kept of it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from metallb_kube.objects import Manifest
from metallb_operator.changes import changed
from metallb_operator.reduce import reduced
from support.observed import NOW, ago, daemonset, deployment


def entry(since: float, manager: str = "metallb-operator", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    return {
        "manager": manager,
        "operation": "Apply",
        "time": ago(since),
        "fieldsV1": {"f:spec": {}},
        **more,
    }


def written(made: dict[str, Any], *entries: dict[str, Any]) -> Manifest:
    return reduced({**made, "metadata": {**made["metadata"], "managedFields": list(entries)}})


@pytest.mark.parametrize("make", [deployment, daemonset])
@pytest.mark.parametrize(
    ("entries", "seconds"),
    [
        pytest.param([], 900, id="created"),
        pytest.param([entry(5)], 5, id="applied"),
        pytest.param([entry(5), entry(50)], 5, id="the-latest"),
        pytest.param([entry(5, "kubectl-rollout")], 900, id="by-somebody-else"),
        pytest.param([entry(5, subresource="status")], 900, id="the-status"),
        pytest.param([entry(5) | {"time": None}], 900, id="no-time"),
    ],
)
def test_when_it_was_changed(make: Any, entries: list[dict[str, Any]], seconds: float) -> None:  # noqa: ANN401 - a maker of workloads
    assert changed(written(make("w", age=900), *entries)) == NOW - timedelta(seconds=seconds)


def test_what_was_written_is_not_kept() -> None:
    [kept] = written(deployment("w"), entry(5), entry(7, "kubectl"))["metadata"]["managedFields"]
    assert kept == {"manager": "metallb-operator", "operation": "Apply", "time": ago(5)}
    assert "managedFields" not in written(deployment("w"), entry(7, "kubectl"))["metadata"]


def test_nothing_is_known_of_what_has_no_times() -> None:
    assert changed({"metadata": {}}) is None
    assert isinstance(changed(deployment("w")), datetime)

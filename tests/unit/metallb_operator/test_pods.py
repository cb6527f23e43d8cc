"""Which pods are a workload's, and what they say of it."""

from datetime import timedelta
from typing import Any

import pytest

from metallb_operator.pods import is_starting, last_ready, owned, selected, youngest
from support.observed import DAY, NOW, ago, daemonset, fresh, node, pod

SPEAKER = daemonset("speaker")


def changed(found: dict[str, Any], **metadata: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    return {**found, "metadata": {**found["metadata"], **metadata}}


@pytest.mark.parametrize(
    ("found", "is_selected", "is_owned"),
    [
        (pod("speaker", "n1"), True, True),
        (pod("frr-k8s", "n1"), False, False),
        (changed(pod("speaker", "n1"), deletionTimestamp=ago(1)), False, False),
        (changed(pod("speaker", "n1"), ownerReferences=[{"uid": "former"}]), True, False),
        (changed(pod("speaker", "n1"), ownerReferences=None), True, False),
        (changed(pod("speaker", "n1"), labels={"component": "speaker", "more": ""}), True, True),
    ],
)
def test_whose_pod(found: dict[str, Any], is_selected: bool, is_owned: bool) -> None:  # noqa: FBT001 - columns
    assert bool(selected(SPEAKER, [found])) is is_selected
    assert bool(owned(SPEAKER, [found])) is is_owned


@pytest.mark.parametrize(
    ("found", "on", "starting"),
    [
        (fresh("speaker", "n1"), node("n1"), True),
        (fresh("speaker", "n1", since=18, age=20), node("n1"), True),
        (fresh("speaker", "n1", since=10, age=20), node("n1"), False),
        (pod("speaker", "n1", ready=False, started=False), node("n1"), True),
        (pod("speaker", "n1", ready=False, since=60), node("n1"), False),
        (pod("speaker", "n1", ready=False, since=60), node("n1", since=60), True),
        (pod("speaker", "n1", ready=False, since=60), node("n1", since=5), True),
        (pod("speaker", "n1", ready=False, since=60), None, False),
    ],
)
def test_is_starting(found: dict[str, Any], on: dict[str, Any] | None, starting: bool) -> None:  # noqa: FBT001 - a column
    assert is_starting(found, on) is starting


def test_times() -> None:
    pods = [pod("speaker", "n1", since=50), fresh("speaker", "n2", age=30), fresh("speaker", "n3")]
    assert last_ready(pods) == NOW - timedelta(seconds=50)
    assert youngest(pods) == NOW - timedelta(seconds=20)
    assert (last_ready([]), youngest([])) == (None, None)
    assert last_ready([pod("speaker", "n1", ready=False, age=DAY)]) is None

from datetime import UTC, datetime
from typing import Any

import pytest

from metallb_operator.fields import (
    at,
    condition_of,
    count_at,
    is_terminating,
    name_of,
    text_at,
    time_of,
)

POD: dict[str, Any] = {
    "metadata": {"name": "p", "labels": None, "generation": 4},
    "spec": {"replicas": 0, "paused": True, "nodeName": "n"},
}


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ((), POD),
        (("spec", "nodeName"), "n"),
        (("spec", "replicas"), 0),
        (("status", "phase"), None),
        (("metadata", "labels", "app"), None),
        (("metadata", "name", "x"), None),
    ],
)
def test_keys_are_followed_as_far_as_they_go(keys: tuple[str, ...], found: object) -> None:
    assert at(POD, *keys) == found


@pytest.mark.parametrize(
    ("keys", "found"),
    [(("spec", "nodeName"), "n"), (("spec", "replicas"), ""), (("status", "phase"), "")],
)
def test_text_is_text_or_empty(keys: tuple[str, ...], found: str) -> None:
    assert text_at(POD, *keys) == found


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        (("metadata", "generation"), 4),
        (("spec", "nodeName"), 0),
        (("spec", "paused"), 0),
        (("status", "x"), 0),
    ],
)
def test_count_is_a_number_or_zero(keys: tuple[str, ...], found: int) -> None:
    counted = count_at(POD, *keys)
    assert (counted, type(counted)) == (found, int)


@pytest.mark.parametrize(("manifest", "name"), [(POD, "p"), ({}, ""), ({"metadata": None}, "")])
def test_name_is_found(manifest: dict[str, Any], name: str) -> None:
    assert name_of(manifest) == name


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2030-01-02T03:04:05Z", datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("2030-01-02T03:04:05.000006Z", datetime(2030, 1, 2, 3, 4, 5, 6, tzinfo=UTC)),
        ("2030-01-02T03:04:05+02:00", datetime(2030, 1, 2, 1, 4, 5, tzinfo=UTC)),
        ("2030-01-02T03:04:05", None),
        ("2030-01-02", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_time_is_read_where_it_is_one(text: str, time: datetime | None) -> None:
    assert time_of(text) == time


@pytest.mark.parametrize(
    ("metadata", "terminating"),
    [({}, False), ({"deletionTimestamp": None}, False), ({"deletionTimestamp": "t"}, True)],
)
def test_terminating_is_seen(metadata: dict[str, Any], terminating: object) -> None:
    assert is_terminating({"metadata": metadata}) is terminating


@pytest.mark.parametrize(
    ("status", "found"),
    [
        ({}, {}),
        ({"conditions": None}, {}),
        ({"conditions": [{"type": "Other"}]}, {}),
        ({"conditions": [{"type": "Other"}, {"type": "Ready", "status": "True"}]}, "True"),
    ],
)
def test_condition_is_found_by_type(status: dict[str, Any], found: object) -> None:
    condition = condition_of({"status": status}, "Ready")
    assert (condition.get("status") if condition else {}) == found

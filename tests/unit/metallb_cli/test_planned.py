"""What a plan is made for, where the object is not applied yet."""

from typing import Any

import pytest

from metallb_cli.planned import as_applied
from metallb_operator.rollback import given_up, rollback_of
from support.operating import metallb


def stored(**spec: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    made = metallb(**spec)
    made["metadata"] |= {"uid": "u", "generation": 4, "annotations": {"a": "1", "b": "2"}}
    return {**made, "status": {"version": "0.16.1"}}


@pytest.mark.parametrize(
    ("spec", "generation"), [({"version": "0.16.1"}, 4), ({"version": "0.15.3"}, 5), ({}, 5)]
)
def test_a_spec_that_is_the_same_is_no_change(spec: dict[str, Any], generation: int) -> None:
    found = as_applied(metallb(**spec), stored(version="0.16.1"))
    assert found["metadata"]["generation"] == generation
    assert found["spec"] == spec


def test_what_runs_is_known_of_the_stored_object() -> None:
    found = as_applied({**metallb(), "status": {"version": "invented"}}, stored())
    assert found["status"] == {"version": "0.16.1"}
    assert found["metadata"]["uid"] == "u"


def test_annotations_are_those_of_both() -> None:
    given = metallb()
    given["metadata"]["annotations"] = {"b": "3", "c": "4"}
    assert as_applied(given, stored())["metadata"]["annotations"] == {"a": "1", "b": "3", "c": "4"}


@pytest.mark.parametrize(("version", "rolled_back"), [("0.16.1", True), ("0.15.3", False)])
def test_a_rollback_is_in_force_until_the_spec_changes(version: str, *, rolled_back: bool) -> None:
    found = stored(version="0.16.1")
    note = given_up(found, "0.16.1", "0.15.3", "why").patch["metadata"]["annotations"]
    found["metadata"]["annotations"] |= note
    assert bool(rollback_of(as_applied(metallb(version=version), found))) is rolled_back

"""When an upgrade is given up, and for how long."""

import json
from dataclasses import replace
from typing import Any

import pytest

from metallb_crds.operator_v1beta1 import MetalLBSpec
from metallb_operator.conditions import Reason
from metallb_operator.intent import Intent, intent_of
from metallb_operator.releases import DEFAULT_RELEASE
from metallb_operator.rollback import (
    ANNOTATION,
    ARRIVED,
    Rollback,
    arrival,
    given_up,
    instead,
    is_wanted,
    rollback_of,
)
from metallb_operator.settings import Settings
from support.samples import NAMESPACE

GIVEN_UP = Rollback("u1", 3, "0.16.1", "0.15.3", "pods are refused")
IMAGES = {"registry": "mirror.test"}


def metallb(
    generation: int,
    note: str | None = None,
    *,
    uid: str = "u1",
    arrived: object = None,
    **spec: Any,  # noqa: ANN401 - whatever JSON holds
) -> dict[str, Any]:
    annotations = {} if note is None else {ANNOTATION: note}
    if arrived is not None:
        annotations[ARRIVED] = arrived if isinstance(arrived, str) else json.dumps(arrived)
    metadata = {"name": "metallb", "namespace": NAMESPACE, "uid": uid, "generation": generation}
    return {"metadata": metadata | {"annotations": annotations}, "spec": spec}


NOTE = GIVEN_UP.patch["metadata"]["annotations"][ANNOTATION]


@pytest.mark.parametrize(
    ("generation", "note", "found"),
    [
        pytest.param(3, NOTE, GIVEN_UP, id="what-was-noted-is-read"),
        pytest.param(4, NOTE, None, id="another-spec-is-tried"),
        pytest.param(3, None, None, id="nothing-was-given-up"),
        pytest.param(3, "", None, id="an-empty-note"),
        pytest.param(3, "no JSON", None, id="a-note-that-somebody-has-edited"),
        pytest.param(3, "[3]", None, id="a-note-that-lacks-something"),
        pytest.param(3, "7", None, id="a-note-that-is-none"),
    ],
)
def test_what_was_given_up(generation: int, note: str | None, found: Rollback | None) -> None:
    assert rollback_of(metallb(generation, note)) == found


def test_a_namesake_has_given_nothing_up() -> None:
    """An object that is made anew, from a copy that holds the annotation, begins with 1 again."""
    assert rollback_of(metallb(3, NOTE, uid="u2")) is None


@pytest.mark.parametrize(
    ("wanted", "version", "given_up"),
    [
        ("0.16.1", "0.16.1", True),
        ("0.16.1", "v0.16.1", True),
        (DEFAULT_RELEASE.version, "", True),
        # A newer operator prefers another release, which nobody has given up.
        ("0.16.0", "", False),
        ("0.16.0", "0.16.1", False),
    ],
)
def test_only_the_release_that_was_tried_is_given_up(
    wanted: str, version: str, *, given_up: bool
) -> None:
    note = replace(GIVEN_UP, wanted=wanted).patch["metadata"]["annotations"][ANNOTATION]
    spec = {"version": version} if version else {}
    assert (rollback_of(metallb(3, note, **spec)) is not None) is given_up


def test_the_release_that_runs_takes_the_place_of_the_one_that_is_declared() -> None:
    declared = metallb(3, NOTE, version="0.16.1", bgpBackend="native")
    assert instead(declared, GIVEN_UP)["spec"] == {"version": "0.15.3", "bgpBackend": "native"}
    assert declared["spec"]["version"] == "0.16.1"
    assert instead(declared, None) is declared


def test_images_and_backend_go_back_too() -> None:
    abandoned = replace(GIVEN_UP, beside={"images": None, "bgpBackend": "native"})
    declared = metallb(3, abandoned.patch["metadata"]["annotations"][ANNOTATION], images=IMAGES)
    assert rollback_of(declared) == abandoned
    assert instead(declared, abandoned)["spec"] == {"version": "0.15.3", "bgpBackend": "native"}


RAN = {"version": "0.15.3", "bgpBackend": "native", "images": IMAGES}


@pytest.mark.parametrize(
    ("arrived", "beside"),
    [
        pytest.param(RAN, {"bgpBackend": "native", "images": IMAGES}, id="what-ran"),
        pytest.param(RAN | {"version": "0.14.9"}, {}, id="what-ran-with-another-release"),
        pytest.param(None, {}, id="nothing-was-noted"),
        pytest.param("no JSON", {}, id="edited"),
        pytest.param("[]", {}, id="edited-otherwise"),
    ],
)
def test_what_goes_back_is_what_ran_with_the_release(
    arrived: object, beside: dict[str, Any]
) -> None:
    stored = metallb(3, arrived=arrived, version="0.16.1")
    found = given_up(stored, "0.16.1", "0.15.3", "pods are refused")
    assert found == replace(GIVEN_UP, beside=beside)


def intent(stored: dict[str, Any]) -> Intent:
    found = intent_of(stored, Settings(NAMESPACE))
    assert isinstance(found, Intent)
    return found


ASKING = {"upgrade": {"rollbackOnFailure": True}, "version": "0.15.3", "bgpBackend": "native"}


@pytest.mark.parametrize(
    ("stored", "noted"),
    [
        pytest.param(metallb(3, **ASKING), RAN | {"images": None}, id="the-first-time"),
        pytest.param(metallb(3, images=IMAGES, **ASKING), RAN, id="with-images"),
        pytest.param(metallb(3, arrived=RAN, images=IMAGES, **ASKING), None, id="noted-already"),
        pytest.param(
            metallb(3, version="0.15.3", bgpBackend="native"),
            RAN | {"images": None},
            id="a-way-back-may-be-asked-for-with-the-next-release",
        ),
        pytest.param(
            metallb(3, NOTE, **ASKING | {"version": "0.16.1"}),
            None,
            id="while-something-is-given-up",
        ),
    ],
)
def test_what_runs_is_noted(stored: dict[str, Any], noted: dict[str, Any] | None) -> None:
    patch = arrival(stored, intent(stored))
    assert (json.loads(patch["metadata"]["annotations"][ARRIVED]) if patch else None) == noted


def test_the_status_names_both_releases_the_cause_and_the_remedy() -> None:
    problem = GIVEN_UP.problem
    assert problem.reason is Reason.ROLLED_BACK
    assert problem.message == (
        "the upgrade to 0.16.1 was given up and 0.15.3 runs: pods are refused;"
        " change the spec to try again"
    )


ASKED = MetalLBSpec.parse({"upgrade": {"rollbackOnFailure": True}})
PAUSED = MetalLBSpec.parse({"upgrade": {"rollbackOnFailure": True}, "paused": True})


@pytest.mark.parametrize(
    ("spec", "upgrading", "overdue", "wanted"),
    [
        (ASKED, "0.15.3 -> 0.16.1", True, True),
        (ASKED, "0.15.3 -> 0.16.1", False, False),
        (ASKED, "", True, False),
        (PAUSED, "0.15.3 -> 0.16.1", True, False),
        (MetalLBSpec(), "0.15.3 -> 0.16.1", True, False),
        (MetalLBSpec.parse({"upgrade": {}}), "0.15.3 -> 0.16.1", True, False),
        (None, "0.15.3 -> 0.16.1", True, False),
    ],
)
def test_giving_up(spec: MetalLBSpec | None, upgrading: str, overdue: bool, wanted: bool) -> None:  # noqa: FBT001 - a row
    assert is_wanted(spec, upgrading, overdue=overdue) is wanted

"""When an upgrade is given up, and for how long."""

from typing import Any

import pytest

from metallb_crds.operator_v1beta1 import MetalLBSpec
from metallb_operator.conditions import Reason
from metallb_operator.rollback import ANNOTATION, Rollback, instead, is_wanted, rollback_of

GIVEN_UP = Rollback(3, "0.16.1", "0.15.3", "pods are refused")


def metallb(generation: int, note: str | None, **spec: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    annotations = {} if note is None else {ANNOTATION: note}
    return {"metadata": {"generation": generation, "annotations": annotations}, "spec": spec}


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


def test_the_release_that_runs_takes_the_place_of_the_one_that_is_declared() -> None:
    declared = metallb(3, NOTE, version="0.16.1", bgpBackend="native")
    assert instead(declared, GIVEN_UP)["spec"] == {"version": "0.15.3", "bgpBackend": "native"}
    assert declared["spec"]["version"] == "0.16.1"
    assert instead(declared, None) is declared


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

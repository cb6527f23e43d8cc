"""Whoever installs again what was replaced is told of."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from metallb_kube.objects import ObjectRef
from metallb_operator.conditions import Reason
from metallb_operator.installations import Adoption
from metallb_operator.plan import Delete
from metallb_operator.reinstalling import Replaced, problems, replaced

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CONTROLLER = ObjectRef("apps/v1", "Deployment", "m", "metallb-controller")
SPEAKER = ObjectRef("apps/v1", "DaemonSet", "m", "metallb-speaker")
CONSENT: dict[str, Any] = {"metadata": {"annotations": {"metallb.io/adopt": "true"}}}

Uids = Mapping[ObjectRef, str]


def followed(*looks: Uids, later: Iterable[ObjectRef] = ()) -> Mapping[ObjectRef, Replaced]:
    """What is known after looks, a minute after one another, that each delete some workloads."""
    found: Mapping[ObjectRef, Replaced] = {}
    for number, uids in enumerate(looks):
        deletes = tuple(Delete(ref, uid, replaced=True) for ref, uid in uids.items())
        adoption = Adoption(deletes=deletes, later=frozenset(later))
        found = replaced(found, CONSENT, adoption, NOW + timedelta(minutes=number))
    return found


@pytest.mark.parametrize(
    ("looks", "back"),
    [
        ([], ()),
        ([{}], ()),
        ([{CONTROLLER: "1"}, {}, {SPEAKER: "2"}], ()),
        # Its deletion had to be asked for twice.
        ([{CONTROLLER: "1"}, {CONTROLLER: "1"}], ()),
        ([{CONTROLLER: "1"}, {CONTROLLER: "2"}], ("metallb-controller",)),
        ([{CONTROLLER: "1"}, {CONTROLLER: "2"}, {CONTROLLER: "2"}], ("metallb-controller",)),
        ([{CONTROLLER: "1"}, {CONTROLLER: "2"}, *[{}] * 59], ("metallb-controller",)),
        # It came back, and then no more for an hour.
        ([{CONTROLLER: "1"}, {CONTROLLER: "2"}, *[{}] * 60], ()),
        (
            [{CONTROLLER: "1", SPEAKER: "2"}, {CONTROLLER: "3", SPEAKER: "4"}],
            ("metallb-controller", "metallb-speaker"),
        ),
    ],
)
def test_what_comes_back_is_told(looks: list[Uids], back: tuple[str, ...]) -> None:
    found = followed(*looks)
    assert tuple(sorted(ref.name for ref, one in found.items() if one.again)) == back
    told = problems(found)
    assert bool(told) == bool(back)
    for problem in told:
        assert problem.reason is Reason.OTHER_INSTALLATION
        assert all(f"m/{name}" in problem.message for name in back)


def test_what_was_installed_after_ours_is_told_at_once() -> None:
    (problem,) = problems(followed({CONTROLLER: "1"}, later=[CONTROLLER]))
    assert "another tool installs Deployment m/metallb-controller again" in problem.message
    assert "suspend what installs it" in problem.message


def test_without_consent_nothing_is_deleted_or_told() -> None:
    found = followed({CONTROLLER: "1"}, {CONTROLLER: "2"})
    assert replaced(found, {"metadata": {}}, Adoption(), NOW) == {}

"""For every situation the whole status, from observed objects to conditions."""

import re
from datetime import timedelta

import pytest

from metallb_operator.conditions import Reason, Type
from metallb_operator.status import is_current, judge, status
from metallb_operator.troubles import Kind
from support.observed import NOW
from support.situations import ROWS
from support.truth import LIMITS, Row

# What the CRD allows as a condition's reason.
REASON = re.compile(r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")

every = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name.replace(" ", "-"))


@every
def test_conditions(row: Row) -> None:
    found = {v.type.value: f"{v.truth} {v.reason}" for v in row.verdicts()}
    assert found == {
        "Available": row.available,
        "Progressing": row.progressing,
        "Degraded": row.degraded,
        "Upgradeable": row.upgradeable,
        "PreflightPassed": row.preflight,
        "ConfigurationValid": row.configuration,
    }


@every
def test_the_message_tells_what_and_where(row: Row) -> None:
    found = {verdict.type: verdict.message for verdict in row.verdicts()}
    told = found[Type.DEGRADED if row.degraded.startswith("True") else Type.AVAILABLE]
    assert [fragment for fragment in row.tells if fragment not in told] == [], told


@every
def test_nothing_is_told_too_early(row: Row) -> None:
    found = status(row.situation, row.verdicts(), row.previous, NOW)
    told = [one["message"] for one in (*found["conditions"], *found["components"])]
    assert [text for text in told for fragment in row.hides if fragment in text] == []


@every
def test_judging_what_was_written_writes_nothing(row: Row) -> None:
    stored = status(row.situation, row.verdicts(), row.previous, NOW)
    later = NOW + timedelta(seconds=1)
    again = judge(row.situation, stored, limits=LIMITS, now=later)
    assert is_current(stored, status(row.situation, again, stored, later))


@every
def test_what_is_not_as_it_should_be_is_said(row: Row) -> None:
    """Never Available and not Degraded and not Progressing while a component does not serve."""
    quiet = (row.available, row.progressing, row.degraded) == (
        "True AsExpected",
        "False AsExpected",
        "False AsExpected",
    )
    assert not quiet or all(component.settled for component in row.situation.components)


def test_names_are_unique() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_every_reason_is_reached() -> None:
    reached = {verdict.reason for row in ROWS for verdict in row.verdicts()}
    troubles = {
        Reason(trouble.kind.value)
        for row in ROWS
        for component in row.situation.components
        for trouble in component.troubles
    }
    assert set(Reason) == reached | troubles


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_trouble_is_a_reason(kind: Kind) -> None:
    assert Reason(kind.value).name


@pytest.mark.parametrize("reason", Reason)
def test_the_api_server_takes_every_reason(reason: Reason) -> None:
    assert REASON.match(reason.value)

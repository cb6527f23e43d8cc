"""Conditions as they are stored: when their times move, and what is told of them."""

import re
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metallb_operator.conditions import (
    LONGEST_MESSAGE,
    Reason,
    Transition,
    Truth,
    Type,
    Verdict,
    merged,
    transitions,
)
from support.observed import NOW, ago

BEFORE = {
    "type": "Available",
    "status": "True",
    "reason": "AsExpected",
    "lastTransitionTime": ago(500),
}
TYPES = st.sampled_from(Type)
VERDICTS = st.builds(Verdict, TYPES, st.sampled_from(Truth), st.sampled_from(Reason), st.text())


def available(truth: Truth, reason: Reason = Reason.AS_EXPECTED, text: str = "") -> Verdict:
    return Verdict(Type.AVAILABLE, truth, reason, text)


@pytest.mark.parametrize(
    ("verdict", "before", "since"),
    [
        (available(Truth.TRUE), BEFORE, 500),
        (available(Truth.TRUE, Reason.PAUSED, "other"), BEFORE, 500),
        (available(Truth.FALSE), BEFORE, 0),
        (available(Truth.UNKNOWN), BEFORE, 0),
        (available(Truth.TRUE), {**BEFORE, "type": "Degraded"}, 0),
        (available(Truth.TRUE), {**BEFORE, "lastTransitionTime": None}, 0),
    ],
)
def test_the_time_moves_only_with_the_status(
    verdict: Verdict, before: dict[str, str], since: float
) -> None:
    (found,) = merged([verdict], [before], generation=7, now=NOW)
    assert found["lastTransitionTime"] == ago(since)
    assert found["observedGeneration"] == 7


@given(st.lists(VERDICTS, unique_by=lambda verdict: verdict.type))
def test_a_second_look_changes_nothing(verdicts: list[Verdict]) -> None:
    first = merged(verdicts, [], generation=1, now=NOW)
    second = merged(verdicts, first, generation=1, now=NOW + timedelta(hours=1))
    assert first == second
    assert transitions(verdicts, first) == ()


def test_times_are_utc_whatever_the_zone_of_the_clock() -> None:
    zone = timezone(timedelta(hours=5))
    (found,) = merged([available(Truth.TRUE)], [], generation=1, now=NOW.astimezone(zone))
    assert found["lastTransitionTime"] == ago(0)
    assert datetime.fromisoformat(found["lastTransitionTime"]) == NOW


def test_a_message_has_an_end() -> None:
    (found,) = merged([available(Truth.TRUE, text="x" * 40000)], [], generation=1, now=NOW)
    assert len(found["message"]) == LONGEST_MESSAGE
    assert found["message"].endswith("...")


@pytest.mark.parametrize(
    ("verdict", "previous", "told"),
    [
        (available(Truth.TRUE), [BEFORE], None),
        (available(Truth.TRUE, text="another message"), [BEFORE], None),
        (available(Truth.TRUE, Reason.PAUSED), [BEFORE], Truth.TRUE),
        (available(Truth.FALSE), [BEFORE], Truth.TRUE),
        (available(Truth.TRUE), [], "new"),
        (available(Truth.TRUE), [{**BEFORE, "status": "?"}], "new"),
    ],
)
def test_transitions(
    verdict: Verdict, previous: list[dict[str, str]], told: Truth | str | None
) -> None:
    before = None if told == "new" else told
    expected = Transition(Type.AVAILABLE, verdict.truth, verdict.reason, verdict.message, before)
    assert transitions([verdict], previous) == (() if told is None else (expected,))


@pytest.mark.parametrize("kind", Type)
@pytest.mark.parametrize("truth", Truth)
def test_what_is_good(kind: Type, truth: Truth) -> None:
    good = "False" if kind.value in {"Degraded", "Progressing"} else "True"
    change = Transition(kind, truth, Reason.AS_EXPECTED, "", None)
    assert change.is_good == (truth.value == good)


@pytest.mark.parametrize("kind", Type)
def test_types_are_words(kind: Type) -> None:
    assert re.fullmatch(r"[A-Z][A-Za-z]+", kind.value)

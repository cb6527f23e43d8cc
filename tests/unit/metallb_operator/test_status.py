"""From situations to the status: what holds for every one of them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metallb_operator.component import Component
from metallb_operator.conditions import LONGEST_MESSAGE, Reason, Truth, Type
from metallb_operator.situation import Checked, Problem, Situation
from metallb_operator.status import is_current, judge, status
from metallb_operator.troubles import Kind, Trouble
from metallb_operator.wording import clipped
from support.observed import NOW, ago, fresh, looping, running, waiting
from support.truth import LIMITS, Row, installing, world

WORDS = st.text(min_size=1, max_size=20)
NAMES = st.lists(WORDS, max_size=8).map(tuple)
COUNTS = st.integers(0, 5)
TIMES = st.integers(0, 2000).map(lambda seconds: NOW - timedelta(seconds=seconds))
TROUBLES = st.builds(
    Trouble,
    st.sampled_from(Kind),
    WORDS,
    WORDS,
    WORDS,
    st.none() | TIMES,
    st.booleans(),
)
COMPONENTS = st.builds(
    Component,
    st.sampled_from(["controller", "speaker", "frr-k8s"]),
    st.sampled_from(["Deployment", "DaemonSet"]),
    COUNTS,
    updated=COUNTS,
    ready=COUNTS,
    present=st.booleans(),
    rolled=st.booleans(),
    waiting=NAMES,
    lost=NAMES,
    left_out=st.dictionaries(WORDS, WORDS, max_size=8),
    starting=COUNTS,
    tolerated=COUNTS,
    troubles=st.lists(TROUBLES, max_size=8).map(tuple),
    progressed=st.none() | TIMES,
)
PROBLEMS = st.lists(st.builds(Problem, st.sampled_from(Reason), WORDS), max_size=3).map(tuple)
CHECKS = st.builds(Checked, st.booleans(), NAMES, NAMES)
SITUATIONS = st.builds(
    Situation,
    st.integers(0, 9),
    version=WORDS,
    backend=WORDS,
    components=st.lists(COMPONENTS, max_size=4).map(tuple),
    problems=PROBLEMS,
    waiting=NAMES,
    handover=NAMES,
    removing=st.none() | NAMES,
    paused=st.booleans(),
    upgrading=st.just("") | WORDS,
    preflight=CHECKS,
    configuration=CHECKS,
)


def written(situation: Situation, previous: Mapping[str, Any]) -> dict[str, Any]:
    verdicts = judge(situation, previous, limits=LIMITS, now=NOW)
    return status(situation, verdicts, previous, NOW)


@given(SITUATIONS)
def test_every_condition_is_there_once_and_says_why(situation: Situation) -> None:
    found = written(situation, {})["conditions"]
    assert [condition["type"] for condition in found] == [kind.value for kind in Type]
    for condition in found:
        assert condition["reason"]
        assert 0 < len(condition["message"]) <= LONGEST_MESSAGE
        assert condition["observedGeneration"] == situation.generation


@given(SITUATIONS)
def test_judged_again_nothing_is_written(situation: Situation) -> None:
    first = written(situation, {})
    second = written(situation, first)
    # The first look starts the clock; from then on nothing moves but time.
    assert is_current(second, written(situation, second))


@given(SITUATIONS, SITUATIONS)
def test_times_move_only_with_the_status(one: Situation, other: Situation) -> None:
    first = written(one, {})
    for condition in first["conditions"]:
        condition["lastTransitionTime"] = ago(100)
    for before, after in zip(first["conditions"], written(other, first)["conditions"], strict=True):
        moved = after["lastTransitionTime"] != before["lastTransitionTime"]
        assert moved == (after["status"] != before["status"])


@given(SITUATIONS)
def test_what_is_wrong_is_never_silent(situation: Situation) -> None:
    found = {v.type: v for v in judge(situation, {}, limits=LIMITS, now=NOW)}
    degraded = found[Type.DEGRADED]
    if situation.problems:
        assert degraded.truth is Truth.TRUE
        assert degraded.reason is situation.problems[0].reason
    for problem in situation.problems:
        assert problem.message in degraded.message
    if degraded.truth is Truth.TRUE:
        assert found[Type.UPGRADEABLE].truth is Truth.FALSE


@given(SITUATIONS)
def test_available_means_that_every_component_is_there(situation: Situation) -> None:
    found = judge(situation, {}, limits=LIMITS, now=NOW)[0]
    if found.truth is Truth.TRUE:
        assert situation.components
        assert all(component.serves for component in situation.components)


@given(SITUATIONS)
def test_an_unhurried_clock_makes_nothing_worse(situation: Situation) -> None:
    """What is wrong now is wrong later as well, if nothing else has changed."""
    stored = written(situation, {})
    soon, late = (
        judge(situation, stored, limits=LIMITS, now=NOW + timedelta(seconds=seconds))[2]
        for seconds in (1, 5000)
    )
    assert late.truth is Truth.TRUE or soon.truth is Truth.FALSE


@pytest.mark.parametrize(
    ("previous", "wanted", "current"),
    [
        ({"version": "1"}, {"version": "1"}, True),
        ({"version": "1"}, {"version": "2"}, False),
        ({}, {"version": ""}, True),
        ({}, {"components": []}, True),
        ({"more": 1}, {"version": ""}, True),
        ({"components": [{"name": "a", "ready": 1}]}, {"components": [{"name": "a"}]}, False),
    ],
)
def test_is_current(previous: dict[str, Any], wanted: dict[str, Any], current: bool) -> None:  # noqa: FBT001 - a column
    assert is_current(previous, wanted) is current


@pytest.mark.parametrize(
    ("component", "message"),
    [
        (Component("c", "Deployment", 1, ready=1, rolled=True), ""),
        (Component("c", "Deployment", 1, present=False), "it does not exist"),
        (
            Component("s", "DaemonSet", 2, ready=1, rolled=True, lost=("n2",)),
            "ready on 1 of 2 nodes; NotReady: n2",
        ),
    ],
)
def test_a_component_has_a_message_if_something_lacks(component: Component, message: str) -> None:
    found = status(Situation(1, components=(component,)), (), {}, NOW)["components"]
    assert [row["message"] for row in found] == [message]


def test_messages_of_components_have_an_end() -> None:
    trouble = Trouble(Kind.CRASH, "pod", "x" * 40000)
    component = Component("c", "Deployment", 1, troubles=(trouble,))
    (row,) = status(Situation(1, components=(component,)), (), {}, NOW)["components"]
    assert row["message"] == clipped(component.message, LONGEST_MESSAGE)
    assert len(row["message"]) == LONGEST_MESSAGE


def degraded_over_time(*containers: dict[str, Any]) -> set[str]:
    rows = [
        Row("", seen=world(fresh("speaker", "n1", status)), previous=installing())
        for status in containers
    ]
    return {f"{row.verdicts()[2].truth} {row.verdicts()[2].message}" for row in rows}


def test_a_normal_start_is_never_degraded() -> None:
    assert degraded_over_time(
        waiting("speaker", "ContainerCreating"),
        waiting("speaker", "PodInitializing"),
        running("speaker", since=1),
    ) == {"False nothing is wrong"}


@pytest.mark.parametrize("upgrading", ["", "0.15.3 -> 0.16.1"])
def test_what_a_change_of_backend_waits_for_is_told(upgrading: str) -> None:
    speaker = Component("speaker", "DaemonSet", desired=2, updated=1, ready=2)
    awaited = ("node n1: sessions with 192.0.2.1 are not reported up",)
    situation = Situation(1, components=(speaker,), handover=awaited, upgrading=upgrading)
    found = {v.type: v for v in judge(situation, {}, limits=LIMITS, now=NOW)}[Type.PROGRESSING]
    assert found.truth is Truth.TRUE
    assert found.message.endswith(awaited[0])


def test_a_crash_loop_does_not_flap() -> None:
    ended = looping("speaker")["lastState"]["terminated"]
    (only,) = degraded_over_time(
        looping("speaker"),
        running("speaker", since=1, restarts=4, ended=ended),
        running("speaker", since=2, restarts=5, ended=ended),
    )
    assert only.startswith("True")


def test_many_different_troubles_are_counted() -> None:
    troubles = tuple(Trouble(Kind.CRASH, "pod", f"cause {n}") for n in range(9))
    component = Component("c", "Deployment", 1, rolled=True, troubles=troubles)
    found = judge(Situation(1, components=(component,)), {}, limits=LIMITS, now=NOW)[2]
    assert found.message.endswith("Deployment c: 4 more troubles")

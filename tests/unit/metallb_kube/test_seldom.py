"""A log says at once what is new, and once a minute what goes on."""

import logging

import pytest

from metallb_kube.outage import Outage
from metallb_kube.seldom import Seldom, SeldomFilter


class Clock:
    """Monotonic seconds that move when told."""

    at = 0.0

    def __call__(self) -> float:
        return self.at


def test_the_same_is_due_once_a_minute_and_something_else_at_once() -> None:
    clock = Clock()
    seldom = Seldom(clock=clock)
    said = [(0, "a"), (1, "a"), (59, "a"), (60, "a"), (61, "b"), (62, "b"), (63, "a")]
    due = []
    for clock.at, what in said:
        due.append(seldom.due(what))
    assert due == [True, False, False, True, True, False, True]


def test_a_filter_holds_back_only_what_begins_so() -> None:
    limited = SeldomFilter("Request attempt")
    texts = ["Request attempt #1", "Request attempt #2", "another", "another"]
    passed = [limited.filter(logging.makeLogRecord({"msg": text})) for text in texts]
    assert passed == [True, False, True, True]


def test_an_outage_is_told_once_a_minute_and_its_end_at_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    outage = Outage(clock)
    outage.answered()
    for second in range(150):
        clock.at = float(second)
        for _ in range(20):
            outage.failed(f"refused {second}")
    assert outage.cause == "refused 149"
    with caplog.at_level(logging.INFO):
        outage.answered()
        outage.answered()
    assert outage.cause == ""
    assert [record.getMessage() for record in caplog.records] == [
        "waiting for the API server: refused 0",
        "waiting for the API server: refused 60",
        "waiting for the API server: refused 120",
        "the API server answers, after 149 s",
    ]


def test_requests_that_fail_now_and_then_do_not_fill_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outage = Outage(Clock())
    with caplog.at_level(logging.INFO):
        for _ in range(100):
            outage.failed("reset")
            outage.answered()
    assert len(caplog.records) == 2

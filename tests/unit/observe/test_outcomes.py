from collections.abc import Sequence

import pytest

from observe.outcomes import Gap, Mark, Request, gaps, judge

INTERVAL = 0.05


def requests(pattern: str, target: str = "web") -> list[Request]:
    """Return a request a letter: `.` is answered, `x` fails, a space was not sent."""
    return [
        Request(target, tick, 100 + tick * INTERVAL, 0.002, "timeout" if letter == "x" else "")
        for tick, letter in enumerate(pattern)
        if letter != " "
    ]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("....", ()),
        ("", ()),
        # One failure is a gap of one interval: that is as exact as asking can be.
        ("..x..", ((0.10, 0.05, 1),)),
        ("..xxx..", ((0.10, 0.15, 3),)),
        ("..x.xx.", ((0.10, 0.05, 1), (0.20, 0.10, 2))),
        # Beyond either end there is nothing to count from but an interval.
        ("xx..", ((0.0, 0.10, 2),)),
        ("..xx", ((0.10, 0.10, 2),)),
        ("xxxx", ((0.0, 0.20, 4),)),
        # The client was held up in the middle: nothing succeeded all that time.
        ("..x    x..", ((0.10, 0.30, 2),)),
        # Held up between two successes: nobody asked, so nothing is known to have failed.
        ("..      ..", ()),
    ],
)
def test_gaps(pattern: str, expected: Sequence[tuple[float, float, int]]) -> None:
    found = [(round(gap.start - 100, 6), gap.seconds, gap.failed) for gap in gaps_of(pattern)]
    assert found == list(expected)


def gaps_of(pattern: str) -> tuple[Gap, ...]:
    return gaps(reversed(requests(pattern)), INTERVAL)


def test_one_target_does_not_fill_the_gap_of_another() -> None:
    both = requests("........", "a") + requests("..xxxx..", "b")
    assert gaps(both, INTERVAL) == (Gap("b", pytest.approx(100.10), 0.20, 4),)
    assert judge(both, INTERVAL).longest_gap == 0.20


def test_late_answers_end_a_gap_and_not_the_silence() -> None:
    late = [Request("web", tick, 100 + tick * INTERVAL, 0.9 - tick * INTERVAL) for tick in (3, 4)]
    asked = [*requests("..x"), *late, *requests(" " * 18 + "..")]
    outcome = judge(asked, INTERVAL)
    assert outcome.longest_gap == 0.05
    assert outcome.longest_silence == pytest.approx(0.9 - (0.05 + 0.002) - INTERVAL)


@pytest.mark.parametrize(
    ("pattern", "seconds"),
    [
        ("", 0),
        (".", 0),
        ("....", 0),
        ("..xx..", 0.10),
        ("..xx", 0.05 - 0.002),
        ("xx..", 0.05 + 0.002),
        ("xxxx", 0.10),
        ("..      ..", 0.30),
    ],
)
def test_silence(pattern: str, seconds: float) -> None:
    assert judge(requests(pattern), INTERVAL).longest_silence == pytest.approx(seconds)


def test_outcome() -> None:
    marks = (Mark("upgrade starts", 100.0),)
    asked = [
        Request("web", 0, 100.00, 0.001, node="n1", pod="p1", client="192.0.2.7"),
        Request("web", 1, 100.05, 1.000, "timeout"),
        Request("web", 2, 100.10, 0.000, "refused"),
        Request("web", 3, 100.15, 1.000, "timeout"),
        Request("web", 4, 100.20, 0.003, node="n2", pod="p2", client="192.0.2.7"),
        Request("web", 7, 100.35, 0.002, node="n2", pod="p2", client="192.0.2.8"),
    ]
    outcome = judge(asked, INTERVAL, marks)
    assert (outcome.requests, outcome.failed, outcome.skipped) == (6, 3, 2)
    assert (outcome.seconds, outcome.longest_gap) == (0.35, 0.15)
    assert (outcome.p50, outcome.p99, outcome.slowest) == (0.002, 0.003, 0.003)
    assert outcome.errors == (("timeout", 2), ("refused", 1))
    assert (outcome.nodes, outcome.pods) == (("n1", "n2"), ("p1", "p2"))
    assert outcome.clients == ("192.0.2.7", "192.0.2.8")
    assert outcome.marks == marks
    assert str(outcome) == (
        "3 of 6 failed (2 timeout, 1 refused), longest gap 0.15 s, silence 0.15 s, p99 3 ms, "
        "2 not sent"
    )


def test_outcome_of_nothing() -> None:
    outcome = judge([], INTERVAL)
    assert (outcome.requests, outcome.failed, outcome.longest_gap, outcome.slowest) == (0, 0, 0, 0)

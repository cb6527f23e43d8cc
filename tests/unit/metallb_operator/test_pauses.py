"""How long what has failed is left alone."""

import pytest

from metallb_kube.errors import ConflictError, KubeError, ThrottledError, UnavailableError
from metallb_kube.objects import ObjectRef
from metallb_operator.execute import Failure
from metallb_operator.pauses import asked_for, collecting, grown, put_off

REF = ObjectRef("apps/v1", "DaemonSet", "metallb-system", "speaker")


@pytest.mark.parametrize(
    ("errors", "seconds"),
    [
        ([], 0.0),
        ([ConflictError("")], 0.0),
        ([ThrottledError("", retry_after=7.0)], 7.0),
        ([UnavailableError("", retry_after=3.0)], 3.0),
        ([ThrottledError("", retry_after=2.0), ThrottledError("", retry_after=9.0)], 9.0),
    ],
)
def test_the_longest_that_was_asked_for_counts(errors: list[KubeError], seconds: float) -> None:
    assert asked_for(Failure(REF, error) for error in errors) == seconds


@pytest.mark.parametrize(
    ("times", "asked", "seconds"),
    [
        (1, 0.0, 1.0),
        (2, 0.0, 2.0),
        (5, 0.0, 16.0),
        (7, 0.0, 60.0),
        (10_000, 0.0, 60.0),
        (1, 0.5, 1.0),
        (1, 30.0, 30.0),
        (10_000, 61.0, 61.0),
    ],
)
def test_pauses_grow_and_are_never_shorter_than_asked_for(
    times: int, asked: float, seconds: float
) -> None:
    assert grown(times, asked) == seconds


@pytest.mark.parametrize(
    ("pause", "asked", "seconds"),
    [(1.0, 0.0, 0.25), (60.0, 0.0, 5.0), (30.0, 30.0, 30.0), (60.0, 2.0, 5.0)],
)
def test_what_happens_after_a_failure_is_put_off(
    pause: float, asked: float, seconds: float
) -> None:
    assert put_off(pause, asked) == seconds


@pytest.mark.parametrize(
    ("worked", "seconds"), [(0.0, 0.05), (0.005, 0.05), (0.1, 0.3), (1.0, 3.0), (60.0, 5.0)]
)
def test_a_look_that_costs_much_is_not_followed_at_once(worked: float, seconds: float) -> None:
    assert collecting(worked) == pytest.approx(seconds)

"""How long what has failed is left alone."""

import pytest

from metallb_kube.errors import ConflictError, KubeError, ThrottledError, UnavailableError
from metallb_kube.objects import ObjectRef
from metallb_operator.execute import Failure
from metallb_operator.handlers import _rest
from metallb_operator.pauses import asked_for, grown
from metallb_operator.tools import Memory

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
    ("pause", "memory", "seconds"),
    [
        (600.0, Memory(), 0.05),
        (1.0, Memory(failures=1), 0.25),
        (60.0, Memory(failures=9), 5.0),
        (30.0, Memory(failures=1, spared=30.0), 30.0),
    ],
)
def test_what_happens_meanwhile_is_put_off(pause: float, memory: Memory, seconds: float) -> None:
    assert _rest(pause, memory) == seconds

"""When the operator says that it is ready."""

import pytest

from metallb_operator.run import _State


@pytest.mark.parametrize(
    ("waiting", "leading", "behind", "started", "unready"),
    [
        ("waiting for the API server", False, False, False, "waiting for the API server"),
        ("", False, False, False, "waiting for the Lease metallb-operator"),
        # Whoever stands by for one that works must not hold up a rollout.
        ("", False, True, False, ""),
        # What fails at kopf's start must not follow upon a rollout that succeeded.
        ("", True, False, False, "starting"),
        ("", True, False, True, ""),
    ],
)
def test_it_is_ready_when_it_works_or_stands_behind_one_that_does(
    waiting: str,
    unready: str,
    *,
    leading: bool,
    behind: bool,
    started: bool,
) -> None:
    state = _State(waiting, leading=lambda: leading, behind=lambda: behind)
    if started:
        state.started.set()
    assert state.unready() == unready

"""How long the API server is waited for."""

from typing import Any

import pytest

from metallb_kube.patience import PATIENCE, Patience


def test_a_silent_watch_is_noticed_within_75_seconds_and_a_healthy_one_is_let_be() -> None:
    bookmarks = 60  # seconds between two of them, at most (KEP-956)
    assert bookmarks < PATIENCE.silence <= 75
    assert PATIENCE.connect < PATIENCE.request


@pytest.mark.parametrize("wrong", [{"request": 0}, {"silence": -1}, {"connect": 0.0}])
def test_without_any_patience_there_is_no_answer(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="more than 0 seconds"):
        Patience(**wrong)

"""How kopf is set up: no silence and no outage goes unnoticed."""

import pytest

from metallb_operator.handlers import settings
from metallb_operator.settings import FINALIZER


def test_a_silent_watch_is_noticed_and_a_request_without_answer_given_up() -> None:
    chosen = settings()
    assert 60 < chosen.watching.inactivity_timeout <= 75
    assert chosen.networking.request_timeout == 30
    assert chosen.networking.connect_timeout == 5


def test_attempts_outlast_an_outage_and_are_not_far_apart() -> None:
    pauses = settings().networking.error_backoffs
    assert not isinstance(pauses, float | int)
    assert sum(pauses) == pytest.approx(300, abs=5)
    assert max(pauses) <= 10


def test_nothing_is_stored_but_the_finalizer() -> None:
    chosen = settings()
    assert chosen.persistence.finalizer == FINALIZER
    assert not chosen.posting.enabled
    assert chosen.scanning.disabled

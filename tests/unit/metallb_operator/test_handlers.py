"""How kopf is set up: no silence and no outage goes unnoticed."""

import pytest

from metallb_kube.patience import Patience
from metallb_operator.handlers import settings
from metallb_operator.settings import FINALIZER


def test_a_silent_watch_is_noticed_and_a_request_without_answer_given_up() -> None:
    chosen = settings(Patience())
    assert 60 < chosen.watching.inactivity_timeout <= 75
    assert chosen.networking.request_timeout == 30
    assert chosen.networking.connect_timeout == 5
    impatient = settings(Patience(request=2, silence=3))
    assert impatient.watching.inactivity_timeout == 3
    assert impatient.networking.request_timeout == 2


def test_attempts_outlast_an_outage_and_are_not_far_apart() -> None:
    pauses = settings(Patience()).networking.error_backoffs
    assert not isinstance(pauses, float | int)
    assert sum(pauses) == pytest.approx(300, abs=5)
    assert max(pauses) <= 5


def test_nothing_is_stored_but_the_finalizer() -> None:
    chosen = settings(Patience())
    assert chosen.persistence.finalizer == FINALIZER
    assert not chosen.posting.enabled
    assert chosen.scanning.disabled

"""How long to wait between two looks: after a failure, and while much is changing. Pure."""

from collections.abc import Iterable
from typing import Final

from metallb_operator.execute import Failure

_LONGEST_SECONDS: Final = 60.0
# What has failed is put off, however much happens meanwhile: by this part of the pause, and at
# most by so many seconds, since somebody may have put it right; unless the API server itself asks
# for more.
_PUT_OFF_SHARE: Final = 0.25
_PUT_OFF_SECONDS: Final = 5.0
# Changes come in bursts (a rollout, a node pool), and a look costs more the more nodes there are:
# with so many times its work between two of them, a rollout costs a quarter of one processor.
_BURST_SECONDS: Final = 0.05
_REST_PER_WORK: Final = 3.0


def asked_for(failures: Iterable[Failure]) -> float:
    """Return for how many seconds it has asked to be left alone (Retry-After); 0 if it has not."""
    return max((failure.error.retry_after for failure in failures), default=0.0)


def grown(times: int, asked: float) -> float:
    """Return the pause, in seconds, after so many looks in a row that have failed.

    Args:
        times: 1 after the first of them.
        asked: see `asked_for`; the pause is never shorter.
    """
    return max(asked, min(2.0 ** min(times - 1, 10), _LONGEST_SECONDS))


def put_off(pause: float, asked: float) -> float:
    """Return for how many seconds nothing that happens leads to another look after a failure.

    Args:
        pause: see `grown`.
        asked: see `asked_for`.
    """
    return max(min(_PUT_OFF_SHARE * pause, _PUT_OFF_SECONDS), asked)


def collecting(worked: float) -> float:
    """Return for how many seconds changes are collected after a look.

    Args:
        worked: seconds of processor time that the look has taken.
    """
    return min(max(_BURST_SECONDS, _REST_PER_WORK * worked), _PUT_OFF_SECONDS)

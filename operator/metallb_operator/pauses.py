"""How long to leave the API server alone after it has not taken a write. Pure."""

from collections.abc import Iterable
from typing import Final

from metallb_operator.execute import Failure

_LONGEST_SECONDS: Final = 60.0


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

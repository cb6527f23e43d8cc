"""Wait for the thing itself, with a deadline; never for time to pass."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class DeadlineError(AssertionError):
    """What was waited for did not come true in time."""


def wait_for(
    what: str, probe: Callable[[], T | None], *, seconds: float = 30, every: float = 0.05
) -> T:
    """Call `probe` until it returns something true, and return that.

    Args:
        what: names the thing waited for in the error.
        probe: returns a false value as long as the thing is not there.
        seconds: the deadline.
        every: the pause between two calls, in seconds.

    Raises:
        DeadlineError: the deadline passed; the message carries what was seen last.
    """
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while True:
        seen = probe()
        if seen:
            return seen
        if time.monotonic() >= deadline:
            raise DeadlineError(f"{what}: not within {seconds:g} s; last seen: {seen!r}")
        pause.wait(every)

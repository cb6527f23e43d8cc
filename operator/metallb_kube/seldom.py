"""How often a log repeats what goes on: at once, then once a minute."""

import logging
import time
from collections.abc import Callable
from typing import Final

SECONDS: Final = 60.0


class Seldom:
    """Decides which of many equal log lines are written."""

    def __init__(
        self, seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin with nothing said.

        Args:
            seconds: between two lines that say the same.
            clock: monotonic seconds.
        """
        self._seconds = seconds
        self._clock = clock
        self._said: str | None = None
        self._next = 0.0

    def due(self, what: str = "") -> bool:
        """Return whether to write now: it is something else than last time, or it was long ago.

        Args:
            what: what the line says; leave it out to limit lines whatever they say.
        """
        now = self._clock()
        if what == self._said and now < self._next:
            return False
        self._said, self._next = what, now + self._seconds
        return True


class SeldomFilter(logging.Filter):
    """Lets one record a minute pass, of those whose message begins in a certain way."""

    def __init__(self, beginning: str, seldom: Seldom | None = None) -> None:
        """Describe the records; all others pass."""
        super().__init__()
        self._beginning = beginning
        self._seldom = seldom or Seldom()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record passes."""
        return not record.getMessage().startswith(self._beginning) or self._seldom.due()

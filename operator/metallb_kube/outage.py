"""Whether the API server answers, said once for all who ask it.

Dozens of watches fail together when it does not. They leave it to this to say so.
"""

import asyncio
import logging
import time
from collections.abc import Callable

from metallb_kube.seldom import Seldom

logger = logging.getLogger(__name__)


class Outage:
    """Follows the outcome of requests.

    Attributes:
        cause: why the API server could not be asked last; "" if it answered.
        back: set when the API server answers again; a new event takes its place then.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin without an outage.

        Args:
            clock: monotonic seconds.
        """
        self._clock = clock
        self._seldom = Seldom(clock=clock)
        self._since = 0.0
        self._told = False
        self.cause = ""
        self.back = asyncio.Event()

    def failed(self, cause: str) -> None:
        """Note that a request was not answered; logs it at once, and then once a minute."""
        if not self.cause:
            self._since = self._clock()
        self.cause = cause
        if self._seldom.due():
            logger.warning("waiting for the API server: %s", cause)
            self._told = True

    def answered(self) -> None:
        """Note that a request was answered; logs it if the log says otherwise."""
        if not self.cause:
            return
        self.cause = ""
        told, self.back = self.back, asyncio.Event()
        told.set()
        if self._told:
            logger.info("the API server answers, after %.0f s", self._clock() - self._since)
            self._told = False

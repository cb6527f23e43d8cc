"""Do something for many at once: who comes while it is being done waits for the next time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from metallb_kube.errors import KubeError

logger = logging.getLogger(__name__)


class Rounds:
    """Runs one piece of work over and over, for whoever has joined before it began.

    One round at a time: at most two are waited for, however many join.
    """

    def __init__(self, work: Callable[[], Awaitable[None]], seconds: float) -> None:
        """Begin.

        Args:
            work: sends requests to the API server.
            seconds: how long a round may take.
        """
        self._work = work
        self._seconds = seconds
        self._under_way: asyncio.Task[bool] | None = None
        self._next: asyncio.Task[bool] | None = None

    async def join(self) -> bool:
        """Return when a round that had not begun yet is over, or has taken too long.

        Returns:
            Whether it succeeded.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._round(self._under_way))
        done, _ = await asyncio.wait({self._next}, timeout=2 * self._seconds)
        return all(task.result() for task in done) and bool(done)

    async def _round(self, before: asyncio.Task[bool] | None) -> bool:
        if before is not None:
            await asyncio.wait({before})
        self._under_way, self._next = self._next, None
        try:
            async with asyncio.timeout(self._seconds):
                await self._work()
        except (KubeError, TimeoutError) as error:
            why = error if isinstance(error, KubeError) else f"no answer in {self._seconds:g} s"
            level = error.level if isinstance(error, KubeError) else logging.WARNING
            logger.log(level, "the watches are believed: %s", why)
            return False
        return True

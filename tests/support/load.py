"""Writes without end, from several clients at once, and what became of them."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from metallb_kube.errors import KubeError

Write = Callable[[int], Awaitable[object]]


@dataclass(slots=True)
class Load:
    """What has been asked, and what went wrong.

    Attributes:
        workers: how many writes are under way at any time.
        done: how many were answered as they should.
        failures: what the others got for an answer.
    """

    workers: int
    done: int = 0
    failures: list[str] = field(default_factory=list)

    async def more(self, number: int, seconds: float = 30.0) -> None:
        """Wait until so many more were answered as they should."""
        wanted = self.done + number
        async with asyncio.timeout(seconds):
            while self.done < wanted:  # noqa: ASYNC110 - the count is what is waited for
                await asyncio.sleep(0.01)


@asynccontextmanager
async def load(write: Write, *, workers: int = 4) -> AsyncIterator[Load]:
    """Write until the end of the block.

    Args:
        write: is given another number every time.
        workers: how many at once.
    """
    found, numbers = Load(workers), itertools.count()

    async def work() -> None:
        while True:
            try:
                await write(next(numbers))
            except KubeError as error:
                found.failures.append(str(error))
            else:
                found.done += 1

    tasks = [asyncio.create_task(work()) for _ in range(workers)]
    try:
        yield found
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

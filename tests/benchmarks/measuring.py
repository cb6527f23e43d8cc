"""Reviews sent over kept connections, and how long they took."""

import asyncio
import itertools
import math
import socket
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import aiohttp
import orjson

from benchmarks.objects import Asked
from benchmarks.servers import Server
from metallb_webhooks.paths import path_of
from support.reviews import body

Send = Callable[[Asked], Awaitable[bool]]
"""Sends a review, and returns whether it was allowed."""


class WrongVerdictError(AssertionError):
    """A server did not answer as it must; its times would mean nothing."""


@dataclass(frozen=True, slots=True)
class Budget:
    """When to stop.

    Attributes:
        reviews: after so many.
        seconds: or after so long, when at least one review a client was answered.
    """

    reviews: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Times:
    """How long reviews took.

    Attributes:
        milliseconds: of each, sorted.
        seconds: all together.
    """

    milliseconds: tuple[float, ...]
    seconds: float

    def percentile(self, share: float) -> float:
        """Return the time, in milliseconds, that this share (0 to 1) of the reviews kept."""
        place = math.ceil(share * len(self.milliseconds)) - 1
        return self.milliseconds[max(place, 0)]

    @property
    def rate(self) -> float:
        """Reviews a second."""
        return len(self.milliseconds) / self.seconds


async def measured(send: Send, asked: Iterable[Asked], clients: int, budget: Budget) -> Times:
    """Send reviews from so many clients at once, each as soon as its last one is answered.

    Raises:
        WrongVerdictError: a verdict is not the expected one.
    """
    rest = iter(itertools.islice(asked, budget.reviews))
    started = time.perf_counter()
    found: list[float] = []

    async def work() -> None:
        for one in _until(rest, started + budget.seconds):
            begun = time.perf_counter()
            allowed = await send(one)
            found.append((time.perf_counter() - begun) * 1000)
            if allowed is not one.allowed:
                name = one.manifest["metadata"]["name"]
                raise WrongVerdictError(f"{name}: allowed is {allowed}")

    await asyncio.gather(*(work() for _ in range(clients)))
    return Times(tuple(sorted(found)), time.perf_counter() - started)


def _until(asked: Iterator[Asked], end: float) -> Iterator[Asked]:
    for one in asked:
        yield one
        if time.perf_counter() > end:
            return


async def post(session: aiohttp.ClientSession, asked: Asked) -> bool:
    """Send one review as the API server does."""
    request = asked.request()
    path = path_of(request.api_version, request.kind)
    headers = {"Content-Type": "application/json"}
    async with session.post(path, data=body(request), headers=headers) as answer:
        return bool(orjson.loads(await answer.read())["response"]["allowed"])


async def seconds_to_ready(server: Server, deadline: float = 600.0) -> float:
    """Start a server, and return the seconds until it is of use.

    MetalLB's port cannot be chosen, and tests run that server, too: it is waited for.
    """
    async with asyncio.timeout(deadline):
        while True:
            if _taken(server.port):
                await asyncio.sleep(0.02)
                continue
            started = time.perf_counter()
            server.process.start()
            if await _answers(server):
                return time.perf_counter() - started


async def _answers(server: Server) -> bool:
    """Return when it is of use; False if somebody was faster to take its port."""
    async with server.session(1) as session:
        while server.process.alive:
            try:
                async with session.get(server.ready_path) as answer:
                    if answer.ok or server.ready_path == "/":
                        return True
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.01)
    end = server.process.tail(20)
    if "address already in use" not in end:
        raise AssertionError(f"{server.name} ended:\n{end}")
    return False


def _taken(port: int) -> bool:
    with socket.socket(socket.AF_INET6) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("::", port))
        except OSError:
            return True
    return False


def mixed(streams: Sequence[Iterator[Asked]]) -> Iterator[Asked]:
    """Yield from each in turn."""
    return (one for several in zip(*streams, strict=True) for one in several)

"""Bodies over real connections, within a bound."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from aiohttp import web

from metallb_webhooks.bodies import Bodies
from metallb_webhooks.review import MalformedReviewError
from support.waiting import wait_for


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def reading(
    bodies: Bodies, seconds: float = 10.0, held: asyncio.Event | None = None
) -> AsyncIterator[int]:
    """Serve what says how long a body was, once it may; yields the port."""

    async def answer(request: web.Request) -> web.Response:
        try:
            async with bodies.read(request, seconds) as raw:
                if held is not None:
                    await held.wait()
                return web.Response(text=str(len(raw)))
        except MalformedReviewError as error:
            return web.Response(status=error.status)

    app = web.Application()
    app.router.add_post("/", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


@asynccontextmanager
async def sending(
    port: int, length: int, data: bytes
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Send a head that promises a length, and some of the body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % length + data)
    await writer.drain()
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def until(bodies: Bodies, size: int) -> None:
    await asyncio.to_thread(
        wait_for, "bodies under way", lambda: bodies.size == size, seconds=10, every=0.001
    )


async def test_what_is_under_way_is_counted_until_it_is_answered() -> None:
    bodies = Bodies(most=1000, small=100)
    async with reading(bodies) as port, sending(port, 600, b"x" * 400) as (reader, writer):
        await until(bodies, 400)
        writer.write(b"x" * 200)
        await reader.readuntil(b"\r\n\r\n600")
        await until(bodies, 0)


async def test_who_stalls_gives_way() -> None:
    clock = Clock()
    bodies = Bodies(most=1000, small=100, clock=clock)
    async with reading(bodies) as port, sending(port, 900, b"x" * 800) as (stalled, _):
        await until(bodies, 800)
        clock.now += 1.0
        async with sending(port, 500, b"y" * 500) as (reader, _):
            await reader.readuntil(b"\r\n\r\n500")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await stalled.readexactly(1)


async def test_who_comes_waits_for_what_is_arriving_in_time() -> None:
    bodies = Bodies(most=1000, small=100, clock=Clock())
    async with (
        reading(bodies) as port,
        sending(port, 900, b"x" * 800) as (first, writer),
    ):
        await until(bodies, 800)
        async with sending(port, 500, b"y" * 500) as (second, _):
            writer.write(b"x" * 100)
            await first.readuntil(b"\r\n\r\n900")
            await second.readuntil(b"\r\n\r\n500")


async def test_what_finds_no_room_in_time_is_refused() -> None:
    held = asyncio.Event()
    bodies = Bodies(most=1000, small=100)
    async with (
        reading(bodies, seconds=0.2, held=held) as port,
        sending(port, 900, b"x" * 900) as (first, _),
    ):
        await until(bodies, 900)
        async with sending(port, 500, b"y" * 500) as (second, _):
            assert b" 408 " in await second.readline()
        held.set()
        await first.readuntil(b"\r\n\r\n900")


async def test_a_small_one_never_waits() -> None:
    bodies = Bodies(most=1000, small=100, clock=Clock())
    async with reading(bodies) as port, sending(port, 1000, b"x" * 999):
        await until(bodies, 999)
        async with sending(port, 100, b"y" * 100) as (reader, _):
            await reader.readuntil(b"\r\n\r\n100")

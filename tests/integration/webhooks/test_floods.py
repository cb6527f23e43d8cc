"""Whoever opens connections by the thousand, or lets bodies stall, takes the port from nobody."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import pytest

from metallb_kube.client import KubeClient
from metallb_webhooks.paths import path_of
from support.admitting import Admitting
from support.reviews import stored

MOST_MEBIBYTES: Final = 128
IDLE: Final = 5000
STALLED: Final = 500
LENGTH: Final = 3_000_000
HEAD: Final = (
    f"POST {path_of('metallb.io/v1beta1', 'IPAddressPool')} HTTP/1.1\r\nHost: x\r\n"
    f"Content-Type: application/json\r\nContent-Length: {LENGTH}\r\n\r\n"
).encode()

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def idle(port: int) -> Stream:
    return await asyncio.open_connection("127.0.0.1", port, ssl=_anybody())


async def mute(port: int) -> Stream:
    """Not even a handshake."""
    return await asyncio.open_connection("127.0.0.1", port)


async def stalled(port: int) -> Stream:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=_anybody())
    writer.write(HEAD + b" " * (LENGTH - 1))
    await writer.drain()
    return reader, writer


@pytest.mark.parametrize(
    ("connect", "count"),
    [(idle, IDLE), (mute, IDLE), (stalled, STALLED)],
    ids=lambda one: getattr(one, "__name__", ""),
)
async def test_reviews_are_answered_and_memory_stays(
    connect: Callable[[int], Awaitable[Stream]],
    count: int,
    admission: Admitting,
    client: KubeClient,
) -> None:
    answered = 0
    for replica in admission.replicas:
        async with _flood(connect, replica.port, count) as flooding:
            while not flooding.done():
                await client.create(_pool(answered), dry_run=True)
                answered += 1
            await flooding
            for _ in range(5):
                await client.create(_pool(answered), dry_run=True)
    assert answered > 10
    for replica in admission.replicas:
        assert replica.ready()
        pid = replica.process.pid
        assert _mebibytes(pid, "VmHWM") < MOST_MEBIBYTES


def _pool(number: int) -> dict[str, Any]:
    return stored("IPAddressPool", f"flood-{number}", addresses=["172.18.0.0/24"])


@asynccontextmanager
async def _flood(
    connect: Callable[[int], Awaitable[Stream]], port: int, count: int
) -> AsyncIterator[asyncio.Task[None]]:
    opened: list[Stream] = []

    async def some() -> None:
        while len(opened) < count:
            with suppress(OSError):
                opened.append(await connect(port))

    async def all_of_it() -> None:
        async with asyncio.timeout(120), asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(some())

    task = asyncio.create_task(all_of_it())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        for _, writer in opened:
            writer.transport.abort()
        await asyncio.sleep(0)


def _anybody() -> ssl.SSLContext:
    return _ANYBODY


_ANYBODY: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_ANYBODY.check_hostname = False
_ANYBODY.verify_mode = ssl.CERT_NONE


def _mebibytes(pid: int, field: str) -> float:
    """Return a line of /proc/PID/status: VmRSS is resident memory, VmHWM the most there was."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    [value] = [line.split()[1] for line in lines if line.startswith(f"{field}:")]
    return int(value) / 1024

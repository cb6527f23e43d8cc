"""Send a request over a new connection again and again, and write a line of JSON for each.

Requests start by the clock, whether or not those before them are answered. When this process was
held up, the requests that should have started meanwhile are left out: `tick` shows how many.
"""

import asyncio
import errno
import json
import math
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

_UNREACHABLE: Final = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL)
_STARTUP_SECONDS: Final = 0.05


class AnswerError(Exception):
    """There was an answer, and it was the wrong one; the text says in a word which."""


class Progress:
    """How far a request has come."""

    def __init__(self) -> None:
        self.connected = False


def kind_of(error: Exception) -> str:
    """Return what has gone wrong, in a word."""
    if isinstance(error, AnswerError):
        return str(error)
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, ConnectionError):
        return "reset"
    if isinstance(error, OSError) and error.errno in _UNREACHABLE:
        return "unreachable"
    return type(error).__name__


def body_of(answer: bytes) -> dict[str, Any]:
    """Return what the server says in an HTTP answer.

    Raises:
        ConnectionResetError: the connection was closed before there was an answer.
        AnswerError: the answer is not `200` with a JSON object.
    """
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head:
        raise ConnectionResetError
    status = head.split(None, 2)[1:2]
    if status != [b"200"]:
        raise AnswerError(f"status {b''.join(status).decode(errors='replace')}")
    return said(body)


def said(body: bytes) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        AnswerError: it is none.
    """
    try:
        found = json.loads(body)
    except ValueError:
        raise AnswerError("not JSON") from None
    if not isinstance(found, dict):
        raise AnswerError("not an object")
    return found


async def over_tcp(address: str, port: int, progress: Progress) -> dict[str, Any]:
    """GET / over a connection of its own."""
    reader, writer = await asyncio.open_connection(address, port)
    progress.connected = True
    try:
        host = f"[{address}]" if ":" in address else address
        writer.write(f"GET / HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return body_of(await reader.read(-1))
    finally:
        writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    """Waits for one answer."""

    def __init__(self, answer: "asyncio.Future[bytes]") -> None:
        self._answer = answer

    def datagram_received(self, data: bytes, addr: object) -> None:
        del addr
        if not self._answer.done():
            self._answer.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self._answer.done():
            self._answer.set_exception(exc)


async def over_udp(address: str, port: int, progress: Progress) -> dict[str, Any]:
    """Send a datagram from a socket of its own; a server that only echoes says nothing."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bytes] = loop.create_future()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Datagrams(answer), remote_addr=(address, port)
    )
    try:
        sent = f"{time.monotonic_ns()}".encode()
        transport.sendto(sent)
        received = await answer
        progress.connected = True
        return {} if received == sent else said(received)
    finally:
        transport.close()


_Ask = Callable[[str, int, Progress], Awaitable[dict[str, Any]]]
_PROTOCOLS: Final[dict[str, _Ask]] = {"tcp": over_tcp, "udp": over_udp}


async def request(target: dict[str, Any], within: float) -> dict[str, Any]:
    """Send one request and return what is written of it."""
    progress, answer, error = Progress(), dict[str, Any](), ""
    start, wall = time.monotonic(), time.time()
    try:
        async with asyncio.timeout(within):
            answer = await _PROTOCOLS[target["protocol"]](
                target["address"], target["port"], progress
            )
    except (AnswerError, OSError) as failed:
        error = kind_of(failed)
    return {
        "target": target["name"],
        "start": round(start, 6),
        "wall": round(wall, 6),
        "seconds": round(time.monotonic() - start, 6),
        "error": error,
        "connected": progress.connected,
        **{name: str(answer.get(name, "")) for name in ("node", "pod", "client")},
    }


async def keep_asking(
    target: dict[str, Any], first: float, interval: float, within: float, stop: asyncio.Event
) -> None:
    """Start a request at `first` and at every interval after it, until told to stop."""

    async def one(tick: int) -> None:
        line = {"tick": tick, **await request(target, within)}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()

    tick = 0
    async with asyncio.TaskGroup() as group:
        while not await _stopped(stop, first + tick * interval):
            group.create_task(one(tick))
            passed = (time.monotonic() - first) / interval
            tick = max(tick + 1, math.ceil(passed))


async def _stopped(stop: asyncio.Event, until: float) -> bool:
    """Wait until then; return at once, and True, when told to stop."""
    try:
        async with asyncio.timeout_at(until):
            await stop.wait()
    except TimeoutError:
        return False
    return True


async def main(settings: dict[str, Any]) -> None:
    """Ask every target until standard input ends; the last line says what that has cost."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_reader(sys.stdin, stop.set)
    interval, targets = 1 / settings["hz"], settings["targets"]
    started = time.monotonic() + _STARTUP_SECONDS
    async with asyncio.TaskGroup() as group:
        for number, target in enumerate(targets):
            # One after the other within an interval, so that they do not wait for each other.
            first = started + number * interval / len(targets)
            group.create_task(keep_asking(target, first, interval, settings["timeout"], stop))
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = time.monotonic() - started
    sys.stdout.write(json.dumps({"cpu": used.ru_utime + used.ru_stime, "seconds": seconds}) + "\n")


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))

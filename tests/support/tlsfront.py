"""A TLS server before the API server, with a certificate of its own, that may start late."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from cluster.kubeconfig import Endpoint
from support.authorities import HOST, Signed

State = Literal["silent", "starting", "serving"]
"""It accepts and says nothing; it answers 503; it passes everything on."""

_BODY: Final = b"the server is starting"
_STARTING: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
)
_CHUNK: Final = 2**16
# For the other side to end TLS as well.
_GOODBYE_SECONDS: Final = 1


@dataclass(slots=True)
class Front:
    """One server.

    Attributes:
        port: where it listens.
        state: what it does with connections; `serving` at first.
    """

    port: int
    state: State = "serving"


@contextmanager
def fronting(endpoint: Endpoint, signed: Signed, folder: Path, port: int) -> Iterator[Front]:
    """Serve until the end of the block.

    Args:
        endpoint: the API server.
        signed: what to show.
        folder: for files of its own.
        port: a free one on loopback.
    """
    front = Front(port)
    pair = folder / "front.pem"
    pair.write_bytes(signed.key + signed.chain)
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(pair)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="front", daemon=True)
    thread.start()

    async def start() -> asyncio.Server:
        # The handshake is made by hand: in one of the states there is none.
        return await asyncio.start_server(_Pump(front, endpoint, shown).serve, HOST, port)

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield front
    finally:
        asyncio.run_coroutine_threadsafe(_stop(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _stop(server: asyncio.Server) -> None:
    server.close()
    current = asyncio.current_task()
    tasks = [task for task in asyncio.all_tasks() if task is not current]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class _Pump:
    def __init__(self, front: Front, endpoint: Endpoint, shown: ssl.SSLContext) -> None:
        self._front = front
        self._shown = shown
        self._port = int(endpoint.url.rpartition(":")[2])
        self._trusted = ssl.create_default_context(cafile=str(endpoint.authority))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._served(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # one of both sides is gone, or this one is to end
        finally:
            await _close(writer)

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._front.state == "silent":
            await reader.read()  # until the other side has had enough
            return
        await writer.start_tls(self._shown)
        if self._front.state == "starting":
            await reader.readuntil(b"\r\n\r\n")
            writer.write(_STARTING)
            await writer.drain()
            return
        below, above = await asyncio.open_connection(HOST, self._port, ssl=self._trusted)
        sides = [
            asyncio.ensure_future(_pass_on(reader, above)),
            asyncio.ensure_future(_pass_on(below, writer)),
        ]
        try:
            await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for side in sides:
                side.cancel()
            await _close(above)


async def _close(writer: asyncio.StreamWriter) -> None:
    """Close one side and see it closed: a loop that ends meanwhile would leave its socket open."""
    writer.close()
    try:
        async with asyncio.timeout(_GOODBYE_SECONDS):
            await writer.wait_closed()
    except (OSError, TimeoutError):
        writer.transport.abort()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()

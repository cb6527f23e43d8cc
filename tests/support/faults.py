"""A proxy before the API server that counts requests, and lets any of them go wrong.

The operator under test connects to it over plain HTTP on loopback; it forwards to the real API
server with the operator's own token, so that nothing is answered by anybody else unless a test
says so.
"""

import asyncio
import json
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias
from weakref import WeakSet

import aiohttp
from aiohttp import web

from cluster import Cluster
from support.api import status, write_kubeconfig

_WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_UNCOUNTED: Final = ("/leases", "/leases/metallb-operator", "/events")
_HOP_BY_HOP: Final = frozenset({"connection", "host", "transfer-encoding", "content-length"})

Forward: TypeAlias = Callable[[], Awaitable[web.StreamResponse]]
"""Ask the API server, and pass its answer on as it comes."""

Fault: TypeAlias = Callable[[web.Request, Forward], Awaitable[web.StreamResponse]]
"""What happens to a request in place of being forwarded."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that arrived.

    Attributes:
        number: in the order of arrival, from 1, among those of its kind.
        kind: a read is of one object or of a list; a dry run and a question about rights, which
            leave nothing behind, count as one.
    """

    number: int
    kind: Literal["write", "watch", "read"]
    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.number}: {self.method} {self.path}"


@dataclass(slots=True)
class Proxy:
    """What has arrived, and what is done about it.

    Attributes:
        kubeconfig: connects to the proxy with the token given.
        before: called before a request is forwarded; returns what happens instead, None
            forwards.
        asked: since the last `clear`; what is about the lease and Events, which nothing is
            decided by, is not among it.
        muted: answers up to this one (they are counted from 1) stay open and are silent.
        opened: how many answers were begun.
        loop: the server's.
        answering: connections on which answers were begun.
    """

    kubeconfig: Path
    before: Callable[[Asked], Fault | None] = lambda _: None
    asked: list[Asked] = field(default_factory=list)
    muted: int = 0
    opened: int = 0
    loop: asyncio.AbstractEventLoop | None = None
    answering: WeakSet[asyncio.Transport] = field(default_factory=WeakSet)

    @property
    def writes(self) -> list[Asked]:
        """The writes since the last `clear`."""
        return [asked for asked in self.asked if asked.kind == "write"]

    def clear(self) -> None:
        """Count from one again, and let everything pass."""
        self.before = lambda _: None
        self.asked = []

    def mute(self) -> None:
        """Let nothing more come of any watch that is open now; none of them is closed."""
        self.muted = self.opened

    def drop(self) -> None:
        """Drop every connection on which something was answered, open watches among them."""
        for transport in tuple(self.answering):
            if self.loop is not None:
                self.loop.call_soon_threadsafe(transport.abort)

    def seen(self, request: web.Request) -> Fault | None:
        """Count a request, and return what is to happen to it."""
        if request.path.endswith(_UNCOUNTED):
            return None
        kind = _kind(request)
        number = 1 + sum(asked.kind == kind for asked in self.asked)
        asked = Asked(number, kind, request.method, request.path)
        self.asked.append(asked)
        return self.before(asked)


def _kind(request: web.Request) -> Literal["write", "watch", "read"]:
    harmless = "dryRun" in request.query or request.path.endswith("reviews")
    if request.method in _WRITES and not harmless:
        return "write"
    return "watch" if request.query.get("watch") else "read"


def refused(code: int, reason: str, message: str = "", **headers: str) -> Fault:
    """Answer with an error, as the API server words it."""

    async def refuse(_: web.Request, __: Forward) -> web.StreamResponse:
        answer = status(code, reason, message)
        answer.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
        return answer

    return refuse


async def reset(request: web.Request, _: Forward) -> web.StreamResponse:
    """Drop the connection; the API server is not asked."""
    return _dropped(request)


async def lost(request: web.Request, forward: Forward) -> web.StreamResponse:
    """Ask the API server, and drop the connection instead of answering."""
    asking = asyncio.ensure_future(forward())
    await asyncio.wait({asking})
    return _dropped(request)


async def hang(_: web.Request, __: Forward) -> web.StreamResponse:
    """Never answer; the API server is not asked."""
    await asyncio.Event().wait()
    return web.Response()


async def expired(request: web.Request, _: Forward) -> web.StreamResponse:
    """Say that what a watch is to go on from is forgotten, as after a compaction, and end it."""
    gone = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired"}
    event = {"type": "ERROR", "object": gone | {"code": 410, "message": "too old"}}
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(json.dumps(event).encode() + b"\n")
    await response.write_eof()
    return response


async def cut(request: web.Request, _: Forward) -> web.StreamResponse:
    """Begin an answer, and drop the connection in the middle of it."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"kind":')
    return _dropped(request)


def _dropped(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


@contextmanager
def proxy(cluster: Cluster, token: str, folder: Path) -> Iterator[Proxy]:
    """Run a proxy to a cluster's API server until the end of the block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="proxy", daemon=True)
    thread.start()
    made = Proxy(folder / "proxied.kubeconfig", loop=loop)
    server = _Server(made, cluster)
    try:
        port = asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
        write_kubeconfig(made.kubeconfig, f"http://127.0.0.1:{port}", token=token)
        yield made
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


class _Server:
    def __init__(self, counted: Proxy, cluster: Cluster) -> None:
        self._proxy = counted
        self._url = cluster.url
        self._tls = ssl.create_default_context(cafile=str(cluster.plane.endpoint.authority))

        self._upstream: WeakSet[asyncio.Transport] = WeakSet()

    async def start(self) -> int:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._tls, limit=0),
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None),
        )
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        await self._runner.cleanup()
        await self._session.close()
        # The session does not wait for connections whose answers were cut off.
        for transport in self._upstream:
            transport.abort()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        fault = self._proxy.seen(request)
        if fault is None:
            return await self._forward(request, request, body)
        # An answer that is lost is written nowhere.
        to = None if fault is lost else request
        return await fault(request, lambda: self._forward(request, to, body))

    async def _forward(
        self, request: web.Request, to: web.Request | None, body: bytes
    ) -> web.StreamResponse:
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _HOP_BY_HOP}
        try:
            async with self._session.request(
                request.method, self._url + request.path_qs, data=body or None, headers=headers
            ) as upstream:
                if upstream.connection is not None and upstream.connection.transport is not None:
                    self._upstream.add(upstream.connection.transport)
                return web.Response() if to is None else await self._passed_on(upstream, to)
        except (aiohttp.ClientError, ConnectionError):
            return _dropped(request)  # the API server is gone, and so is its answer

    async def _passed_on(
        self, upstream: aiohttp.ClientResponse, to: web.Request
    ) -> web.StreamResponse:
        kept = {k: v for k, v in upstream.headers.items() if k.lower() not in _HOP_BY_HOP}
        response = web.StreamResponse(status=upstream.status, headers=kept)
        await response.prepare(to)
        self._proxy.opened += 1
        if to.transport is not None:
            self._proxy.answering.add(to.transport)
        number = self._proxy.opened
        try:
            async for chunk in upstream.content.iter_any():
                if number > self._proxy.muted:
                    await response.write(chunk)
        except (aiohttp.ClientError, ConnectionError):
            return _dropped(to)  # one of both is gone: the other shall notice
        await response.write_eof()
        return response

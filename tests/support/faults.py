"""A proxy before the API server that counts writes and acts at a chosen one.

The operator under test connects to it over plain HTTP on loopback; it forwards to the real API
server with the operator's own token, so that nothing is answered by anybody else.
"""

import asyncio
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp import web

from cluster import Cluster
from support.api import write_kubeconfig

_WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_UNCOUNTED: Final = ("/leases", "/leases/metallb-operator", "/events")
_HOP_BY_HOP: Final = frozenset({"connection", "host", "transfer-encoding", "content-length"})


@dataclass(frozen=True, slots=True)
class Write:
    """One write that arrived, in the order of arrival from 1."""

    number: int
    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.number}: {self.method} {self.path}"


@dataclass(slots=True)
class Proxy:
    """What has arrived, and what is done about it.

    Attributes:
        kubeconfig: connects to the proxy with the token given.
        before: called before a write is forwarded; what it returns is answered in place of
            forwarding, None forwards.
        writes: since the last `clear`; renewals of the lease and Events, which nothing is
            decided by, are not among them.
    """

    kubeconfig: Path
    before: Callable[[Write], web.Response | None] = lambda _: None
    writes: list[Write] = field(default_factory=list)

    def clear(self) -> None:
        """Count from one again, and do nothing at any write."""
        self.before = lambda _: None
        self.writes = []

    def seen(self, request: web.Request) -> web.Response | None:
        """Count a request if it is a write."""
        if request.method not in _WRITES or request.path.endswith(_UNCOUNTED):
            return None
        write = Write(len(self.writes) + 1, request.method, request.path)
        self.writes.append(write)
        return self.before(write)


@contextmanager
def proxy(cluster: Cluster, token: str, folder: Path) -> Iterator[Proxy]:
    """Run a proxy to a cluster's API server until the end of the block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="proxy", daemon=True)
    thread.start()
    made = Proxy(folder / "proxied.kubeconfig")
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

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        instead = self._proxy.seen(request)
        if instead is not None:
            return instead
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _HOP_BY_HOP}
        async with self._session.request(
            request.method, self._url + request.path_qs, data=body or None, headers=headers
        ) as upstream:
            kept = {k: v for k, v in upstream.headers.items() if k.lower() not in _HOP_BY_HOP}
            response = web.StreamResponse(status=upstream.status, headers=kept)
            await response.prepare(request)
            try:
                async for chunk in upstream.content.iter_any():
                    await response.write(chunk)
            except (aiohttp.ClientError, ConnectionError):
                return response  # whoever asked is gone
            await response.write_eof()
            return response

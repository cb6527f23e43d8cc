"""The port for kubelet and Prometheus: `/healthz`, `/readyz`, `/metrics`."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

from aiohttp import web

from metallb_kube.metricsaccess import MetricsAccess
from metallb_kube.process import PortError
from metallb_kube.unnamed import unnamed
from metallb_operator.metrics import CONTENT_TYPE

Probe = Callable[[], str]
"""Returns what is wrong; "" if nothing is."""


@asynccontextmanager
async def serving(
    host: str | None,
    port: int,
    *,
    healthy: Probe,
    ready: Probe,
    metrics: Callable[[], bytes],
    access: MetricsAccess | None = None,
) -> AsyncIterator[int]:
    """Serve until the end of the block; yields the port.

    Args:
        host: the address to listen on; None for all of them, IPv4 and IPv6.
        port: 0 picks a free one.
        healthy: whether the process should go on; 503 with the reason if not.
        ready: the same for whether it does its work.
        metrics: everything for Prometheus, in its text format.
        access: who may read them; None for everybody.

    Raises:
        PortError: the port cannot be had.
    """

    def probe(check: Probe) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(_: web.Request) -> web.Response:
            wrong = check()
            return web.Response(text=wrong or "ok", status=503 if wrong else 200)

        return answer

    async def scrape(request: web.Request) -> web.Response:
        if access is not None:
            status = await access.status(request.headers.get("Authorization", ""))
            if status != HTTPStatus.OK:
                return web.Response(status=status)
        return web.Response(body=metrics(), headers={"Content-Type": CONTENT_TYPE})

    app = web.Application()
    app.on_response_prepare.append(unnamed)
    app.router.add_get("/healthz", probe(healthy))
    app.router.add_get("/readyz", probe(ready))
    app.router.add_get("/metrics", scrape)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise PortError(port, error, "choose another by --health-port") from error
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()

"""The HTTPS port: reviews under MetalLB's paths, and `/healthz`, `/readyz` and `/metrics`.

A review is answered with 200 whatever the verdict; what is no review gets a 4xx that says why;
nobody gets to see a trace. A client may be slow, rude or gone: that costs it its connection, and
nobody else anything.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final, cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from metallb_kube.metricsaccess import MetricsAccess
from metallb_kube.printing import one_line
from metallb_kube.process import PortError
from metallb_kube.unnamed import unnamed
from metallb_webhooks.bodies import Bodies
from metallb_webhooks.connections import Bounds, Connections, State, bound
from metallb_webhooks.desk import Asked, MisdirectedError
from metallb_webhooks.forwarding import HEADER
from metallb_webhooks.metrics import CONTENT_TYPE, Metrics
from metallb_webhooks.paths import PATHS
from metallb_webhooks.review import (
    MalformedReviewError,
    ReviewRequest,
    Verdict,
    check_content_type,
    parse,
    respond,
)
from metallb_webhooks.service import late
from metallb_webhooks.settings import Settings
from metallb_webhooks.tls import Serving, is_known

logger = logging.getLogger(__name__)

_LINGERING_SECONDS: Final = 1.0
"""How long the rest of a body is read after an answer that did not need it."""

_BUFFER_BYTES: Final = 2**12
"""Of a body that is read ahead, for each connection."""

_UNKNOWN: Final = "reviews are taken from clients with a certificate only (--client-ca-file)\n"

Answer = Callable[[Asked], Awaitable[Verdict | bytes]]
"""Returns the verdict on a review, or an answer that is ready to be sent."""


class Front:
    """What is answered to whom.

    Attributes:
        leaving: the process is about to end: every answer closes its connection, so that no
            API server sends its next request on one that is about to go.
    """

    def __init__(
        self,
        answer: Answer,
        *,
        blind: Callable[[], str],
        waiting: Callable[[], str],
        scrape: Callable[[], bytes],
        metrics: Metrics,
        settings: Settings,
        own_uid: str = "",
        access: MetricsAccess | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        """Describe what is behind it.

        Args:
            answer: decides about a review; raises MisdirectedError and nothing else.
            blind: why nothing can be decided yet; "" once it can.
            waiting: why nobody should send reviews here now; "" if they may.
            scrape: everything for Prometheus, in its text format.
            metrics: where reviews are counted.
            settings: for how long a client may take, and whether it has to be known.
            own_uid: of the reviews that this process sends to itself, which do not count.
            access: who may read metrics; None for everybody.
            bounds: of the connections that it is served on.
        """
        self._answer_to = answer
        self._blind = blind
        self._waiting = waiting
        self._scrape = scrape
        self._metrics = metrics
        self._settings = settings
        self._own_uid = own_uid
        self._access = access
        self._bodies = Bodies()
        self.connections = Connections(bounds or Bounds(handshake_seconds=settings.body_seconds))
        self.leaving = False

    def application(self) -> web.Application:
        """Return the application, to be served once."""
        app = web.Application(middlewares=[self._noted])
        app.on_response_prepare.append(unnamed)
        for path in PATHS:
            app.router.add_post(path, self._answer)
        app.router.add_get("/healthz", self._healthy)
        app.router.add_get("/readyz", self._ready)
        app.router.add_get("/metrics", self._metered)
        return app

    @web.middleware
    async def _noted(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        with self.connections.request(request.transport):
            return await handler(request)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if self._settings.client_ca_file and not is_known(request.transport):
            self._metrics.malformed(HTTPStatus.UNAUTHORIZED)
            return self._closing(web.Response(status=HTTPStatus.UNAUTHORIZED, text=_UNKNOWN))
        try:
            check_content_type(request.headers.get("Content-Type", ""))
            async with self._bodies.read(request, self._settings.body_seconds) as raw:
                self.connections.note(request.transport, State.WORKING)
                asked = Asked(parse(raw), request.path, raw, forwarded=HEADER in request.headers)
                return await self._answered(asked)
        except MalformedReviewError as error:
            self._metrics.malformed(error.status)
            return web.Response(status=error.status, text=f"{error}\n")

    async def _answered(self, asked: Asked) -> web.StreamResponse:
        if blind := self._blind():
            return self._closing(web.Response(status=503, text=f"{blind}\n"))
        started = time.perf_counter()
        try:
            answer = await self._in_time(asked)
        except MisdirectedError:
            return web.Response(status=421, text="another replica decides\n")
        if isinstance(answer, Verdict):
            if asked.request.uid != self._own_uid:
                self._metrics.reviewed(asked.request, answer, time.perf_counter() - started)
                _log(asked.request, answer)
            answer = respond(asked.request.uid, answer)
        response = web.Response(body=answer, content_type="application/json")
        return self._closing(response) if self.leaving else response

    async def _in_time(self, asked: Asked) -> Verdict | bytes:
        try:
            async with asyncio.timeout(self._settings.deadline_seconds):
                return await self._answer_to(asked)
        except TimeoutError:
            return late(self._settings.deadline_seconds, len(asked.raw))

    async def _healthy(self, _: web.Request) -> web.StreamResponse:
        return web.Response(text="ok")

    async def _ready(self, _: web.Request) -> web.StreamResponse:
        waiting = "the process is about to end" if self.leaving else self._waiting()
        return self._closing(web.Response(text=waiting or "ok", status=503 if waiting else 200))

    async def _metered(self, request: web.Request) -> web.StreamResponse:
        if self._access is not None:
            status = await self._access.status(request.headers.get("Authorization", ""))
            if status != HTTPStatus.OK:
                return self._closing(web.Response(status=status))
        return web.Response(body=self._scrape(), headers={"Content-Type": CONTENT_TYPE})

    @staticmethod
    def _closing(response: web.Response) -> web.Response:
        response.force_close()
        return response


@asynccontextmanager
async def listening(front: Front, serving: Serving, settings: Settings) -> AsyncIterator[int]:
    """Serve until the end of the block, and then see open requests through; yields the port.

    Args:
        front: what is answered.
        serving: the certificate, and who has to show one.
        settings: where to listen, and for how long clients may take.

    Raises:
        PortError: the port cannot be had.
    """
    logging.getLogger("aiohttp.server").addFilter(_is_ours)
    runner = web.AppRunner(
        front.application(),
        access_log=None,
        keepalive_timeout=settings.header_seconds,
        read_bufsize=_BUFFER_BYTES,
        lingering_time=_LINGERING_SECONDS,
        # Nobody compresses reviews; what unpacks to gigabytes would not be noticed in time.
        auto_decompress=False,
        shutdown_timeout=settings.drain_seconds,
    )
    await runner.setup()
    try:
        # Not aiohttp's TCPSite, which bounds neither connections nor handshakes.
        try:
            listener = bound(settings.host, settings.port)
        except OSError as error:
            raise PortError(settings.port, error, "choose another by --port") from error
        answering = cast("Callable[[], asyncio.Protocol]", runner.server)
        with listener:
            accepting = asyncio.create_task(
                front.connections.accept(listener, answering, lambda: serving.context)
            )
            try:
                yield int(listener.getsockname()[1])
            finally:
                accepting.cancel()
                await asyncio.wait({accepting})
    finally:
        await runner.cleanup()


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether a record of aiohttp's is about us, and not about bytes that are no HTTP."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError)


def _log(asked: ReviewRequest, verdict: Verdict) -> None:
    if verdict.allowed:
        return
    where = f"{asked.namespace}/{asked.name}" if asked.namespace else asked.name
    what = one_line(f"{asked.operation} of {asked.kind} {where}")
    # Whoever sends reviews may claim to be anybody, unless clients show a certificate.
    who = one_line(asked.user)
    logger.info(
        "denied: %.300s by %.200s: %s",
        what,
        who or "nobody",
        ", ".join(verdict.rules) or verdict.reason,
    )

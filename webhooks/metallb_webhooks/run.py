"""Put the webhook process together and run it: the one place that knows every part."""

import asyncio
import gc
import logging
import signal
import socket
import uuid
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, Protocol

from metallb_kube.client import KubeClient
from metallb_kube.metricsaccess import MetricsAccess
from metallb_webhooks.certfiles import MountedCertificate
from metallb_webhooks.certstore import OwnCertificate
from metallb_webhooks.clientauth import ClientAuthorities
from metallb_webhooks.desk import Desk
from metallb_webhooks.forwarding import Forwarder
from metallb_webhooks.freshness import Refresher
from metallb_webhooks.leadership import Leader, Leadership
from metallb_webhooks.metrics import Metrics
from metallb_webhooks.owndoor import OwnDoor
from metallb_webhooks.pending import Pending
from metallb_webhooks.replicas import Replicas
from metallb_webhooks.reviewer import Reviewer
from metallb_webhooks.server import Front, listening
from metallb_webhooks.settings import Settings
from metallb_webhooks.source import Source
from metallb_webhooks.tls import Serving

logger = logging.getLogger(__name__)

_SETTLING_SECONDS: Final = 1.0
"""For how long a write that was allowed is waited for before the lead is given up."""


class Certificate(Protocol):
    """Where the certificate comes from: ours, or somebody else's files."""

    serving: Serving

    @property
    def waiting(self) -> str:
        """What it still wants before it is of use; "" if nothing."""

    @property
    def bundles(self) -> Iterable[bytes] | None:
        """What API servers trust; None if not known."""

    async def run(self) -> None:
        """Look after it until cancelled."""


async def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then see to it that nobody notices, and return.

    Raises:
        CertificateError: the certificate of the settings cannot be used.
        ConfigurationError: the kubeconfig cannot be read.
        ExceptionGroup: with a PortError: the port cannot be had.
    """
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    async with KubeClient.connect(settings.kubeconfig) as client:
        await _Process(client, settings).run(stop)


class _Process:
    """Every part, and how they know each other."""

    def __init__(self, client: KubeClient, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._metrics = Metrics()
        self._port = settings.port
        self._identity = f"{socket.gethostname()}_{uuid.uuid4()}"
        self._pending = Pending(settings.pending_seconds)
        self._source = Source(
            client, settings.namespace, seen=self._pending.seen, backend=settings.backend
        )
        self._certificate = _certificate(client, settings)
        own_uid = str(uuid.uuid4())
        self._own_door = OwnDoor(self._certificate, lambda: self._port, settings, own_uid)
        self._clients = _clients(self._certificate.serving, settings)
        refresher = Refresher(client, self._source, settings, self._metrics.confirmed)
        self._leadership = Leadership(client, settings, self._ourselves, refresher.refresh_all)
        # Outside of a pod nobody could tell whose an address is.
        replicas = Replicas(client, settings.namespace).has if settings.address else None
        self._forwarder = Forwarder(self._certificate.serving, replicas)
        reviewer = Reviewer(
            self._source.store.index,
            self._pending,
            refresher.refresh,
            settings,
            behind=lambda: self._source.behind,
        )
        desk = Desk(reviewer, self._leadership, self._forwarder, self._metrics.confirmed)
        self._front = Front(
            desk.answer,
            blind=self._blind,
            waiting=self._waiting,
            scrape=self._scrape,
            metrics=self._metrics,
            settings=settings,
            own_uid=own_uid,
            access=MetricsAccess(client) if settings.metrics_authorization else None,
        )

    async def run(self, stop: asyncio.Event) -> None:
        async with self._forwarder, asyncio.TaskGroup() as tasks:
            work = [
                tasks.create_task(self._source.run()),
                tasks.create_task(self._certificate.run()),
                *(tasks.create_task(one.run()) for one in self._clients),
                tasks.create_task(_spare_the_collector(self._source)),
            ]
            async with listening(
                self._front, self._certificate.serving, self._settings
            ) as self._port:
                logger.info("listening on port %d", self._port)
                work.append(tasks.create_task(self._lead()))
                work.append(tasks.create_task(self._ask_ourselves()))
                await stop.wait()
                logger.info("ending: %g s for others to notice", self._settings.quiet_seconds)
                self._front.leaving = True
                await self._leadership.resign(self._settled)
                await asyncio.sleep(self._settings.quiet_seconds)
            for task in work:
                task.cancel()
        logger.info("ended")

    async def _lead(self) -> None:
        await self._source.wait_synced()
        await self._leadership.run()

    async def _ask_ourselves(self) -> None:
        await self._source.wait_synced()
        await self._own_door.run()

    def _ourselves(self) -> Leader:
        host = self._settings.address or self._settings.host or ""
        where = f"[{host}]" if ":" in host else host
        return Leader(self._identity, f"{where}:{self._port}" if where else "")

    async def _settled(self) -> None:
        """Return when what was allowed is shown as stored, or should long be."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_SETTLING_SECONDS):
                while not self._pending.empty:
                    await self._pending.less()

    def _blind(self) -> str:
        missing = self._source.missing
        if not missing:
            return ""
        outage = self._client.outage
        why = f" (waiting for the API server: {outage})" if outage else ""
        return f"not listed yet: {', '.join(missing)}{why}"

    def _waiting(self) -> str:
        if blind := self._blind():
            return blind
        silent = self._source.silent_seconds
        outage = self._client.outage
        if silent > self._settings.stale_seconds:
            return f"no word of the API server for {silent:.0f} s" + (outage and f": {outage}")
        behind = self._source.behind_seconds
        if behind > self._settings.behind_seconds:
            kinds = ", ".join(self._source.behind)
            return f"not followed for {behind:.0f} s: {kinds}" + (outage and f" ({outage})")
        return self._certificate.waiting or self._own_door.trouble

    def _scrape(self) -> bytes:
        left = self._certificate.serving.seconds_left(datetime.now(UTC))
        self._metrics.certificate_seconds.set(left)
        self._metrics.unreadable.set(len(self._source.store.unreadable))
        if self._source.synced:
            self._metrics.silent_seconds.set(self._source.silent_seconds)
            self._metrics.behind_seconds.set(self._source.behind_seconds)
        return self._metrics.text()


async def _spare_the_collector(source: Source) -> None:
    """Take what has been listed out of the garbage collector's sight: it is there to stay.

    Every full collection would walk all of it, and reviews would wait: 40 ms at 10,000 objects.
    """
    await source.wait_synced()
    gc.collect()
    gc.freeze()


def _clients(serving: Serving, settings: Settings) -> tuple[ClientAuthorities, ...]:
    if settings.client_ca_file is None:
        return ()
    return (ClientAuthorities(settings.client_ca_file, serving, settings.certificate_seconds),)


def _certificate(client: KubeClient, settings: Settings) -> Certificate:
    if settings.tls_dir is not None:
        return MountedCertificate(settings.tls_dir, settings.certificate_seconds)
    return OwnCertificate(client, settings.namespace, settings.certificate_seconds)

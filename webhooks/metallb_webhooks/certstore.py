"""A certificate of our own: kept in a Secret for all replicas, renewed, published, served.

Every replica does the same and needs no other one. What has to change is decided by
`certs.next_step`; a write only succeeds over what the decision was based on, and whoever was
slower reads again. It acts when the Secret or a webhook configuration changes, and at regular
intervals, since time passes by itself.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final

from metallb_kube.cache import Reflector
from metallb_kube.client import KubeClient
from metallb_kube.errors import AlreadyExistsError, ConflictError, KubeError
from metallb_kube.objects import Manifest
from metallb_kube.resources import resource_for
from metallb_webhooks.certs import (
    Lifetimes,
    Material,
    Step,
    create_material,
    next_step,
    service_names,
)
from metallb_webhooks.owner import Owner
from metallb_webhooks.publication import (
    CONFIGURATION,
    bundles,
    carries,
    injection,
    material_of,
    our_webhooks,
    secret_of,
    secret_ref,
)
from metallb_webhooks.settings import CONFIGURATION_LABEL, FIELD_MANAGER, SECRET, SERVICE
from metallb_webhooks.tls import Serving

logger = logging.getLogger(__name__)

_LIFETIMES: Final = Lifetimes()
_RETRY_SECONDS: Final = 1.0


class OwnCertificate:
    """Keeps, publishes and serves the certificate that the replicas share.

    Until the API server can be reached a certificate is served that nobody trusts: a probe of
    the kubelet, which does not ask, gets its answer.

    Attributes:
        serving: the context that serves it.
        waiting: what it still wants before it is of use; "" if nothing.
        bundles: the authorities that API servers trust, one for each of our webhooks, as they were
            last read; none before that.
    """

    def __init__(
        self,
        client: KubeClient,
        namespace: str,
        seconds: float,
        *,
        lifetimes: Lifetimes = _LIFETIMES,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Begin.

        Args:
            client: where the Secret and the webhook configurations are.
            namespace: of the Secret and of our Service.
            seconds: how often to look though nothing has changed.
            lifetimes: see `certs`.
            now: the time, with a time zone.
        """
        self._client = client
        self._namespace = namespace
        self._seconds = seconds
        self._lifetimes = lifetimes
        self._now = now
        self._owner = Owner(client, namespace)
        self._names = service_names(SERVICE, namespace)
        self._wake = asyncio.Event()
        self._trouble = ""
        self._known: Material | None = None
        self._since = now()
        self.bundles: tuple[bytes, ...] = ()
        first = create_material(self._names, now(), lifetimes)
        self.serving = Serving(first.certificate, first.key, first.bundle)
        self.waiting = "the certificate has not been read yet"

    async def run(self) -> None:
        """Look after the certificate until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for reflector in self._wakers():
                tasks.create_task(reflector.run())
            tasks.create_task(self._tend_for_ever())

    async def tend(self) -> None:
        """Look once: change what has to change, publish, serve.

        Raises:
            KubeError: the API server cannot be asked, or does not allow it.
            ConflictError, AlreadyExistsError: another replica was faster; look again.
        """
        secret = await self._client.get(secret_ref(self._namespace))
        material = material_of(secret)
        published = material is not None and await self._publish(material)
        step = self._next(material, settled=self._has_settled(material, published=published))
        if step is not None:
            logger.info("the certificate changes: %s", step.reason)
            material = step.material
            write = self._client.create if secret is None else self._client.replace
            await write(secret_of(material, self._namespace, secret))
            published = await self._publish(material)
        if material is not None:
            self._serve(material)
        self.waiting = "" if published else _unpublished(self._namespace)
        self._trouble = ""

    def _next(self, material: Material | None, *, settled: bool) -> Step | None:
        return next_step(
            material, self._names, self._now(), settled=settled, lifetimes=self._lifetimes
        )

    def _has_settled(self, material: Material | None, *, published: bool) -> bool:
        """Whether this has been stored and published for so long that everybody knows of it.

        An authority may be much older than its publication: nothing could be published while
        the API server was away, or while there was no configuration.
        """
        known = material if published else None
        if known != self._known:
            self._known, self._since = known, self._now()
        return known is not None and self._now() - self._since >= self._lifetimes.settle

    async def _publish(self, material: Material) -> bool:
        """Put the bundle into every configuration of ours; whether there is any."""
        listing = await self._client.list(
            resource_for(*CONFIGURATION), label_selector=CONFIGURATION_LABEL
        )
        ours = [one for one in listing.items if our_webhooks(one, self._namespace)]
        self._look_at(ours)
        for number, configuration in enumerate(ours):
            if not carries(configuration, self._namespace, material.bundle):
                wanted = injection(configuration, self._namespace, material.bundle)
                ours[number] = await self._client.apply(wanted, field_manager=FIELD_MANAGER)
                self._look_at(ours)
                logger.info("the authority is published in %s", wanted["metadata"]["name"])
        await self._owner.take(ours)
        return bool(ours)

    def _look_at(self, configurations: Iterable[Manifest]) -> None:
        self.bundles = tuple(
            bundle for one in configurations for bundle in bundles(one, self._namespace)
        )

    def _serve(self, material: Material) -> None:
        if self.serving.use(material.certificate, material.key, material.bundle):
            logger.info(
                "a certificate is served that is valid for %.0f days",
                self.serving.seconds_left(self._now()) / 86400,
            )

    async def _tend_for_ever(self) -> None:
        while True:
            self._wake.clear()
            pause = self._seconds
            try:
                await self.tend()
            except (ConflictError, AlreadyExistsError):
                pause = 0.0
            except KubeError as error:
                self._complain(str(error), error.level)
                pause = min(_RETRY_SECONDS, self._seconds)
            await self._woken(pause)

    def _complain(self, trouble: str, level: int = logging.WARNING) -> None:
        if trouble != self._trouble:
            logger.log(level, "the certificate cannot be looked after: %s", trouble)
        self._trouble = trouble
        # What is of use already stays so.
        self.waiting = self.waiting and f"the certificate cannot be had: {trouble}"

    async def _woken(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    def _wakers(self) -> tuple[Reflector, ...]:
        return (
            self._waker("v1", "Secret", self._namespace, field_selector=f"metadata.name={SECRET}"),
            self._waker(*CONFIGURATION, None, label_selector=CONFIGURATION_LABEL),
        )

    def _waker(
        self,
        api_version: str,
        kind: str,
        namespace: str | None,
        *,
        label_selector: str = "",
        field_selector: str = "",
    ) -> Reflector:
        return Reflector(
            self._client,
            resource_for(api_version, kind),
            namespace,
            lambda _items: self._wake.set(),
            lambda _event: self._wake.set(),
            label_selector=label_selector,
            field_selector=field_selector,
        )


def _unpublished(namespace: str) -> str:
    return (
        f"no ValidatingWebhookConfiguration with the label {CONFIGURATION_LABEL} calls the Service"
        f" {SERVICE} in {namespace}"
    )

"""Which replica decides: the one that holds the Lease `metallb-webhooks`.

What one process has allowed is all in its memory (`pending`), so that it needs to ask nobody.
Others pass reviews on to it (`desk`). Where it can be reached is in an annotation of the Lease. Who
may write Leases is nobody to trust (Kubernetes' `edit` role may): a replica is told by its
certificate (`forwarding`), and one that cannot be reached costs time, not correctness.

Nothing is lost when the lead changes hands. Who comes next reads everything that is stored before
it decides, and begins only after the one before has ended: that one stops to decide, waits until
what it has allowed is shown as stored, and only then gives the Lease up; or it has been silent for
so long that it decides no more and what it had allowed is stored. Where somebody has deleted the
Lease, the one before decides until it hears of that: whoever is new believes no list but one that
it has read after a review arrived, for a second.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from metallb_kube.cache import Reflector
from metallb_kube.client import KubeClient, WatchEvent
from metallb_kube.leases import LeaseElector, LeaseTimes
from metallb_kube.objects import Manifest
from metallb_kube.resources import resource_for
from metallb_webhooks.settings import LEASE, Settings

logger = logging.getLogger(__name__)

TIMES: Final = LeaseTimes(duration=10, renew=3.0, deadline=7.0, retry=2.0)

_ADDRESS: Final = "metallb.io/webhooks-address"

_AGAIN_SECONDS: Final = 1.0
_NEW_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Leader:
    """Who decides, as others know it.

    Attributes:
        identity: of the process.
        address: host and port of its HTTPS port.
    """

    identity: str
    address: str

    @property
    def note(self) -> Mapping[str, str]:
        """The annotations of the Lease that say so."""
        return {_ADDRESS: self.address}


def leader_of(lease: Manifest | None) -> Leader | None:
    """Return who decides; None where nobody does, or none that could be reached."""
    if lease is None:
        return None
    annotations = lease["metadata"].get("annotations") or {}
    identity = str((lease.get("spec") or {}).get("holderIdentity") or "")
    address = str(annotations.get(_ADDRESS) or "")
    return Leader(identity, address) if identity and address else None


class Leadership:
    """Leads if nobody else does, and knows who does if so.

    Attributes:
        leading: whether this process decides, apart from what `decides` checks besides.
        changed: set when somebody begins or ends to lead; a new event takes its place then.
    """

    def __init__(
        self,
        client: KubeClient,
        settings: Settings,
        ourselves: Callable[[], Leader],
        catch_up: Callable[[], Awaitable[bool]],
        times: LeaseTimes = TIMES,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin.

        Args:
            client: where the Lease is.
            settings: its namespace.
            ourselves: how others reach this process, as it is now.
            catch_up: reads everything that is stored; False if that could not be had.
            times: of the Lease.
            clock: monotonic seconds.
        """
        self._clock = clock
        self._since = float("-inf")
        self._client = client
        self._namespace = settings.namespace
        self._ourselves = ourselves
        self._identity = ourselves().identity
        self._catch_up = catch_up
        self._times = times
        self._elector = self._new()
        self._caught_up = False
        self._standing: asyncio.Task[None] | None = None
        self._heard: Leader | None = None
        self.changed = asyncio.Event()

    @property
    def leading(self) -> bool:
        """Whether this process decides at this moment."""
        return self._caught_up and self._elector.leading

    @property
    def is_new(self) -> bool:
        """Whether this process decides for so short a time that another one may do so, too."""
        return self._clock() - self._since < _NEW_SECONDS

    @property
    def other(self) -> Leader | None:
        """Who else decides, as far as it was heard of."""
        heard = self._heard
        return None if heard is None or heard.identity == self._identity else heard

    async def run(self) -> None:
        """Stand for election, again and again, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow())
            self._standing = tasks.create_task(self._stand())

    async def resign(self, settled: Callable[[], Awaitable[None]]) -> None:
        """Lead no more, now or ever.

        Args:
            settled: returns when what this process has allowed is stored.
        """
        self._caught_up = False
        await settled()
        if self._standing is not None:
            self._standing.cancel()
            with suppress(asyncio.CancelledError):
                await self._standing

    async def _stand(self) -> None:
        while True:
            async with self._elector:
                await self._lead()
            self._elector = self._new()

    async def _lead(self) -> None:
        lost = self._elector.lost
        while not lost.is_set():
            if await self._catch_up():
                self._caught_up, self._since = True, self._clock()
                self._tell()
                await lost.wait()
                self._caught_up = False
                self._tell()
            else:
                await asyncio.sleep(_AGAIN_SECONDS)

    def _new(self) -> LeaseElector:
        return LeaseElector(
            self._client,
            namespace=self._namespace,
            name=LEASE,
            identity=self._identity,
            times=self._times,
            note=lambda: self._ourselves().note,
        )

    async def _follow(self) -> None:
        await Reflector(
            self._client,
            resource_for("coordination.k8s.io/v1", "Lease"),
            self._namespace,
            lambda leases: self._hear(next(iter(leases), None)),
            self._happened,
            field_selector=f"metadata.name={LEASE}",
        ).run()

    def _happened(self, event: WatchEvent) -> None:
        self._hear(None if event.type == "DELETED" else event.object)

    def _hear(self, lease: Manifest | None) -> None:
        holder = ((lease or {}).get("spec") or {}).get("holderIdentity") or ""
        if not holder or (self._elector.leading and holder != self._identity):
            self._elector.hint.set()
        heard = leader_of(lease)
        if heard != self._heard:
            self._heard = heard
            logger.info("reviews are decided by %s", heard.identity if heard else "nobody yet")
            self._tell()

    def _tell(self) -> None:
        told, self.changed = self.changed, asyncio.Event()
        told.set()

"""Leader election over a coordination.k8s.io Lease.

The rules are client-go's: a holder is believed for the lease's duration counted on *our*
monotonic clock from the moment we saw the record change, so clocks that disagree between
machines do no harm; every write carries the resourceVersion it is based on, so two writers
cannot both succeed; and a leader that could not renew stops acting well before anybody else
may start.

There is one exception, for what is left behind where a whole installation was deleted: a record
that ran out by the API server's own clock, of a holder that is known not to exist any more.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, Self

from metallb_kube.client import KubeClient
from metallb_kube.errors import AlreadyExistsError, ConflictError, KubeError, NotFoundError
from metallb_kube.objects import Manifest, ObjectRef
from metallb_kube.seldom import Seldom

logger = logging.getLogger(__name__)

_API: Final = "coordination.k8s.io/v1"


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """Seconds; `renew < deadline < duration` and there is room for a retry in between.

    Attributes:
        duration: how long a leader that fell silent is waited for.
        renew: between two renewals (the only requests a healthy leader sends).
        deadline: a leader that has not renewed for so long stops acting.
        retry: between two attempts after a failure, and while waiting for somebody else.
    """

    duration: int = 30
    renew: float = 10.0
    deadline: float = 20.0
    retry: float = 2.0

    def __post_init__(self) -> None:
        if not 0 < self.retry <= self.renew < self.deadline < self.duration:
            raise ValueError(f"retry <= renew < deadline < duration does not hold: {self}")

    @property
    def attempt(self) -> float:
        """How long one attempt may take: one that hangs leaves time for another."""
        return (self.deadline - self.renew) / 2


@dataclass(frozen=True, slots=True)
class _Seen:
    """A record of the lease, and when (monotonic) we first saw it so."""

    record: tuple[Any, ...]
    at: float


class LeaseElector:
    """Holds one lease under one identity.

    `await acquire()` returns once we lead; from then on the lease is renewed in the background
    until `release()` or until it is lost, which sets `lost`: whoever acts on the lead must stop
    then. `async with` acquires and releases.

    Attributes:
        lost: set when the lead is gone; never cleared.
        hint: set by whoever hears that the lease is free, or no longer ours, so that it is tried
            or renewed at once.
        behind: whether somebody else holds the lease who is alive: who was seen to renew it.
    """

    def __init__(
        self,
        client: KubeClient,
        *,
        namespace: str,
        name: str,
        identity: str,
        times: LeaseTimes = LeaseTimes(),
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        note: Callable[[], Mapping[str, str]] = dict,
        is_gone: Callable[[str], Awaitable[bool]] | None = None,
    ) -> None:
        """Describe the lease.

        Args:
            client: where it is.
            namespace: of the Lease.
            name: of the Lease.
            identity: ours, unlike that of any other process that ever was.
            times: how long what may take.
            clock: monotonic seconds.
            now: what is written into the Lease, for people.
            note: annotations that go along with every write of the holder.
            is_gone: asks whether a holder does not exist any more; None where nobody can know.
        """
        self._client = client
        self._ref = ObjectRef(_API, "Lease", namespace, name)
        self._identity = identity
        self._times = times
        self._clock = clock
        self._now = now
        self._note = note
        self._is_gone = is_gone
        self._awaited = Seldom(float("inf"), clock)
        self._seen: _Seen | None = None
        self._held: Manifest | None = None
        self._renewed = 0.0
        self._renewal: asyncio.Task[None] | None = None
        self._seldom = Seldom(clock=clock)
        self.lost = asyncio.Event()
        self.hint = asyncio.Event()
        self.behind = False

    async def __aenter__(self) -> Self:
        await self.acquire()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.release()

    @property
    def leading(self) -> bool:
        """Whether we may act at this moment."""
        return (
            self._held is not None
            and not self.lost.is_set()
            and self._clock() - self._renewed < self._times.deadline
        )

    async def acquire(self) -> None:
        """Wait until we hold the lease, then keep it in the background."""
        while True:
            self.hint.clear()
            if await self._attempt():
                break
            await self._rest(self._times.retry)
        logger.info("leading as %s", self._identity)
        self._renewal = asyncio.create_task(self._keep(), name=f"lease {self._ref.name}")

    async def release(self) -> None:
        """Stop renewing and give the lease up, so that the next one need not wait."""
        if self._renewal is not None:
            self._renewal.cancel()
            with suppress(asyncio.CancelledError):
                await self._renewal
        held, self._held = self._held, None
        if held is None or self.lost.is_set():
            return
        self.lost.set()
        try:
            await self._give_up(held)
        except KubeError as error:
            logger.info("the lease could not be given up, it will run out: %s", error)

    async def _give_up(self, held: Manifest) -> None:
        try:
            await self._client.replace(self._record(held, holder=""))
        except ConflictError:
            # The renewal that was just cancelled had reached the API server.
            lease = await self._client.get(self._ref) or {}
            if (lease.get("spec") or {}).get("holderIdentity") == self._identity:
                await self._client.replace(self._record(lease, holder=""))

    async def _attempt(self) -> bool:
        """Try once to take the lease; True when we hold it."""
        try:
            async with asyncio.timeout(self._times.attempt):
                return await self._take()
        except (AlreadyExistsError, ConflictError, NotFoundError):
            return False  # somebody else was faster
        except (KubeError, TimeoutError) as error:
            text = str(error) or "no answer in time"
            loud = _level(error) > logging.DEBUG and self._seldom.due(text)
            level = _level(error) if loud else logging.DEBUG
            logger.log(level, "the lease cannot be had now: %s", text)
            return False

    async def _take(self) -> bool:
        lease = await self._client.get(self._ref)
        if lease is None:
            await self._write(self._client.create, self._fresh())
            return True
        if not self._is_free(lease) and not await self._is_left_behind(lease):
            self._tell_of(lease)
            return False
        await self._write(self._client.replace, self._record(lease, holder=self._identity))
        return True

    async def _write(self, verb: Callable[[Manifest], Any], lease: Manifest) -> None:
        # Counted from before the request: what others may assume starts at the earliest then.
        started = self._clock()
        self._held = await verb(lease)
        self._renewed = started

    def _is_free(self, lease: Manifest) -> bool:
        """Whether nobody (or we) hold it, or its holder has been silent for too long."""
        spec = lease.get("spec") or {}
        holder = spec.get("holderIdentity") or ""
        record = (holder, spec.get("renewTime"), spec.get("acquireTime"))
        known = self._seen
        if self._seen is None or self._seen.record != record:
            self._seen = _Seen(record, self._clock())
        if holder in {"", self._identity}:
            self.behind = False
            return True
        # Never longer than ours: whoever may write the Lease could hold everybody up with it.
        duration = min(
            float(spec.get("leaseDurationSeconds") or self._times.duration), self._times.duration
        )
        ran_out = self._clock() - self._seen.at >= duration
        renewed = known is not None and known.record[0] == holder and known.record != record
        self.behind = not ran_out and (self.behind or renewed)
        return ran_out

    async def _is_left_behind(self, lease: Manifest) -> bool:
        """Whether the record has run out by the API server's clock and its holder is gone."""
        spec = lease.get("spec") or {}
        now, renewed = self._client.time, _time(spec.get("renewTime"))
        if self._is_gone is None or now is None or renewed is None:
            return False
        if (now - renewed).total_seconds() < self._times.duration:
            return False
        return await self._is_gone(str(spec.get("holderIdentity")))

    def _tell_of(self, lease: Manifest) -> None:
        """Log whom we wait for, once for each."""
        holder = str((lease.get("spec") or {}).get("holderIdentity"))
        if self._awaited.due(holder):
            logger.info(
                "waiting for the Lease %s: %r holds it, and is believed for %d s after its last"
                " renewal",
                self._ref.name,
                holder,
                self._times.duration,
            )

    async def _keep(self) -> None:
        """Renew until the lease is lost; sets `lost` before anybody else can lead."""
        pause = self._times.renew
        while True:
            left = self._renewed + self._times.deadline - self._clock()
            if left <= 0:
                return self._lose("it could not be renewed in time")
            self.hint.clear()
            await self._rest(min(pause, left))
            left = self._renewed + self._times.deadline - self._clock()
            try:
                async with asyncio.timeout(min(self._times.attempt, max(0.0, left))):
                    if not await self._renew():
                        return self._lose("somebody else holds it")
            except (KubeError, TimeoutError) as error:
                text = str(error) or "no answer in time"
                logger.log(_level(error), "the lease was not renewed: %s", text)
                pause = self._times.retry
            else:
                pause = self._times.renew

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.hint.wait()

    async def _renew(self) -> bool:
        """Write the lease once; False when it is somebody else's now."""
        if self._held is None:
            return False
        try:
            await self._write(self._client.replace, self._record(self._held, holder=self._identity))
        except (ConflictError, NotFoundError):
            lease = await self._client.get(self._ref)
            holder = ((lease or {}).get("spec") or {}).get("holderIdentity")
            if lease is None or holder != self._identity:
                return False
            # Ours, touched by a hand or by a write of ours whose answer was lost.
            await self._write(self._client.replace, self._record(lease, holder=self._identity))
        return True

    def _lose(self, why: str) -> None:
        logger.error("the lead is lost: %s", why)
        self.lost.set()

    def _fresh(self) -> Manifest:
        metadata = {"name": self._ref.name, "namespace": self._ref.namespace}
        empty = {"apiVersion": _API, "kind": "Lease", "metadata": metadata, "spec": {}}
        return self._record(empty, holder=self._identity)

    def _record(self, lease: Manifest, *, holder: str) -> Manifest:
        """Build the lease as it is written; keeps its resourceVersion and foreign fields."""
        spec = dict(lease.get("spec") or {})
        now = self._now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")  # MicroTime
        if holder and spec.get("holderIdentity") != holder:
            spec["acquireTime"] = now
            taken_over = "holderIdentity" in spec
            spec["leaseTransitions"] = int(spec.get("leaseTransitions") or 0) + int(taken_over)
        spec["holderIdentity"] = holder
        spec["renewTime"] = now
        # A lease given up runs out at once, as client-go has it.
        spec["leaseDurationSeconds"] = self._times.duration if holder else 1
        return {**lease, "metadata": self._metadata(lease["metadata"], holder), "spec": spec}

    def _metadata(self, metadata: Mapping[str, Any], holder: str) -> Mapping[str, Any]:
        note = self._note() if holder else {}
        if not note:
            return metadata
        return {**metadata, "annotations": {**(metadata.get("annotations") or {}), **note}}


def _time(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else None


def _level(error: Exception) -> int:
    return error.level if isinstance(error, KubeError) else logging.WARNING

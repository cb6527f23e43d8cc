"""A short memory that the replicas share: what any of them has allowed last.

A watch is milliseconds behind, and another replica may have allowed what was stored just now. So
each replica notes an object in a Lease before it answers "allowed", and reads the Lease before it
judges. An object in there that its own watches have not shown is read by name. Whatever had been
answered when a review arrived is therefore known, whoever answered it.

Why not list what is stored? A list that is up to date takes the API server 100 ms for kinds that
change rarely: it waits for its watch cache to be as young as etcd (KEP-2340). Reads by name go to
etcd and take one or two.

Cost: one GET a review and one PUT an allowed write, about 9 ms together on two busy cores (the
verdict itself takes half a millisecond), however much is stored; reviews that arrive while one of
them is under way share the next. Not covered are two writes that are under way at the same time at
different replicas, and writes that webhooks are not asked about (speakers, cleaning up).

If the API server does not answer in time, the watches are believed, which is what they are for: a
review neither fails nor waits for long because of this.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from metallb_kube.client import KubeClient
from metallb_kube.errors import AlreadyExistsError, ConflictError, NotFoundError
from metallb_kube.objects import Manifest, ObjectRef
from metallb_webhooks.followed import FOLLOWED
from metallb_webhooks.rounds import Rounds, causes
from metallb_webhooks.settings import LEASE, SERVICE, Settings
from metallb_webhooks.source import Source

logger = logging.getLogger(__name__)

KEPT: Final = 50
"""How many objects are remembered; at a thousand a second still 50 ms, which no watch is behind."""

_API: Final = "coordination.k8s.io/v1"
_ANNOTATION: Final = "metallb.io/allowed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One write that was allowed.

    Attributes:
        uid: of the object, which the API server gives before it asks us.
        after: the resourceVersion that was stored before; 0 for a new object.
        gone: whether it was allowed to be deleted.
    """

    kind: str
    namespace: str
    name: str
    uid: str
    after: int
    gone: bool

    @property
    def ref(self) -> ObjectRef:
        """Which object it is about."""
        return ObjectRef(FOLLOWED[self.kind].api_version, self.kind, self.namespace, self.name)


def entries_of(lease: Manifest | None) -> tuple[Entry, ...]:
    """Return what is noted, oldest first; nothing where it cannot be read."""
    annotations = ((lease or {}).get("metadata") or {}).get("annotations") or {}
    try:
        rows = orjson.loads(annotations.get(_ANNOTATION) or "[]")
        return tuple(Entry(*row) for row in rows if row[0] in FOLLOWED)
    except (orjson.JSONDecodeError, TypeError, LookupError):
        return ()


def with_entries(lease: Manifest, more: Iterable[Entry]) -> dict[str, Any]:
    """Return the Lease with more noted, less what is too old then."""
    metadata = dict(lease["metadata"])
    rows = [
        [e.kind, e.namespace, e.name, e.uid, e.after, e.gone] for e in (*entries_of(lease), *more)
    ]
    noted = orjson.dumps(rows[-KEPT:]).decode()
    metadata["annotations"] = {**(metadata.get("annotations") or {}), _ANNOTATION: noted}
    return {**lease, "metadata": metadata}


class Ledger:
    """Reads and writes the memory, and teaches a source what it has missed."""

    def __init__(
        self,
        client: KubeClient,
        source: Source,
        settings: Settings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin.

        Args:
            client: where the Lease is.
            source: what is taught.
            settings: the namespace of the Lease; how long a request may take before the source
                is believed; for how long what is noted and not stored may still come.
            clock: monotonic seconds.
        """
        self._client = client
        self._source = source
        self._ref = ObjectRef(_API, "Lease", settings.namespace, LEASE)
        self._seconds = settings.fresh_seconds
        self._in_doubt = settings.pending_seconds
        self._clock = clock
        self._lease: Manifest | None = None
        self._doubts: dict[Entry, float] = {}
        self._settled: frozenset[Entry] = frozenset()
        self._own: deque[Entry] = deque(maxlen=KEPT)
        self._unwritten: list[Entry] = []
        self._reads = Rounds(self._read, settings.fresh_seconds)
        self._writes = Rounds(self._write, settings.fresh_seconds)

    async def catch_up(self, kinds: Sequence[str]) -> bool:
        """Return when the source knows of everything of these kinds that was answered before.

        Returns:
            False if that could not be had in time.
        """
        if not await self._reads.join():
            return False
        self._sort_out(entries_of(self._lease))
        missed = [entry for entry in self._doubts if entry.kind in kinds]
        if not missed:
            return True
        try:
            async with asyncio.timeout(self._seconds), asyncio.TaskGroup() as tasks:
                for entry in missed:
                    tasks.create_task(self._look_up(entry))
        except (ExceptionGroup, TimeoutError) as error:
            logger.warning("what was allowed last could not be read: %s", causes(error))
            return False
        return True

    async def note(self, entry: Entry) -> bool:
        """Return when others can know that this was allowed; False if that took too long."""
        # What this process has allowed it knows by itself.
        self._own.append(entry)
        self._unwritten.append(entry)
        return await self._writes.join()

    def _sort_out(self, noted: Sequence[Entry]) -> None:
        """Keep in doubt what the source has not shown yet, and forget what is noted no longer."""
        now = self._clock()
        doubts: dict[Entry, float] = {}
        for entry in set(noted) - self._settled - set(self._own):
            since = self._doubts.get(entry, now)
            if not self._shows(entry) and now - since <= self._in_doubt:
                doubts[entry] = since
        self._settled = frozenset(noted) - doubts.keys()
        self._doubts = doubts

    def _shows(self, entry: Entry) -> bool:
        found = self._source.store.stored(entry.kind, entry.namespace, entry.name)
        if entry.gone:
            return found is None or found.metadata.uid != entry.uid
        if found is None or found.metadata.uid != entry.uid:
            return False
        version = found.metadata.resource_version
        return not version.isdecimal() or int(version) > entry.after

    async def _look_up(self, entry: Entry) -> None:
        found = await self._client.get(entry.ref)
        if found is None:
            self._source.forget(entry.kind, entry.namespace, entry.name)
        else:
            self._source.learn(entry.kind, found)

    async def _read(self) -> None:
        self._lease = await self._client.get(self._ref)

    async def _write(self) -> None:
        batch, self._unwritten = self._unwritten, []
        try:
            await self._write_over(batch)
        except BaseException:
            # Late is better than never: the next round takes it along.
            self._unwritten = [*batch, *self._unwritten][-KEPT:]
            raise

    async def _write_over(self, batch: Sequence[Entry]) -> None:
        """Write to the Lease as it is, whoever else writes at the same time."""
        while True:
            try:
                self._lease = await self._written(batch)
            except (ConflictError, AlreadyExistsError):
                await self._read()
            except NotFoundError:
                self._lease = None
            else:
                return

    async def _written(self, batch: Sequence[Entry]) -> Manifest:
        if self._lease is not None:
            return await self._client.replace(with_entries(self._lease, batch))
        empty = {
            "apiVersion": _API,
            "kind": "Lease",
            "metadata": {
                "name": self._ref.name,
                "namespace": self._ref.namespace,
                "labels": {"app.kubernetes.io/name": SERVICE},
            },
        }
        return await self._client.create(with_entries(empty, batch))

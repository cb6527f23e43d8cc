"""A short memory that the replicas share: what any of them has allowed last.

A watch is milliseconds behind, and another replica may have allowed what was stored just now. So
each replica notes an object in a Lease before it answers "allowed". An object in there that its
own watches have not shown is read by name. Whatever had been answered when a review arrived is
therefore known, whoever answered it.

That takes one request. A verdict is reached over the Lease as it was heard of last, and the note
replaces exactly that version: if it is stored, then nobody else has noted anything in between. If
it is not, the Lease is read, what is new in it is learnt, and who is concerned judges once more.
The Lease is watched, so that replicas that take turns hardly ever meet.

Why not list what is stored? A list that is up to date takes the API server 100 ms for kinds that
change rarely: it waits for its watch cache to be as young as etcd (KEP-2340). Reads by name go to
etcd and take one or two.

Cost: one PUT an allowed write and one GET a denial, however much is stored; reviews that are under
way together share them. Two writes that are under way at the same time at different replicas meet
at the Lease, and the later one waits until the earlier one is stored, for `ON_ITS_WAY` seconds at
most. Not covered are what takes longer, and writes that webhooks are not asked about (speakers,
cleaning up).

If the API server does not answer in time, the watches are believed, which is what they are for: a
review neither fails nor waits for long because of this.
"""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

import orjson

from metallb_kube.cache import Reflector
from metallb_kube.client import KubeClient, WatchEvent
from metallb_kube.errors import AlreadyExistsError, ConflictError, NotFoundError
from metallb_kube.objects import Manifest, ObjectRef
from metallb_kube.resources import resource_for
from metallb_webhooks.followed import FOLLOWED
from metallb_webhooks.rounds import Rounds, causes
from metallb_webhooks.settings import LEASE, SERVICE, Settings
from metallb_webhooks.source import Source
from metallb_webhooks.store import version_of

logger = logging.getLogger(__name__)

KEPT: Final = 50
"""How many objects are remembered; at a thousand a second still 50 ms, which no watch is behind."""

ON_ITS_WAY: Final = 0.25
"""For how many seconds a write that was allowed is waited for; storing it takes some five ms."""

_AGAIN: Final = 0.005

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


@dataclass(frozen=True, slots=True)
class Basis:
    """What of the memory a verdict rests on.

    Attributes:
        kinds: that it depends on; none for a verdict that stands whatever others allow.
        heard: how many notes of others about these kinds had been heard of.
    """

    kinds: tuple[str, ...] = ()
    heard: int = 0


class Noted(Enum):
    """What became of a note."""

    DONE = auto()
    """Others can know."""
    OVERTAKEN = auto()
    """Not written: others have allowed something since, on which the verdict may depend."""
    LATE = auto()
    """The API server does not answer; it goes along with the next one."""


@dataclass(slots=True)
class _Note:
    entry: Entry
    basis: Basis
    outcome: Noted = Noted.LATE


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
        self._known: frozenset[Entry] = frozenset()
        self._doubts: dict[Entry, float] = {}
        self._heard: Counter[str] = Counter()
        self._own: deque[Entry] = deque(maxlen=KEPT)
        self._unwritten: list[_Note] = []
        self._reads = Rounds(self._read, settings.fresh_seconds)
        self._writes = Rounds(self._write, settings.fresh_seconds)

    async def run(self) -> None:
        """Follow the Lease until cancelled, so that notes rarely meet those of others."""
        await Reflector(
            self._client,
            resource_for(_API, "Lease"),
            self._ref.namespace,
            lambda leases: self._take(next(iter(leases), None)),
            self._happened,
            field_selector=f"metadata.name={self._ref.name}",
        ).run()

    def basis(self, kinds: Sequence[str]) -> Basis:
        """Return what a verdict that is reached now will rest on."""
        return Basis(tuple(kinds), sum(self._heard[kind] for kind in kinds))

    async def catch_up(self, kinds: Sequence[str]) -> bool:
        """Return when the source knows of everything of these kinds that was heard of.

        Returns:
            False if that could not be had in time.
        """
        missed = self._missed(kinds)
        if not missed:
            return True
        try:
            async with asyncio.timeout(self._seconds), asyncio.TaskGroup() as tasks:
                for entry, since in missed.items():
                    tasks.create_task(self._look_up(entry, since))
        except (ExceptionGroup, TimeoutError) as error:
            logger.warning("what was allowed last could not be read: %s", causes(error))
            return False
        return True

    async def note(self, entry: Entry, basis: Basis) -> Noted:
        """Return when others can know that this was allowed, or when the verdict is out of date."""
        note = _Note(entry, basis)
        self._unwritten.append(note)
        await self._writes.join()
        if note.outcome is Noted.LATE:
            # It is answered now, so that nothing overtakes it any more.
            note.basis = Basis()
        return note.outcome

    async def look(self) -> bool:
        """Return when everything that was noted before is heard of; False if it took too long."""
        return await self._reads.join()

    def _take(self, lease: Manifest | None) -> None:
        """Hear of what is noted; what is none of ours is in doubt until the source shows it."""
        noted = entries_of(lease)
        now = self._clock()
        new = set(noted) - self._known
        for entry in new.difference(self._own):
            self._heard[entry.kind] += 1
            self._doubts[entry] = now
        # What this process has allowed is pending here, unless it is a deletion.
        self._doubts |= {entry: now for entry in new if entry.gone}
        self._lease = lease
        self._known = frozenset(noted)

    def _happened(self, event: WatchEvent) -> None:
        # Answers to requests of ours run ahead of the watch.
        if version_of(event.object) > version_of(self._lease or {}):
            self._take(None if event.type == "DELETED" else event.object)

    def _missed(self, kinds: Sequence[str]) -> dict[Entry, float]:
        """Forget doubts that are settled or too old to be of use; return what is left."""
        now = self._clock()
        self._doubts = {
            entry: since
            for entry, since in self._doubts.items()
            if now - since <= self._in_doubt and not self._shows(entry)
        }
        return {entry: since for entry, since in self._doubts.items() if entry.kind in kinds}

    def _shows(self, entry: Entry) -> bool:
        found = self._source.store.stored(entry.kind, entry.namespace, entry.name)
        if entry.gone:
            return found is None or found.metadata.uid != entry.uid
        if found is None or found.metadata.uid != entry.uid:
            return False
        version = found.metadata.resource_version
        return not version.isdecimal() or int(version) > entry.after

    async def _look_up(self, entry: Entry, since: float) -> None:
        """Read one object, again and again while it may be just on its way into the store."""
        while True:
            found = await self._client.get(entry.ref)
            if found is None:
                self._source.forget(entry.kind, entry.namespace, entry.name)
            else:
                self._source.learn(entry.kind, found)
            if entry.gone or self._shows(entry) or self._clock() - since > ON_ITS_WAY:
                return
            await asyncio.sleep(_AGAIN)

    async def _read(self) -> None:
        self._take(await self._client.get(self._ref))

    async def _write(self) -> None:
        batch, self._unwritten = self._unwritten, []
        try:
            await self._write_over(batch)
        except BaseException:
            # Late is better than never: the next round takes them along.
            late = [note for note in batch if note.outcome is Noted.LATE]
            self._unwritten = [*late, *self._unwritten][-KEPT:]
            raise

    async def _write_over(self, batch: Iterable[_Note]) -> None:
        """Write to the Lease as it is what still stands in view of it, whoever else writes."""
        while batch := self._standing(batch):
            entries = [note.entry for note in batch]
            # Before it is written: the watch may be faster than the answer.
            self._own.extend(entries)
            try:
                self._take(await self._written(entries))
            except (ConflictError, AlreadyExistsError):
                for _ in entries:
                    self._own.pop()
                await self._read()
            except NotFoundError:
                self._take(None)
            else:
                for note in batch:
                    note.outcome = Noted.DONE
                return

    def _standing(self, batch: Iterable[_Note]) -> list[_Note]:
        """Return the notes whose verdicts rest on all that is heard of by now."""
        standing = []
        for note in batch:
            if note.basis == self.basis(note.basis.kinds):
                standing.append(note)
            else:
                note.outcome = Noted.OVERTAKEN
        return standing

    async def _written(self, entries: Sequence[Entry]) -> Manifest:
        if self._lease is not None:
            return await self._client.replace(with_entries(self._lease, entries))
        empty = {
            "apiVersion": _API,
            "kind": "Lease",
            "metadata": {
                "name": self._ref.name,
                "namespace": self._ref.namespace,
                "labels": {"app.kubernetes.io/name": SERVICE},
            },
        }
        return await self._client.create(with_entries(empty, entries))

"""Writes and deletions that were allowed and that no watch has shown yet.

Whether the API server went on to store them is not known: somebody else may have refused them.
They are therefore never believed by themselves. Where a verdict depends on whether they are
stored, it waits until a watch tells. What no watch has shown after some seconds was probably
refused; since the watch may as well be down, it is overdue until a list has been read.

An object is told by its uid, which the API server gives before it asks us, and by being younger
than what the review showed as stored.

A review says nothing of who has sent it: anybody who reaches the port can leave something here. It
is bounded, it delays whoever conflicts with it by a second at most, and it refuses nobody.
"""

import asyncio
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from metallb_crds.meta import Resource
from metallb_kube.objects import Manifest
from metallb_webhooks.index import Index, Key, key_of
from metallb_webhooks.snapshot import Layer, Snapshot
from metallb_webhooks.store import version_of

_MOST: Final = 1000
_MOST_BYTES: Final = 4 * 2**20
"""As JSON; decoded it is several times that. The oldest goes first: it is most likely stored."""


@dataclass(frozen=True, slots=True)
class _Entry:
    thing: Resource
    after: int
    gone: bool
    until: float
    size: int


class Pending:
    """What was allowed and has not been seen.

    Attributes:
        changed: set when there is less of it to wait for; a new event takes its place then.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing.

        Args:
            seconds: after how long an object that was not seen is overdue.
            clock: monotonic seconds.
        """
        self._seconds = seconds
        self._clock = clock
        self._entries: dict[tuple[str, Key], _Entry] = {}
        self._overdue: dict[tuple[str, Key], _Entry] = {}
        self._index = Index()
        self._places: dict[tuple[str, Key], None] = {}
        self._bytes = 0
        self.changed = asyncio.Event()

    def add(self, thing: Resource, *, after: int, gone: bool = False, size: int = 0) -> None:
        """Remember what was allowed.

        Args:
            thing: as it would be stored; as it is, if it is to be deleted.
            after: the resourceVersion that it replaces; 0 for a new object.
            gone: whether it was allowed to be deleted.
            size: of its review in bytes.
        """
        place = (thing.kind, key_of(thing))
        self._drop(place)  # what is added last is the last to expire
        self._entries[place] = _Entry(thing, after, gone, self._clock() + self._seconds, size)
        self._bytes += size
        self._places[place] = None
        if not gone:
            self._index.put(thing)
        while self._bytes > _MOST_BYTES or len(self._entries) + len(self._overdue) > _MOST:
            self._drop(next(iter(self._overdue or self._entries)))

    def _drop(self, place: tuple[str, Key]) -> bool:
        entry = self._entries.pop(place, None) or self._overdue.pop(place, None)
        if entry is None:
            return False
        self._bytes -= entry.size
        self._index.remove(*place)
        self._places.pop(place, None)
        return True

    def seen(self, kind: str, key: Key, manifest: Manifest) -> None:
        """Forget an object when a list or a watch shows it, even as deleted."""
        place = (kind, key)
        entry = self._entries.get(place) or self._overdue.get(place)
        if entry is None:
            return
        same = str(manifest["metadata"].get("uid") or "") == entry.thing.metadata.uid
        if same and version_of(manifest) > entry.after:
            self._drop(place)
            self._tell()

    def over(self, index: Index) -> Snapshot | None:
        """Return the index with everything in effect that was not seen; None if there is none."""
        return Snapshot(index, (Layer(self._index, self._places),)) if self._places else None

    @property
    def empty(self) -> bool:
        """Whether there is nothing to wait for."""
        self._expire()
        return not self._entries

    @property
    def overdue(self) -> tuple[Resource, ...]:
        """What a watch should have shown long ago."""
        self._expire()
        return tuple(entry.thing for entry in self._overdue.values())

    def settle(self, overdue: Iterable[Resource]) -> None:
        """Forget what was overdue when the lists were asked for that have been taken in since."""
        for thing in overdue:
            place = (thing.kind, key_of(thing))
            if place in self._overdue and self._overdue[place].thing is thing:
                self._drop(place)

    async def less(self, deadline: float = math.inf) -> None:
        """Return when there is less to wait for, or nothing, or at the deadline."""
        oldest = next(iter(self._entries.values()), None)
        if oldest is not None:
            changed = self.changed
            try:
                until = min(oldest.until, deadline)
                async with asyncio.timeout(max(0.0, until - self._clock())):
                    await changed.wait()
            except TimeoutError:
                self._expire()

    def _expire(self) -> None:
        now = self._clock()
        for place, entry in tuple(self._entries.items()):
            if entry.until > now:
                break  # the rest was added later
            self._overdue[place] = self._entries.pop(place)
            self._tell()

    def _tell(self) -> None:
        told, self.changed = self.changed, asyncio.Event()
        told.set()

"""Writes and deletions that were allowed and that no watch has shown yet.

Whether the API server went on to store them is not known: somebody else may have refused them.
They are therefore never believed by themselves. Where a verdict depends on whether they are
stored, it waits until a watch tells. What no watch has shown after some seconds was probably
refused; since the watch may as well be down, it is overdue until a list has been read.

An object is told by its uid, which the API server gives before it asks us, and by being younger
than what the review showed as stored.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from metallb_crds.meta import Resource
from metallb_kube.objects import Manifest
from metallb_webhooks.index import Index, Key, key_of
from metallb_webhooks.snapshot import Snapshot
from metallb_webhooks.store import version_of


@dataclass(frozen=True, slots=True)
class _Entry:
    thing: Resource
    after: int
    gone: bool
    until: float


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
        self.changed = asyncio.Event()

    def add(self, thing: Resource, *, after: int, gone: bool = False) -> None:
        """Remember what was allowed.

        Args:
            thing: as it would be stored; as it is, if it is to be deleted.
            after: the resourceVersion that it replaces; 0 for a new object.
            gone: whether it was allowed to be deleted.
        """
        place = (thing.kind, key_of(thing))
        self._overdue.pop(place, None)
        self._entries.pop(place, None)  # what is added last is the last to expire
        self._entries[place] = _Entry(thing, after, gone, self._clock() + self._seconds)

    def seen(self, kind: str, key: Key, manifest: Manifest) -> None:
        """Forget an object when a list or a watch shows it, even as deleted."""
        place = (kind, key)
        entry = self._entries.get(place) or self._overdue.get(place)
        if entry is None:
            return
        same = str(manifest["metadata"].get("uid") or "") == entry.thing.metadata.uid
        if same and version_of(manifest) > entry.after:
            self._entries.pop(place, None)
            self._overdue.pop(place, None)
            self._tell()

    def over(self, index: Index) -> Snapshot | None:
        """Return the index with everything in effect that was not seen; None if there is none."""
        entries = self._overdue | self._entries
        if not entries:
            return None
        top = Index(entry.thing for entry in entries.values() if not entry.gone)
        return Snapshot(index, top, frozenset(entries))

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
                del self._overdue[place]

    async def less(self) -> None:
        """Return when there is less to wait for; at once if there is nothing."""
        oldest = next(iter(self._entries.values()), None)
        if oldest is not None:
            changed = self.changed
            try:
                async with asyncio.timeout(max(0.0, oldest.until - self._clock())):
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

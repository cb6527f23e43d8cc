"""A reflector: keeps somebody's copy of a collection true, for ever.

Lists completely, then watches; lists again only when the API server says that the version is
gone. Losing the connection, a restarting API server and a watch that stays open and silent
are all survived, with growing, jittered pauses, which end early when the API server is heard of.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Final

from metallb_kube.client import KubeClient, WatchEvent
from metallb_kube.errors import (
    ForbiddenError,
    KubeError,
    NotFoundError,
    SilentError,
    ThrottledError,
    UnreachableError,
)
from metallb_kube.objects import Manifest, resource_version
from metallb_kube.resources import Resource
from metallb_kube.seldom import Seldom

logger = logging.getLogger(__name__)

_ABSENT_SECONDS: Final = 120.0
_REFUSALS: Final = 6
"""So many in a row, which takes some seconds, are meant."""
# Who has been served for so long begins to count failures anew.
_SERVED_SECONDS: Final = 10.0
# Of a pause that is kept although the API server answers others: it may refuse just this.
_KEPT: Final = 0.1


@dataclass(frozen=True, slots=True)
class Backoff:
    """Growing pauses: `initial * factor**n` seconds, at most `maximum`, give or take `jitter`.

    Attributes:
        jitter: 0.5 means anything between half and one and a half of the pause.
    """

    initial: float = 0.2
    factor: float = 2.0
    maximum: float = 10.0
    jitter: float = 0.5

    def seconds(self, failures: int, chance: float) -> float:
        """Return the pause after the n-th failure in a row (from 1); `chance` is in [0, 1)."""
        # The exponent is bounded so that a long outage cannot overflow a float.
        grown = self.initial * self.factor ** min(max(failures - 1, 0), 32)
        return min(grown, self.maximum) * (1 + self.jitter * (2 * chance - 1))


class Reflector:
    """Feeds one collection to two callbacks, in order, from `run`.

    Attributes:
        resource: which kind.
        synced: set once the first complete list was handed over.
        refused: why the API server does not let us follow; None while it does, or where only
            the connection fails.
        last_seen: monotonic time at which the API server was last heard of; 0.0 before.
    """

    def __init__(
        self,
        client: KubeClient,
        resource: Resource,
        namespace: str | None,
        on_replace: Callable[[tuple[Manifest, ...]], None],
        on_event: Callable[[WatchEvent], None],
        *,
        label_selector: str = "",
        field_selector: str = "",
        metadata_only: bool = False,
        keep: Callable[[Manifest], Manifest] = lambda item: item,
        absent_is_empty: bool = False,
        on_refusal: Callable[[], None] = lambda: None,
        backoff: Backoff = Backoff(),
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Describe what to follow.

        Args:
            client: where to read.
            resource: which kind.
            namespace: None for all namespaces.
            on_replace: is given the complete collection after every list.
            on_event: is given every ADDED, MODIFIED and DELETED event; never a bookmark.
            label_selector: restricts the collection, as in kubectl.
            field_selector: the same by fields.
            metadata_only: objects come without spec and status.
            keep: what `on_replace` is given of an object; asked while the list is being read, so
                that it is never held whole.
            on_refusal: is called when `refused` has changed.
            absent_is_empty: a kind whose CRD is not installed counts as listed and empty, and
                is asked for again from time to time.
            backoff: the pauses after failures.
            clock: monotonic seconds.
            chance: random numbers in [0, 1).
        """
        self._client = client
        self.resource = resource
        self._namespace = namespace
        self._on_replace = on_replace
        self._on_event = on_event
        self._label_selector = label_selector
        self._field_selector = field_selector
        self._metadata_only = metadata_only
        self._keep = keep
        self._absent_is_empty = absent_is_empty
        self._on_refusal = on_refusal
        self._backoff = backoff
        self._clock = clock
        self._chance = chance
        self._version = ""
        self._failures = 0
        self._seldom = Seldom(clock=clock)
        self.synced = asyncio.Event()
        self.refused: KubeError | None = None
        self.last_seen = 0.0
        self._down_since: float | None = None

    @property
    def behind_seconds(self) -> float:
        """For how long no watch has been open, so that the copy may lack what is stored."""
        return 0.0 if self._down_since is None else self._clock() - self._down_since

    @property
    def behind(self) -> bool:
        """Whether no watch is open at this moment."""
        return self._down_since is not None

    async def run(self) -> None:
        """Follow the collection until cancelled."""
        while True:
            started = self._clock()
            back = self._client.back
            failure: KubeError | None = None
            try:
                if not self._version:
                    await self._list()
                await self._watch()
            except KubeError as error:
                failure = error
            if self._down_since is None:
                self._down_since = self._clock()
            pause = self._pause(failure, lasted=self._clock() - started)
            if isinstance(failure, UnreachableError):
                await self._rest(pause, back)
            else:
                await asyncio.sleep(pause)

    async def _rest(self, pause: float, back: asyncio.Event) -> None:
        """Pause, and less than that when somebody else is answered meanwhile."""
        await asyncio.sleep(pause * _KEPT)
        with suppress(TimeoutError):
            async with asyncio.timeout(pause * (1 - _KEPT)):
                await back.wait()

    async def _list(self) -> None:
        listing = await self._client.list(
            self.resource,
            namespace=self._namespace,
            label_selector=self._label_selector,
            field_selector=self._field_selector,
            metadata_only=self._metadata_only,
            keep=self._keep,
        )
        self._heard(listing.resource_version)
        self._on_replace(listing.items)
        self.synced.set()

    async def _watch(self) -> None:
        watch = self._client.watch(
            self.resource,
            namespace=self._namespace,
            resource_version=self._version,
            label_selector=self._label_selector,
            field_selector=self._field_selector,
            metadata_only=self._metadata_only,
            opened=self._opened,
        )
        async with aclosing(watch) as events:
            async for event in events:
                self._heard(resource_version(event.object))
                if event.type != "BOOKMARK":
                    self._on_event(event)

    def _opened(self) -> None:
        self._down_since = None

    def _heard(self, version: str) -> None:
        self._version = version or self._version
        self._refuse(None)
        self.last_seen = self._clock()

    def _pause(self, failure: KubeError | None, *, lasted: float) -> float:
        """Return for how many seconds to leave the API server alone after a round.

        Args:
            failure: how the round ended; None if the API server ended the watch in time.
            lasted: its seconds.
        """
        if lasted >= _SERVED_SECONDS:
            self._failures = 0
        if failure is not None and not isinstance(failure, SilentError):
            return self._after(failure)
        # Who was answered and then heard nothing has lost a connection, and may ask again.
        if lasted >= 1.0:
            return 0.0
        # A watch that is ended at once, again and again, must not become a busy loop.
        self._failures += 1
        return self._backoff.seconds(self._failures, self._chance())

    def _refuse(self, error: KubeError | None) -> None:
        if (self.refused is None) is not (error is None):
            self.refused = error
            self._on_refusal()

    def _after(self, error: KubeError) -> float:
        """Decide what a failure means; returns the pause in seconds."""
        self._failures += 1
        # An API server that has just started knows no roles yet.
        if isinstance(error, ForbiddenError) and self._failures >= _REFUSALS:
            self._refuse(error)
        if error.status is not None and not isinstance(error, ThrottledError):
            # An answer, not a broken connection: 410 always, and whatever else the server
            # dislikes about this version ("too large" after a restore of etcd), a list heals.
            self._version = ""
        if isinstance(error, NotFoundError) and self._absent_is_empty:
            self._on_replace(())
            self.last_seen = self._clock()
            self._down_since = None
            self.synced.set()
            return _ABSENT_SECONDS
        grown = self._backoff.seconds(self._failures, self._chance())
        # An API server that starts asks for seconds, and needs a fraction of one; whoever relies
        # on what is followed would not know what is stored meanwhile. One that throttles means it.
        asked = error.retry_after if isinstance(error, ThrottledError) else 0.0
        pause = max(grown, asked)
        loud = self._failures > 1 and error.level > logging.DEBUG and self._seldom.due(str(error))
        level = error.level if loud else logging.DEBUG
        logger.log(level, "watching %s: %s; again in %.1f s", self.resource.plural, error, pause)
        return pause

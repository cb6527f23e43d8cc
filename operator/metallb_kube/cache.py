"""A reflector: keeps somebody's copy of a collection true, for ever.

Lists completely, then watches; lists again only when the API server says that the version is
gone. Losing the connection, a restarting API server and a watch that stays open and silent
are all survived, with growing, jittered pauses.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from metallb_kube.client import IDLE_SECONDS, KubeClient, WatchEvent
from metallb_kube.errors import KubeError, NotFoundError, ThrottledError
from metallb_kube.objects import Manifest, resource_version
from metallb_kube.resources import Resource

logger = logging.getLogger(__name__)

_ABSENT_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """Growing pauses: `initial * factor**n` seconds, at most `maximum`, give or take `jitter`.

    Attributes:
        jitter: 0.5 means anything between half and one and a half of the pause.
    """

    initial: float = 0.2
    factor: float = 2.0
    maximum: float = 30.0
    jitter: float = 0.5

    def seconds(self, failures: int, chance: float) -> float:
        """Return the pause after the n-th failure in a row (from 1); `chance` is in [0, 1)."""
        # The exponent is bounded so that a long outage cannot overflow a float.
        grown = self.initial * self.factor ** min(max(failures - 1, 0), 32)
        return min(grown, self.maximum) * (1 + self.jitter * (2 * chance - 1))


class Reflector:
    """Feeds one collection to two callbacks, in order, from `run`.

    Attributes:
        synced: set once the first complete list was handed over.
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
        absent_is_empty: bool = False,
        backoff: Backoff = Backoff(),
        idle: float = IDLE_SECONDS,
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
            absent_is_empty: a kind whose CRD is not installed counts as listed and empty, and
                is asked for again from time to time.
            backoff: the pauses after failures.
            idle: seconds of silence after which a watch counts as dead.
            clock: monotonic seconds.
            chance: random numbers in [0, 1).
        """
        self._client = client
        self._resource = resource
        self._namespace = namespace
        self._on_replace = on_replace
        self._on_event = on_event
        self._label_selector = label_selector
        self._field_selector = field_selector
        self._absent_is_empty = absent_is_empty
        self._backoff = backoff
        self._idle = idle
        self._clock = clock
        self._chance = chance
        self._version = ""
        self._failures = 0
        self.synced = asyncio.Event()
        self.last_seen = 0.0

    async def run(self) -> None:
        """Follow the collection until cancelled."""
        while True:
            started = self._clock()
            try:
                if not self._version:
                    await self._list()
                await self._watch()
            except KubeError as error:
                await asyncio.sleep(self._after(error))
            else:
                # The server ended the watch. Should it do so at once, again and again,
                # this must not become a busy loop.
                if self._clock() - started < 1.0:
                    self._failures += 1
                    await asyncio.sleep(self._backoff.seconds(self._failures, self._chance()))

    async def _list(self) -> None:
        listing = await self._client.list(
            self._resource,
            namespace=self._namespace,
            label_selector=self._label_selector,
            field_selector=self._field_selector,
        )
        self._heard(listing.resource_version)
        self._on_replace(listing.items)
        self.synced.set()

    async def _watch(self) -> None:
        watch = self._client.watch(
            self._resource,
            namespace=self._namespace,
            resource_version=self._version,
            label_selector=self._label_selector,
            field_selector=self._field_selector,
            idle=self._idle,
        )
        async with aclosing(watch) as events:
            async for event in events:
                self._heard(resource_version(event.object))
                if event.type != "BOOKMARK":
                    self._on_event(event)

    def _heard(self, version: str) -> None:
        self._version = version or self._version
        self._failures = 0
        self.last_seen = self._clock()

    def _after(self, error: KubeError) -> float:
        """Decide what a failure means; returns the pause in seconds."""
        self._failures += 1
        if error.status is not None and not isinstance(error, ThrottledError):
            # An answer, not a broken connection: 410 always, and whatever else the server
            # dislikes about this version ("too large" after a restore of etcd), a list heals.
            self._version = ""
        pause = self._backoff.seconds(self._failures, self._chance())
        if isinstance(error, ThrottledError):
            pause = max(pause, error.retry_after)
        if isinstance(error, NotFoundError) and self._absent_is_empty:
            self._on_replace(())
            self.last_seen = self._clock()
            self.synced.set()
            return _ABSENT_SECONDS
        level = logging.DEBUG if self._failures == 1 else logging.WARNING
        logger.log(level, "watching %s: %s; again in %.1f s", self._resource.plural, error, pause)
        return pause

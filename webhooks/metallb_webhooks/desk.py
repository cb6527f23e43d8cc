"""Where reviews arrive: decided here, or passed on to the replica that decides.

Of the replicas one decides (`leadership`), so that whatever any of them has answered counts for the
next review, whichever of them is asked: an object that conflicts with one whose create has been
answered is refused. What that costs: nothing at the replica that decides, one request between pods
at the others, and no request to the API server.

If nobody decides for a moment, or whoever does cannot be reached, this replica decides over lists
that it reads first: they hold whatever was stored when the review arrived. That takes some 100 ms.
Not covered are two writes that are under way at the same time at different replicas in such a
moment, what a leader that lives on and cannot be reached allows in the milliseconds until a watch
shows it, what takes longer than 1 s from our answer into the store, and writes that webhooks are
not asked about; `ConfigurationValid` names what is stored and should not be.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from metallb_webhooks.leadership import Leader
from metallb_webhooks.review import ReviewRequest, Verdict

PATIENCE_SECONDS: Final = 1.0
"""For how long somebody who decides is waited for: handing over takes a fraction of that."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A review as it arrived.

    Attributes:
        request: what it asks.
        path: that it was sent to.
        raw: its body.
        forwarded: whether another replica has passed it on.
    """

    request: ReviewRequest
    path: str
    raw: bytes
    forwarded: bool = False


class MisdirectedError(Exception):
    """A review was passed on to a replica that does not decide."""


class Leading(Protocol):
    """Knows who decides."""

    changed: asyncio.Event

    @property
    def leading(self) -> bool:
        """Whether it is us."""

    @property
    def is_new(self) -> bool:
        """Whether it is us for so short a time that another one may not know it yet."""

    @property
    def other(self) -> Leader | None:
        """Who else it is."""


class Judging(Protocol):
    """Reaches verdicts."""

    def alone(self, request: ReviewRequest, /) -> Verdict | None:
        """Decide what needs nobody else; None if it does."""

    async def review(self, request: ReviewRequest, /, *, refreshed: bool = False) -> Verdict:
        """Decide, perhaps after making sure of what is stored."""


class Forwarding(Protocol):
    """Passes reviews on."""

    async def forward(self, leader: Leader, path: str, raw: bytes, /) -> bytes | None:
        """Return the answer, None if there is none."""


class Desk:
    """Sees to it that somebody decides."""

    def __init__(
        self,
        reviewer: Judging,
        leadership: Leading,
        forwarder: Forwarding,
        observe: Callable[[str, bool], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin.

        Args:
            reviewer: decides here.
            leadership: knows who decides.
            forwarder: passes on.
            observe: is told "forward", and whether there was an answer.
            clock: monotonic seconds.
        """
        self._reviewer = reviewer
        self._leadership = leadership
        self._forwarder = forwarder
        self._observe = observe
        self._clock = clock
        self._vacant_since: float | None = None

    async def answer(self, asked: Asked) -> Verdict | bytes:
        """Return the verdict, or the answer of the replica that has reached it.

        Raises:
            MisdirectedError: the review was passed on, and not to the one who decides.
        """
        if not self._leadership.leading:
            alone = self._reviewer.alone(asked.request)
            if alone is not None:
                return alone
        other = await self._leader()
        if self._leadership.leading:
            return await self._reviewer.review(asked.request, refreshed=self._leadership.is_new)
        if asked.forwarded:
            raise MisdirectedError
        if other is not None:
            answer = await self._forwarder.forward(other, asked.path, asked.raw)
            self._observe("forward", answer is not None)
            if answer is not None:
                return answer
        return await self._reviewer.review(asked.request, refreshed=True)

    async def _leader(self) -> Leader | None:
        """Return who else decides, once somebody does; None if it is us, or nobody for too long."""
        while True:
            changed = self._leadership.changed
            if self._leadership.leading or self._leadership.other is not None:
                self._vacant_since = None
                return self._leadership.other
            try:
                async with asyncio.timeout(self._patience()):
                    await changed.wait()
            except TimeoutError:
                return None

    def _patience(self) -> float:
        """Return for how many seconds to wait; who comes late to a vacancy waits no more."""
        if self._vacant_since is None:
            self._vacant_since = self._clock()
        return max(0.0, self._vacant_since + PATIENCE_SECONDS - self._clock())

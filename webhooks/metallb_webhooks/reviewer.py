"""One review from request to verdict, with everything that takes time in between."""

import logging
import time
from collections.abc import Awaitable, Callable

from metallb_kube.printing import one_line
from metallb_webhooks.freshness import UNHEARD, concerned
from metallb_webhooks.index import Index
from metallb_webhooks.pending import Pending
from metallb_webhooks.review import ReviewRequest, Verdict
from metallb_webhooks.rules import registry
from metallb_webhooks.rules.base import Operation
from metallb_webhooks.service import (
    ALLOWED,
    UNJUDGED,
    Evaluate,
    Subject,
    internal_error,
    judge_subject,
    refusal,
    subject_of,
    unread,
)
from metallb_webhooks.settings import Settings
from metallb_webhooks.snapshot import Snapshot
from metallb_webhooks.store import version_of

logger = logging.getLogger(__name__)

Refresh = Callable[[tuple[str, ...]], Awaitable[bool]]
"""Returns whether everything of these kinds that is stored is in the index by now."""

Behind = Callable[[], tuple[str, ...]]
"""Returns the kinds of which the index may lack what is stored: nothing tells of changes."""


class Reviewer:
    """Judges objects over an index that somebody else keeps."""

    def __init__(
        self,
        index: Index,
        pending: Pending,
        refresh: Refresh,
        settings: Settings,
        *,
        behind: Behind = tuple,
        evaluate: Evaluate = registry.evaluate,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin.

        Args:
            index: what is stored.
            pending: what this process has allowed lately; shared with who fills the index.
            refresh: makes sure that the index holds what it should.
            settings: MetalLB's namespace, the backend, how long pending objects count.
            behind: tells what is not followed at the moment; it is read for each review.
            evaluate: runs the rules.
            clock: monotonic seconds.
        """
        self._index = index
        self._pending = pending
        self._refresh = refresh
        self._settings = settings
        self._behind = behind
        self._evaluate = evaluate
        self._clock = clock

    def alone(self, request: ReviewRequest) -> Verdict | None:
        """Decide what needs nobody: what is wrong in itself, and what changes nothing.

        Returns:
            None if it matters what else is stored, or to others what will be. Whatever goes
            wrong is a denial; nothing is raised.
        """
        try:
            return self._alone(request)
        except Exception:
            logger.exception("the review of %.300s failed", _shown(request))
            return internal_error()

    async def review(self, request: ReviewRequest, *, refreshed: bool = False) -> Verdict:
        """Decide. Whatever goes wrong is a denial; nothing is raised.

        Args:
            request: what is asked.
            refreshed: whether to make sure first of what is stored, since others may have
                allowed something.
        """
        try:
            subject = subject_of(request, self._settings.namespace)
            return await self._review(request, subject, refreshed) if subject else ALLOWED
        except UNJUDGED as error:
            return refusal(error)
        except Exception:
            logger.exception("the review of %.300s failed", _shown(request))
            return internal_error()

    def _alone(self, request: ReviewRequest) -> Verdict | None:
        try:
            subject = subject_of(request, self._settings.namespace)
        except UNJUDGED as error:
            return refusal(error)
        if subject is None:
            return ALLOWED
        verdict = self._judge(subject, Snapshot(self._index))
        if not self._is_read(subject):
            return verdict
        return None if self._rests_on_others(subject, verdict) else verdict

    async def _review(self, request: ReviewRequest, subject: Subject, refreshed: bool) -> Verdict:  # noqa: FBT001 - as in `review`
        kinds = concerned(subject.model.kind, subject.operation)
        unfollowed = tuple(kind for kind in self._behind() if kind in kinds)
        if refreshed:
            read = await self._refresh(kinds)
        else:
            read = not unfollowed or await self._refresh(unfollowed)
        if unfollowed and not read:
            verdict = self._judge(subject, Snapshot(self._index))
            return unread(unfollowed) if self._rests_on_others(subject, verdict) else verdict
        verdict = await self._informed(subject, kinds)
        # Nothing is waited for between the verdict and this: of two reviews that exclude each
        # other, the later one finds the earlier one here.
        if verdict.allowed and not request.dry_run and self._matters(subject):
            self._pending.add(
                subject.model,
                after=version_of(request.old or {}),
                gone=subject.operation is Operation.DELETE,
                size=request.size,
            )
        return verdict

    def _matters(self, subject: Subject) -> bool:
        """Tell whether anybody else's verdict may be another one once this is stored."""
        return self._is_read(subject) and subject.model != subject.old

    def _is_read(self, subject: Subject) -> bool:
        return subject.is_read(Snapshot(self._index), self._settings)

    def _rests_on_others(self, subject: Subject, verdict: Verdict) -> bool:
        """Tell whether it matters what is stored, or to others what will be."""
        if verdict.allowed:
            return subject.model != subject.old
        return self._judge(subject, Snapshot()).allowed

    async def _informed(self, subject: Subject, kinds: tuple[str, ...]) -> Verdict:
        """Judge by what is known; read once more what may change without our being asked."""
        verdict = await self._settled(subject)
        unheard = UNHEARD.intersection(kinds)
        if verdict.allowed or not unheard or not self._rests_on_others(subject, verdict):
            return verdict
        await self._refresh(tuple(unheard))
        return await self._settled(subject)

    async def _settled(self, subject: Subject) -> Verdict:
        """Judge, and wait as long as the verdict depends on what may or may not be stored.

        What is still undecided after the time for which anything is pending is decided by what is
        stored then: that takes a steady stream of objects which exclude this one and are not
        stored, and nobody is refused for it. Only what is undecided while neither a watch nor a
        list can be had is denied.
        """
        deadline = self._clock() + self._settings.pending_seconds
        while True:
            known = await self._looked_up()
            verdict = self._judge(subject, Snapshot(self._index))
            over = self._pending.over(self._index)
            if over is None:
                return verdict
            other = self._judge(subject, over)
            if verdict.allowed == other.allowed:
                return verdict
            if not known:
                return other if verdict.allowed else verdict
            if self._clock() >= deadline:
                return await self._stored(subject, verdict, other)
            await self._pending.less(deadline)

    async def _stored(self, subject: Subject, verdict: Verdict, other: Verdict) -> Verdict:
        """Judge by what is stored at this moment; deny if that cannot be had."""
        kinds = concerned(subject.model.kind, subject.operation)
        if await self._refresh(kinds):
            return self._judge(subject, Snapshot(self._index))
        return other if verdict.allowed else verdict

    async def _looked_up(self) -> bool:
        """Read what watches should have shown long ago; tell whether that is known now."""
        overdue = self._pending.overdue
        if not overdue:
            return True
        read = await self._refresh(tuple({thing.kind for thing in overdue}))
        if read:
            self._pending.settle(overdue)
        return read

    def _judge(self, subject: Subject, snapshot: Snapshot) -> Verdict:
        return judge_subject(subject, snapshot, self._settings, self._evaluate)


def _shown(request: ReviewRequest) -> str:
    where = f"{request.namespace}/" if request.namespace else ""
    return one_line(f"{request.operation} of {request.kind} {where}{request.name}")

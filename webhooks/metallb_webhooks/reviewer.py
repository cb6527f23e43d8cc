"""One review from request to verdict, with everything that takes time in between."""

import logging
import time
from collections.abc import Callable
from typing import Protocol

from metallb_webhooks.freshness import UNHEARD, concerned
from metallb_webhooks.index import Index
from metallb_webhooks.ledger import Basis, Entry
from metallb_webhooks.pending import Pending
from metallb_webhooks.reading import UnknownKindError, UnreadableError
from metallb_webhooks.review import ReviewRequest, Verdict
from metallb_webhooks.rules import registry
from metallb_webhooks.rules.base import Operation
from metallb_webhooks.service import (
    ALLOWED,
    Evaluate,
    Subject,
    bad_request,
    internal_error,
    judge_subject,
    subject_of,
)
from metallb_webhooks.settings import Settings
from metallb_webhooks.snapshot import Snapshot
from metallb_webhooks.store import version_of

logger = logging.getLogger(__name__)


class Knowledge(Protocol):
    """Makes sure of what is stored: each call returns when it has, or when that takes too long."""

    async def run(self) -> None:
        """Follow what other replicas allow until cancelled."""

    async def catch_up(self, kinds: tuple[str, ...], /) -> Basis:
        """Learn what others were heard to allow of these kinds; a verdict may rest on that."""

    async def refresh(self, kinds: tuple[str, ...], /) -> None:
        """Learn exactly what is stored of these kinds, by reading all of it."""

    async def note(self, entry: Entry, basis: Basis, /) -> bool:
        """Let others know what is allowed; False, and nothing done, if the basis holds no more."""

    async def holds(self, basis: Basis, /) -> bool:
        """Tell whether others have allowed nothing that the basis lacks."""


class Believed:
    """Makes sure of nothing: what the watches have shown is believed."""

    async def run(self) -> None:
        """Do nothing."""

    async def catch_up(self, kinds: tuple[str, ...], /) -> Basis:
        """Do nothing."""
        return Basis(kinds)

    async def refresh(self, kinds: tuple[str, ...], /) -> None:
        """Do nothing."""

    async def note(self, _entry: Entry, _basis: Basis, /) -> bool:
        """Do nothing."""
        return True

    async def holds(self, _basis: Basis, /) -> bool:
        """Do nothing."""
        return True


class Reviewer:
    """Judges objects over an index that somebody else keeps."""

    def __init__(
        self,
        index: Index,
        pending: Pending,
        knowledge: Knowledge,
        settings: Settings,
        *,
        evaluate: Evaluate = registry.evaluate,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin.

        Args:
            index: what is stored.
            pending: what this process has allowed lately; shared with who fills the index.
            knowledge: makes sure that the index holds what it should.
            settings: MetalLB's namespace, the backend, how long pending objects count.
            evaluate: runs the rules.
            clock: monotonic seconds.
        """
        self._index = index
        self._pending = pending
        self._knowledge = knowledge
        self._settings = settings
        self._evaluate = evaluate
        self._clock = clock

    async def review(self, request: ReviewRequest) -> Verdict:
        """Decide. Whatever goes wrong is a denial; nothing is raised."""
        try:
            return await self._review(request)
        except Exception:
            logger.exception("the review of %s failed", _shown(request))
            return internal_error()

    async def _review(self, request: ReviewRequest) -> Verdict:
        try:
            subject = subject_of(request)
        except (UnknownKindError, UnreadableError) as error:
            return bad_request(str(error))
        if subject is None:
            return ALLOWED
        if not subject.is_read(self._settings.namespace):
            return self._judge(subject, Snapshot(self._index))
        kinds = concerned(subject.model.kind, subject.operation)
        deadline = self._clock() + self._settings.fresh_seconds
        while True:
            basis = await self._knowledge.catch_up(kinds)
            verdict = await self._informed(subject, kinds)
            if not self._rests_on_others(subject, verdict):
                return verdict
            if self._clock() > deadline:
                basis = Basis()  # others are quicker all the time: what is known has to do
            if request.dry_run or not verdict.allowed:
                if await self._knowledge.holds(basis):
                    return verdict
            elif await self._told(_entry(request, subject), subject, basis):
                return verdict

    def _rests_on_others(self, subject: Subject, verdict: Verdict) -> bool:
        """Tell whether it matters what is stored, or to others what will be."""
        if verdict.allowed:
            return subject.model != subject.old
        return self._judge(subject, Snapshot()).allowed

    async def _told(self, entry: Entry, subject: Subject, basis: Basis) -> bool:
        """Let others know what is allowed, unless they have allowed what the verdict lacks."""
        # Nothing is waited for between the verdict and this: of two reviews that exclude each
        # other, the later one finds the earlier one here.
        if not entry.gone:
            self._pending.add(subject.model, after=entry.after)
        if await self._knowledge.note(entry, basis):
            return True
        self._pending.drop(subject.model)
        return False

    async def _informed(self, subject: Subject, kinds: tuple[str, ...]) -> Verdict:
        """Judge by what is known; read once more what may change without our being asked."""
        verdict = await self._settled(subject)
        unheard = UNHEARD.intersection(kinds)
        if verdict.allowed or not unheard or not self._rests_on_others(subject, verdict):
            return verdict
        await self._knowledge.refresh(tuple(unheard))
        return await self._settled(subject)

    async def _settled(self, subject: Subject) -> Verdict:
        """Judge, and wait as long as the verdict depends on what may or may not be stored.

        What is still undecided after the time for which anything is pending is denied: that
        takes a steady stream of objects which exclude this one.
        """
        deadline = self._clock() + self._settings.pending_seconds
        while True:
            verdict = self._judge(subject, Snapshot(self._index))
            over = self._pending.over(self._index)
            if over is None:
                return verdict
            other = self._judge(subject, over)
            if verdict.allowed == other.allowed:
                return verdict
            if self._clock() > deadline:
                return other if verdict.allowed else verdict
            await self._pending.less()

    def _judge(self, subject: Subject, snapshot: Snapshot) -> Verdict:
        return judge_subject(subject, snapshot, self._settings, self._evaluate)


def _entry(request: ReviewRequest, subject: Subject) -> Entry:
    metadata = subject.model.metadata
    return Entry(
        kind=subject.model.kind,
        namespace=metadata.namespace,
        name=metadata.name,
        uid=metadata.uid,
        after=version_of(request.old or {}),
        gone=subject.operation is Operation.DELETE,
    )


def _shown(request: ReviewRequest) -> str:
    where = f"{request.namespace}/" if request.namespace else ""
    return f"{request.operation} of {request.kind} {where}{request.name}"

"""Bind the operator to kopf: what happens when a MetalLB object appears, changes, goes.

One daemon an object is the level-triggered loop; kopf starts it, stops it, and keeps the finalizer.
Nothing is stored about what was handled last: every look compares everything.
"""

import asyncio
import logging
import ssl
import time
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import kopf

from metallb_kube.objects import Manifest
from metallb_kube.patience import Patience
from metallb_operator import pauses
from metallb_operator.blind import tell_unseen
from metallb_operator.fields import at
from metallb_operator.intent import misplaced
from metallb_operator.login import Login
from metallb_operator.reconcile import reconcile
from metallb_operator.reminder import Reminder
from metallb_operator.settings import FINALIZER
from metallb_operator.tools import Memory, Tools
from metallb_operator.uninstall import uninstall

logger = logging.getLogger(__name__)

PREFIX: Final = "metallb.io"
_METALLBS: Final = ("metallb.io", "v1beta1", "metallbs")
_RETRY_SECONDS: Final = 5.0
# Pauses between kopf's attempts at one request. When they are used up, five minutes later, a list
# ends the process, and with it whatever state an API server restored from a backup dislikes.
_ATTEMPT_SECONDS: Final = (0.2, 0.5, 1, 2, 4, *(5,) * 58)


@dataclass(frozen=True, slots=True)
class Memo:
    """What handlers work with; kopf hands it to each of them.

    Attributes:
        reminder: sees to what kopf has dropped.
        acting: held while anything is done about the object, so that the removal never runs
            beside a look that is not finished.
    """

    tools: Tools
    reminder: Reminder
    acting: asyncio.Lock


class Nothing(kopf.DiffBaseStorage):
    """Stores no copy of what was handled last: whatever is seen counts as handled.

    The daemon compares everything at every look, and a copy of a large spec would exceed what
    annotations may hold.
    """

    def fetch(self, *, body: kopf.Body) -> kopf.BodyEssence | None:
        """Return what the object is now."""
        return self.build(body=body)

    def store(self, *, body: kopf.Body, patch: kopf.Patch, essence: kopf.BodyEssence) -> None:
        """Store nothing."""


def registry(kubeconfig: Path | None, tls: ssl.SSLContext) -> kopf.OperatorRegistry:
    """Return the handlers; nothing is registered anywhere else.

    Args:
        kubeconfig: what kopf's own client uses; None inside a pod.
        tls: what its connections are made with.
    """
    handlers = kopf.OperatorRegistry()

    credentials = Login(kubeconfig, tls)

    @kopf.on.login(registry=handlers)
    async def login(**_: object) -> kopf.ConnectionInfo:
        return await credentials()

    kopf.on.event(*_METALLBS, registry=handlers)(seen)
    kopf.daemon(
        *_METALLBS,
        registry=handlers,
        when=is_served,
        backoff=_RETRY_SECONDS,
        cancellation_timeout=_RETRY_SECONDS,
    )(keep)
    kopf.on.delete(*_METALLBS, registry=handlers, when=is_served, backoff=_RETRY_SECONDS)(remove)
    return handlers


def settings(patience: Patience) -> kopf.OperatorSettings:
    """Return how kopf is to behave.

    Args:
        patience: how long it, too, waits for the API server.
    """
    chosen = kopf.OperatorSettings()
    chosen.persistence.finalizer = FINALIZER
    chosen.persistence.progress_storage = kopf.AnnotationsProgressStorage(prefix=PREFIX)
    chosen.persistence.diffbase_storage = Nothing()
    chosen.posting.enabled = False
    chosen.scanning.disabled = True
    # Its own limits would leave a request without an answer for five minutes.
    chosen.networking.request_timeout = patience.request
    chosen.networking.connect_timeout = patience.connect
    chosen.networking.error_backoffs = _ATTEMPT_SECONDS
    chosen.watching.inactivity_timeout = patience.silence
    return chosen


def is_served(*, body: kopf.Body, memo: Any, **_: object) -> bool:  # noqa: ANN401 - kopf's own type
    """Tell whether an object is the one that MetalLB is installed for.

    None is while the namespace is being deleted: kopf adds no finalizer to what is not served, and
    takes off the one that is there.
    """
    tools: Tools = memo.tools
    return not tools.is_departing() and misplaced(body, tools.settings.namespace) is None


async def seen(*, event: kopf.RawEvent, body: kopf.Body, memo: Any, **_: object) -> None:  # noqa: ANN401 - kopf's own type
    """Wake the daemon; an object that has none is told why at once."""
    tools: Tools = memo.tools
    manifest = _plain(body)
    if event["type"] == "DELETED":
        tools.reporter.forget(manifest)
    elif misplaced(manifest, tools.settings.namespace) is not None:
        await answer(manifest, tools)
        return
    else:
        memo.reminder.note(manifest)
    tools.observer.tell()


async def answer(metallb: Manifest, tools: Tools) -> None:
    """Tell an object that is not served why, and keep nothing of it: anybody may create more.

    Args:
        metallb: the object as stored; what it was told before is in its status.
        tools: what to work with.
    """
    if not at(metallb, "metadata", "deletionTimestamp"):
        await reconcile(metallb, Memory(), tools)
    tools.reporter.forget(metallb)


async def keep(*, body: kopf.Body, memo: Any, stopped: kopf.DaemonStopped, **_: object) -> None:  # noqa: ANN401 - kopf's own type
    """Look at the object whenever something has changed, for as long as it is there."""
    tools: Tools = memo.tools
    memory = Memory()
    await _first(_see_everything(body, memo), stopped.wait())
    pause = tools.settings.poll_seconds
    while not stopped:
        changed = tools.observer.changed
        # Before the finalizer is stored a deletion would leave behind what is written now.
        held = FINALIZER in (at(_plain(body), "metadata", "finalizers") or ())
        if held and not tools.is_departing():
            async with memo.acting:
                worked = time.thread_time()
                with tools.metrics.seconds.time():
                    pause = await reconcile(_plain(body), memory, tools)
                worked = time.thread_time() - worked
            put_off = pauses.put_off(pause, memory.spared) if memory.failures else 0.0
            await _first(stopped.wait(), seconds=max(put_off, pauses.collecting(worked)))
        await _first(changed.wait(), stopped.wait(), seconds=pause)


async def _see_everything(body: kopf.Body, memo: Memo) -> None:
    """Return once everything was read; until then say what cannot be."""
    tools = memo.tools
    while not tools.observer.synced:
        changed = tools.observer.changed
        if tools.observer.refused:
            async with memo.acting:
                await tell_unseen(_plain(body), tools)
        await _first(tools.observer.wait_synced(), changed.wait())


async def remove(*, body: kopf.Body, memo: Any, **_: object) -> None:  # noqa: ANN401 - kopf's own type
    """Take the installation down; the finalizer goes when this returns."""
    async with memo.acting:
        await uninstall(_plain(body), memo.tools)


def _plain(body: kopf.Body) -> Manifest:
    return dict(body)


async def _first(*things: Awaitable[object], seconds: float | None = None) -> None:
    """Wait until the first of several things happens, or the time has passed."""
    tasks = [asyncio.ensure_future(thing) for thing in things]
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

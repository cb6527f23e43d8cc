"""Take an installation down in order, within its time, and say what is still there."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from pydantic import ValidationError

from metallb_crds.operator_v1beta1 import MetalLB, MetalLBSpec
from metallb_kube.objects import Manifest, ref_of
from metallb_operator import problems
from metallb_operator.applyset import applyset_id
from metallb_operator.events import Note
from metallb_operator.execute import Failure, delete_all
from metallb_operator.fields import at, count_at, text_at, time_of
from metallb_operator.leftovers import noted
from metallb_operator.nodestates import forget_nodes
from metallb_operator.pauses import asked_for
from metallb_operator.removal import Step, next_step
from metallb_operator.situation import Situation
from metallb_operator.status import UPGRADEABLE
from metallb_operator.tell import tell
from metallb_operator.tools import Tools
from metallb_operator.wording import listed

logger = logging.getLogger(__name__)


async def uninstall(metallb: Manifest, tools: Tools) -> None:
    """Remove everything that belongs to a MetalLB object; returns when the object may go.

    That is when nothing is left, or when the time is up: then the rest is deleted without
    waiting, and named in an Event. CRDs and users' objects are never touched; what speakers wrote
    for frr-k8s goes as soon as they are silent, while frr-k8s can still withdraw the routes.

    Args:
        metallb: the object, with a deletionTimestamp.
        tools: what to work with.
    """
    applyset = applyset_id(ref_of(metallb))
    deadline = _deadline(metallb, tools)
    places = noted(metallb) | {tools.settings.namespace}
    await _see_everything(tools, until=deadline)
    while True:
        changed = tools.observer.changed
        late = tools.now() >= deadline
        step = next_step(tools.observer.observation(), applyset, hurried=late)
        written = tools.leftovers(places) if step.silent else ()
        failures = await forget_nodes(step.deletes, tools)
        _, refused = await delete_all((*step.deletes, *(written or ())), tools.client)
        failures += refused
        # What is not known yet counts as being there: nobody looks again.
        if step.is_done and tools.observer.synced and (late or not (failures or written is None)):
            break
        await _tell(metallb, step, failures, tools, late=late)
        if late and not failures:
            logger.warning("not waited for any longer: %s", listed(_left(step, tools)))
            break
        await _pause(tools, changed, failures, until=deadline)
    # Nobody looks again once the object is gone, and nothing is left that an upgrade could harm.
    await tools.tell_olm(UPGRADEABLE, tools.now())
    tools.reporter.forget(metallb)


async def _see_everything(tools: Tools, *, until: datetime) -> None:
    """Wait until everything was read; what cannot be read does not hold the object up for ever."""
    with suppress(TimeoutError):
        async with asyncio.timeout(max(0.0, (until - tools.now()).total_seconds())):
            await tools.observer.wait_synced()


async def _tell(
    metallb: Manifest, step: Step, failures: tuple[Failure, ...], tools: Tools, *, late: bool
) -> None:
    stored = at(metallb, "status") or {}
    situation = Situation(
        generation=count_at(metallb, "metadata", "generation"),
        version=str(stored.get("version") or ""),
        backend=str(stored.get("backend") or ""),
        removing=step.waiting,
        problems=problems.of_failures(failures),
    )
    left = listed(_left(step, tools))
    text = f"the time for the removal is up; not waited for any longer: {left}"
    notes = [Note("RemovalTimedOut", text, warning=True)] if late and not failures else []
    await tell(metallb, situation, tools, notes=notes)


def _left(step: Step, tools: Tools) -> tuple[str, ...]:
    unread = tuple(f"{plural}, which cannot be read" for plural in sorted(tools.observer.refused))
    return (*step.left, *unread)


async def _pause(
    tools: Tools, changed: asyncio.Event, failures: Sequence[Failure], *, until: datetime
) -> None:
    """Wait until something has changed, or until the time is up."""
    await asyncio.sleep(asked_for(failures))
    longest = min(tools.settings.poll_seconds, 1.0 if failures else tools.settings.poll_seconds)
    left = (until - tools.now()).total_seconds()
    with suppress(TimeoutError):
        async with asyncio.timeout(max(0.05, min(longest, left) if left > 0 else longest)):
            await changed.wait()


def _deadline(metallb: Manifest, tools: Tools) -> datetime:
    """Count from when the deletion was asked for, whoever has worked on it since."""
    asked = time_of(text_at(metallb, "metadata", "deletionTimestamp")) or tools.now()
    spec = _spec(metallb)
    given = spec.uninstall.timeout_seconds if spec and spec.uninstall else None
    return asked + timedelta(seconds=given or tools.settings.uninstall_seconds)


def _spec(metallb: Manifest) -> MetalLBSpec | None:
    try:
        return MetalLB.parse(metallb).spec
    except ValidationError:
        return None

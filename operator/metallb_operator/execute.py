"""Carry out a plan: the only place that writes what MetalLB consists of."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, TypeVar

from metallb_kube.client import KubeClient
from metallb_kube.errors import AlreadyExistsError, ConflictError, InvalidError, KubeError
from metallb_kube.objects import Manifest, ObjectRef
from metallb_operator.applyset import FIELD_MANAGER, group_kind, parent_patch, recorded_kinds
from metallb_operator.plan import MONITORS, Apply, Cause, Delete, Plan, stage_of
from metallb_operator.takeover import ownership, replacement

logger = logging.getLogger(__name__)

_AT_ONCE: Final = 8

_Step = TypeVar("_Step", Apply, Delete)
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Failure:
    """One write that the API server did not take."""

    ref: ObjectRef
    error: KubeError

    def __str__(self) -> str:
        return f"{self.ref}: {self.error}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What has become of a plan.

    Attributes:
        stored: objects as they are stored now.
        deleted: what was asked to go.
        failures: writes that were not taken; later stages were not tried then.
    """

    stored: tuple[Manifest, ...] = ()
    deleted: tuple[Delete, ...] = ()
    failures: tuple[Failure, ...] = ()


async def execute(
    plan: Plan, client: KubeClient, *, parent: Manifest, parent_ref: ObjectRef
) -> Outcome:
    """Write what a plan says, stage by stage; what cannot be written is reported, not raised.

    The parent's list of kinds is widened before the first write, and narrowed once the last
    member of a kind is seen to be gone, so that whoever reads it finds every member whenever
    this process dies.

    Args:
        plan: what to write; of an empty one only the parent is seen to.
        client: where.
        parent: the MetalLB object as stored.
        parent_ref: its identity.
    """
    kinds = {group_kind(ref) for ref in plan.refs} if plan.begun else recorded_kinds(parent)
    try:
        parent = await _record(client, parent, parent_ref, kinds | recorded_kinds(parent))
    except KubeError as error:
        return Outcome(failures=(Failure(parent_ref, error),))
    stored, failures = await _apply_all(plan, client)
    deleted: tuple[Delete, ...] = ()
    # What is left over may be all that serves as long as its replacement is not written.
    if all(stage_of(failure.ref) == MONITORS for failure in failures):
        deleted, refused = await delete_all(plan.deletes, client)
        failures += refused
    if not failures:
        try:
            await _record(client, parent, parent_ref, kinds)
        except KubeError as error:
            failures = (Failure(parent_ref, error),)
    return Outcome(stored, deleted, failures)


async def _record(
    client: KubeClient, parent: Manifest, ref: ObjectRef, kinds: Iterable[str]
) -> Manifest:
    patch = parent_patch(parent, ref, kinds)
    return await client.patch(ref, patch) if patch else parent


async def _apply_all(
    plan: Plan, client: KubeClient
) -> tuple[tuple[Manifest, ...], tuple[Failure, ...]]:
    async def write(step: Apply) -> Manifest | None:
        return await apply_one(client, step)

    stored: list[Manifest] = []
    for stage in plan.stages():
        results = await _at_once(stage, write)
        failures = tuple(result for result in results if isinstance(result, Failure))
        stored += [result for result in results if result and not isinstance(result, Failure)]
        if failures:
            return tuple(stored), failures
    return tuple(stored), ()


async def apply_one(client: KubeClient, step: Apply) -> Manifest | None:
    """Write one object and return it as stored; None if it has gone again meanwhile.

    Raises:
        KubeError: the API server refuses, or does not answer.
    """
    logger.info("%s %s", step.cause.value, step.ref)
    if step.create_only:
        return await _create(client, step)
    if step.cause is Cause.ADOPTED:
        return await _take_over(client, step)
    try:
        return await client.apply(step.manifest, field_manager=FIELD_MANAGER)
    except InvalidError:
        if step.cause in {Cause.CREATED, Cause.RESTORED}:
            raise
        logger.info("%s cannot be merged with what others have written", step.ref)
        return await _take_over(client, step)


async def _create(client: KubeClient, step: Apply) -> Manifest | None:
    try:
        return await client.create(step.manifest)
    except AlreadyExistsError:
        return await client.get(step.ref)


async def _take_over(client: KubeClient, step: Apply, attempts: int = 3) -> Manifest:
    found = await client.get(step.ref)
    if found is not None:
        try:
            found = await client.replace(replacement(step.manifest, found))
        except ConflictError:
            # Its controller may have written its status meanwhile.
            if attempts == 1:
                raise
            return await _take_over(client, step, attempts - 1)
        await client.patch(step.ref, ownership(found, FIELD_MANAGER))
    return await client.apply(step.manifest, field_manager=FIELD_MANAGER)


async def delete_all(
    deletes: Sequence[Delete], client: KubeClient
) -> tuple[tuple[Delete, ...], tuple[Failure, ...]]:
    """Delete stage by stage until one is refused; return what was accepted, and what was not."""

    async def write(step: Delete) -> Delete:
        await delete_one(client, step.ref, step.uid, propagation=_propagation(step))
        return step

    deleted: list[Delete] = []
    for _, stage in groupby(deletes, key=lambda step: stage_of(step.ref)):
        results = await _at_once(tuple(stage), write)
        failures = tuple(result for result in results if isinstance(result, Failure))
        deleted += [result for result in results if isinstance(result, Delete)]
        if failures:
            return tuple(deleted), failures
    return tuple(deleted), ()


def _propagation(step: Delete) -> str:
    # Two controllers would give the same address twice: the next one is made when the pods of
    # this one are gone, as with the strategy Recreate.
    return "Foreground" if step.replaced and step.ref.kind == "Deployment" else "Background"


async def delete_one(
    client: KubeClient, ref: ObjectRef, uid: str, *, propagation: str = "Background"
) -> None:
    """Delete one incarnation of an object; another one in its place is let be.

    Raises:
        KubeError: the API server refuses, or does not answer.
    """
    logger.info("deleting %s", ref)
    try:
        await client.delete(ref, uid=uid, propagation=propagation)
    except ConflictError:
        logger.info("%s is another one by now", ref)


async def _at_once(
    steps: Iterable[_Step], write: Callable[[_Step], Awaitable[_Result]]
) -> list[_Result | Failure]:
    """Carry out steps side by side; a failure takes the place of a result."""
    limit = asyncio.Semaphore(_AT_ONCE)

    async def one(step: _Step) -> _Result | Failure:
        async with limit:
            try:
                return await write(step)
            except KubeError as error:
                return Failure(step.ref, error)

    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(one(step)) for step in steps]
    return [task.result() for task in running]

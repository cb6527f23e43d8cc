"""Carry out a plan: the only place that writes what MetalLB consists of."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from metallb_kube.client import KubeClient
from metallb_kube.errors import AlreadyExistsError, ConflictError, KubeError
from metallb_kube.objects import Manifest, ObjectRef
from metallb_operator.applyset import group_kind, parent_patch, recorded_kinds
from metallb_operator.plan import Apply, Delete, Plan
from metallb_operator.settings import FIELD_MANAGER

logger = logging.getLogger(__name__)

_AT_ONCE: Final = 8


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
        parent: the MetalLB object, if it was written.
    """

    stored: tuple[Manifest, ...] = ()
    deleted: tuple[ObjectRef, ...] = ()
    failures: tuple[Failure, ...] = ()
    parent: Manifest | None = None


async def execute(
    plan: Plan, client: KubeClient, *, parent: Manifest, parent_ref: ObjectRef
) -> Outcome:
    """Write what a plan says, stage by stage; what cannot be written is reported, not raised.

    The parent's list of kinds is widened before and narrowed after, so that whoever reads it
    finds every member whenever this process dies.

    Args:
        plan: what to write.
        client: where.
        parent: the MetalLB object as stored.
        parent_ref: its identity.
    """
    if plan.is_empty:
        return Outcome()
    kept = {group_kind(ref) for ref in _kept(plan)}
    wide = kept | recorded_kinds(parent) | {group_kind(delete.ref) for delete in plan.deletes}
    try:
        parent = await _record(client, parent, parent_ref, wide) or parent
    except KubeError as error:
        return Outcome(failures=(Failure(parent_ref, error),))
    stored, failures = await _apply_all(plan, client)
    deleted: tuple[ObjectRef, ...] = ()
    if not failures:
        deleted, failures = await _delete_all(plan.deletes, client)
    if not failures and not plan.held:
        try:
            parent = await _record(client, parent, parent_ref, kept) or parent
        except KubeError as error:
            failures = (Failure(parent_ref, error),)
    return Outcome(stored, deleted, failures, parent)


def _kept(plan: Plan) -> Iterable[ObjectRef]:
    yield from (apply.ref for apply in plan.applies)
    yield from plan.unchanged
    yield from (held.ref for held in plan.held)
    yield from (delete.ref for delete in plan.deletes if delete.replaced)


async def _record(
    client: KubeClient, parent: Manifest, ref: ObjectRef, kinds: Iterable[str]
) -> Manifest | None:
    patch = parent_patch(parent, ref, kinds)
    return await client.patch(ref, patch) if patch else None


async def _apply_all(
    plan: Plan, client: KubeClient
) -> tuple[tuple[Manifest, ...], tuple[Failure, ...]]:
    stored: list[Manifest] = []
    for stage in plan.stages():
        results = await _at_once(apply_one(client, step) for step in stage)
        failures = tuple(
            Failure(step.ref, result)
            for step, result in zip(stage, results, strict=True)
            if isinstance(result, KubeError)
        )
        stored += [result for result in results if isinstance(result, Mapping)]
        if failures:
            return tuple(stored), failures
    return tuple(stored), ()


async def apply_one(client: KubeClient, step: Apply) -> Manifest | None:
    """Write one object and return it as stored; None if it was there and stays as it is.

    Raises:
        KubeError: the API server refuses, or does not answer.
    """
    logger.info("%s %s", step.cause.value, step.ref)
    if not step.create_only:
        return await client.apply(step.manifest, field_manager=FIELD_MANAGER)
    try:
        return await client.create(step.manifest)
    except AlreadyExistsError:
        return None


async def _delete_all(
    deletes: Iterable[Delete], client: KubeClient
) -> tuple[tuple[ObjectRef, ...], tuple[Failure, ...]]:
    steps = tuple(deletes)
    results = await _at_once(delete_one(client, step.ref, step.uid) for step in steps)
    failures = tuple(
        Failure(step.ref, result)
        for step, result in zip(steps, results, strict=True)
        if isinstance(result, KubeError)
    )
    return tuple(step.ref for step in steps), failures


async def delete_one(client: KubeClient, ref: ObjectRef, uid: str) -> None:
    """Delete one incarnation of an object; another one in its place is let be.

    Raises:
        KubeError: the API server refuses, or does not answer.
    """
    logger.info("deleting %s", ref)
    try:
        await client.delete(ref, uid=uid)
    except ConflictError:
        logger.info("%s is another one by now", ref)


async def _at_once(coroutines: Iterable[Any]) -> list[Any]:
    """Run coroutines side by side; a KubeError takes the place of its result."""
    limit = asyncio.Semaphore(_AT_ONCE)

    async def limited(coroutine: Any) -> Any:  # noqa: ANN401 - a coroutine of any result
        async with limit:
            try:
                return await coroutine
            except KubeError as error:
                return error

    return list(await asyncio.gather(*(limited(coroutine) for coroutine in coroutines)))

"""Whatever was answered counts for the next review, while the lead changes hands.

Two pools of the same addresses take turns, over and over: the second is refused while the first is
there and allowed once it is gone, whichever replica is asked, whoever decides, whatever has just
happened.
"""

import asyncio
import itertools
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp
import pytest

from metallb_kube.client import KubeClient
from metallb_kube.errors import AlreadyExistsError, ForbiddenError, KubeError
from metallb_kube.objects import ObjectRef
from metallb_webhooks.paths import path_of
from metallb_webhooks.settings import LEASE
from support.admitting import Admitting, Replica
from support.reviews import body, review, stored
from support.samples import NAMESPACE
from support.waiting import wait_for

HOLDER = ObjectRef("coordination.k8s.io/v1", "Lease", NAMESPACE, LEASE)


def pool(name: str, *addresses: str) -> dict[str, Any]:
    return stored("IPAddressPool", name, addresses=list(addresses))


def ref(name: str) -> ObjectRef:
    return ObjectRef("metallb.io/v1beta1", "IPAddressPool", NAMESPACE, name)


@dataclass(slots=True)
class Turns:
    """What became of turns so far.

    Attributes:
        done: turns in which everything was answered as it must be.
        wrong: what was not.
    """

    done: int = 0
    wrong: list[str] = field(default_factory=list)

    async def more(self, number: int) -> None:
        """Wait until so many more were done."""
        wanted = self.done + number
        async with asyncio.timeout(60):
            while self.done < wanted:  # noqa: ASYNC110 - the count is what is waited for
                await asyncio.sleep(0.01)


@asynccontextmanager
async def turns(client: KubeClient) -> AsyncIterator[Turns]:
    """Have pools take turns until the end of the block."""
    found = Turns()

    async def turn(number: int, which: int) -> None:
        first, second = (f"turn-{number}-{name}-{which}" for name in ("first", "second"))
        addresses = f"10.{number}.0.0/24"
        for name, allowed in [(first, True), (second, False)]:
            if await _allowed(client, pool(name, addresses)) is not allowed:
                found.wrong.append(f"{name} beside {first}")
        await client.delete(ref(first))
        if not await _allowed(client, pool(second, addresses)):
            found.wrong.append(f"{second} after {first}")
        await client.delete(ref(second))
        found.done += 1

    async def worker(number: int) -> None:
        for which in itertools.count():
            await turn(number, which)

    tasks = [asyncio.create_task(worker(number)) for number in range(2)]
    try:
        yield found
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _allowed(client: KubeClient, manifest: dict[str, Any]) -> bool:
    """Create an object, again while no replica answers; returns whether it was allowed."""
    while True:
        try:
            await client.create(manifest)
        except ForbiddenError:
            return False
        except AlreadyExistsError:
            return True  # its last answer was lost
        except KubeError as error:
            if "failed calling webhook" not in str(error):
                raise
        else:
            return True


def leader(admission: Admitting) -> Replica | None:
    """Return the replica that decides; None while none does."""
    lease = admission.cluster.get("lease", LEASE, NAMESPACE) or {}
    told = f"leading as {lease.get('spec', {}).get('holderIdentity') or 'nobody'}"
    running = (one for one in admission.replicas if one.process.alive)
    return next((one for one in running if told in one.process.log.read_text()), None)


def wait_led(admission: Admitting, *, by: Replica | None = None) -> Replica:
    """Wait until a replica decides, or this one does."""

    def led() -> Replica | None:
        found = leader(admission)
        return found if by is None or found is by else None

    return wait_for("a replica leads", led)


async def ready(replica: Replica) -> None:
    await asyncio.to_thread(replica.wait_ready)


@pytest.mark.parametrize("how", ["stopped", "killed"])
async def test_a_leader_that_ends(admission: Admitting, client: KubeClient, how: str) -> None:
    async with turns(client) as found:
        await found.more(20)
        replica = await asyncio.to_thread(wait_led, admission)
        end = replica.process.stop if how == "stopped" else replica.process.kill
        await asyncio.to_thread(end)
        await found.more(20)
        replica.process.start()
        await ready(replica)
        await asyncio.to_thread(wait_led, admission)
    assert found.wrong == []


async def test_a_leader_that_hangs(admission: Admitting, client: KubeClient) -> None:
    """It keeps its connections open and says nothing, as on a node that has lost its network."""
    replica = await asyncio.to_thread(wait_led, admission)
    other = next(one for one in admission.replicas if one is not replica)
    async with turns(client) as found:
        await found.more(10)
        admission.route(other)
        os.kill(replica.process.pid, signal.SIGSTOP)
        try:
            await found.more(10)
            await asyncio.to_thread(partial(wait_led, admission, by=other))
            await found.more(10)
        finally:
            os.kill(replica.process.pid, signal.SIGCONT)
            admission.route(*admission.replicas)
        await found.more(20)
    assert found.wrong == []


async def test_a_lease_that_is_deleted(admission: Admitting, client: KubeClient) -> None:
    async with turns(client) as found:
        for _ in range(3):
            await found.more(10)
            await client.delete(HOLDER)
            await asyncio.to_thread(wait_led, admission)
        await found.more(20)
    assert found.wrong == []


async def test_reviews_are_passed_on_and_answered(admission: Admitting, client: KubeClient) -> None:
    deciding = await asyncio.to_thread(wait_led, admission)
    follower = next(one for one in admission.replicas if one is not deciding)
    await client.create(pool("there", "10.9.0.0/24"))
    before = forwarded(follower), forwarded(deciding)
    for replica in (follower, deciding):
        for number in range(10):
            assert await sent(replica, pool(f"free-{number}", f"10.9.1.{number}/32"))
            assert not await sent(replica, pool(f"taken-{number}", f"10.9.0.{number}/32"))
    assert (forwarded(follower) - before[0], forwarded(deciding) - before[1]) == (20, 0)


async def sent(replica: Replica, manifest: dict[str, Any]) -> bool:
    """Send a review, as a dry run, to this very replica; returns whether it is allowed."""
    url = f"https://127.0.0.1:{replica.port}{path_of(manifest['apiVersion'], manifest['kind'])}"
    asked = body(review(manifest, dry_run=True))
    headers = {"Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=asked, headers=headers, ssl=False) as answer,
    ):
        return bool((await answer.json())["response"]["allowed"])


def forwarded(replica: Replica) -> float:
    lines = replica.probe("/metrics")[1].splitlines()
    marked = 'confirmations_total{outcome="done",step="forward"}'
    return next((float(line.rsplit(" ", 1)[1]) for line in lines if marked in line), 0.0)

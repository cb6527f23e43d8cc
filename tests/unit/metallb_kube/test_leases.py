"""Leader election: who may lead when, on whose clock. The integration tests use a real server."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from metallb_kube.client import KubeClient
from metallb_kube.leases import LeaseElector, LeaseTimes
from support.api import answering, status

FIFTEEN = LeaseTimes(duration=15, renew=3.0, deadline=10.0, retry=1.0)
QUICK = LeaseTimes(duration=2, renew=0.05, deadline=0.5, retry=0.02)
NOW = datetime(2026, 1, 2, 3, 4, 5, 600, UTC)


@dataclass
class OneLease:
    """One lease with optimistic concurrency, in memory, and a switch that breaks it."""

    spec: dict[str, Any] | None = None
    version: int = 1
    broken: bool = False
    writes: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    annotations: dict[str, str] | None = None
    read: asyncio.Event = field(default_factory=asyncio.Event)

    def mend(self) -> None:
        self.broken = False

    def stored(self) -> web.Response:
        metadata = {"name": "l", "namespace": "ns", "resourceVersion": str(self.version)}
        body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata}
        return web.json_response({**body, "spec": self.spec})

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if self.broken:
            return status(503, "ServiceUnavailable")
        if request.method == "GET":
            if self.spec is not None:
                self.read.set()
            return self.stored() if self.spec is not None else status(404, "NotFound", name="l")
        body = await request.json()
        if request.method == "POST" and self.spec is not None:
            return status(409, "AlreadyExists")
        if request.method == "PUT" and body["metadata"]["resourceVersion"] != str(self.version):
            return status(409, "Conflict")
        self.spec = body["spec"]
        self.annotations = body["metadata"].get("annotations")
        self.version += 1
        self.writes.put_nowait(body["spec"])
        return self.stored()


@dataclass
class Clock:
    """Monotonic seconds that move when told."""

    at: float = 100.0

    def __call__(self) -> float:
        return self.at


def elector(
    client: KubeClient,
    identity: str = "me",
    clock: Callable[[], float] = time.monotonic,
    times: LeaseTimes = QUICK,
    *,
    note: Callable[[], dict[str, str]] = dict,
    is_gone: Callable[[str], Awaitable[bool]] | None = None,
) -> LeaseElector:
    return LeaseElector(
        client,
        namespace="ns",
        name="l",
        identity=identity,
        times=times,
        clock=clock,
        now=lambda: NOW,
        note=note,
        is_gone=is_gone,
    )


@pytest.mark.parametrize(
    "times",
    [
        {"retry": 0.0},
        {"retry": 11.0},
        {"renew": 20.0},
        {"deadline": 30.0},
        {"duration": 10},
    ],
)
def test_times_that_could_give_two_leaders_are_refused(times: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="does not hold"):
        LeaseTimes(**times)


async def test_a_lease_that_does_not_exist_is_created(tmp_path: Path) -> None:
    lease = OneLease()
    async with answering(lease, tmp_path) as client, elector(client) as held:
        assert held.leading
        assert lease.spec == {
            "holderIdentity": "me",
            "leaseDurationSeconds": 2,
            "acquireTime": "2026-01-02T03:04:05.000600Z",
            "renewTime": "2026-01-02T03:04:05.000600Z",
            "leaseTransitions": 0,
        }


async def test_a_note_goes_along_with_every_write_of_the_holder(tmp_path: Path) -> None:
    lease, notes = OneLease(), ["first"]
    async with answering(lease, tmp_path) as client:
        held = elector(client, note=lambda: {"where": notes[-1]})
        async with held, asyncio.timeout(5):
            assert lease.annotations == {"where": "first"}
            notes.append("second")
            while lease.annotations != {"where": "second"}:
                await lease.writes.get()


async def test_who_hears_that_the_lease_is_free_tries_at_once(tmp_path: Path) -> None:
    lease = OneLease()
    patient = LeaseTimes(duration=60, renew=20.0, deadline=40.0, retry=20.0)
    async with answering(lease, tmp_path) as client, asyncio.timeout(10):
        first, second = (elector(client, who, times=patient) for who in ("first", "second"))
        await first.acquire()
        waiting = asyncio.create_task(second.acquire())
        await lease.read.wait()  # it has seen that it must wait
        await first.release()
        while not waiting.done():
            second.hint.set()
            await asyncio.sleep(0)
        assert second.leading
        await second.release()


async def test_it_is_renewed_with_one_write_and_given_up_at_the_end(tmp_path: Path) -> None:
    lease = OneLease()
    async with answering(lease, tmp_path) as client:
        async with elector(client), asyncio.timeout(5):
            before = client.requests
            await lease.writes.get()
            renewals = [await lease.writes.get() for _ in range(4)]
            assert client.requests - before <= 5
        assert {spec["holderIdentity"] for spec in renewals} == {"me"}
        assert lease.spec is not None
        assert (lease.spec["holderIdentity"], lease.spec["leaseDurationSeconds"]) == ("", 1)


async def test_the_holder_is_believed_by_our_clock_whatever_its_clock_says(tmp_path: Path) -> None:
    clock = Clock()
    spec = {
        "holderIdentity": "other",
        "leaseDurationSeconds": 15,
        "renewTime": "2001-01-01T00:00:00.000000Z",  # a clock that is decades behind
    }
    lease = OneLease(spec)
    async with answering(lease, tmp_path) as client:
        waiting = elector(client, clock=clock, times=FIFTEEN)
        assert not await waiting._attempt()
        clock.at += 14.9
        assert not await waiting._attempt()
        lease.spec = {**spec, "renewTime": "2001-01-01T00:00:15.000000Z"}
        assert not await waiting._attempt()  # seen alive: counted anew from here
        clock.at += 14.9
        assert not await waiting._attempt()
        clock.at += 0.2
        assert await waiting._attempt()
        assert lease.spec["holderIdentity"] == "me"
        assert lease.spec["leaseTransitions"] == 1


async def test_nobody_holds_everybody_up_by_a_long_duration(tmp_path: Path) -> None:
    """Whoever may write Leases could write a day; what counts is how long ours last."""
    clock = Clock()
    spec = {"holderIdentity": "other", "leaseDurationSeconds": 86400, "renewTime": "1"}
    async with answering(OneLease(spec), tmp_path) as client:
        waiting = elector(client, clock=clock, times=FIFTEEN)
        assert not await waiting._attempt()
        clock.at += 14.9
        assert not await waiting._attempt()
        clock.at += 0.2
        assert await waiting._attempt()


async def test_only_a_holder_that_renews_is_one_to_stand_behind(tmp_path: Path) -> None:
    clock = Clock()
    spec = {"holderIdentity": "other", "leaseDurationSeconds": 15, "renewTime": "1"}
    lease = OneLease(spec)
    async with answering(lease, tmp_path) as client:
        waiting = elector(client, clock=clock, times=FIFTEEN)
        steps = [
            (0.0, {}, False),  # it may have died a moment ago
            (10.0, {}, False),
            (1.0, {"renewTime": "2"}, True),
            (10.0, {}, True),  # and is believed until the lease runs out
            (1.0, {"holderIdentity": "third", "renewTime": "3"}, True),
        ]
        for seconds, change, behind in steps:
            clock.at += seconds
            lease.spec = {**(lease.spec or {}), **change}
            assert not await waiting._attempt()
            assert waiting.behind is behind, change
        clock.at += 15.0
        assert await waiting._attempt()
        assert not waiting.behind


@pytest.mark.parametrize(
    ("age", "exists", "taken"),
    [
        pytest.param(16, False, True, id="left-behind"),
        pytest.param(16, True, False, id="silent-and-there"),
        pytest.param(5, False, False, id="gone-a-moment-ago"),
        pytest.param(None, False, False, id="of-an-unknown-age"),
    ],
)
async def test_what_a_deleted_holder_left_behind_is_taken_at_once(
    tmp_path: Path, *, age: int | None, exists: bool, taken: bool
) -> None:
    renewed = "?" if age is None else (datetime.now(UTC) - timedelta(seconds=age)).isoformat()
    spec = {"holderIdentity": "pod-1", "leaseDurationSeconds": 15, "renewTime": renewed}
    asked = []

    async def is_gone(holder: str) -> bool:
        asked.append(holder)
        return not exists

    async with answering(OneLease(spec), tmp_path) as client:
        waiting = elector(client, times=FIFTEEN, is_gone=is_gone)
        assert await waiting._attempt() is taken
    assert asked in ([], ["pod-1"])


async def test_whom_it_waits_for_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spec = {"holderIdentity": "pod-1", "leaseDurationSeconds": 15, "renewTime": "1"}
    async with answering(OneLease(spec), tmp_path) as client:
        waiting = elector(client, times=FIFTEEN)
        with caplog.at_level("INFO"):
            for _ in range(3):
                assert not await waiting._attempt()
    [told] = [record.getMessage() for record in caplog.records if "waiting" in record.getMessage()]
    assert "'pod-1' holds it, and is believed for 15 s" in told


async def test_a_lease_given_up_is_taken_at_once(tmp_path: Path) -> None:
    lease = OneLease({"holderIdentity": "", "leaseDurationSeconds": 1, "leaseTransitions": 4})
    async with answering(lease, tmp_path) as client, elector(client, "b"):
        assert lease.spec is not None
        assert (lease.spec["holderIdentity"], lease.spec["leaseTransitions"]) == ("b", 5)


async def test_of_two_that_try_at_once_one_leads(tmp_path: Path) -> None:
    lease = OneLease()
    async with answering(lease, tmp_path) as client:
        a, b = elector(client, "a"), elector(client, "b")
        won = await asyncio.gather(a._attempt(), b._attempt())
    assert sorted(won) == [False, True]


async def test_a_leader_that_cannot_renew_stops_before_the_lease_is_over(tmp_path: Path) -> None:
    lease = OneLease()
    loop = asyncio.get_running_loop()
    async with answering(lease, tmp_path) as client, elector(client) as held:
        lease.broken = True
        started = loop.time()
        async with asyncio.timeout(QUICK.duration):
            await held.lost.wait()
        assert loop.time() - started < QUICK.duration
        assert not held.leading


async def test_a_stolen_lease_is_lost_at_once(tmp_path: Path) -> None:
    lease = OneLease()
    async with answering(lease, tmp_path) as client, elector(client) as held:
        lease.spec, lease.version = {"holderIdentity": "thief"}, lease.version + 1
        async with asyncio.timeout(5):
            await held.lost.wait()
    assert lease.spec == {"holderIdentity": "thief"}  # and not given up in its name


async def test_a_lease_touched_by_hand_is_kept(tmp_path: Path) -> None:
    lease = OneLease()
    async with answering(lease, tmp_path) as client, elector(client) as held:
        await lease.writes.get()
        lease.version += 1
        async with asyncio.timeout(5):
            await lease.writes.get()
        assert held.leading


async def test_an_outage_within_the_deadline_is_survived(tmp_path: Path) -> None:
    lease = OneLease()
    async with answering(lease, tmp_path) as client, elector(client) as held:
        await lease.writes.get()
        lease.broken = True
        asyncio.get_running_loop().call_later(0.2, lease.mend)
        async with asyncio.timeout(5):
            await lease.writes.get()
        assert held.leading
        assert not held.lost.is_set()


async def test_leading_ends_with_the_deadline_even_when_nobody_had_time_to_say_so(
    tmp_path: Path,
) -> None:
    clock = Clock()
    async with answering(OneLease(), tmp_path) as client:
        held = elector(client, clock=clock)
        assert await held._attempt()
        assert held.leading
        clock.at += QUICK.deadline
        assert not held.leading


async def test_one_request_that_hangs_does_not_cost_the_lead(tmp_path: Path) -> None:
    lease, hung = OneLease(), asyncio.Event()
    times = LeaseTimes(duration=4, renew=0.1, deadline=1.5, retry=0.05)

    async def hanging_once(request: web.Request) -> web.StreamResponse:
        if request.method == "PUT" and not hung.is_set():
            hung.set()
            await asyncio.Event().wait()
        return await lease(request)

    async with answering(hanging_once, tmp_path) as client, elector(client, times=times) as held:
        async with asyncio.timeout(5):
            await lease.writes.get()
            await hung.wait()
            await lease.writes.get()
        assert held.leading


async def test_one_request_that_hangs_does_not_keep_from_the_lead(tmp_path: Path) -> None:
    lease, hung = OneLease(), asyncio.Event()

    async def hanging_once(request: web.Request) -> web.StreamResponse:
        if not hung.is_set():
            hung.set()
            await asyncio.Event().wait()
        return await lease(request)

    async with (
        asyncio.timeout(5),
        answering(hanging_once, tmp_path) as client,
        elector(client) as held,
    ):
        assert held.leading

"""Who leads, and what others know of it; over a loopback API server with one Lease."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from metallb_kube.client import KubeClient
from metallb_kube.leases import LeaseTimes
from metallb_webhooks.leadership import TIMES, Leader, Leadership, leader_of
from metallb_webhooks.settings import Settings
from support.api import answering, status
from support.samples import NAMESPACE

QUICK = LeaseTimes(duration=2, renew=0.2, deadline=1.0, retry=0.2)
ME, YOU = (Leader(name, f"192.0.2.{n}:9443") for n, name in enumerate(("me", "you")))


def lease(holder: str | None, annotations: dict[str, str] | None = None) -> dict[str, Any]:
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {
            "name": "metallb-webhooks",
            "namespace": NAMESPACE,
            "annotations": annotations,
        },
        "spec": {"holderIdentity": holder},
    }


@dataclass
class Api:
    """One Lease with optimistic concurrency, and watches of it."""

    stored: dict[str, Any] | None = None
    version: int = 1
    watches: "list[asyncio.Queue[dict[str, Any]]]" = field(default_factory=list)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if "watch" in request.query:
            return await self._watch(request)
        if request.method in {"POST", "PUT"}:
            return self._write(await request.json(), create=request.method == "POST")
        if not request.path.endswith("leases"):
            return web.json_response(self.stored) if self.stored else status(404, "NotFound")
        items = [self.stored] if self.stored else []
        meta = {"resourceVersion": str(self.version)}
        return web.json_response({"metadata": meta, "items": items})

    def _write(self, manifest: dict[str, Any], *, create: bool) -> web.Response:
        if create is bool(self.stored):
            return status(409, "AlreadyExists" if create else "NotFound")
        if self.stored and manifest["metadata"]["resourceVersion"] != str(self.version):
            return status(409, "Conflict")
        self.version += 1
        manifest["metadata"]["resourceVersion"] = str(self.version)
        self.stored = manifest
        for watch in self.watches:
            watch.put_nowait(manifest)
        return web.json_response(manifest)

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.watches.append(events)
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            event = {"type": "MODIFIED", "object": await events.get()}
            await response.write(json.dumps(event).encode() + b"\n")


@dataclass
class Reading:
    """Reads what is stored, as often as it is allowed to fail first."""

    failures: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> bool:
        self.begun.set()
        await self.gate.wait()
        self.failures -= 1
        return self.failures < 0


def opened() -> Reading:
    made = Reading()
    made.gate.set()
    return made


@asynccontextmanager
async def standing(
    client: KubeClient, who: Leader, reading: Reading | None = None
) -> AsyncIterator[Leadership]:
    made = Leadership(client, Settings(NAMESPACE), lambda: who, reading or opened(), QUICK)
    running = asyncio.create_task(made.run())
    yield made
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def until(leadership: Leadership, *, leading: bool = False, other: str = "") -> None:
    async with asyncio.timeout(10):
        while True:
            changed = leadership.changed
            found = leadership.other.identity if leadership.other else ""
            if (leadership.leading, found) == (leading, other):
                return
            await changed.wait()


async def at_once() -> None:
    """Everything is settled."""


@pytest.mark.parametrize(
    ("found", "leader"),
    [
        (None, None),
        (lease("you", dict(YOU.note)), YOU),
        (lease("", dict(YOU.note)), None),
        (lease(None, dict(YOU.note)), None),
        (lease("you"), None),
        (lease("you", {**YOU.note, "metallb.io/webhooks-address": ""}), None),
    ],
)
def test_who_leads_is_read_from_the_lease(
    found: dict[str, Any] | None, leader: Leader | None
) -> None:
    assert leader_of(found) == leader


def test_who_falls_silent_has_stopped_before_what_it_allowed_is_forgotten() -> None:
    """What a leader allows at its very end is stored before the next one reads."""
    assert TIMES.duration - TIMES.deadline >= Settings(NAMESPACE).pending_seconds


async def test_who_is_alone_leads_and_says_where(tmp_path: Path) -> None:
    api = Api()
    async with answering(api, tmp_path) as client, standing(client, ME) as ours:
        await until(ours, leading=True)
        assert leader_of(api.stored) == ME
        assert ours.other is None


async def test_nobody_leads_before_everything_is_read(tmp_path: Path) -> None:
    api, reading = Api(), Reading(failures=1)
    async with answering(api, tmp_path) as client, standing(client, ME, reading) as ours:
        await reading.begun.wait()
        assert leader_of(api.stored) == ME
        assert not ours.leading
        reading.gate.set()
        await until(ours, leading=True)
        assert reading.failures == -1  # what failed was read once more


async def test_who_comes_second_follows(tmp_path: Path) -> None:
    async with answering(Api(), tmp_path) as client, standing(client, YOU) as yours:
        await until(yours, leading=True)
        async with standing(client, ME) as ours:
            await until(ours, other="you")
            assert ours.other == YOU


async def test_who_resigns_waits_for_the_store_and_hands_over_at_once(tmp_path: Path) -> None:
    stored = asyncio.Event()

    async def settled() -> None:
        await stored.wait()

    async with (
        answering(Api(), tmp_path) as client,
        standing(client, YOU) as yours,
    ):
        await until(yours, leading=True)
        async with standing(client, ME) as ours:
            await until(ours, other="you")
            resigning = asyncio.create_task(yours.resign(settled))
            await asyncio.sleep(0)
            assert not yours.leading  # decides no more
            assert ours.other == YOU  # and still holds the Lease
            stored.set()
            await resigning
            await until(ours, leading=True)
            await until(yours, other="me")


async def test_who_resigned_never_leads_again(tmp_path: Path) -> None:
    api = Api()
    async with answering(api, tmp_path) as client, standing(client, ME) as ours:
        await until(ours, leading=True)
        await ours.resign(at_once)
        assert api.stored is not None
        assert api.stored["spec"]["holderIdentity"] == ""
        async with standing(client, YOU) as yours:
            await until(yours, leading=True)
        assert not ours.leading


async def test_a_lease_that_is_taken_away_is_stood_for_again(tmp_path: Path) -> None:
    api = Api()
    async with answering(api, tmp_path) as client, standing(client, ME) as ours:
        await until(ours, leading=True)
        taken = lease("you", dict(YOU.note))
        taken["metadata"]["resourceVersion"] = str(api.version)
        api._write(taken, create=False)
        await until(ours, other="you")
        assert not ours.leading
        released = lease("", dict(YOU.note))
        released["metadata"]["resourceVersion"] = str(api.version)
        api._write(released, create=False)
        await until(ours, leading=True)


async def test_a_leader_is_new_for_a_second(tmp_path: Path) -> None:
    now = [100.0]
    async with answering(Api(), tmp_path) as client:
        made = Leadership(
            client, Settings(NAMESPACE), lambda: ME, opened(), QUICK, clock=lambda: now[0]
        )
        assert not made.is_new
        running = asyncio.create_task(made.run())
        await until(made, leading=True)
        assert made.is_new
        now[0] += 0.9
        assert made.is_new
        now[0] += 0.2
        assert not made.is_new
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

"""The shared memory over a loopback API server that holds a Lease and some pools."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from metallb_kube.client import KubeClient
from metallb_webhooks.ledger import (
    KEPT,
    Basis,
    Entry,
    Ledger,
    Noted,
    entries_of,
    with_entries,
)
from metallb_webhooks.settings import Settings
from metallb_webhooks.source import Source
from support.api import answering, status
from support.reviews import stored
from support.samples import NAMESPACE

POOL = "IPAddressPool"
LEASE: dict[str, Any] = {"metadata": {"name": "metallb-webhooks", "namespace": NAMESPACE}}
ALWAYS = Basis()
SETTINGS = Settings(NAMESPACE, fresh_seconds=5.0, pending_seconds=3.0)


def entry(name: str, uid: str = "u", after: int = 0, *, gone: bool = False) -> Entry:
    return Entry(POOL, NAMESPACE, name, uid, after, gone)


def pool(name: str, version: int, uid: str = "u") -> dict[str, Any]:
    made = stored(POOL, name, addresses=["192.0.2.0/28"])
    made["metadata"] |= {"resourceVersion": str(version), "uid": uid}
    return made


@dataclass
class Api:
    """As much of an API server as it takes."""

    lease: dict[str, Any] | None = None
    pools: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    version: int = 100
    broken: bool = False

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        name = request.path.rsplit("/", 1)[1]
        self.asked.append(f"{request.method} {name}")
        if self.broken:
            return status(500, "InternalError")
        if "/ipaddresspools/" in request.path:
            found = self.pools.get(name)
            return web.json_response(found) if found else status(404, "NotFound", name=name)
        if name == "leases" and request.method == "GET":
            watched = "watch" in request.query
            return await self._watched(request) if watched else web.json_response(self._list())
        if request.method == "GET":
            return web.json_response(self.lease) if self.lease else status(404, "NotFound")
        return self._write(json.loads(await request.read()), creates=request.method == "POST")

    def _list(self) -> dict[str, Any]:
        items = [self.lease] if self.lease else []
        return {"metadata": {"resourceVersion": str(self.version)}, "items": items}

    async def _watched(self, request: web.Request) -> web.StreamResponse:
        """Answer with the next version of the Lease; the client then asks again."""
        assert request.query["fieldSelector"] == "metadata.name=metallb-webhooks"
        while self.version <= int(request.query["resourceVersion"]):  # noqa: ASYNC110 - is set by a handler
            await asyncio.sleep(0.001)
        return web.Response(text=json.dumps({"type": "MODIFIED", "object": self.lease}) + "\n")

    def _write(self, body: dict[str, Any], *, creates: bool) -> web.Response:
        if creates and self.lease:
            return status(409, "AlreadyExists")
        if not creates and not self.lease:
            return status(404, "NotFound")
        current = (self.lease or body)["metadata"].get("resourceVersion")
        if not creates and body["metadata"].get("resourceVersion") != current:
            return status(409, "Conflict")
        self.version += 1
        body["metadata"]["resourceVersion"] = str(self.version)
        self.lease = body
        return web.json_response(body)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Replica:
    """One process' part in it."""

    source: Source
    ledger: Ledger
    clock: Clock

    @property
    def known(self) -> set[str]:
        return set(self.source.store.index.objects[POOL])

    async def note(self, entry: Entry, basis: Basis = ALWAYS) -> Noted:
        return await self.ledger.note(entry, basis)

    async def catch_up(self, kind: str = POOL) -> bool:
        return await self.ledger.look() and await self.ledger.catch_up([kind])


def replica(client: KubeClient) -> Replica:
    clock = Clock()
    source = Source(client, NAMESPACE)
    return Replica(source, Ledger(client, source, SETTINGS, clock), clock)


@asynccontextmanager
async def replicas(api: Api, folder: Path) -> AsyncIterator[tuple[Replica, Replica]]:
    async with answering(api, folder) as client:
        yield replica(client), replica(client)


@pytest.mark.parametrize(
    "lease",
    [
        None,
        {},
        LEASE,
        {"metadata": {"annotations": {"metallb.io/allowed": "no JSON"}}},
        {"metadata": {"annotations": {"metallb.io/allowed": "7"}}},
        {"metadata": {"annotations": {"metallb.io/allowed": "[[]]"}}},
        {"metadata": {"annotations": {"metallb.io/allowed": '[["IPAddressPool"]]'}}},
        {
            "metadata": {
                "annotations": {"metallb.io/allowed": '[["Deployment","a","b","c",1,false]]'}
            }
        },
    ],
)
def test_what_cannot_be_read_is_nothing(lease: dict[str, Any] | None) -> None:
    assert entries_of(lease) == ()


def test_what_is_noted_is_read_again_in_order() -> None:
    noted = [entry("a"), entry("b", "v", 7), entry("c", gone=True)]
    lease = with_entries(with_entries(LEASE, noted[:1]), noted[1:])
    assert entries_of(lease) == tuple(noted)


def test_only_the_last_are_remembered() -> None:
    lease = with_entries(LEASE, [entry(f"p{n}") for n in range(KEPT + 3)])
    assert [one.name for one in entries_of(lease)] == [f"p{n}" for n in range(3, KEPT + 3)]


def test_what_else_is_in_the_lease_stays() -> None:
    lease = {"metadata": LEASE["metadata"] | {"annotations": {"x": "y"}}, "spec": {"a": 1}}
    noted = with_entries(lease, [entry("a")])
    assert noted["spec"] == {"a": 1}
    assert noted["metadata"]["annotations"]["x"] == "y"
    assert "metallb.io/allowed" not in lease["metadata"]["annotations"]


async def test_what_one_replica_allowed_the_other_one_knows(tmp_path: Path) -> None:
    api = Api()
    async with replicas(api, tmp_path) as (one, other):
        assert await one.note(entry("a")) is Noted.DONE
        api.pools["a"] = pool("a", 5)
        assert await other.catch_up()
        assert other.known == {"a"}


async def test_an_update_is_known_too_and_a_deletion(tmp_path: Path) -> None:
    api = Api(pools={"a": pool("a", 9)})
    async with replicas(api, tmp_path) as (one, other):
        other.source.store.replace(POOL, [pool("a", 5), pool("b", 6)])
        await one.note(entry("a", after=5))
        await one.note(entry("b", after=6, gone=True))
        assert await other.catch_up()
        assert other.known == {"a"}
        found = other.source.store.stored(POOL, NAMESPACE, "a")
        assert found is not None
        assert found.metadata.resource_version == "9"


@pytest.mark.parametrize(
    ("noted", "known"),
    [
        (entry("a"), [pool("a", 5)]),
        (entry("a", after=4), [pool("a", 5)]),
        (entry("a", gone=True), []),
        (entry("a", "old", gone=True), [pool("a", 5)]),
    ],
)
async def test_what_the_watches_have_shown_is_not_read_again(
    noted: Entry, known: list[dict[str, Any]], tmp_path: Path
) -> None:
    api = Api()
    async with replicas(api, tmp_path) as (one, other):
        await one.note(noted)
        other.source.store.replace(POOL, known)
        assert await other.catch_up()
        assert "GET a" not in api.asked


async def test_what_nobody_stored_is_looked_for_only_so_long(tmp_path: Path) -> None:
    api = Api()
    async with replicas(api, tmp_path) as (one, other):
        await one.note(entry("a"))
        assert await other.ledger.look()
        for seconds in (2, 0.9, 2):
            other.clock.now += seconds
            assert await other.catch_up()
        assert api.asked.count("GET a") == 2
        assert not other.known


async def test_what_is_on_its_way_is_waited_for(tmp_path: Path) -> None:
    api = Api()
    async with replicas(api, tmp_path) as (one, other):
        await one.note(entry("a"))
        catching = asyncio.create_task(other.catch_up())
        while api.asked.count("GET a") < 3:  # noqa: ASYNC110 - the count is what is waited for
            await asyncio.sleep(0.001)
        assert not catching.done()
        api.pools["a"] = pool("a", 5)
        assert await catching
        assert other.known == {"a"}


async def test_what_never_comes_is_not_waited_for_long(tmp_path: Path) -> None:
    api = Api()
    async with replicas(api, tmp_path) as (one, other):
        await one.note(entry("a"))
        catching = asyncio.create_task(other.catch_up())
        while "GET a" not in api.asked:  # noqa: ASYNC110 - the request is what is waited for
            await asyncio.sleep(0.001)
        other.clock.now += 0.3
        assert await catching
        assert not other.known


async def test_a_note_takes_one_request(tmp_path: Path) -> None:
    api = Api()
    async with replicas(api, tmp_path) as (one, _):
        await one.note(entry("a"))
        api.asked.clear()
        for name in "bcd":
            basis = one.ledger.basis([POOL])
            assert await one.ledger.catch_up([POOL])
            assert await one.note(entry(name), basis) is Noted.DONE
        assert api.asked == ["PUT metallb-webhooks"] * 3


async def test_notes_that_come_together_share_a_request(tmp_path: Path) -> None:
    api = Api()
    async with replicas(api, tmp_path) as (one, _):
        await one.note(entry("first"))
        api.asked.clear()
        basis = one.ledger.basis([POOL])
        outcomes = await asyncio.gather(*(one.note(entry(name), basis) for name in "abcdef"))
        assert set(outcomes) == {Noted.DONE}
        assert len(api.asked) <= 2


@pytest.mark.parametrize(
    ("kinds", "outcome"),
    [([POOL], Noted.OVERTAKEN), (["BGPPeer", POOL], Noted.OVERTAKEN), (["BGPPeer"], Noted.DONE)],
)
async def test_a_verdict_that_lacks_what_others_allowed_is_not_noted(
    kinds: list[str], outcome: Noted, tmp_path: Path
) -> None:
    api = Api()
    async with replicas(api, tmp_path) as (one, other):
        basis = other.ledger.basis(kinds)
        await one.note(entry("a"))
        assert await other.note(entry("b"), basis) is outcome
        names = [noted.name for noted in entries_of(api.lease)]
        assert names == (["a", "b"] if outcome is Noted.DONE else ["a"])
        # With the knowledge of it, it is.
        assert await other.note(entry("c"), other.ledger.basis(kinds)) is Noted.DONE


async def test_notes_in_one_request_stand_each_for_itself(tmp_path: Path) -> None:
    api = Api()
    async with replicas(api, tmp_path) as (one, other):
        pools, peers = (other.ledger.basis([kind]) for kind in (POOL, "BGPPeer"))
        await one.note(entry("a"))
        outcomes = await asyncio.gather(
            other.note(entry("b"), pools), other.note(entry("c"), peers)
        )
        assert outcomes == [Noted.OVERTAKEN, Noted.DONE]


async def test_the_same_change_at_both_replicas_is_heard_of(tmp_path: Path) -> None:
    api = Api()
    async with replicas(api, tmp_path) as (one, other):
        basis = other.ledger.basis([POOL])
        await one.note(entry("a", after=5))
        assert await other.note(entry("a", after=5), basis) is Noted.OVERTAKEN


async def test_what_was_late_is_not_overtaken_any_more(tmp_path: Path) -> None:
    api = Api()
    async with replicas(api, tmp_path) as (one, other):
        basis = other.ledger.basis([POOL])
        api.broken = True
        assert await other.note(entry("b"), basis) is Noted.LATE
        api.broken = False
        await one.note(entry("a"))
        assert await other.note(entry("c"), basis) is Noted.OVERTAKEN
        assert [noted.name for noted in entries_of(api.lease)] == ["a", "b"]


async def test_who_follows_the_lease_is_not_overtaken(tmp_path: Path) -> None:
    api = Api()
    async with replicas(api, tmp_path) as (one, other), asyncio.timeout(10):
        await one.note(entry("a"))
        following = asyncio.create_task(other.ledger.run())
        while other.ledger.basis([POOL]).heard < 1:  # noqa: ASYNC110 - this is waited for
            await asyncio.sleep(0.001)
        await one.note(entry("b"))
        while other.ledger.basis([POOL]).heard < 2:  # noqa: ASYNC110 - this is waited for
            await asyncio.sleep(0.001)
        api.asked.clear()
        assert await other.note(entry("c"), other.ledger.basis([POOL])) is Noted.DONE
        assert api.asked == ["PUT metallb-webhooks"]
        following.cancel()


async def test_other_kinds_are_left_alone(tmp_path: Path) -> None:
    api = Api()
    async with replicas(api, tmp_path) as (one, other):
        await one.note(entry("a"))
        assert await other.catch_up("BGPPeer")
        assert "GET a" not in api.asked


async def test_what_a_replica_allowed_itself_it_does_not_look_for(tmp_path: Path) -> None:
    api = Api()
    async with replicas(api, tmp_path) as (one, _):
        await one.note(entry("a"))
        assert await one.catch_up()
        assert "GET a" not in api.asked


async def test_what_a_replica_let_go_itself_it_does_look_for(tmp_path: Path) -> None:
    api = Api()
    async with replicas(api, tmp_path) as (one, _):
        one.source.store.replace(POOL, [pool("a", 5)])
        await one.note(entry("a", after=5, gone=True))
        assert await one.catch_up()
        assert not one.known


async def test_replicas_write_after_each_other_and_lose_nothing(tmp_path: Path) -> None:
    api = Api()
    async with replicas(api, tmp_path) as (one, other):
        for number in range(3):
            assert await one.note(entry(f"one-{number}")) is Noted.DONE
            assert await other.note(entry(f"other-{number}")) is Noted.DONE
        names = [noted.name for noted in entries_of(api.lease)]
        assert names == ["one-0", "other-0", "one-1", "other-1", "one-2", "other-2"]


async def test_a_lease_that_is_deleted_comes_back(tmp_path: Path) -> None:
    api = Api()
    async with replicas(api, tmp_path) as (one, _):
        await one.note(entry("a"))
        api.lease = None
        assert await one.note(entry("b")) is Noted.DONE
        assert [noted.name for noted in entries_of(api.lease)] == ["b"]


async def test_without_an_answer_the_watches_are_believed(tmp_path: Path) -> None:
    api = Api(pools={"a": pool("a", 5)})
    async with replicas(api, tmp_path) as (one, other):
        await one.note(entry("a"))
        api.broken = True
        assert not await other.catch_up()
        assert await other.note(entry("b")) is Noted.LATE
        api.broken = False
        assert await other.catch_up()
        # What could not be noted is noted with the next.
        assert await other.note(entry("c")) is Noted.DONE
        assert [noted.name for noted in entries_of(api.lease)] == ["a", "b", "c"]

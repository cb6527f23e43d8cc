"""The shared memory over a loopback API server that holds a Lease and some pools."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from metallb_kube.client import KubeClient
from metallb_webhooks.ledger import KEPT, Entry, Ledger, entries_of, with_entries
from metallb_webhooks.settings import Settings
from metallb_webhooks.source import Source
from support.api import answering, status
from support.reviews import stored
from support.samples import NAMESPACE

POOL = "IPAddressPool"
LEASE: dict[str, Any] = {"metadata": {"name": "metallb-webhooks", "namespace": NAMESPACE}}
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
        if request.method == "GET":
            return web.json_response(self.lease) if self.lease else status(404, "NotFound")
        return self._write(json.loads(await request.read()), creates=request.method == "POST")

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
        assert await one.ledger.note(entry("a"))
        api.pools["a"] = pool("a", 5)
        assert await other.ledger.catch_up([POOL])
        assert other.known == {"a"}


async def test_an_update_is_known_too_and_a_deletion(tmp_path: Path) -> None:
    api = Api(pools={"a": pool("a", 9)})
    async with replicas(api, tmp_path) as (one, other):
        other.source.store.replace(POOL, [pool("a", 5), pool("b", 6)])
        await one.ledger.note(entry("a", after=5))
        await one.ledger.note(entry("b", after=6, gone=True))
        assert await other.ledger.catch_up([POOL])
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
        await one.ledger.note(noted)
        other.source.store.replace(POOL, known)
        assert await other.ledger.catch_up([POOL])
        assert "GET a" not in api.asked


async def test_what_nobody_stored_is_looked_for_only_so_long(tmp_path: Path) -> None:
    api = Api()
    async with replicas(api, tmp_path) as (one, other):
        await one.ledger.note(entry("a"))
        for seconds in (0, 2, 2, 2):
            other.clock.now += seconds
            assert await other.ledger.catch_up([POOL])
        assert api.asked.count("GET a") == 2
        assert not other.known


async def test_other_kinds_are_left_alone(tmp_path: Path) -> None:
    api = Api()
    async with replicas(api, tmp_path) as (one, other):
        await one.ledger.note(entry("a"))
        assert await other.ledger.catch_up(["BGPPeer"])
        assert "GET a" not in api.asked


async def test_what_a_replica_allowed_itself_it_does_not_look_for(tmp_path: Path) -> None:
    api = Api()
    async with replicas(api, tmp_path) as (one, _):
        await one.ledger.note(entry("a"))
        assert await one.ledger.catch_up([POOL])
        assert "GET a" not in api.asked


async def test_replicas_write_after_each_other_and_lose_nothing(tmp_path: Path) -> None:
    api = Api()
    async with replicas(api, tmp_path) as (one, other):
        for number in range(3):
            assert await one.ledger.note(entry(f"one-{number}"))
            assert await other.ledger.note(entry(f"other-{number}"))
        names = [noted.name for noted in entries_of(api.lease)]
        assert names == ["one-0", "other-0", "one-1", "other-1", "one-2", "other-2"]


async def test_a_lease_that_is_deleted_comes_back(tmp_path: Path) -> None:
    api = Api()
    async with replicas(api, tmp_path) as (one, _):
        await one.ledger.note(entry("a"))
        api.lease = None
        assert await one.ledger.note(entry("b"))
        assert [noted.name for noted in entries_of(api.lease)] == ["b"]


async def test_without_an_answer_the_watches_are_believed(tmp_path: Path) -> None:
    api = Api()
    async with replicas(api, tmp_path) as (one, other):
        await one.ledger.note(entry("a"))
        api.broken = True
        assert not await other.ledger.catch_up([POOL])
        assert not await other.ledger.note(entry("b"))
        api.broken = False
        assert await other.ledger.catch_up([POOL])
        # What could not be noted is noted with the next.
        assert await other.ledger.note(entry("c"))
        assert [noted.name for noted in entries_of(api.lease)] == ["a", "b", "c"]

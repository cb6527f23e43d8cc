"""Every kind is followed, over a loopback API server that answers as told."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from metallb_webhooks.followed import FOLLOWED
from metallb_webhooks.source import Places, Source
from support.api import answering, status
from support.reviews import stored
from support.samples import NAMESPACE

POOLS = f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}/ipaddresspools"
METALLBS = f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}/metallbs"


def frr_in(namespace: str) -> str:
    return f"/apis/frrk8s.metallb.io/v1beta1/namespaces/{namespace}/frrconfigurations"


FRR = frr_in(NAMESPACE)


@dataclass
class Api:
    """Lists are empty unless told otherwise; watches stay open and carry what is put in."""

    lists: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    listed: Counter[str] = field(default_factory=Counter)
    selectors: dict[str, str] = field(default_factory=dict)
    events: "dict[str, asyncio.Queue[dict[str, Any]]]" = field(default_factory=dict)

    def happen(self, path: str, kind: str, manifest: dict[str, Any]) -> None:
        self.events.setdefault(path, asyncio.Queue()).put_nowait({"type": kind, "object": manifest})

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        if path in self.refused:
            return status(self.refused[path], "NotFound")
        if "watch" not in request.query:
            self.listed[path] += 1
            self.selectors[path] = request.query.get("fieldSelector", "")
            items = self.lists.get(path, [])
            return web.json_response({"metadata": {"resourceVersion": "100"}, "items": items})
        response = web.StreamResponse()
        await response.prepare(request)
        queue = self.events.setdefault(path, asyncio.Queue())
        while True:
            await response.write(json.dumps(await queue.get()).encode() + b"\n")


@asynccontextmanager
async def following(api: Api, folder: Path, places: Places | None = None) -> AsyncIterator[Source]:
    async with answering(api, folder) as client, asyncio.timeout(20):
        source = Source(client, NAMESPACE, places=places)
        running = asyncio.create_task(source.run())
        yield source
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def pool(name: str, version: int, address: Any = "192.0.2.0/28") -> dict[str, Any]:  # noqa: ANN401 - bad ones, too
    made = stored("IPAddressPool", name, addresses=[address])
    made["metadata"]["resourceVersion"] = str(version)
    return made


async def test_every_kind_is_listed_once_where_it_matters(tmp_path: Path) -> None:
    api = Api()
    async with following(api, tmp_path) as source:
        assert set(source.missing) == set(FOLLOWED)
        await source.wait_synced()
        assert source.synced
    own = {path for path in api.listed if f"/namespaces/{NAMESPACE}/" in path}
    assert {path.rsplit("/", 1)[1] for path in own} == {
        "ipaddresspools",
        "bgppeers",
        "bgpadvertisements",
        "l2advertisements",
        "bfdprofiles",
        "communities",
        "metallbs",
        "frrconfigurations",
        "secrets",
    }
    assert set(api.listed) - own == {
        "/api/v1/nodes",
        "/api/v1/namespaces",
        "/api/v1/services",
    }
    assert set(api.listed.values()) == {1}
    assert api.selectors["/api/v1/services"] == "spec.type=LoadBalancer"


async def test_what_is_listed_and_what_happens_is_known(tmp_path: Path) -> None:
    api = Api(lists={POOLS: [pool("a", 1)]})
    async with following(api, tmp_path) as source:
        await source.wait_synced()
        pools = source.store.index.objects["IPAddressPool"]
        assert set(pools) == {"a"}
        api.happen(POOLS, "ADDED", pool("b", 101))
        while set(pools) != {"a", "b"}:
            await source.changed.wait()
        api.happen(POOLS, "DELETED", pool("a", 102))
        while set(pools) != {"b"}:
            await source.changed.wait()


async def test_what_cannot_be_read_holds_nothing_up(tmp_path: Path) -> None:
    api = Api(lists={POOLS: [pool("bad", 1, 7), pool("good", 2)]})
    async with following(api, tmp_path) as source:
        await source.wait_synced()
        assert set(source.store.unreadable) == {("IPAddressPool", "bad")}
        api.happen(POOLS, "MODIFIED", pool("bad", 101))
        while source.store.unreadable:
            await source.changed.wait()
        assert set(source.store.index.objects["IPAddressPool"]) == {"bad", "good"}


async def test_frr_k8s_need_not_be_installed_but_metallb_must(tmp_path: Path) -> None:
    api = Api(refused={FRR: 404, POOLS: 404})
    async with following(api, tmp_path) as source:
        while source.missing != ("IPAddressPool",):
            # each kind that is listed is a change
            await source.changed.wait()
        del api.refused[POOLS]
        await source.wait_synced()


def frr(name: str, version: int, space: str = NAMESPACE) -> dict[str, Any]:
    made = stored("FRRConfiguration", name, space)
    made["metadata"]["resourceVersion"] = str(version)
    return made


def external(space: str, version: int) -> dict[str, Any]:
    spec = {"bgpBackend": "frr-k8s-external", "frrk8sConfig": {"namespace": space}}
    made = stored("MetalLB", "metallb", **spec)
    made["metadata"]["resourceVersion"] = str(version)
    return made


async def known(source: Source, expected: set[tuple[str, str]]) -> None:
    """Wait until these and no other FRRConfigurations are known of the namespaces that matter."""

    def are_known() -> bool:
        places = tuple(map(str, source.places("FRRConfiguration")))
        found = set(source.store.index.objects["FRRConfiguration"])
        return found == expected and source.knows("FRRConfiguration", places)

    while not are_known():
        await source.changed.wait()


async def test_frr_configurations_are_followed_where_frr_k8s_is(tmp_path: Path) -> None:
    lists = {frr_in(space): [frr("a", 1, space)] for space in (NAMESPACE, "b", "c", "tenant")}
    api = Api(lists=lists)
    async with following(api, tmp_path) as source:
        await source.wait_synced()
        await known(source, {(NAMESPACE, "a")})
        api.happen(METALLBS, "ADDED", external("b", 101))
        await known(source, {("b", "a")})
        assert source.synced
        # Younger than the list of one namespace, older than that of another.
        api.happen(frr_in("b"), "ADDED", frr("new", 102, "b"))
        await known(source, {("b", "a"), ("b", "new")})
        api.happen(METALLBS, "MODIFIED", external("c", 103))
        await known(source, {("c", "a")})
        api.happen(METALLBS, "DELETED", external("c", 104))
        await known(source, {(NAMESPACE, "a")})
    assert set(api.listed) & set(lists) == {frr_in(NAMESPACE), frr_in("b"), frr_in("c")}


async def test_a_namespace_that_is_new_is_behind_until_it_is_listed(tmp_path: Path) -> None:
    api = Api(refused={frr_in("b"): 500})
    async with following(api, tmp_path) as source:
        await source.wait_synced()
        api.happen(METALLBS, "ADDED", external("b", 101))
        while "FRRConfiguration" not in source.behind:
            await source.changed.wait()
        assert source.synced
        assert not source.knows("FRRConfiguration", {"b"})
        assert source.places("FRRConfiguration") == ("b",)
        del api.refused[frr_in("b")]
        await known(source, set())
        assert source.knows("FRRConfiguration", {"b"})
        assert not source.knows("FRRConfiguration", {"b", NAMESPACE})


async def test_several_namespaces_are_followed_beside_each_other(tmp_path: Path) -> None:
    api = Api(lists={frr_in(space): [frr("a", 1, space)] for space in (NAMESPACE, "b")})
    async with following(api, tmp_path, places=lambda _: {NAMESPACE, "b"}) as source:
        await source.wait_synced()
        await known(source, {(NAMESPACE, "a"), ("b", "a")})
        api.happen(frr_in("b"), "ADDED", frr("x", 105, "b"))
        await known(source, {(NAMESPACE, "a"), ("b", "a"), ("b", "x")})
        # What has happened in one namespace hides nothing of another.
        api.happen(FRR, "DELETED", frr("a", 103))
        await known(source, {("b", "a"), ("b", "x")})


async def test_what_is_read_of_a_namespace_that_is_not_followed_is_not_taken_in(
    tmp_path: Path,
) -> None:
    async with following(Api(), tmp_path) as source:
        await source.wait_synced()
        source.relearn("FRRConfiguration", (frr("a", 200, "tenant"),), 300, "tenant")
        source.learn("FRRConfiguration", frr("a", 200, "tenant"))
        assert not source.store.index.objects["FRRConfiguration"]
        source.relearn("FRRConfiguration", (frr("a", 200),), 300, NAMESPACE)
        assert set(source.store.index.objects["FRRConfiguration"]) == {(NAMESPACE, "a")}


async def test_silence_is_measured_by_the_quietest_watch(tmp_path: Path) -> None:
    api = Api()
    async with following(api, tmp_path) as source:
        await source.wait_synced()
        assert source.silent_seconds < 20


async def test_everybody_who_waits_is_told_of_a_change(tmp_path: Path) -> None:
    api = Api()
    async with following(api, tmp_path) as source:
        await source.wait_synced()
        waiting = [asyncio.create_task(source.changed.wait()) for _ in range(3)]
        await asyncio.sleep(0)
        source.learn("IPAddressPool", pool("a", 101))
        assert all(await asyncio.gather(*waiting))
        assert not source.changed.is_set()

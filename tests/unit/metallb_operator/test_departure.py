"""How MetalLB's namespace goes: what is patched, when, and what comes of refusals."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web

from metallb_operator import handlers
from metallb_operator.departure import Departure, released
from metallb_operator.settings import FINALIZER, Settings
from metallb_webhooks.index import NamespaceInfo
from metallb_webhooks.source import Source
from support.api import answering, status

SPACE = "metallb-system"


def metallb(*finalizers: str) -> dict[str, Any]:
    return {
        "apiVersion": "metallb.io/v1beta1",
        "kind": "MetalLB",
        "metadata": {
            "name": "metallb",
            "namespace": SPACE,
            "resourceVersion": "7",
            "finalizers": list(finalizers),
        },
    }


@pytest.mark.parametrize(
    ("finalizers", "kept"),
    [
        ((FINALIZER,), []),
        (("a/b", FINALIZER, "c/d"), ["a/b", "c/d"]),
        (("a/b",), None),
        ((), None),
    ],
)
def test_the_finalizer_is_ours_alone(finalizers: tuple[str, ...], kept: list[str] | None) -> None:
    expected = None
    if kept is not None:
        expected = {"metadata": {"finalizers": kept, "resourceVersion": "7"}}
    assert released(metallb(*finalizers)) == expected


@pytest.mark.parametrize("answers", [(200,), (409, 200), (403, 500, 200), (404,)])
async def test_it_is_taken_off_as_soon_as_the_namespace_is_to_go(
    tmp_path: Path, answers: tuple[int, ...]
) -> None:
    left, patches = list(answers), [0]
    done = asyncio.Event()

    async def api(request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            items = [metallb(FINALIZER)] if left else []
            return web.json_response({"metadata": {}, "items": items})
        patches[0] += 1
        assert json.loads(await request.read()) == released(metallb(FINALIZER))
        code = left.pop(0)
        if not left:
            done.set()
        return web.json_response({}) if code == 200 else status(code, "No")

    async with answering(api, tmp_path) as client:
        source = Source(client, SPACE)
        departure = Departure(client, source, SPACE, retry=0.01, rest=0.01)
        running = asyncio.create_task(departure.run())
        source.store.index.put(NamespaceInfo(SPACE))
        source._tell("Namespace")
        await asyncio.sleep(0)
        assert not departure.is_near
        assert patches == [0]
        source.store.index.remove("Namespace", SPACE)
        source.store.index.put(NamespaceInfo(SPACE, terminating=True))
        source._tell("Namespace")
        async with asyncio.timeout(10):
            await done.wait()
        assert departure.is_near
        running.cancel()
    assert patches == [len(answers)]


@pytest.mark.parametrize(
    ("departing", "body", "served"),
    [
        (False, metallb(), True),
        (True, metallb(), False),
        (True, metallb(FINALIZER), False),
        (False, {"metadata": {"name": "other", "namespace": SPACE}}, False),
    ],
)
def test_nothing_is_served_then_so_that_kopf_adds_no_finalizer(
    *, departing: bool, body: Mapping[str, Any], served: bool
) -> None:
    tools = SimpleNamespace(settings=Settings(SPACE), is_departing=lambda: departing)
    memo = SimpleNamespace(tools=tools)
    assert handlers.is_served(body=body, memo=memo) is served  # type: ignore[arg-type] # a mapping will do

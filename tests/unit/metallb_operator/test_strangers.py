"""MetalLB objects elsewhere are answered one by one, by name, and forgotten."""

import asyncio
import json
from pathlib import Path
from typing import Any

from aiohttp import web

from metallb_kube.objects import Manifest
from metallb_operator.strangers import Strangers
from support.api import answering
from support.operating import metallb
from support.samples import NAMESPACE


def partial(name: str, namespace: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "resourceVersion": "5"}
    return {
        "apiVersion": "meta.k8s.io/v1",
        "kind": "PartialObjectMetadata",
        "metadata": {**metadata, "annotations": {"a": "x"}},
    }


EVENTS = (
    ("ADDED", partial("third", "b")),
    ("ADDED", partial("ours", NAMESPACE)),
    ("DELETED", partial("third", "b")),
    ("MODIFIED", partial("fourth", "b")),
)


async def test_strangers_are_followed_by_metadata_and_answered_whole(tmp_path: Path) -> None:
    answered: list[str] = []

    done = asyncio.Event()

    async def api(request: web.Request) -> web.StreamResponse:
        if "/namespaces/" in request.path:
            namespace = request.path.split("/namespaces/")[1].split("/")[0]
            name = request.query["fieldSelector"].removeprefix("metadata.name=")
            assert request.headers["Accept"] == "application/json"
            # One was deleted meanwhile.
            found = [] if name == "second" else [metallb(name, namespace, logLevel="info")]
            return web.json_response({"metadata": {}, "items": found})
        assert "as=PartialObjectMetadata" in request.headers["Accept"]
        if "watch" not in request.query:
            items = [partial("first", "a"), partial("second", "a"), partial("ours", NAMESPACE)]
            return web.json_response({"metadata": {"resourceVersion": "4"}, "items": items})
        response = web.StreamResponse()
        await response.prepare(request)
        for kind, item in EVENTS:
            await response.write(json.dumps({"type": kind, "object": item}).encode() + b"\n")
        await done.wait()
        return response

    async def answer(it: Manifest) -> None:
        answered.append(f"{it['metadata']['namespace']}/{it['metadata']['name']}")
        assert it["spec"] == {"logLevel": "info"}
        if it["metadata"]["name"] == "fourth":
            done.set()

    async with answering(api, tmp_path) as client:
        strangers = Strangers(client, NAMESPACE, answer)
        running = asyncio.create_task(strangers.run())
        async with asyncio.timeout(10):
            await done.wait()
        running.cancel()
    assert answered[0] == "a/first"
    assert answered[-1] == "b/fourth"
    assert not {f"{NAMESPACE}/ours", "a/second"} & set(answered)
    assert strangers._due == {}

"""When the cluster is surveyed anew."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from metallb_crds.config_v1beta1 import L2Advertisement
from metallb_operator.settings import Settings
from metallb_operator.survey import Surveyor
from metallb_webhooks.index import NamespaceInfo, Object
from metallb_webhooks.source import Source
from support.api import answering, status

NAMESPACE = "metallb-system"


def advertisement(name: str, version: str) -> L2Advertisement:
    metadata = {"name": name, "namespace": NAMESPACE, "resourceVersion": version}
    return L2Advertisement.parse(
        {"apiVersion": "metallb.io/v1beta1", "kind": "L2Advertisement", "metadata": metadata}
    )


@pytest.mark.parametrize(
    ("change", "again"),
    [
        (advertisement("second", "8"), True),
        (advertisement("first", "8"), True),
        (advertisement("first", "7"), False),
        (NamespaceInfo("other"), False),
    ],
)
async def test_kube_proxy_is_read_anew_when_something_is_announced_by_layer_2(
    tmp_path: Path, change: Object, *, again: bool
) -> None:
    reads = 0
    second = asyncio.Event()

    async def api(request: web.Request) -> web.StreamResponse:
        nonlocal reads
        if request.path.endswith("/configmaps/kube-proxy"):
            reads += 1
            if reads == 2:
                second.set()
            return web.json_response({"data": {}})
        if request.path == "/version":
            return web.json_response({"minor": "35"})
        if request.path.endswith(("daemonsets", "deployments")):
            return web.json_response({"metadata": {}, "items": []})
        return status(404, "NotFound", name="x")

    async with answering(api, tmp_path) as client:
        source = Source(client, NAMESPACE)
        source.store.index.put(advertisement("first", "7"))
        told = asyncio.Event()
        surveyor = Surveyor(client, source, Settings(NAMESPACE), told.set)
        running = asyncio.create_task(surveyor.run())
        async with asyncio.timeout(10):
            while surveyor._survey is None:
                told.clear()
                await told.wait()
        if isinstance(change, L2Advertisement):
            source.store.index.remove("L2Advertisement", change.metadata.name)
        source.store.index.put(change)
        source._tell("L2Advertisement")
        if again:
            async with asyncio.timeout(10):
                await second.wait()
        else:
            # What it would read it would read within this time.
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(second.wait(), 0.3)
        running.cancel()

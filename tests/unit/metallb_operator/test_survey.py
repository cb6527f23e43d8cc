"""When the cluster is surveyed anew."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from metallb_crds.config_v1beta1 import L2Advertisement
from metallb_operator.settings import Settings
from metallb_operator.survey import HEAVIEST_TOGETHER, Surveyor, _Reader
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


def takes_ports(number: int, ports: int) -> dict[str, Any]:
    container = {"name": "c", "ports": [{"hostPort": 10_000 + n} for n in range(ports)]}
    return {
        "metadata": {"name": f"w{number:04}", "namespace": "tenant"},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }


@pytest.mark.parametrize(
    ("workloads", "kept", "omitted"),
    [
        ([takes_ports(0, 0)] * 9, 0, 0),
        ([takes_ports(n, 3) for n in range(50)], 50, 0),
        ([takes_ports(0, 3), takes_ports(1, 50_000), takes_ports(2, 3)], 2, 1),
        ([takes_ports(n, 3000) for n in range(300)], HEAVIEST_TOGETHER // 18_300, 100),
    ],
    ids=["of no interest", "some", "one too large", "too many"],
)
async def test_what_strangers_create_does_not_fill_the_memory(
    tmp_path: Path, workloads: list[dict[str, Any]], kept: int, omitted: int
) -> None:
    async def api(request: web.Request) -> web.StreamResponse:
        if not request.path.endswith("daemonsets"):
            return web.json_response({"metadata": {}, "items": [], "minor": "35"})
        first, limit = int(request.query.get("continue", "0")), int(request.query["limit"])
        token = str(first + limit) if first + limit < len(workloads) else ""
        items = workloads[first : first + limit]
        return web.json_response({"metadata": {"continue": token}, "items": items})

    async with answering(api, tmp_path) as client:
        survey = await _Reader(client).read()
    assert survey.unread == {}
    assert len(survey.workloads) == pytest.approx(kept, rel=0.05)
    assert len(survey.omitted) == omitted
    assert sum(workload.weight for workload in survey.workloads) <= HEAVIEST_TOGETHER


async def test_a_survey_goes_on_without_the_rest(tmp_path: Path) -> None:
    async def api(request: web.Request) -> web.StreamResponse:
        if not request.path.endswith("daemonsets"):
            return web.json_response({"metadata": {}, "items": [], "minor": "35"})
        if request.query.get("continue"):
            return status(410, "Expired")
        return web.json_response({"metadata": {"continue": "x"}, "items": [takes_ports(0, 1)]})

    async with answering(api, tmp_path) as client:
        survey = await _Reader(client).read()
    assert [workload.name for workload in survey.workloads] == ["w0000"]
    assert survey.unread.keys() == {"DaemonSets of other namespaces"}
    assert survey.kubernetes == 35

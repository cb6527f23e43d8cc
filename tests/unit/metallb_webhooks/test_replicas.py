"""Whose address it is."""

from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from metallb_webhooks.leadership import Leader
from metallb_webhooks.replicas import Replicas, is_address_of, pod_name
from support.api import answering


def pod(name: str = "metallb-webhooks", **status: Any) -> dict[str, Any]:  # noqa: ANN401 - as JSON
    return {"metadata": {"labels": {"app.kubernetes.io/name": name}}, "status": status}


@pytest.mark.parametrize(
    ("found", "address", "ours"),
    [
        (pod(podIP="192.0.2.7"), "192.0.2.7:9443", True),
        (pod(podIPs=[{"ip": "192.0.2.7"}, {"ip": "2001:db8::7"}]), "[2001:db8::7]:9443", True),
        (pod(podIP="192.0.2.7"), "192.0.2.8:9443", False),
        (pod("speaker", podIP="192.0.2.7"), "192.0.2.7:9443", False),
        (pod(), ":9443", False),
        (pod(podIP="192.0.2.7"), "evil.example.com:443", False),
        ({"metadata": {}}, "192.0.2.7:9443", False),
        (None, "192.0.2.7:9443", False),
    ],
)
def test_an_address_is_a_replicas(
    found: dict[str, Any] | None, address: str, *, ours: bool
) -> None:
    assert is_address_of(found, address) is ours


def test_the_identity_begins_with_the_pod() -> None:
    assert pod_name("metallb-webhooks-7d4-abc_1234") == "metallb-webhooks-7d4-abc"


@pytest.mark.parametrize("status", [404, 403, 500])
async def test_who_cannot_be_looked_up_is_no_replica(status: int, tmp_path: Path) -> None:
    async def refuse(request: web.Request) -> web.StreamResponse:
        assert request.path == "/api/v1/namespaces/metallb-system/pods/pod"
        return web.Response(status=status)

    async with answering(refuse, tmp_path) as client:
        found = await Replicas(client, "metallb-system").has(Leader("pod_1", "192.0.2.7:9443"))
    assert not found


async def test_the_pod_is_looked_up(tmp_path: Path) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response(pod(podIP="192.0.2.7"))

    async with answering(answer, tmp_path) as client:
        assert await Replicas(client, "metallb-system").has(Leader("pod_1", "192.0.2.7:9443"))

"""What is sent when replicas of the webhooks share a node, and how often."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from metallb_kube.objects import ref_of
from metallb_operator.observation import Observation
from metallb_operator.packaging.workloads import webhooks
from metallb_operator.spreader import Spreader
from support.api import answering, status

READY = {
    "conditions": [
        {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    ]
}


def pod(name: str) -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": "metallb-webhooks"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "metallb-system", "uid": "u", "labels": labels},
        "spec": {"nodeName": "n1"},
        "status": READY,
    }


class Together:
    """Stands for an Observer that sees both replicas on one of two nodes."""

    async def wait_synced(self) -> None:
        """Return at once."""

    def observation(self) -> Observation:
        """Return what does not change."""
        counts = {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 2}
        made = {**webhooks(), "status": counts}
        labels = {"kubernetes.io/os": "linux"}
        nodes = [{"metadata": {"name": n, "labels": labels}, "status": READY} for n in ("n1", "n2")]
        return Observation({ref_of(made): made}, (pod("w-1"), pod("w-2")), tuple(nodes))


@pytest.mark.parametrize(("refused", "sent"), [(False, 1), (True, 3)])
async def test_one_is_evicted_and_then_left_alone(
    tmp_path: Path, *, refused: bool, sent: int
) -> None:
    requests: list[tuple[str, Any]] = []
    enough = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        requests.append((f"{request.method} {request.path}", await request.json()))
        if len(requests) == sent:
            enough.set()
        return status(429, "TooManyRequests") if refused else web.json_response({})

    async with answering(answer, tmp_path) as client:
        spreader = Spreader(
            client,
            Together(),  # type: ignore[arg-type] # what of an Observer is asked
            "metallb-system",
            rest=0.01,
            now=lambda: datetime(2026, 1, 1, 12, tzinfo=UTC),
        )
        running = asyncio.create_task(spreader.run())
        async with asyncio.timeout(10):
            await enough.wait()
        # What it would do next it would do within this time.
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(running), 0.2)
        running.cancel()
    assert (len(requests) == sent) is not refused
    assert {path for path, _ in requests} == {
        "POST /api/v1/namespaces/metallb-system/pods/w-2/eviction"
    }
    assert requests[0][1]["deleteOptions"] == {"preconditions": {"uid": "u"}}

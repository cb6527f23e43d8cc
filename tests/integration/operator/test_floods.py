"""What a tenant creates in a namespace of its own fills nobody's memory, and stops nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import pytest

from metallb_kube.client import KubeClient
from metallb_kube.objects import ref_of
from support.operating import Operating, metallb

MOST_MEBIBYTES: Final = 192
TENANT: Final = "tenant"
DEPLOYMENTS: Final = 200
DEPLOYMENT_BYTES: Final = 1_400_000
MISPLACED: Final = 500
MISPLACED_BYTES: Final = 1_000_000
_AT_ONCE: Final = 4


# The product sends nothing as large as what it is sent here.
@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
async def test_strangers_do_not_fill_the_memory(operator: Operating) -> None:
    operator.cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TENANT}})
    operator.create(bgpBackend="native")
    operator.wait_condition("Available", "True")
    async with KubeClient.connect(operator.cluster.kubeconfig) as client:
        deployments = [_deployment(number) for number in range(DEPLOYMENTS)]
        await _all(deployments, client.create)
        # A survey is made when the object changes; meanwhile more and more come and go.
        for wanted in ("debug", "warn"):
            coming = asyncio.create_task(_come_and_go(client, wanted))
            await asyncio.to_thread(_change, operator, wanted)
            await coming
        await asyncio.to_thread(_change, operator, "error")
        await _all(deployments, lambda it: client.delete(ref_of(it)))
    most = _mebibytes(operator.process.pid, "VmHWM")
    assert operator.alive()
    assert most < MOST_MEBIBYTES, f"{most:.0f} MiB"


def _change(operator: Operating, level: str) -> None:
    """Have the object that is served acted upon."""
    operator.create(bgpBackend="native", logLevel=level)
    operator.wait_operand("Deployment", "controller", f"--log-level={level}")


async def _come_and_go(client: KubeClient, prefix: str) -> None:
    async def one(manifest: dict[str, Any]) -> None:
        await client.create(manifest)
        await client.delete(ref_of(manifest))

    await _all([_misplaced(f"{prefix}-{number}") for number in range(MISPLACED // 2)], one)


async def _all(
    manifests: list[dict[str, Any]], act: Callable[[dict[str, Any]], Awaitable[object]]
) -> None:
    left = iter(manifests)

    async def some() -> None:
        for manifest in left:
            await act(manifest)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(_AT_ONCE):
            tasks.create_task(some())


def _deployment(number: int) -> dict[str, Any]:
    labels = {"app": "large"}
    large = {"name": "LARGE", "value": _TEXT[:DEPLOYMENT_BYTES]}
    container = {"name": "c", "image": "quay.io/metallb/controller", "env": [large]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"large-{number}", "namespace": TENANT},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def _misplaced(name: str) -> dict[str, Any]:
    return metallb(name, TENANT, nodeSelector={"large": _TEXT[:MISPLACED_BYTES]})


_TEXT: Final = "x" * max(DEPLOYMENT_BYTES, MISPLACED_BYTES)


def _mebibytes(pid: int, field: str) -> float:
    """Return a line of /proc/PID/status: VmHWM is the most memory that was ever resident."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    [value] = [line.split()[1] for line in lines if line.startswith(f"{field}:")]
    return int(value) / 1024

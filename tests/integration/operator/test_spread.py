"""Where the scheduler puts replicas of the webhooks, and how they come apart again."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from cluster import Cluster
from metallb_kube.client import KubeClient
from metallb_operator.observe import Observer
from metallb_operator.packaging.workloads import disruption_budget, webhooks
from metallb_operator.spreader import Spreader
from metallb_operator.tools import utc_now
from support.operating import NAMESPACE, install
from support.waiting import wait_for


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster.start(nodes=2) as running:
        install(running)
        yield running


def placed(cluster: Cluster) -> list[str]:
    """Return the nodes of the replicas that are ready and are to stay."""
    found = cluster.get("pods", namespace=NAMESPACE) or {}
    return sorted(
        item["spec"].get("nodeName", "")
        for item in found["items"]
        if "deletionTimestamp" not in item["metadata"]
        and {"type": "Ready", "status": "True"}.items()
        <= next(
            (c for c in item["status"].get("conditions", ()) if c["type"] == "Ready"), {}
        ).items()
    )


def wait_placed(cluster: Cluster, *nodes: str) -> None:
    wait_for(f"replicas on {nodes}", lambda: placed(cluster) == sorted(nodes), seconds=60)


async def brought_apart(cluster: Cluster) -> None:
    """Look as the operator's account until replicas are apart, as if a minute had passed."""

    def later() -> Any:  # noqa: ANN401 - a datetime
        return utc_now() + timedelta(seconds=120)

    account = cluster.service_account_kubeconfig(NAMESPACE, "metallb-operator")
    async with KubeClient.connect(account) as client:
        observer = Observer(client, NAMESPACE)
        spreader = Spreader(client, observer, NAMESPACE, rest=0.5, now=later)
        tasks = [asyncio.create_task(work()) for work in (observer.run, spreader.run)]
        try:
            await asyncio.to_thread(lambda: wait_placed(cluster, "node-1", "node-2"))
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task


async def test_replicas_share_a_node_only_while_there_is_one(cluster: Cluster) -> None:
    cluster.kubectl("cordon", "node-2")
    cluster.apply(webhooks(), disruption_budget())
    wait_placed(cluster, "node-1", "node-1")
    cluster.kubectl("uncordon", "node-2")
    await brought_apart(cluster)
    # A rollout keeps them apart, wherever the old ones are.
    cluster.kubectl("rollout", "restart", "deployment/metallb-webhooks", "-n", NAMESPACE)
    status = ("rollout", "status", "deployment/metallb-webhooks", "-n", NAMESPACE, "--timeout=60s")
    cluster.kubectl(*status)
    wait_placed(cluster, "node-1", "node-2")

"""What was answered counts, though no watch of the replica that decides shows anything any more."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from metallb_kube.client import KubeClient
from metallb_kube.errors import ForbiddenError, KubeError
from support.admitting import SERVICE, Admitting, Replica
from support.faults import Asked, Fault, Proxy, proxy, refused
from support.processes import free_port, running, webhooks_process
from support.reviews import stored
from support.samples import NAMESPACE
from support.waiting import wait_for

POOLS = "/ipaddresspools"


def pool(name: str, *addresses: str) -> dict[str, Any]:
    return stored("IPAddressPool", name, addresses=list(addresses))


@pytest.fixture
def lonely(admission: Admitting, tmp_path: Path) -> Iterator[tuple[Proxy, Replica]]:
    """A proxy, and behind it the only replica."""
    token = admission.cluster.kubectl("create", "token", SERVICE, "-n", NAMESPACE).strip()
    with (
        proxy(admission.cluster, token, tmp_path) as made,
        _alone(admission, made, tmp_path) as replica,
    ):
        yield made, replica


@pytest.fixture
def between(lonely: tuple[Proxy, Replica]) -> Proxy:
    return lonely[0]


@contextmanager
def _alone(admission: Admitting, made: Proxy, logs: Path) -> Iterator[Replica]:
    port = free_port()
    process = webhooks_process(
        made.kubeconfig, NAMESPACE, port=port, logs=logs, name="behind-the-proxy"
    )
    replica = Replica(process, port)
    with running(process):
        for other in admission.replicas:
            other.process.stop()
        admission.route(replica)
        replica.wait_ready()
        yield replica
    for other in admission.replicas:
        other.process.start()
    admission.route(*admission.replicas)
    admission.wait_ready()


def _unread(asked: Asked) -> Fault | None:
    return refused(503, "ServiceUnavailable") if asked.path.endswith(POOLS) else None


def _unlisted(asked: Asked) -> Fault | None:
    listing = asked.kind == "read" and asked.path.endswith(POOLS)
    return refused(503, "ServiceUnavailable") if listing else None


async def test_what_no_watch_shows_is_read(between: Proxy, client: KubeClient) -> None:
    await client.create(pool("seen", "172.17.0.0/24"))
    between.mute()
    await client.create(pool("unseen", "172.17.1.0/24"))
    between.clear()
    with pytest.raises(ForbiddenError, match="unseen"):
        await client.create(pool("late", "172.17.1.0/25"))
    assert any(asked.path.endswith(POOLS) for asked in between.asked)
    between.clear()
    with pytest.raises(ForbiddenError, match="unseen"):
        await client.create(pool("later", "172.17.1.128/25"))
    assert between.asked == []


async def test_what_can_be_read_in_no_way_is_stayed_clear_of(
    between: Proxy, client: KubeClient
) -> None:
    between.mute()
    await client.create(pool("hidden", "172.17.2.0/24"))
    between.before = _unlisted
    with pytest.raises(ForbiddenError, match="hidden"):
        await client.create(pool("late", "172.17.2.0/25"))
    async with asyncio.timeout(10):
        await client.create(pool("elsewhere", "172.17.3.0/24"))
    between.clear()


async def test_a_replica_that_is_behind_says_so_and_does_not_guess(
    lonely: tuple[Proxy, Replica], client: KubeClient
) -> None:
    between, replica = lonely
    between.before = _unread
    between.drop()
    with pytest.raises(KubeError, match=r"cannot read what is stored of .*IPAddressPool"):
        await _until_refused(client, pool("early", "172.17.4.0/24"))
    told = await asyncio.to_thread(_unready, replica)
    assert "IPAddressPool" in told
    assert "not followed for " in told
    between.clear()
    await asyncio.to_thread(replica.wait_ready)
    async with asyncio.timeout(10):
        await client.create(pool("again", "172.17.4.0/24"))


async def _until_refused(client: KubeClient, manifest: dict[str, Any]) -> None:
    """Ask until the replica has noticed; it is let pass before that, and would not be stored."""
    async with asyncio.timeout(10):
        while True:
            await client.create(manifest, dry_run=True)


def _unready(replica: Replica) -> str:
    def text() -> str:
        status, said = replica.probe()
        return said if status == 503 else ""

    return wait_for("the replica is unready", text, seconds=60)

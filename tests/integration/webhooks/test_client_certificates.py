"""Reviews are taken from API servers alone: from those that show a certificate."""

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from cluster import Cluster
from metallb_kube.client import KubeClient
from metallb_kube.errors import ForbiddenError
from metallb_kube.objects import ObjectRef
from metallb_webhooks.paths import path_of
from metallb_webhooks.settings import LEASE
from support.admitting import Admitting, admitting
from support.reviews import body, review, stored
from support.samples import NAMESPACE

PATH = path_of("metallb.io/v1beta1", "IPAddressPool")
HOLDER = ObjectRef("coordination.k8s.io/v1", "Lease", NAMESPACE, LEASE)


@pytest.fixture(scope="module")
def demanding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Admitting]:
    with Cluster.start(nodes=1) as own:
        extra = (f"--client-ca-file={own.plane.webhook_clients}",)
        with admitting(own, tmp_path_factory.mktemp("logs"), extra=extra) as made:
            yield made


@pytest.fixture
async def client(demanding: Admitting) -> AsyncIterator[KubeClient]:
    async with KubeClient.connect(demanding.cluster.kubeconfig) as made:
        yield made
        await demanding.clear(made)


async def test_the_api_server_is_answered_whichever_replica_it_asks(
    demanding: Admitting, client: KubeClient
) -> None:
    await client.create(stored("IPAddressPool", "first", addresses=["10.7.0.0/24"]))
    for replica in demanding.replicas:
        demanding.route(replica)
        replica.wait_ready()
        with pytest.raises(ForbiddenError, match="pool-overlap"):
            await client.create(stored("IPAddressPool", "second", addresses=["10.7.0.0/25"]))
    demanding.route(*demanding.replicas)
    # One of the two has passed its review on, and was known by what it serves.
    assert sum(_passed_on(replica.probe("/metrics")[1]) for replica in demanding.replicas) > 0


def _passed_on(metrics: str) -> float:
    lines = [line for line in metrics.splitlines() if 'step="forward"' in line]
    return sum(float(line.split()[-1]) for line in lines if 'outcome="done"' in line)


async def test_nobody_else_is(demanding: Admitting) -> None:
    asked = review(stored("IPAddressPool", "forged", addresses=["10.8.0.0/24"]))
    async with aiohttp.ClientSession() as session:
        for replica in demanding.replicas:
            answering = session.post(
                f"https://127.0.0.1:{replica.port}{PATH}",
                data=body(asked),
                headers={"Content-Type": "application/json"},
                ssl=False,
            )
            async with answering as answer:
                assert answer.status == 401
                assert "--client-ca-file" in await answer.text()

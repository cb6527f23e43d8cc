"""Reviews are taken from those that show a certificate, and metrics shown for a token."""

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from cluster import Cluster
from metallb_kube.client import KubeClient
from metallb_kube.errors import ForbiddenError
from metallb_webhooks.paths import path_of
from support.admitting import Admitting, Replica, admitting
from support.reviews import body, review, stored
from support.samples import NAMESPACE

PATH = path_of("metallb.io/v1beta1", "IPAddressPool")


@pytest.fixture(scope="module")
def demanding(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Admitting]:
    with Cluster.start(nodes=1) as own:
        extra = (f"--client-ca-file={own.plane.webhook_clients}", "--metrics-authorization")
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
    token = _reader(demanding.cluster, "prometheus")
    passed_on = [_passed_on((await _metrics(one, token))[1]) for one in demanding.replicas]
    assert sum(passed_on) > 0


async def test_metrics_are_shown_to_who_may_read_them(demanding: Admitting) -> None:
    cluster = demanding.cluster
    cluster.kubectl("create", "serviceaccount", "nobody", "-n", NAMESPACE)
    nobody = cluster.kubectl("create", "token", "nobody", "-n", NAMESPACE).strip()
    for token, status in [
        ("", 401),
        ("made-up", 401),
        (nobody, 403),
        (_reader(cluster, "reader"), 200),
    ]:
        for replica in demanding.replicas:
            assert (await _metrics(replica, token))[0] == status


def _reader(cluster: Cluster, name: str) -> str:
    """Return the token of a new account that may read metrics, as docs/security.md has it."""
    delegated = ["create", "clusterrolebinding", name, "--clusterrole=system:auth-delegator"]
    cluster.kubectl(*delegated, f"--serviceaccount={NAMESPACE}:metallb-webhooks")
    cluster.kubectl("create", "serviceaccount", name, "-n", NAMESPACE)
    may = ["create", "clusterrolebinding", f"{name}-reads"]
    role = f"--clusterrole={NAMESPACE}:metrics-reader"
    cluster.kubectl(*may, role, f"--serviceaccount={NAMESPACE}:{name}")
    return cluster.kubectl("create", "token", name, "-n", NAMESPACE).strip()


async def _metrics(replica: Replica, token: str) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    url = f"https://127.0.0.1:{replica.port}/metrics"
    async with (
        aiohttp.ClientSession() as session,
        session.get(url, headers=headers, ssl=False) as answer,
    ):
        return answer.status, await answer.text()


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

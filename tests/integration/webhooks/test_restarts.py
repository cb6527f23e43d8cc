"""Replicas and the API server come and go, and no review is refused or left unanswered."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from metallb_kube.client import KubeClient
from metallb_kube.errors import ForbiddenError, KubeError, UnavailableError
from metallb_kube.objects import ObjectRef
from support.admitting import SERVICE, Admitting, Replica
from support.certificates import material
from support.load import load
from support.operating import NAMESPACE
from support.reviews import stored
from support.waiting import wait_for

CONFIGURATION = ObjectRef(
    "admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", None, SERVICE
)

ROLE = ObjectRef("rbac.authorization.k8s.io/v1", "ClusterRole", None, f"{NAMESPACE}:{SERVICE}")


def pool(name: str, *addresses: str) -> dict[str, Any]:
    return stored("IPAddressPool", name, addresses=list(addresses))


def writing(client: KubeClient) -> Any:  # noqa: ANN401 - see load.Write
    async def write(number: int) -> None:
        subnet = f"10.{number // 256 % 256}.{number % 256}.0/24"
        await client.create(pool(f"load-{number}", subnet), dry_run=True)

    return write


async def ready(replica: Replica) -> None:
    await asyncio.to_thread(replica.wait_ready)


async def test_a_rolling_restart_is_not_noticed(admission: Admitting, client: KubeClient) -> None:
    async with load(writing(client)) as found:
        for replica in admission.replicas:
            await found.more(50)
            assert await asyncio.to_thread(replica.process.stop) == 0
            await found.more(50)
            replica.process.start()
            await ready(replica)
        await found.more(50)
    assert found.failures == []


async def test_a_replica_that_is_killed_costs_no_more_than_what_it_was_just_asked(
    admission: Admitting, client: KubeClient
) -> None:
    """API servers do not ask twice; whoever asks them again is answered by the other replica."""
    async with load(writing(client)) as found:
        for replica in admission.replicas:
            await found.more(50)
            before = len(found.failures)
            await asyncio.to_thread(replica.process.kill)
            await found.more(2 * found.workers)
            lost = len(found.failures) - before
            assert lost <= found.workers
            await found.more(50)
            assert len(found.failures) == before + lost
            replica.process.start()
            await ready(replica)
    assert all("failed calling webhook" in failure for failure in found.failures)


async def test_a_restarted_replica_knows_everything(
    admission: Admitting, client: KubeClient
) -> None:
    await client.create(pool("stays", "172.16.0.0/24"))
    replica, other = admission.replicas
    await asyncio.to_thread(replica.process.kill)
    replica.process.start()
    await ready(replica)
    await asyncio.to_thread(other.process.kill)
    with pytest.raises(ForbiddenError, match="stays"):
        await _answered(client, pool("late", "172.16.0.0/25"))
    other.process.start()
    await ready(other)


async def _answered(client: KubeClient, manifest: dict[str, Any]) -> None:
    """Create an object, again as long as the way to the replica that is left is not found."""
    async with asyncio.timeout(10):
        while True:
            try:
                await client.create(manifest)
            except UnavailableError as error:
                if "failed calling webhook" not in str(error):
                    raise
                await asyncio.sleep(0.05)
            else:
                return


async def test_without_any_replica_nothing_is_let_pass(
    admission: Admitting, client: KubeClient
) -> None:
    for replica in admission.replicas:
        await asyncio.to_thread(replica.process.kill)
    with pytest.raises(KubeError, match="failed calling webhook"):
        await client.create(pool("unseen", "172.16.1.0/24"))
    for replica in admission.replicas:
        replica.process.start()
    for replica in admission.replicas:
        await ready(replica)
    await _answered(client, pool("unseen", "172.16.1.0/24"))


async def test_an_authority_that_is_taken_out_is_put_back(
    admission: Admitting, client: KubeClient
) -> None:
    found = dict(await client.get(CONFIGURATION) or {})
    for webhook in found["webhooks"]:
        del webhook["clientConfig"]["caBundle"]
    await client.replace(found)
    await asyncio.to_thread(_wait_published, admission)
    await client.create(pool("after", "172.16.2.0/24"))


def _wait_published(admission: Admitting) -> None:
    def published() -> bool:
        text = admission.cluster.kubectl(
            "get", "validatingwebhookconfiguration", SERVICE, "-o", "json"
        )
        return all("caBundle" in one["clientConfig"] for one in json.loads(text)["webhooks"])

    # Much sooner than the replicas look by themselves.
    wait_for("every webhook has its authority", published, seconds=8)


async def test_an_authority_that_is_not_ours_is_named_as_the_failing_link(
    admission: Admitting, client: KubeClient
) -> None:
    """The replicas see their own certificate as the API server does, and say so themselves."""
    async with _without_publishing(admission, client):
        await _entrust(client, material().bundle)
        for replica in admission.replicas:
            told = await asyncio.to_thread(_told, replica)
            assert "API servers would not trust our certificate: " in told
            assert "certificate verify failed" in told
    for replica in admission.replicas:
        await ready(replica)
    await _answered(client, pool("trusted", "172.16.5.0/24"))


def _told(replica: Replica) -> str:
    def unready() -> str:
        status, text = replica.probe()
        return text if status == 503 else ""

    return wait_for("a replica is unready", unready)


async def _entrust(client: KubeClient, bundle: bytes) -> None:
    found = dict(await client.get(CONFIGURATION) or {})
    for webhook in found["webhooks"]:
        webhook["clientConfig"]["caBundle"] = b64encode(bundle).decode()
    await client.replace(found)


@asynccontextmanager
async def _without_publishing(admission: Admitting, client: KubeClient) -> AsyncIterator[None]:
    """Take from the replicas the right to put their authority right, for a while."""
    role = dict(await client.get(ROLE) or {})
    rules = role["rules"]
    kept = [rule for rule in rules if "patch" not in rule["verbs"]]
    assert len(kept) == len(rules) - 1
    await client.replace(role | {"rules": kept})
    await asyncio.to_thread(_wait_until, admission, "no")
    yield
    role = dict(await client.get(ROLE) or {})
    await client.replace(role | {"rules": rules})
    await asyncio.to_thread(_wait_until, admission, "yes")


def _wait_until(admission: Admitting, can_publish: str) -> None:
    account = f"--as=system:serviceaccount:{NAMESPACE}:{SERVICE}"
    what = f"validatingwebhookconfigurations/{SERVICE}"

    def applies() -> bool:
        asked = admission.cluster.try_kubectl("auth", "can-i", "patch", what, account)
        return bool(asked.stdout.strip() == can_publish)

    wait_for(f"the rights are in effect: {can_publish}", applies)


async def test_only_the_authority_is_ours_in_the_configuration(client: KubeClient) -> None:
    found = await client.get(CONFIGURATION) or {}
    [ours] = [entry for entry in found["metadata"]["managedFields"] if entry["manager"] == SERVICE]
    assert ours["operation"] == "Apply"
    for fields in ours["fieldsV1"]["f:webhooks"].values():
        assert fields == {".": {}, "f:clientConfig": {"f:caBundle": {}}, "f:name": {}}


async def test_a_crash_of_the_api_server_is_survived(admission: Admitting) -> None:
    async with KubeClient.connect(admission.cluster.kubeconfig) as before:
        await before.create(pool("kept", "172.16.3.0/24"))
    admission.cluster.component("kube-apiserver").kill()
    admission.cluster.component("kube-apiserver").start()
    await asyncio.to_thread(admission.cluster.wait_until_serving)
    async with KubeClient.connect(admission.cluster.kubeconfig) as after:
        for replica in admission.replicas:
            assert replica.process.alive
            assert "kept" not in replica.process.log.read_text()
        with pytest.raises(ForbiddenError, match="kept"):
            await after.create(pool("late", "172.16.3.0/25"))
        await after.create(pool("new", "172.16.4.0/24"))
        with pytest.raises(ForbiddenError, match="new"):
            await after.create(pool("later", "172.16.4.0/25"))
        await admission.clear(after)

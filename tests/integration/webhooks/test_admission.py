"""What users see, through a real API server and both replicas."""

import asyncio
import itertools
import random
import ssl
from contextlib import suppress
from typing import Any

import aiohttp
import pytest

from metallb_kube.client import KubeClient
from metallb_kube.errors import ForbiddenError, InvalidError
from metallb_kube.objects import ObjectRef
from metallb_webhooks.paths import PATHS, path_of
from support.admitting import Admitting
from support.reviews import body, review, stored
from support.samples import NAMESPACE
from support.waiting import wait_for

POOL = "IPAddressPool"
JSON = {"Content-Type": "application/json"}
CRD = ObjectRef(
    "apiextensions.k8s.io/v1", "CustomResourceDefinition", None, "ipaddresspools.metallb.io"
)


def pool(name: str, *addresses: Any, space: str = NAMESPACE) -> dict[str, Any]:  # noqa: ANN401 - bad ones, too
    return stored(POOL, name, space, addresses=list(addresses))


def ref(name: str) -> ObjectRef:
    return ObjectRef("metallb.io/v1beta1", POOL, NAMESPACE, name)


def test_replicas_are_ready_under_their_own_rights_without_complaint(
    admission: Admitting,
) -> None:
    for replica in admission.replicas:
        assert replica.ready()
        log = replica.process.log.read_text()
        assert "orbidden" not in log
        assert "Traceback" not in log


def test_a_bad_pool_is_refused_and_kubectl_says_why(admission: Admitting) -> None:
    done = admission.try_apply(pool("bad", "192.0.2.0/99"))
    assert done.returncode == 1
    assert 'webhook "ipaddresspoolvalidationwebhook.metallb.io" denied the request' in done.stderr
    assert "spec.addresses[0]: '192.0.2.0/99' has no valid prefix length" in done.stderr


@pytest.mark.usefixtures("client")
async def test_what_is_only_odd_is_stored_with_a_warning(admission: Admitting) -> None:
    done = admission.try_apply(pool("lonely", "192.0.2.0/28"))
    assert done.returncode == 0
    assert "Warning: metadata.name: no BGPAdvertisement and no L2Advertisement" in done.stderr


async def test_metallb_reads_its_own_namespace_only(client: KubeClient) -> None:
    with pytest.raises(ForbiddenError, match="metallb-system"):
        await client.create(pool("elsewhere", "192.0.2.0/28", space="default"))


@pytest.mark.parametrize("api_version", ["metallb.io/v1beta1", "metallb.io/v1beta2"])
async def test_both_versions_of_a_peer_are_reviewed(api_version: str, client: KubeClient) -> None:
    peer = stored("BGPPeer", "p", "default", myASN=64500, peerASN=64501, peerAddress="192.0.2.1")
    with pytest.raises(ForbiddenError, match="denied the request"):
        await client.create(peer | {"apiVersion": api_version})


async def test_what_was_answered_counts_at_once_at_either_replica(client: KubeClient) -> None:
    """Nothing is waited for between the answer to one write and the next write."""
    for number in range(40):
        await client.create(pool(f"first-{number}", f"10.0.{number}.0/24"))
        with pytest.raises(ForbiddenError, match=f"first-{number}"):
            await client.create(pool(f"second-{number}", f"10.0.{number}.128/25"))


async def test_an_update_that_was_answered_counts_at_once(client: KubeClient) -> None:
    made = await client.create(pool("grows", "10.1.0.0/24"))
    for number in range(1, 20):
        made = await client.replace(made | {"spec": {"addresses": [f"10.1.{number}.0/24"]}})
        with pytest.raises(ForbiddenError, match="grows"):
            await client.create(pool(f"late-{number}", f"10.1.{number}.0/25"))


async def test_a_deletion_that_was_answered_counts_at_once(client: KubeClient) -> None:
    for number in range(20):
        await client.create(pool(f"short-{number}", "10.2.0.0/24"))
        await client.create(pool(f"other-{number}", f"10.2.1.{number}/32"))
        await client.delete(ref(f"short-{number}"))


async def test_forged_reviews_refuse_nobody(admission: Admitting, client: KubeClient) -> None:
    """Nobody has stored the pool, whoever asks about it, at whichever replica, and how often."""
    ghost = body(review(pool("ghost", "10.0.0.0/8")))
    async with _stranger() as session:
        allowed = await _asked_everywhere(session, admission, ghost)
        assert allowed == len(admission.replicas)
        honest = asyncio.create_task(_all_stored(client, [f"10.3.{n}.0/24" for n in range(3)]))
        while not honest.done():
            await _asked_everywhere(session, admission, ghost)
            await asyncio.wait({honest}, timeout=0.1)
    await honest


async def _asked_everywhere(
    session: aiohttp.ClientSession, admission: Admitting, asked: bytes
) -> int:
    """Send a review to each replica; returns how many have allowed it."""
    allowed = 0
    for replica in admission.replicas:
        url = f"https://127.0.0.1:{replica.port}{path_of('metallb.io/v1beta1', POOL)}"
        async with session.post(url, data=asked, headers=JSON) as answer:
            allowed += (await answer.json())["response"]["allowed"]
    return allowed


async def _all_stored(client: KubeClient, subnets: list[str]) -> None:
    for subnet in subnets:
        await client.create(pool(f"honest-{subnet.split('.')[2]}", subnet))


def _stranger() -> aiohttp.ClientSession:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context))


async def test_of_many_that_exclude_each_other_one_is_stored(
    admission: Admitting, client: KubeClient
) -> None:
    """At one replica, even if all of them arrive at once."""
    admission.route(admission.replicas[0])
    outcomes = await asyncio.gather(
        *(client.create(pool(f"rival-{number}", "10.3.0.0/24")) for number in range(10)),
        return_exceptions=True,
    )
    admission.route(*admission.replicas)
    assert sum(isinstance(outcome, dict) for outcome in outcomes) == 1
    assert all(isinstance(one, dict | ForbiddenError) for one in outcomes)


async def test_of_two_at_the_same_instant_at_both_replicas_one_is_stored(
    client: KubeClient,
) -> None:
    """One replica decides for both, and the later one waits until the earlier one is stored."""
    for number in range(20):
        name, addresses = f"twin-{number}", f"10.7.{number}.0/24"
        outcomes = await asyncio.gather(
            *(client.create(pool(f"{name}-{which}", addresses)) for which in range(4)),
            return_exceptions=True,
        )
        assert sum(isinstance(outcome, dict) for outcome in outcomes) == 1
        assert all(isinstance(one, dict | ForbiddenError) for one in outcomes)


async def test_a_dry_run_is_judged_and_forgotten(client: KubeClient) -> None:
    await client.create(pool("dry", "10.4.0.0/24"), dry_run=True)
    await client.create(pool("wet", "10.4.0.0/24"))
    with pytest.raises(ForbiddenError, match="wet"):
        await client.create(pool("dry", "10.4.0.0/24"), dry_run=True)


async def test_an_object_that_is_being_deleted_can_lose_its_finalizers(client: KubeClient) -> None:
    held = pool("held", "10.5.0.0/24")
    held["metadata"]["finalizers"] = ["example.test/held"]
    await client.create(held)
    await client.delete(ref("held"))
    await client.patch(ref("held"), {"metadata": {"finalizers": None}})
    assert await client.get(ref("held")) is None


async def test_a_stored_object_that_is_bad_blocks_nobody(
    admission: Admitting, client: KubeClient
) -> None:
    """It was stored while nobody looked, as after a restore: worse than any schema allows."""
    crd = dict(await client.get(CRD) or {})
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    kept = schema["properties"]["spec"]
    configuration = admission.unregister()
    schema["properties"]["spec"] = {
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": True,
    }
    await client.replace(crd)
    try:
        await _create_soon(client, pool("rotten", 7))
    finally:
        crd = dict(await client.get(CRD) or {})
        crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"] = kept
        await client.replace(crd)
        admission.register(configuration)
    for replica in admission.replicas:
        wait_for(
            "the bad object is known",
            lambda one=replica: "unreadable_objects 1.0" in one.probe("/metrics")[1],  # type: ignore[misc] # bound at once
        )
    await client.create(pool("fine", "10.6.0.0/24"))
    with pytest.raises(ForbiddenError, match="fine"):
        await client.create(pool("late", "10.6.0.0/24"))
    await client.delete(ref("rotten"))


async def _create_soon(client: KubeClient, manifest: dict[str, Any]) -> None:
    """Create an object as soon as the API server has taken a changed schema over."""
    async with asyncio.timeout(20):
        while True:
            try:
                await client.create(manifest)
            except InvalidError:
                await asyncio.sleep(0.05)
            else:
                return


async def test_secrets_are_looked_at_and_never_kept(
    admission: Admitting, client: KubeClient
) -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "bgp", "namespace": NAMESPACE},
        "type": "kubernetes.io/basic-auth",
        "stringData": {"password": "hunter2-in-no-log"},
    }
    await client.create(secret)
    peer = stored("BGPPeer", "p", myASN=64500, peerASN=64501, peerAddress="192.0.2.1")
    peer["spec"]["passwordSecret"] = {"name": "bgp"}
    await client.create(peer)
    for replica in admission.replicas:
        assert "hunter2-in-no-log" not in replica.process.log.read_text()


async def test_random_bytes_cost_nothing(admission: Admitting) -> None:
    """Ten thousand requests of nonsense; memory stays, reviews go on."""
    replica = admission.replicas[0]
    await _throw(replica.port, 2000)
    before = replica.process.resident_mib()
    statuses = await _throw(replica.port, 10_000)
    assert statuses <= {400, 404, 405, 413, 415}
    assert replica.process.resident_mib() - before < 10
    assert replica.ready()
    assert "Traceback" not in replica.process.log.read_text()


async def _throw(port: int, requests: int) -> set[int]:
    dice = random.Random(port)  # noqa: S311 - nonsense need not be secret
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    paths = itertools.cycle([*PATHS, "/", "/nowhere", "/healthz"])
    seen: set[int] = set()
    connector = aiohttp.TCPConnector(ssl=context, limit=4)
    async with aiohttp.ClientSession(f"https://127.0.0.1:{port}", connector=connector) as session:

        async def some(number: int) -> None:
            for _ in range(number):
                raw = dice.randbytes(dice.randrange(2000))
                kind = dice.choice(["application/json", "text/plain"])
                headers = {"Content-Type": kind}
                async with session.post(next(paths), data=raw, headers=headers) as answer:
                    seen.add(answer.status)
                    assert b"Traceback" not in await answer.read()

        await asyncio.gather(*(some(requests // 4) for _ in range(4)))
    for _ in range(requests // 100):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(dice.randbytes(500))
        with suppress(ConnectionError):
            await reader.read()
        writer.close()
    return seen

"""What is put into the API server for measurements, and whom it asks about that."""

import asyncio
import base64
import itertools
from collections.abc import Iterable
from typing import Any, Final

from benchmarks.objects import Asked, announcements, peer, pool
from benchmarks.servers import POD, Server
from cluster import Cluster
from metallb_kube.client import KubeClient
from metallb_kube.errors import ForbiddenError
from metallb_kube.objects import ObjectRef, ref_of
from metallb_webhooks.paths import path_of
from metallb_webhooks.settings import LEASE
from support.samples import NAMESPACE

AT_ONCE: Final = 16
CONFIGURATION: Final = "benchmark"

_LEASE: Final = ObjectRef("coordination.k8s.io/v1", "Lease", NAMESPACE, LEASE)
_KIND: Final = ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration")


def prepare(cluster: Cluster) -> None:
    """Store the Pod that MetalLB's server wants to be."""
    container = {"name": "controller", "image": "example.test/controller"}
    metadata = {"name": POD, "namespace": NAMESPACE}
    spec = {"containers": [container], "schedulerName": "nobody"}
    cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})


async def grow(client: KubeClient, before: int, after: int) -> None:
    """Store pools and peers until there are `after` of each."""
    if not before:
        await _all(client, announcements())
    numbers = range(before, after)
    await _all(client, itertools.chain(map(pool, numbers), map(peer, numbers)))


async def _all(client: KubeClient, manifests: Iterable[dict[str, Any]]) -> None:
    rest = iter(manifests)

    async def work() -> None:
        for manifest in rest:
            await client.create(manifest)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(work())


class Through:
    """Writes through the API server, and takes back what it has stored."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client
        self._made: list[ObjectRef] = []

    async def send(self, asked: Asked) -> bool:
        """Create the object; returns whether it was allowed."""
        try:
            made = await self._client.create(asked.manifest)
        except ForbiddenError:
            return False
        self._made.append(ref_of(made))
        return True

    async def undo(self) -> None:
        """Delete what was created."""
        made, self._made = self._made, []
        await asyncio.gather(*map(self._client.delete, made))


async def vacate(client: KubeClient) -> None:
    """See to it that the next one of our replicas to stand for it leads at once."""
    await client.delete(_LEASE)


async def led(client: KubeClient, seconds: float = 60) -> None:
    """Return when one of our replicas leads."""
    async with asyncio.timeout(seconds):
        while not await _holder(client):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.1)


async def _holder(client: KubeClient) -> str:
    spec = (await client.get(_LEASE) or {}).get("spec") or {}
    return str(spec.get("holderIdentity") or "")


async def ask(client: KubeClient, server: Server) -> None:
    """Have the API server ask this server, and return when it does."""
    await client.create(_configuration(server))
    await _until(client, refused=True)


async def ask_nobody(client: KubeClient) -> None:
    """Have the API server ask nobody, and return when it does not."""
    await client.delete(ObjectRef(*_KIND, None, CONFIGURATION))
    await _until(client, refused=False)


async def _until(client: KubeClient, *, refused: bool, seconds: float = 60) -> None:
    """Wait until an object that is in conflict with a stored one is refused, or is not."""
    async with asyncio.timeout(seconds):
        while await _refuses(client) is not refused:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.1)


async def _refuses(client: KubeClient) -> bool:
    try:
        await client.create(
            {**pool(0), "metadata": {**pool(0)["metadata"], "name": "probe"}}, dry_run=True
        )
    except ForbiddenError:
        return True
    return False


def _configuration(server: Server) -> dict[str, Any]:
    bundle = base64.b64encode(server.authority.read_bytes()).decode()
    rows = (("metallb.io", "v1beta1", "IPAddressPool"), ("metallb.io", "v1beta2", "BGPPeer"))
    return {
        "apiVersion": _KIND[0],
        "kind": _KIND[1],
        "metadata": {"name": CONFIGURATION},
        "webhooks": [
            {
                "name": f"{kind.lower()}.benchmark.test",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "NoneOnDryRun",
                "timeoutSeconds": 30,
                "clientConfig": {
                    "url": server.url + path_of(f"{group}/{version}", kind),
                    "caBundle": bundle,
                },
                "rules": [
                    {
                        "apiGroups": [group],
                        "apiVersions": [version],
                        "operations": ["CREATE"],
                        "resources": [f"{kind.lower()}s"],
                    }
                ],
            }
            for group, version, kind in rows
        ],
    }

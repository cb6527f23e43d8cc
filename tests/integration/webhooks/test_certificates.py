"""The certificate, from nothing through many rotations, before a real API server that asks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from metallb_kube.client import KubeClient
from metallb_kube.errors import KubeError
from metallb_kube.objects import ObjectRef
from metallb_webhooks.certs import Lifetimes
from metallb_webhooks.certstore import OwnCertificate
from metallb_webhooks.desk import Asked
from metallb_webhooks.metrics import Metrics
from metallb_webhooks.owndoor import OwnDoor
from metallb_webhooks.publication import CONFIGURATION, material_of, secret_ref
from metallb_webhooks.review import Verdict
from metallb_webhooks.selftest import RULE
from metallb_webhooks.server import Front, listening
from metallb_webhooks.settings import CONFIGURATION_LABEL, SERVICE, Settings
from support.admitting import Admitting
from support.load import load

SPACE = "rotation"
OWN_UID = "ours"
HASTY = Lifetimes(
    leaf=timedelta(seconds=10),
    leaf_before=timedelta(seconds=7),
    settle=timedelta(seconds=1),
)


async def answer(asked: Asked) -> Verdict:
    if asked.request.uid == OWN_UID:
        return Verdict(allowed=False, message=f"no [{RULE}]")
    return Verdict(allowed=True)


def configuration() -> dict[str, Any]:
    """Ask about ConfigMaps of one namespace."""
    api_version, kind = CONFIGURATION
    key, _, value = CONFIGURATION_LABEL.partition("=")
    path = "/validate-metallb-io-v1beta1-ipaddresspool"
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": SPACE, "labels": {key: value}},
        "webhooks": [
            {
                "name": "configmaps.example.test",
                "clientConfig": {
                    "service": {"name": SERVICE, "namespace": SPACE, "path": path, "port": 443}
                },
                "rules": [
                    {
                        "apiGroups": [""],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE"],
                        "resources": ["configmaps"],
                    }
                ],
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": SPACE}},
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "timeoutSeconds": 5,
            }
        ],
    }


@dataclass(frozen=True, slots=True)
class Replicas:
    """Two certificates at work, each behind a port that allows everything."""

    client: KubeClient
    certificates: tuple[OwnCertificate, ...]
    doors: tuple[OwnDoor, ...]

    async def write(self, number: int) -> object:
        """Create a ConfigMap, dry, which one of the ports is asked about."""
        metadata = {"name": f"c-{number}", "namespace": SPACE}
        manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
        return await self.client.create(manifest, dry_run=True)

    async def stored(self) -> bytes:
        """Return the authorities that are stored, b"" before there are any."""
        material = material_of(await self.client.get(secret_ref(SPACE)))
        return material.bundle if material else b""


@pytest.fixture
async def replicas(admission: Admitting) -> AsyncIterator[Replicas]:
    settings = Settings(SPACE, host="127.0.0.1", port=0, certificate_seconds=0.1)
    open_before = _open_files()
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(KubeClient.connect(admission.cluster.kubeconfig))
        await _prepare(client)
        certificates = tuple(OwnCertificate(client, SPACE, 0.1, lifetimes=HASTY) for _ in range(2))
        ports = [
            await stack.enter_async_context(
                listening(_front(settings), certificate.serving, settings)
            )
            for certificate in certificates
        ]
        backends = [f"127.0.0.1:{port}" for port in ports]
        admission.cluster.route_service(SPACE, SERVICE, backends, ready_path="")
        doors = tuple(
            OwnDoor(certificate, partial(int, port), settings, OWN_UID)
            for certificate, port in zip(certificates, ports, strict=True)
        )
        tasks = [asyncio.create_task(each.run()) for each in (*certificates, *doors)]
        yield Replicas(client, certificates, doors)
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await client.delete(ObjectRef(*CONFIGURATION, None, SPACE))
        await client.delete(ObjectRef("v1", "Namespace", None, SPACE))
    # asyncio waits up to 30 s for the other side to say goodbye (`ssl_shutdown_timeout`).
    async with asyncio.timeout(45):
        while _open_files() > open_before:  # noqa: ASYNC110 - their number is what is waited for
            await asyncio.sleep(0.02)


def _open_files() -> int:
    return len(tuple(Path("/proc/self/fd").iterdir()))


async def _prepare(client: KubeClient) -> None:
    await client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}})
    await client.create(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": SERVICE, "namespace": SPACE},
            "spec": {"ports": [{"port": 443}]},
        }
    )


def _front(settings: Settings) -> Front:
    metrics = Metrics()
    return Front(
        answer,
        blind=str,
        waiting=str,
        scrape=metrics.text,
        metrics=metrics,
        settings=settings,
    )


async def test_from_nothing_through_rotations_without_one_refusal(replicas: Replicas) -> None:
    async with asyncio.timeout(30):
        while not all("no Validating" in one.waiting for one in replicas.certificates):  # noqa: ASYNC110 - the state is what is waited for
            await asyncio.sleep(0.02)
        # Both have made one at the same time, and agree on whose it is.
        first = await replicas.stored()
        await replicas.client.create(configuration())
        while any(one.waiting for one in replicas.certificates):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
        while any(one.trouble for one in replicas.doors):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
        await _trusted(replicas)
    authorities = {first}
    async with load(replicas.write, workers=2) as found:
        for _ in range(80):
            await found.more(2)
            authorities.add(await replicas.stored())
            assert [one.trouble for one in replicas.doors] == ["", ""]
            await asyncio.sleep(0.1)
    assert found.failures == []
    # alone, with its successor, the successor alone, ...
    assert len(authorities) >= 4


async def _trusted(replicas: Replicas) -> None:
    """Wait until the API server has noticed the webhook and its authority."""
    while True:
        try:
            await replicas.write(0)
        except KubeError:
            await asyncio.sleep(0.05)
        else:
            return

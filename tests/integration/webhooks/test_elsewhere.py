"""What others keep in namespaces of theirs costs the webhooks nothing, and refuses nobody."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from metallb_kube.client import KubeClient
from metallb_kube.errors import ForbiddenError
from metallb_kube.objects import ref_of
from support.admitting import Admitting
from support.reviews import stored

SPACE: Final = "tenant"
COUNT: Final = 200
BYTES: Final = 1_000_000
MOST_MEBIBYTES: Final = 128


def configuration(name: str, asn: int, space: str, raw: str = "") -> dict[str, Any]:
    spec = {"bgp": {"routers": [{"asn": asn}]}, "raw": {"rawConfig": raw}}
    return stored("FRRConfiguration", name, space, **spec)


@pytest.fixture
async def made(client: KubeClient) -> AsyncIterator[list[dict[str, Any]]]:
    """A namespace of somebody else's; what is put into the list is deleted in the end."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}}
    await client.apply(namespace, field_manager="tests")
    found: list[dict[str, Any]] = []
    yield found
    for manifest in found:
        await client.delete(ref_of(manifest))


async def test_large_objects_elsewhere_fill_no_memory(
    admission: Admitting, client: KubeClient, made: list[dict[str, Any]]
) -> None:
    text = "!" * BYTES
    # Stored before there were webhooks, which take none so large any more.
    configuration_of_webhooks = await asyncio.to_thread(admission.unregister)
    for number in range(COUNT):
        made.append(configuration(f"large-{number}", 65000, SPACE, text))
        await client.create(made[-1])
    await asyncio.to_thread(admission.register, configuration_of_webhooks)
    for replica in admission.replicas:
        assert await asyncio.to_thread(replica.process.stop) == 0
        # All of them are there when it starts.
        replica.process.start()
        await asyncio.to_thread(replica.wait_ready)
        await client.create(configuration("mine", 64500, "metallb-system"), dry_run=True)
        assert _most_mebibytes(replica.process.pid) < MOST_MEBIBYTES


async def test_objects_elsewhere_refuse_nothing_and_are_refused_for_themselves(
    client: KubeClient, made: list[dict[str, Any]]
) -> None:
    made.append(configuration("theirs", 65000, SPACE))
    await client.create(made[-1])
    made.append(configuration("ours", 64500, "metallb-system"))
    await client.create(made[-1])
    with pytest.raises(ForbiddenError, match=r"FRRConfiguration 'metallb-system/ours'"):
        await client.create(configuration("second", 64501, "metallb-system"))
    bad = configuration("bad", 65000, SPACE)
    bad["spec"]["bgp"]["routers"][0]["neighbors"] = [{"address": "bad", "asn": 1}]
    with pytest.raises(ForbiddenError, match=r"neighbors\[0\]\.address"):
        await client.create(bad)


def _most_mebibytes(pid: int) -> float:
    """Return the most resident memory that a process has had."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    [value] = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(value) / 1024

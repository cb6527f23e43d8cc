"""What a replica answers is what is judged in process, where it is compared with MetalLB."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from itertools import chain
from typing import Any, Final

import aiohttp
import pytest

from metallb_crds.backend import Backend
from metallb_kube.client import KubeClient
from metallb_kube.errors import ForbiddenError, InvalidError
from metallb_kube.objects import ref_of
from metallb_kube.resources import resource_for
from support.admitting import Admitting
from support.parity.generate import situations
from support.parity.kinds import KINDS
from support.parity.ours import judge, snapshot_of
from support.parity.worlds import Case, Manifest, World
from support.reviews import body, review
from support.samples import NAMESPACE

SEED: Final = 1
CASES: Final = 240


@pytest.fixture
async def world(client: KubeClient) -> AsyncIterator[World]:
    """One generated world, as far as API server and webhooks let it be stored."""
    generated = max((one for one, _ in situations(SEED, Backend.FRR_K8S, CASES)), key=_size)
    for thing in generated.stored:
        with suppress(ForbiddenError, InvalidError):
            await client.create(thing)
    nodes = (await client.list(resource_for("v1", "Node"))).items
    yield World(tuple(await _stored(client)), tuple(nodes))
    # Last what others refer to.
    for thing in sorted(await _stored(client), key=lambda one: one["kind"] == "BFDProfile"):
        await client.delete(ref_of(thing))


async def test_a_replica_answers_what_is_judged_in_process(
    admission: Admitting, world: World
) -> None:
    assert _size(world) >= 8
    cases = tuple(chain(*(asked for _, asked in situations(SEED, Backend.FRR_K8S, CASES))))
    snapshot = snapshot_of(world)
    judged = [judge(Backend.FRR_K8S, snapshot, case) for case in cases]
    wanted = [(one.allowed, one.message) for one in judged]
    served = [one async for one in _served(admission.replicas[0].port, cases)]
    assert served == wanted
    assert {one.allowed for one in judged} == {True, False}


def _size(world: World) -> int:
    return len(world.stored)


async def _stored(client: KubeClient) -> list[Manifest]:
    listings = [
        await client.list(resource_for(kind.api_version, kind.name), namespace=NAMESPACE)
        for kind in KINDS.values()
    ]
    return [item for listing in listings for item in listing.items]


async def _served(port: int, cases: tuple[Case, ...]) -> AsyncIterator[tuple[bool, str]]:
    """Yield verdict and message; dry, so that no replica takes what it allows for stored."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connector = aiohttp.TCPConnector(ssl=context, limit=1)
    async with aiohttp.ClientSession(f"https://127.0.0.1:{port}", connector=connector) as session:
        for case in cases:
            new, old = (None if one is None else dict(one) for one in (case.new, case.old))
            async with session.post(
                KINDS[case.kind].path,
                data=body(review(new, old, dry_run=True)),
                headers={"Content-Type": "application/json"},
            ) as response:
                answer: Mapping[str, Any] = (await response.json())["response"]
            yield answer["allowed"], answer.get("status", {}).get("message", "")

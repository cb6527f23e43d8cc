"""Every row of the truth table is a status that the real API server takes, and takes once."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from cluster import Cluster
from metallb_kube.client import KubeClient
from metallb_kube.objects import Manifest, ObjectRef
from metallb_operator.conditions import LONGEST_MESSAGE, Reason, transitions
from metallb_operator.events import Note, of_transitions
from metallb_operator.report import Reporter
from metallb_operator.situation import Problem, Situation
from metallb_operator.status import judge, status
from support.observed import NOW
from support.situations import ROWS
from support.truth import LIMITS, Row

SPACE: Final = "statuses"
REF: Final = ObjectRef("metallb.io/v1beta1", "MetalLB", SPACE, "metallb")
CRDS: Final = Path(__file__).parents[3] / "crds"

every = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name.replace(" ", "-"))


@pytest.fixture(scope="module")
def prepared(cluster: Cluster) -> Cluster:
    files = [f"--filename={path}" for path in sorted(CRDS.glob("*metallbs*.yaml"))]
    cluster.kubectl("apply", "--server-side", *files)
    cluster.kubectl("wait", "--for=condition=Established", "crd/metallbs.metallb.io")
    cluster.kubectl("create", "namespace", SPACE)
    return cluster


@pytest.fixture
async def client(prepared: Cluster) -> AsyncIterator[KubeClient]:
    async with KubeClient.connect(prepared.kubeconfig) as connected:
        yield connected


@pytest.fixture
async def metallb(client: KubeClient) -> AsyncIterator[Manifest]:
    """A new MetalLB object, as stored."""
    yield await client.create(
        {
            "apiVersion": REF.api_version,
            "kind": REF.kind,
            "metadata": {"name": REF.name, "namespace": SPACE},
            "spec": {},
        }
    )
    await client.delete(REF)


def wanted(row: Row) -> dict[str, Any]:
    return status(row.situation, row.verdicts(), row.previous, NOW)


@every
async def test_the_status_is_stored_as_it_is(
    client: KubeClient, metallb: Manifest, row: Row
) -> None:
    reporter = Reporter(client)
    changes = transitions(row.verdicts(), ())
    await reporter.report(metallb, wanted(row), of_transitions(changes, row.verdicts()), NOW)
    stored = await client.get(REF)
    assert stored is not None
    assert stored["status"] == wanted(row)
    sent = client.requests
    await reporter.report(stored, wanted(row), (), NOW)
    assert (reporter.status_writes, client.requests) == (1, sent)


async def test_another_process_does_not_write_what_is_stored(
    prepared: Cluster, client: KubeClient, metallb: Manifest
) -> None:
    row = ROWS[0]
    await Reporter(client).report(metallb, wanted(row), (), NOW)
    stored = await client.get(REF)
    assert stored is not None
    start = prepared.audit_position()
    await Reporter(client).report(stored, wanted(row), (), NOW)
    await client.get(REF)
    verbs = [
        event["verb"]
        for event in prepared.audit(start)
        if event.get("objectRef", {}).get("namespace") == SPACE
    ]
    assert "patch" not in verbs


async def test_events_are_stored_about_the_object(
    prepared: Cluster, client: KubeClient, metallb: Manifest
) -> None:
    notes = [Note("DegradedForbidden", "x" * 5000, warning=True), Note("Adopted", "took over it")]
    await Reporter(client).report(metallb, wanted(ROWS[0]), notes, NOW)
    found = prepared.get("events", namespace=SPACE) or {}
    told = {
        (event["type"], event["reason"], len(event["message"]))
        for event in found["items"]
        if event["involvedObject"]["uid"] == metallb["metadata"]["uid"]
    }
    assert told == {("Warning", "DegradedForbidden", 1024), ("Normal", "Adopted", 12)}


async def test_the_longest_message_is_taken(client: KubeClient, metallb: Manifest) -> None:
    problem = Problem(Reason.REFUSED_BY_API_SERVER, "ü" * 2 * LONGEST_MESSAGE)
    situation = Situation(1, problems=(problem,))
    verdicts = judge(situation, {}, limits=LIMITS, now=NOW)
    reporter = Reporter(client)
    await reporter.report(metallb, status(situation, verdicts, {}, NOW), (), NOW)
    assert reporter.status_writes == 1


async def test_a_namesake_does_not_inherit_a_status(client: KubeClient, metallb: Manifest) -> None:
    former = {**metallb, "metadata": {**metallb["metadata"], "uid": "of-another"}}
    reporter = Reporter(client)
    await reporter.report(former, wanted(ROWS[0]), (), NOW)
    stored = await client.get(REF)
    assert stored is not None
    assert "status" not in stored
    assert reporter.status_writes == 0


async def test_an_object_that_is_gone_is_no_error(client: KubeClient, metallb: Manifest) -> None:
    await client.delete(REF)
    reporter = Reporter(client)
    await reporter.report(metallb, wanted(ROWS[0]), [Note("Adopted", "took over it")], NOW)
    assert reporter.status_writes == 0

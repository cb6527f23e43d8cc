import asyncio
import itertools

import pytest

from benchmarks.measuring import Budget, Times, WrongVerdictError, measured
from benchmarks.objects import DENIED_EVERY, Asked, announcements, peer, pool, stream
from benchmarks.objects import KINDS as EVERY_KIND
from benchmarks.results import kind_row, kinds_table, row, table
from benchmarks.servers import METALLB, OURS
from metallb_webhooks.reading import REVIEWED, read
from metallb_webhooks.service import judge
from metallb_webhooks.settings import Settings
from metallb_webhooks.snapshot import Snapshot
from support.samples import NAMESPACE, node

KINDS = ("IPAddressPool", "BGPPeer")


@pytest.mark.parametrize("kind", KINDS)
def test_verdicts_are_the_expected_ones_over_what_is_stored(kind: str) -> None:
    numbers = range(5000, 4900, -1)
    manifests = (pool(0), peer(0), *map(pool, numbers), *map(peer, numbers), *announcements())
    stored = [read(one["apiVersion"], one["kind"], one) for one in manifests]
    snapshot = Snapshot.of(*stored, node("n"))
    asked = list(itertools.islice(stream(kind), 10 * DENIED_EVERY))
    assert [one.allowed for one in asked].count(False) == 10
    for one in asked:
        assert judge(one.request(), snapshot, Settings(NAMESPACE)).allowed is one.allowed


@pytest.mark.parametrize("kind", KINDS)
def test_no_object_is_reviewed_twice(kind: str) -> None:
    asked = itertools.islice(stream(kind), 700)
    assert len({one.manifest["metadata"]["name"] for one in asked}) == 700


@pytest.mark.parametrize(
    ("share", "milliseconds"), [(0.0, 1.0), (0.5, 2.0), (0.75, 3.0), (0.99, 4.0), (1.0, 4.0)]
)
def test_percentiles_are_times_that_were_measured(share: float, milliseconds: float) -> None:
    assert Times((1.0, 2.0, 3.0, 4.0), 1.0).percentile(share) == milliseconds


@pytest.mark.parametrize(
    ("clients", "budget", "sent"),
    [(1, Budget(7, 60.0), 7), (8, Budget(7, 60.0), 7), (3, Budget(100, 0.0), 3)],
)
async def test_a_budget_ends_by_number_or_by_time(clients: int, budget: Budget, sent: int) -> None:
    async def send(asked: Asked) -> bool:
        await asyncio.sleep(0)
        return asked.allowed

    times = await measured(send, stream("BGPPeer"), clients, budget)
    assert len(times.milliseconds) == sent
    assert times.milliseconds == tuple(sorted(times.milliseconds))


async def test_a_wrong_verdict_ends_the_run() -> None:
    async def send(_asked: Asked) -> bool:
        return True

    with pytest.raises(WrongVerdictError, match="new-peer-20"):
        await measured(send, stream("BGPPeer"), 1, Budget(50, 60.0))


def test_ours_is_put_beside_metallb() -> None:
    fast, slow = Times((2.0,), 1.0), Times((8.0,), 1.0)
    rows = [
        row(
            name,
            10,
            alone=times,
            together=times,
            writes=times,
            resident_mib=50.0,
            ready_seconds=1.0,
        )
        for name, times in ((METALLB, slow), (OURS, fast))
    ]
    made = table(rows, {10: 1.5})
    cells = [list(column.cells) for column in made.columns]
    assert cells[2] == ["8.00", "2.00 (0.25x)"]
    assert cells[7] == ["8.0 (+6.5)", "2.0 (+0.5)"]


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_what_is_reviewed_of_each_kind_is_allowed_as_it_says(kind: str) -> None:
    manifests = [pool(0), peer(0), *announcements()]
    stored = [read(one["apiVersion"], one["kind"], one) for one in manifests]
    snapshot = Snapshot.of(*stored, node("n"))
    for asked in itertools.islice(stream(kind), DENIED_EVERY + 1):
        verdict = judge(asked.request(), snapshot, Settings(NAMESPACE))
        assert verdict.allowed is asked.allowed, verdict.message


def test_there_is_a_row_a_kind() -> None:
    times = Times((1.0, 2.0, 9.0), 1.0)
    rows = [kind_row(kind, size, times) for size in (10, 1000) for kind in EVERY_KIND]
    cells = [list(column.cells) for column in kinds_table(rows).columns]
    assert cells == [list(EVERY_KIND), *[["2.00 / 9.00"] * len(EVERY_KIND)] * 2]
    assert set(EVERY_KIND) == {kind for _, kind in REVIEWED}

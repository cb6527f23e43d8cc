import asyncio
from typing import Any

import pytest

from metallb_crds.config_v1beta1 import IPAddressPool
from metallb_webhooks.index import Index
from metallb_webhooks.pending import Pending
from support.samples import NAMESPACE, pool

POOL = "IPAddressPool"


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def allowed(name: str, uid: str = "u1") -> IPAddressPool:
    made = pool(name, "192.0.2.0/28")
    return made.model_copy(update={"metadata": made.metadata.model_copy(update={"uid": uid})})


def shown(version: str, uid: str = "u1") -> dict[str, Any]:
    return {"metadata": {"namespace": NAMESPACE, "uid": uid, "resourceVersion": version}}


def test_nothing_is_pending_at_first() -> None:
    assert Pending(3.0).over(Index()) is None


def test_what_was_allowed_lies_over_what_is_stored() -> None:
    pending = Pending(3.0)
    pending.add(allowed("a"), after=0)
    over = pending.over(Index([pool("a", "198.51.100.0/28"), pool("b", "203.0.113.0/28")]))
    assert over is not None
    assert over.pools["a"].spec.addresses == ("192.0.2.0/28",)
    assert set(over.pools) == {"a", "b"}


@pytest.mark.parametrize(
    ("after", "version", "uid", "still"),
    [
        (0, "5", "u1", False),
        (5, "6", "u1", False),
        # what was stored before, told late
        (5, "5", "u1", True),
        (5, "4", "u1", True),
        # an object of the same name that is no more
        (0, "5", "u0", True),
    ],
)
def test_it_is_forgotten_when_a_watch_shows_it(
    after: int, version: str, uid: str, *, still: bool
) -> None:
    pending = Pending(3.0)
    pending.add(allowed("a"), after=after)
    pending.seen(POOL, "a", shown(version, uid))
    assert (pending.over(Index()) is not None) is still


def test_it_is_overdue_after_some_time_and_counts_until_a_list_has_told() -> None:
    clock = Clock()
    pending = Pending(3.0, clock)
    pending.add(allowed("a"), after=0)
    clock.now += 2
    pending.add(allowed("b"), after=0)
    clock.now += 1.5
    overdue = pending.overdue
    assert [thing.metadata.name for thing in overdue] == ["a"]
    over = pending.over(Index())
    assert over is not None
    assert set(over.pools) == {"a", "b"}
    pending.settle(overdue)
    assert pending.overdue == ()
    over = pending.over(Index())
    assert over is not None
    assert set(over.pools) == {"b"}


def test_what_is_overdue_is_forgotten_when_a_watch_shows_it() -> None:
    clock = Clock()
    pending = Pending(3.0, clock)
    pending.add(allowed("a"), after=0)
    clock.now += 4
    assert pending.overdue
    pending.seen(POOL, "a", shown("5"))
    assert pending.overdue == ()
    assert pending.over(Index()) is None


def test_a_list_does_not_tell_of_what_was_allowed_while_it_was_read() -> None:
    clock = Clock()
    pending = Pending(3.0, clock)
    pending.add(allowed("a"), after=0)
    clock.now += 4
    overdue = pending.overdue
    pending.add(allowed("a"), after=0)
    pending.settle(overdue)
    assert pending.over(Index()) is not None
    clock.now += 4
    assert pending.overdue
    pending.settle(overdue)
    assert pending.overdue


def test_allowing_it_again_begins_anew() -> None:
    clock = Clock()
    pending = Pending(3.0, clock)
    for _ in range(3):
        pending.add(allowed("a"), after=0)
        clock.now += 2
    assert pending.over(Index()) is not None


async def test_waiting_ends_when_something_is_shown() -> None:
    pending = Pending(60.0)
    pending.add(allowed("a"), after=0)
    waiting = asyncio.create_task(pending.less())
    await asyncio.sleep(0)
    assert not waiting.done()
    pending.seen(POOL, "a", shown("5"))
    async with asyncio.timeout(5):
        await waiting


async def test_waiting_ends_when_something_is_overdue() -> None:
    pending = Pending(0.01)
    pending.add(allowed("a"), after=0)
    async with asyncio.timeout(5):
        await pending.less()
    assert pending.empty
    assert pending.overdue


async def test_there_is_no_waiting_for_nothing() -> None:
    async with asyncio.timeout(5):
        await Pending(60.0).less()


@pytest.mark.parametrize(
    ("uid", "version", "still"),
    [("u1", "6", False), ("u1", "5", True), ("u0", "6", True)],
)
def test_a_deletion_is_pending_until_it_is_shown(uid: str, version: str, *, still: bool) -> None:
    pending = Pending(3.0)
    pending.add(allowed("a"), after=5, gone=True)
    over = pending.over(Index([pool("a", "192.0.2.0/28"), pool("b", "203.0.113.0/28")]))
    assert over is not None
    assert set(over.pools) == {"b"}
    pending.seen(POOL, "a", shown(version, uid))
    assert pending.empty is not still


def test_an_object_made_again_takes_the_place_of_its_deletion() -> None:
    pending = Pending(3.0)
    pending.add(allowed("a", "u1"), after=5, gone=True)
    pending.add(allowed("a", "u2"), after=0)
    over = pending.over(Index([pool("a", "192.0.2.0/28")]))
    assert over is not None
    assert over.pools["a"].metadata.uid == "u2"


@pytest.mark.parametrize(("count", "size", "left"), [(1200, 10, 1000), (10, 2**20, 4)])
def test_what_is_left_behind_is_bounded(count: int, size: int, left: int) -> None:
    """Whoever reaches the port must not fill the memory; the oldest is forgotten."""
    pending = Pending(3.0)
    for number in range(count):
        pending.add(allowed(f"p{number}"), after=0, size=size)
    over = pending.over(Index())
    assert over is not None
    assert set(over.pools) == {f"p{number}" for number in range(count - left, count)}
    for number in range(count):
        pending.seen(POOL, f"p{number}", shown("1"))
    pending.add(allowed("last"), after=0, size=4 * 2**20)
    over = pending.over(Index())
    assert over is not None
    assert set(over.pools) == {"last"}

"""The way of a review, over an index that the test fills."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from metallb_crds.frrk8s_v1beta1 import FRRConfiguration
from metallb_webhooks.freshness import concerned
from metallb_webhooks.index import Index
from metallb_webhooks.pending import Pending
from metallb_webhooks.review import ReviewRequest
from metallb_webhooks.reviewer import Reviewer
from metallb_webhooks.rules.base import Finding, Operation, Request
from metallb_webhooks.settings import Settings
from support.reviews import review, stored
from support.samples import NAMESPACE, node, pool

SETTINGS = Settings(NAMESPACE, pending_seconds=5.0)
POOL = "IPAddressPool"


class Refreshing:
    """Notes which kinds are read; leaves only these FRR configurations in the index then."""

    def __init__(self, index: Index, refreshed: Iterable[Any] | None = None) -> None:
        self.index = index
        self.refreshed = refreshed
        self.works = True
        self.stored: tuple[Any, ...] = ()
        self.calls: list[tuple[str, ...]] = []

    async def __call__(self, kinds: tuple[str, ...]) -> bool:
        self.calls.append(kinds)
        if self.refreshed is not None:
            self.index.replace("FRRConfiguration", self.refreshed)
        for thing in self.stored if self.works else ():
            self.index.put(thing)
        return self.works


class Desk:
    """A reviewer and everything around it."""

    def __init__(
        self,
        *objects: Any,  # noqa: ANN401 - of any kind
        refreshed: Iterable[Any] | None = None,
        pending: Pending | None = None,
        settings: Settings = SETTINGS,
    ) -> None:
        self.index = Index(objects)
        self.pending = pending or Pending(SETTINGS.pending_seconds)
        self.refresh = Refreshing(self.index, refreshed)
        self.behind: tuple[str, ...] = ()
        self.reviewer = Reviewer(
            self.index, self.pending, self.refresh, settings, behind=lambda: self.behind
        )

    async def allows(self, request: ReviewRequest, *, refreshed: bool = False) -> bool:
        async with asyncio.timeout(10):
            return (await self.reviewer.review(request, refreshed=refreshed)).allowed


def new(name: str, *addresses: str, space: str = NAMESPACE) -> dict[str, Any]:
    made = stored(POOL, name, space, addresses=list(addresses))
    made["metadata"]["uid"] = f"uid-{name}"
    return made


def shown(name: str) -> dict[str, Any]:
    made = new(name)
    made["metadata"]["resourceVersion"] = "77"
    return made


def configuration(name: str, asn: int) -> dict[str, Any]:
    return stored("FRRConfiguration", name, bgp={"routers": [{"asn": asn}]})


FIRST = new("first", "192.0.2.0/28")
SECOND = new("second", "192.0.2.8/29")


async def test_what_is_allowed_is_pending() -> None:
    desk = Desk()
    assert await desk.allows(review(FIRST))
    over = desk.pending.over(desk.index)
    assert over is not None
    assert set(over.pools) == {"first"}
    assert desk.refresh.calls == []


@pytest.mark.parametrize(("version", "still"), [("41", True), ("42", False)])
async def test_an_update_is_pending_until_something_younger_is_shown(
    version: str, *, still: bool
) -> None:
    desk = Desk()
    old = new("first", "192.0.2.0/29")
    old["metadata"]["resourceVersion"] = "41"
    assert await desk.allows(review(FIRST, old))
    told = new("first")
    told["metadata"]["resourceVersion"] = version
    desk.pending.seen(POOL, "first", told)
    assert desk.pending.empty is not still


async def test_a_dry_run_leaves_no_trace() -> None:
    desk = Desk()
    assert await desk.allows(review(FIRST, dry_run=True))
    assert desk.pending.empty
    assert await desk.allows(review(SECOND))


async def test_what_is_refused_is_not_pending() -> None:
    desk = Desk(pool("first", "192.0.2.0/28"))
    assert not await desk.allows(review(SECOND))
    assert desk.pending.empty


async def test_an_object_that_metallb_does_not_read_concerns_nobody() -> None:
    desk = Desk()
    elsewhere = stored("Community", "first", "elsewhere")
    verdict = await desk.reviewer.review(review(elsewhere))
    assert desk.pending.empty
    assert desk.reviewer.alone(review(elsewhere)) == verdict


@pytest.mark.parametrize(
    "bad",
    [
        new("bad", "192.0.2.0/99"),
        stored(POOL, "bad", addresses=7),
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}},
    ],
)
async def test_what_is_wrong_in_itself_needs_nobody_else(bad: dict[str, Any]) -> None:
    desk = Desk(pool("first", "192.0.2.0/28"))
    alone = desk.reviewer.alone(review(bad))
    assert alone is not None
    assert not alone.allowed
    assert alone == await desk.reviewer.review(review(bad))
    assert desk.refresh.calls == []


@pytest.mark.parametrize(
    ("asked", "alone"),
    [
        (review(FIRST, FIRST), True),  # changes nothing
        (review(FIRST, subresource="status"), True),
        (review(FIRST), False),
        (review(FIRST, new("first", "192.0.2.0/29")), False),
        (review(None, FIRST), False),  # others may rest on it
        (review(SECOND), False),  # wrong only beside what is stored
    ],
)
async def test_what_matters_to_others_is_not_decided_alone(
    asked: ReviewRequest, *, alone: bool
) -> None:
    desk = Desk(pool("first", "192.0.2.0/28"))
    assert (desk.reviewer.alone(asked) is not None) is alone


async def test_an_unknown_kind_is_denied_by_name() -> None:
    request = review({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}})
    verdict = await Desk().reviewer.review(request)
    assert verdict.code == 400
    assert "v1 ConfigMap is not reviewed here" in verdict.message


async def test_what_is_stored_is_made_sure_of_if_asked_for() -> None:
    desk = Desk()
    assert await desk.allows(review(FIRST), refreshed=True)
    assert desk.refresh.calls == [concerned(POOL, Operation.CREATE)]


async def test_what_changes_without_a_review_is_read_before_a_denial() -> None:
    made = configuration("second", 64502)
    there = FRRConfiguration.parse(configuration("first", 64501))
    desk = Desk(node("n"), there)
    assert not await desk.allows(review(made))
    assert desk.refresh.calls == [("FRRConfiguration",)]
    desk = Desk(node("n"), there, refreshed=[])
    assert await desk.allows(review(made))
    assert desk.refresh.calls == [("FRRConfiguration",)]


async def test_what_is_pending_denies_nothing_until_it_is_stored() -> None:
    desk = Desk()
    assert await desk.allows(review(FIRST))
    second = asyncio.create_task(desk.allows(review(SECOND)))
    await asyncio.sleep(0)
    assert not second.done()
    desk.index.put(pool("first", "192.0.2.0/28"))
    desk.pending.seen(POOL, "first", shown("first"))
    assert not await second


async def test_what_was_pending_and_refused_elsewhere_is_in_nobodys_way() -> None:
    desk = Desk(pending=Pending(0.05))
    assert await desk.allows(review(FIRST))
    assert await desk.allows(review(SECOND))
    assert desk.refresh.calls == [(POOL,)]


async def test_what_a_watch_that_is_down_has_not_shown_is_read() -> None:
    desk = Desk(pending=Pending(0.05))
    desk.refresh.stored = (pool("first", "192.0.2.0/28"),)
    assert await desk.allows(review(FIRST))
    assert not await desk.allows(review(SECOND))
    assert desk.refresh.calls == [(POOL,)]
    assert desk.pending.overdue == ()


async def test_what_can_neither_be_watched_nor_read_is_taken_to_be_stored() -> None:
    desk = Desk(pending=Pending(0.05))
    desk.refresh.works = False
    assert await desk.allows(review(FIRST))
    assert not await desk.allows(review(SECOND))
    assert await desk.allows(review(new("third", "203.0.113.0/28")))
    desk.refresh.works = True
    assert await desk.allows(review(SECOND))


async def test_what_changes_nothing_is_not_pending() -> None:
    old = FIRST | {"metadata": FIRST["metadata"] | {"resourceVersion": "41"}}
    desk = Desk(pool("first", "192.0.2.0/28"))
    assert await desk.allows(review(old, old))
    assert desk.pending.empty


async def test_of_two_that_exclude_each_other_at_most_one_is_allowed_at_once() -> None:
    desk = Desk()
    both = [asyncio.create_task(desk.allows(review(one))) for one in (FIRST, SECOND)]
    done, waiting = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    assert [task.result() for task in done] == [True]
    desk.index.put(pool("first", "192.0.2.0/28"))
    desk.pending.seen(POOL, "first", shown("first"))
    assert [await task for task in waiting] == [False]


async def test_space_that_is_about_to_be_given_up_is_not_free_yet() -> None:
    wide, narrow = new("first", "192.0.2.0/28"), new("first", "192.0.2.0/29")
    desk = Desk(pool("first", "192.0.2.0/28"))
    assert await desk.allows(review(narrow, wide))
    second = asyncio.create_task(desk.allows(review(SECOND)))
    await asyncio.sleep(0)
    assert not second.done()
    desk.index.put(pool("first", "192.0.2.0/29"))
    desk.pending.seen(POOL, "first", shown("first"))
    assert await second


async def test_space_is_free_once_its_deletion_is_shown() -> None:
    first = new("first", "192.0.2.0/28")
    desk = Desk(pool("first", "192.0.2.0/28"))
    assert await desk.allows(review(None, first))
    second = asyncio.create_task(desk.allows(review(SECOND)))
    await asyncio.sleep(0)
    assert not second.done()
    desk.index.remove(POOL, "first")
    desk.pending.seen(POOL, "first", shown("first"))
    assert await second


async def test_a_mistake_of_ours_is_a_denial_that_tells_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(_request: Request[Any], _kind: str, _raised: frozenset[str], /) -> list[Finding]:
        raise ZeroDivisionError("secret inside")

    index = Index()
    reviewer = Reviewer(index, Pending(1.0), Refreshing(index), SETTINGS, evaluate=broken)
    for verdict in (await reviewer.review(review(FIRST)), reviewer.alone(review(FIRST))):
        assert verdict is not None
        assert not verdict.allowed
        assert verdict.code == 500
        assert "secret inside" not in verdict.message
    assert caplog.text.count("ZeroDivisionError: secret inside") == 2


async def test_no_name_forges_lines_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_request: Request[Any], _kind: str, _raised: frozenset[str], /) -> list[Finding]:
        raise ZeroDivisionError

    index = Index()
    reviewer = Reviewer(index, Pending(1.0), Refreshing(index), SETTINGS, evaluate=broken)
    forged = replace(review(FIRST), name="a\n2026-01-01 INFO forged\x1b[2J\u202e" + "x" * 1000)
    await reviewer.review(forged)
    reviewer.alone(forged)
    messages = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(messages) == 2
    assert all(one.isprintable() and len(one) < 400 for one in messages)


async def test_what_is_not_followed_is_read_first() -> None:
    desk = Desk()
    desk.behind = (POOL, "Node")
    desk.refresh.stored = (pool("unheard", "192.0.2.0/28"),)
    assert not await desk.allows(review(SECOND))
    assert desk.refresh.calls == [(POOL,)]


async def test_what_can_neither_be_followed_nor_read_is_not_guessed() -> None:
    desk = Desk()
    desk.behind = (POOL, "Node")
    desk.refresh.works = False
    verdict = await desk.reviewer.review(review(FIRST))
    assert (verdict.allowed, verdict.code) == (False, 500)
    assert "cannot read what is stored of IPAddressPool; try again" in verdict.message
    wrong = await desk.reviewer.review(review(new("wrong", "no address")))
    assert "pool-address-syntax" in wrong.rules
    desk.behind = ("Community",)
    assert await desk.allows(review(FIRST))


async def test_a_stream_of_what_is_never_stored_refuses_nobody() -> None:
    """Anybody may send reviews, and again before the last one is forgotten."""
    desk = Desk(pending=Pending(0.05), settings=replace(SETTINGS, pending_seconds=0.05))
    assert await desk.allows(review(FIRST))
    honest = asyncio.create_task(desk.allows(review(SECOND)))
    while not honest.done():
        assert await desk.allows(review(FIRST))
        await asyncio.wait({honest}, timeout=0.01)
    assert await honest
    assert concerned(POOL, Operation.CREATE) in desk.refresh.calls

"""The way of a review, over an index that the test fills."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from metallb_webhooks.index import Index
from metallb_webhooks.ledger import Entry
from metallb_webhooks.pending import Pending
from metallb_webhooks.review import ReviewRequest
from metallb_webhooks.reviewer import Believed, Reviewer
from metallb_webhooks.rules.base import Finding, Request
from metallb_webhooks.settings import Settings
from support.reviews import review, stored
from support.samples import NAMESPACE, pool

SETTINGS = Settings(NAMESPACE, pending_seconds=5.0)
POOL = "IPAddressPool"


class Recorded(Believed):
    """Notes what it is asked for; a refresh leaves only these in the index."""

    def __init__(self, index: Index, refreshed: Iterable[Any] | None = None) -> None:
        self.index = index
        self.refreshed = refreshed
        self.calls: list[str] = []
        self.noted: list[Entry] = []

    async def catch_up(self, _kinds: tuple[str, ...], /) -> None:
        self.calls.append("catch up")

    async def refresh(self, _kinds: tuple[str, ...], /) -> None:
        self.calls.append("refresh")
        if self.refreshed is not None:
            self.index.replace(POOL, self.refreshed)

    async def note(self, entry: Entry, /) -> None:
        self.calls.append("note")
        self.noted.append(entry)


class Desk:
    """A reviewer and everything around it."""

    def __init__(self, *objects: Any, refreshed: Iterable[Any] | None = None) -> None:  # noqa: ANN401 - of any kind
        self.index = Index(objects)
        self.pending = Pending(SETTINGS.pending_seconds)
        self.knowledge = Recorded(self.index, refreshed)
        self.reviewer = Reviewer(self.index, self.pending, self.knowledge, SETTINGS)

    async def allows(self, request: ReviewRequest) -> bool:
        async with asyncio.timeout(10):
            return (await self.reviewer.review(request)).allowed


def new(name: str, *addresses: str, space: str = NAMESPACE) -> dict[str, Any]:
    made = stored(POOL, name, space, addresses=list(addresses))
    made["metadata"]["uid"] = f"uid-{name}"
    return made


def shown(name: str) -> dict[str, Any]:
    made = new(name)
    made["metadata"]["resourceVersion"] = "77"
    return made


FIRST = new("first", "192.0.2.0/28")
SECOND = new("second", "192.0.2.8/29")


async def test_an_allowed_object_is_told_to_the_other_replica_before_the_answer() -> None:
    desk = Desk()
    assert await desk.allows(review(FIRST))
    assert desk.knowledge.calls == ["catch up", "note"]
    assert desk.knowledge.noted == [Entry(POOL, NAMESPACE, "first", "uid-first", 0, gone=False)]


async def test_an_update_is_told_with_the_version_that_it_replaces() -> None:
    desk = Desk()
    old = new("first", "192.0.2.0/29")
    old["metadata"]["resourceVersion"] = "41"
    assert await desk.allows(review(FIRST, old))
    assert [entry.after for entry in desk.knowledge.noted] == [41]


async def test_a_deletion_is_told_and_nothing_waits_for_it() -> None:
    desk = Desk()
    assert await desk.allows(review(None, FIRST))
    assert [entry.gone for entry in desk.knowledge.noted] == [True]
    assert desk.pending.over(desk.index) is None


async def test_a_dry_run_leaves_no_trace() -> None:
    desk = Desk()
    assert await desk.allows(review(FIRST, dry_run=True))
    assert not desk.knowledge.noted
    assert await desk.allows(review(SECOND))


async def test_an_object_that_metallb_does_not_read_concerns_nobody() -> None:
    desk = Desk()
    assert not await desk.allows(review(new("first", "192.0.2.0/28", space="elsewhere")))
    assert not desk.knowledge.calls


@pytest.mark.parametrize(
    "bad",
    [
        new("bad", "192.0.2.0/99"),
        stored(POOL, "bad", addresses=7),
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}},
    ],
)
async def test_what_is_wrong_in_itself_is_denied_without_another_look(bad: dict[str, Any]) -> None:
    desk = Desk()
    assert not await desk.allows(review(bad))
    assert "refresh" not in desk.knowledge.calls
    assert not desk.knowledge.noted


async def test_an_unknown_kind_is_denied_by_name() -> None:
    request = review({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}})
    verdict = await Desk().reviewer.review(request)
    assert verdict.code == 400
    assert "v1 ConfigMap is not reviewed here" in verdict.message


async def test_a_denial_for_what_is_stored_is_confirmed() -> None:
    desk = Desk(pool("first", "192.0.2.0/28"))
    assert not await desk.allows(review(SECOND))
    assert desk.knowledge.calls == ["catch up", "refresh"]


async def test_a_denial_for_what_is_gone_becomes_none() -> None:
    desk = Desk(pool("first", "192.0.2.0/28"), refreshed=[])
    assert await desk.allows(review(SECOND))
    assert desk.knowledge.calls == ["catch up", "refresh", "note"]


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
    desk = Desk()
    desk.pending = Pending(0.05)
    desk.reviewer = Reviewer(desk.index, desk.pending, desk.knowledge, SETTINGS)
    assert await desk.allows(review(FIRST))
    assert await desk.allows(review(SECOND))


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


async def test_a_mistake_of_ours_is_a_denial_that_tells_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(_request: Request[Any], _kind: str, _raised: frozenset[str], /) -> list[Finding]:
        raise ZeroDivisionError("secret inside")

    index = Index()
    reviewer = Reviewer(index, Pending(1.0), Believed(), SETTINGS, evaluate=broken)
    verdict = await reviewer.review(review(FIRST))
    assert not verdict.allowed
    assert verdict.code == 500
    assert "secret inside" not in verdict.message
    assert "secret inside" in caplog.text

"""The way of a review, over an index that the test fills."""

import asyncio
import itertools
from collections.abc import Iterable
from typing import Any

import pytest

from metallb_crds.frrk8s_v1beta1 import FRRConfiguration
from metallb_webhooks.index import Index
from metallb_webhooks.ledger import Basis, Entry
from metallb_webhooks.pending import Pending
from metallb_webhooks.review import ReviewRequest
from metallb_webhooks.reviewer import Believed, Reviewer
from metallb_webhooks.rules.base import Finding, Request
from metallb_webhooks.settings import Settings
from support.reviews import review, stored
from support.samples import NAMESPACE, node, pool

SETTINGS = Settings(NAMESPACE, pending_seconds=5.0)
POOL = "IPAddressPool"


class Recorded(Believed):
    """Notes what it is asked for; a refresh leaves only these FRR configurations in the index.

    Attributes:
        others: what other replicas store just before this one notes or looks, one each time.
    """

    def __init__(self, index: Index, refreshed: Iterable[Any] | None = None) -> None:
        self.index = index
        self.refreshed = refreshed
        self.calls: list[str] = []
        self.noted: list[Entry] = []
        self.others: list[Any] = []
        self.heard = 0

    async def catch_up(self, kinds: tuple[str, ...], /) -> Basis:
        self.calls.append("catch up")
        return Basis(kinds, self.heard)

    async def refresh(self, kinds: tuple[str, ...], /) -> None:
        assert kinds == ("FRRConfiguration",)
        self.calls.append("refresh")
        if self.refreshed is not None:
            self.index.replace("FRRConfiguration", self.refreshed)

    async def note(self, entry: Entry, basis: Basis, /) -> bool:
        self.calls.append("note")
        if basis.kinds and self._meanwhile():
            return False
        self.noted.append(entry)
        return True

    async def holds(self, _basis: Basis, /) -> bool:
        self.calls.append("look")
        return not self._meanwhile()

    def _meanwhile(self) -> bool:
        if not self.others:
            return False
        self.index.put(self.others.pop(0))
        self.heard += 1
        return True


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


def configuration(name: str, asn: int) -> dict[str, Any]:
    return stored("FRRConfiguration", name, bgp={"routers": [{"asn": asn}]})


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


async def test_a_dry_run_looks_at_what_others_allow() -> None:
    desk = Desk()
    assert await desk.allows(review(FIRST, dry_run=True))
    assert desk.knowledge.calls == ["catch up", "look"]
    desk.knowledge.others = [pool("second", "192.0.2.8/29")]
    assert not await desk.allows(review(FIRST, dry_run=True))


async def test_what_others_allow_in_between_is_judged_too() -> None:
    desk = Desk()
    desk.knowledge.others = [pool("second", "192.0.2.8/29")]
    assert not await desk.allows(review(FIRST))
    assert desk.knowledge.calls == ["catch up", "note", "catch up", "look"]
    assert not desk.knowledge.noted
    assert desk.pending.over(desk.index) is None


async def test_what_others_allow_elsewhere_costs_another_round_only() -> None:
    desk = Desk()
    desk.knowledge.others = [pool(f"other-{n}", f"198.51.100.{n}/32") for n in range(3)]
    assert await desk.allows(review(FIRST))
    assert desk.knowledge.calls == ["catch up", "note"] * 4
    assert [entry.name for entry in desk.knowledge.noted] == ["first"]


async def test_others_who_are_always_quicker_hold_nobody_up_for_long() -> None:
    desk = Desk()
    ticks = itertools.count()
    desk.reviewer = Reviewer(
        desk.index, desk.pending, desk.knowledge, SETTINGS, clock=lambda: next(ticks) * 0.1
    )
    desk.knowledge.others = [pool(f"other-{n}", f"198.51.100.{n}/32") for n in range(200)]
    assert await desk.allows(review(FIRST))
    assert len(desk.knowledge.others) > 150
    assert [entry.name for entry in desk.knowledge.noted] == ["first"]


async def test_an_update_that_changes_nothing_is_told_to_nobody() -> None:
    desk = Desk(pool("first", "192.0.2.0/28"))
    assert await desk.allows(review(FIRST, FIRST))
    assert desk.knowledge.calls == ["catch up"]


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
    assert not {"refresh", "look", "note"} & set(desk.knowledge.calls)


async def test_an_unknown_kind_is_denied_by_name() -> None:
    request = review({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}})
    verdict = await Desk().reviewer.review(request)
    assert verdict.code == 400
    assert "v1 ConfigMap is not reviewed here" in verdict.message


async def test_a_denial_for_what_is_stored_is_made_sure_of() -> None:
    desk = Desk(pool("first", "192.0.2.0/28"))
    assert not await desk.allows(review(SECOND))
    assert desk.knowledge.calls == ["catch up", "look"]


async def test_a_denial_for_what_another_replica_let_go_becomes_none() -> None:
    desk = Desk(pool("first", "192.0.2.0/28"))
    desk.knowledge.others = [pool("first", "198.51.100.0/28")]
    assert await desk.allows(review(SECOND))
    assert desk.knowledge.calls == ["catch up", "look", "catch up", "note"]


async def test_what_changes_without_a_review_is_read_before_a_denial() -> None:
    made = configuration("second", 64502)
    there = FRRConfiguration.parse(configuration("first", 64501))
    desk = Desk(node("n"), there)
    assert not await desk.allows(review(made))
    assert desk.knowledge.calls == ["catch up", "refresh", "look"]
    desk = Desk(node("n"), there, refreshed=[])
    assert await desk.allows(review(made))
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

"""Who answers a review: us, the replica that decides, or us over what was just read."""

import asyncio
from dataclasses import dataclass, field

import pytest

from metallb_webhooks.desk import PATIENCE_SECONDS, Asked, Desk, MisdirectedError
from metallb_webhooks.leadership import Leader
from metallb_webhooks.review import ReviewRequest, Verdict
from support.reviews import review, stored

OTHER = Leader("other", "192.0.2.7:9443")
ALLOWED, DENIED = Verdict(allowed=True), Verdict(allowed=False)
REQUEST = review(stored("IPAddressPool", "a", addresses=["192.0.2.0/28"]))


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Leading:
    leading: bool = False
    other: Leader | None = None
    is_new: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass
class Judge:
    """Denies alone what it is told to; notes how it was asked."""

    denied_alone: bool = False
    asked: list[str] = field(default_factory=list)

    def alone(self, _: ReviewRequest, /) -> Verdict | None:
        self.asked.append("alone")
        return DENIED if self.denied_alone else None

    async def review(self, _: ReviewRequest, /, *, refreshed: bool = False) -> Verdict:
        self.asked.append("refreshed" if refreshed else "believed")
        return ALLOWED


@dataclass
class Forwarder:
    answer: bytes | None = b"answer"
    sent: list[tuple[Leader, str, bytes]] = field(default_factory=list)

    async def forward(self, leader: Leader, path: str, raw: bytes, /) -> bytes | None:
        self.sent.append((leader, path, raw))
        return self.answer


@dataclass
class Scene:
    """A desk and everything around it."""

    leading: Leading = field(default_factory=Leading)
    judge: Judge = field(default_factory=Judge)
    forwarder: Forwarder = field(default_factory=Forwarder)
    steps: list[tuple[str, bool]] = field(default_factory=list)
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.desk = Desk(
            self.judge,
            self.leading,
            self.forwarder,
            lambda step, done: self.steps.append((step, done)),
            self.clock,
        )

    async def answer(self, *, forwarded: bool = False) -> Verdict | bytes:
        async with asyncio.timeout(5):
            return await self.desk.answer(Asked(REQUEST, "/path", b"raw", forwarded=forwarded))


@pytest.mark.parametrize("forwarded", [False, True])
async def test_who_leads_decides_from_memory(*, forwarded: bool) -> None:
    scene = Scene(Leading(leading=True))
    assert await scene.answer(forwarded=forwarded) == ALLOWED
    assert scene.judge.asked == ["believed"]
    assert scene.forwarder.sent == []


async def test_who_has_begun_to_lead_just_now_reads_what_is_stored() -> None:
    """The one before may have allowed something since, if nobody has told it."""
    scene = Scene(Leading(leading=True, is_new=True))
    assert await scene.answer() == ALLOWED
    assert scene.judge.asked == ["refreshed"]


async def test_who_follows_passes_the_review_on() -> None:
    scene = Scene(Leading(other=OTHER))
    assert await scene.answer() == b"answer"
    assert scene.forwarder.sent == [(OTHER, "/path", b"raw")]
    assert scene.judge.asked == ["alone"]
    assert scene.steps == [("forward", True)]


async def test_what_needs_nobody_is_passed_on_to_nobody() -> None:
    scene = Scene(Leading(other=OTHER), Judge(denied_alone=True))
    assert await scene.answer() == DENIED
    assert scene.forwarder.sent == []


async def test_a_leader_that_does_not_answer_is_replaced_by_a_look_at_the_store() -> None:
    scene = Scene(Leading(other=OTHER), forwarder=Forwarder(answer=None))
    assert await scene.answer() == ALLOWED
    assert scene.judge.asked == ["alone", "refreshed"]
    assert scene.steps == [("forward", False)]


async def test_a_review_is_passed_on_once_only() -> None:
    scene = Scene(Leading(other=OTHER))
    with pytest.raises(MisdirectedError):
        await scene.answer(forwarded=True)
    assert scene.forwarder.sent == []
    assert scene.judge.asked == ["alone"]


@pytest.mark.parametrize(
    ("leading", "other", "asked"),
    [(True, None, ["alone", "believed"]), (False, OTHER, ["alone"])],
)
async def test_somebody_who_begins_to_lead_is_waited_for(
    *, leading: bool, other: Leader | None, asked: list[str]
) -> None:
    scene = Scene()
    answer = asyncio.create_task(scene.answer())
    await asyncio.sleep(0)
    assert not answer.done()
    scene.leading.leading, scene.leading.other = leading, other
    told, scene.leading.changed = scene.leading.changed, asyncio.Event()
    told.set()
    assert await answer in {ALLOWED, b"answer"}
    assert scene.judge.asked == asked


async def test_nobody_is_waited_for_once_a_vacancy_lasts() -> None:
    scene = Scene()
    scene.leading.leading = True
    await scene.answer()
    scene.leading.leading = False
    first = asyncio.create_task(scene.answer())
    await asyncio.sleep(0)
    scene.clock.now += PATIENCE_SECONDS
    assert await scene.answer() == ALLOWED  # comes late, and does not wait
    assert not first.done()
    assert await first == ALLOWED
    assert scene.judge.asked.count("refreshed") == 2


async def test_patience_begins_anew_with_every_vacancy() -> None:
    scene = Scene()
    scene.clock.now = 100.0
    assert await scene.answer() == ALLOWED
    scene.clock.now += PATIENCE_SECONDS
    assert await scene.answer() == ALLOWED
    scene.leading.other = OTHER
    await scene.answer()
    scene.leading.other = None
    waiting = asyncio.create_task(scene.answer())
    await asyncio.sleep(0)
    assert not waiting.done()
    await waiting

"""The reflector against a server that misbehaves on cue."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from metallb_kube.cache import Backoff, Reflector
from metallb_kube.client import KubeClient, WatchEvent
from metallb_kube.objects import Manifest
from metallb_kube.patience import Patience
from metallb_kube.resources import resource_for
from support.api import answering, status
from support.waiting import wait_for

PODS = resource_for("v1", "Pod")
QUICK = Backoff(initial=0.01, maximum=0.02, jitter=0.0)


def named(name: str, version: str = "") -> dict[str, Any]:
    return {"metadata": {"name": name, "resourceVersion": version}}


def listing(version: str, *names: str) -> web.Response:
    items = [named(name) for name in names]
    return web.json_response({"metadata": {"resourceVersion": version}, "items": items})


def events(*pairs: tuple[str, dict[str, Any]]) -> bytes:
    return b"".join(
        json.dumps({"type": kind, "object": body}).encode() + b"\n" for kind, body in pairs
    )


@dataclass
class Scripted:
    """Answers requests one after the other; the last watch stays open."""

    answers: list[web.Response | bytes]
    asked: list[tuple[str, str]] = field(default_factory=list)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        verb = "watch" if request.query.get("watch") else "list"
        self.asked.append((verb, request.query.get("resourceVersion", "")))
        if not self.answers:
            self.done.set()
            response = web.StreamResponse()
            await response.prepare(request)
            await asyncio.Event().wait()
        answer = self.answers.pop(0)
        if isinstance(answer, bytes):
            return web.Response(body=answer)
        return answer


@dataclass
class Seen:
    """What the reflector handed over."""

    lists: list[list[str]] = field(default_factory=list)
    events: list[tuple[str, str]] = field(default_factory=list)

    def replace(self, items: tuple[Manifest, ...]) -> None:
        self.lists.append([item["metadata"]["name"] for item in items])

    def event(self, event: WatchEvent) -> None:
        self.events.append((event.type, event.object["metadata"]["name"]))


@asynccontextmanager
async def following(
    client: KubeClient, seen: Seen, *, backoff: Backoff = QUICK, absent_is_empty: bool = False
) -> AsyncIterator[Reflector]:
    reflector = Reflector(
        client,
        PODS,
        None,
        seen.replace,
        seen.event,
        backoff=backoff,
        absent_is_empty=absent_is_empty,
    )
    task = asyncio.create_task(reflector.run())
    try:
        yield reflector
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def follow(script: Scripted, folder: Path) -> Seen:
    """Run a reflector until the script is used up; returns what it handed over."""
    seen = Seen()
    async with answering(script, folder) as client, following(client, seen) as reflector:
        async with asyncio.timeout(10):
            await script.done.wait()
            await reflector.synced.wait()
        assert reflector.last_seen > 0
    return seen


async def test_lists_then_watches_from_there(tmp_path: Path) -> None:
    script = Scripted(
        [
            listing("10", "a", "b"),
            events(
                ("ADDED", named("c", "11")),
                ("BOOKMARK", named("", "15")),
                ("DELETED", named("a", "17")),
            ),
        ]
    )
    seen = await follow(script, tmp_path)
    assert seen.lists == [["a", "b"]]
    assert seen.events == [("ADDED", "c"), ("DELETED", "a")]
    assert script.asked == [("list", ""), ("watch", "10"), ("watch", "17")]


async def test_a_bookmark_moves_the_version(tmp_path: Path) -> None:
    script = Scripted([listing("10"), events(("BOOKMARK", named("", "99")))])
    await follow(script, tmp_path)
    assert script.asked[-1] == ("watch", "99")


@pytest.mark.parametrize(
    "refusal",
    [
        status(410, "Expired"),
        events(("ERROR", {"kind": "Status", "code": 410, "reason": "Expired"})),
        status(504, "Timeout", "Too large resource version"),
        status(500, "InternalError"),
        status(403, "Forbidden"),
    ],
)
async def test_an_error_answer_to_a_watch_lists_anew(
    refusal: web.Response | bytes, tmp_path: Path
) -> None:
    script = Scripted([listing("10", "a"), refusal, listing("20", "b")])
    seen = await follow(script, tmp_path)
    assert seen.lists == [["a"], ["b"]]
    assert script.asked[-1] == ("watch", "20")


async def test_throttling_keeps_the_version(tmp_path: Path) -> None:
    throttled = status(429, "TooManyRequests")
    throttled.headers["Retry-After"] = "0"
    script = Scripted([listing("10", "a"), throttled])
    seen = await follow(script, tmp_path)
    assert seen.lists == [["a"]]
    assert script.asked[-1] == ("watch", "10")


async def test_whoever_asks_to_be_left_alone_is(tmp_path: Path) -> None:
    busy = status(429, "TooManyRequests", retryAfterSeconds=0.3)
    script = Scripted([listing("10", "a"), busy, listing("11", "a")])
    loop = asyncio.get_running_loop()
    started = loop.time()
    await follow(script, tmp_path)
    assert loop.time() - started >= 0.3


async def test_an_api_server_that_starts_is_asked_again_sooner_than_it_says(
    tmp_path: Path,
) -> None:
    starting = status(503, "ServiceUnavailable", retryAfterSeconds=5)
    script = Scripted([listing("10", "a"), starting, listing("11", "a")])
    loop = asyncio.get_running_loop()
    started = loop.time()
    await follow(script, tmp_path)
    assert loop.time() - started < 3


async def test_pauses_grow_though_every_list_succeeds(tmp_path: Path) -> None:
    """A watch that ends in an error as soon as it begins: a list each time would be a flood."""
    expired = events(("ADDED", named("a", "10"))) + events(
        ("ERROR", {"kind": "Status", "code": 410, "reason": "Expired"})
    )
    script = Scripted([answer for _ in range(5) for answer in (listing("10", "a"), expired)])
    seen, pauses = Seen(), Backoff(initial=0.02, maximum=1.0, jitter=0.0)
    loop = asyncio.get_running_loop()
    started = loop.time()
    async with (
        answering(script, tmp_path) as client,
        following(client, seen, backoff=pauses),
        asyncio.timeout(10),
    ):
        await script.done.wait()
    assert loop.time() - started >= sum(pauses.seconds(n, 0.5) for n in range(1, 6))


async def test_a_broken_line_keeps_the_version(tmp_path: Path) -> None:
    script = Scripted([listing("10", "a"), events(("ADDED", named("b", "12"))) + b"<html>\n"])
    seen = await follow(script, tmp_path)
    assert seen.events == [("ADDED", "b")]
    assert script.asked[-1] == ("watch", "12")


async def test_a_list_is_asked_for_until_it_comes(tmp_path: Path) -> None:
    down = [status(503, "ServiceUnavailable") for _ in range(4)]
    script = Scripted([*down, listing("10", "a")])
    seen = await follow(script, tmp_path)
    assert seen.lists == [["a"]]
    assert [verb for verb, _ in script.asked] == ["list"] * 5 + ["watch"]


@pytest.mark.parametrize(
    ("answer", "lines"),
    [
        # Said by the client, once for all watches.
        (lambda: status(503, "ServiceUnavailable"), 0),
        (lambda: status(403, "Forbidden", "pods is forbidden"), 1),
    ],
)
async def test_what_fails_again_and_again_is_logged_once(
    answer: Callable[[], web.Response],
    lines: int,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await follow(Scripted([*(answer() for _ in range(8)), listing("10", "a")]), tmp_path)
    assert sum(record.name == "metallb_kube.cache" for record in caplog.records) == lines


async def test_a_silent_watch_is_opened_again(tmp_path: Path) -> None:
    seen = Seen()
    script = Scripted([listing("10", "a")])
    async with (
        answering(script, tmp_path, patience=Patience(silence=0.1)) as client,
        following(client, seen),
        asyncio.timeout(10),
    ):
        while script.asked.count(("watch", "10")) < 3:
            await script.done.wait()
            script.done.clear()
    assert seen.lists == [["a"]]


async def test_it_knows_whether_a_watch_is_open(tmp_path: Path) -> None:
    refused = [status(503, "ServiceUnavailable") for _ in range(3)]
    script = Scripted([listing("10", "a"), *refused, listing("11", "a")])
    async with (
        answering(script, tmp_path) as client,
        following(client, Seen(), backoff=Backoff(initial=0.2, maximum=0.2)) as reflector,
        asyncio.timeout(10),
    ):
        await reflector.synced.wait()
        await _until(lambda: reflector.behind)
        assert reflector.behind_seconds >= 0
        await script.done.wait()
        await _until(lambda: not reflector.behind)
        assert reflector.behind_seconds == 0


async def test_who_pauses_goes_on_when_somebody_else_is_answered(tmp_path: Path) -> None:
    script = Scripted([listing("10", "a"), status(503, "ServiceUnavailable"), listing("11"), b"{}"])
    pauses = Backoff(initial=12.0, maximum=12.0, jitter=0.0)
    async with (
        answering(script, tmp_path) as client,
        following(client, Seen(), backoff=pauses) as reflector,
        asyncio.timeout(10),
    ):
        await _until(lambda: reflector.behind)
        assert client.outage
        await client.list(PODS)
        assert not client.outage
        # It lists for itself, and opens a watch; without that answer it would not, for 12 s.
        script.answers = [listing("12")]
        await script.done.wait()


async def _until(probe: Callable[[], bool]) -> None:
    await asyncio.to_thread(wait_for, "the state of the watch", probe, seconds=10, every=0.001)


async def test_silence_is_no_reason_to_wait_longer_each_time(tmp_path: Path) -> None:
    """Only the connection is dead: the API server has answered each time."""
    script = Scripted([listing("10", "a")])
    pauses = Backoff(initial=0.01, factor=100.0, maximum=100.0)
    async with (
        answering(script, tmp_path, patience=Patience(silence=1.05)) as client,
        following(client, Seen(), backoff=pauses),
        asyncio.timeout(10),
    ):
        while script.asked.count(("watch", "10")) < 4:
            await script.done.wait()
            script.done.clear()


async def test_a_kind_that_is_not_installed_may_count_as_empty(tmp_path: Path) -> None:
    seen = Seen()
    script = Scripted([web.Response(status=404, text="404 page not found")])
    async with (
        answering(script, tmp_path) as client,
        following(client, seen, absent_is_empty=True) as reflector,
        asyncio.timeout(10),
    ):
        await reflector.synced.wait()
    assert seen.lists == [[]]


async def test_a_missing_kind_is_otherwise_waited_for(tmp_path: Path) -> None:
    absent = [web.Response(status=404, text="404 page not found") for _ in range(2)]
    seen = await follow(Scripted([*absent, listing("1", "a")]), tmp_path)
    assert seen.lists == [["a"]]


@pytest.mark.parametrize(
    ("failures", "chance", "seconds"),
    [
        (0, 0.5, 0.2),
        (1, 0.5, 0.2),
        (2, 0.5, 0.4),
        (4, 0.5, 1.6),
        (1000, 0.5, 10.0),
        (1, 0.0, 0.1),
        (1, 1.0, 0.3),
    ],
)
def test_pauses_grow_and_are_bounded(failures: int, chance: float, seconds: float) -> None:
    assert Backoff().seconds(failures, chance) == pytest.approx(seconds)

"""The reporter against an API server that answers on cue."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from metallb_operator.events import Note
from metallb_operator.report import Reporter
from support.api import answering, status
from support.observed import NOW
from support.samples import NAMESPACE

STATUS = {"version": "0.16.1", "conditions": []}
OTHER = {"version": "0.15.3", "conditions": []}
NOTE = Note("Reason", "message")


def metallb(at: int = 10, **stored: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    metadata = {
        "name": "metallb",
        "namespace": NAMESPACE,
        "uid": "u",
        "resourceVersion": str(at),
    }
    return {
        "apiVersion": "metallb.io/v1beta1",
        "kind": "MetalLB",
        "metadata": metadata,
        "status": stored,
    }


@dataclass
class Server:
    """Stores a status as resourceVersion 20, takes Events, or fails as it is told to."""

    statuses: list[list[dict[str, Any]]] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    refuse_status: Callable[[], web.Response] | None = None
    refuse_event: Callable[[], web.Response] | None = None

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.text())
        if request.path.endswith("/events"):
            if self.refuse_event:
                return self.refuse_event()
            self.events.append(body["message"])
            return web.json_response(body)
        if self.refuse_status:
            return self.refuse_status()
        self.statuses.append(body)
        return web.json_response(metallb(20, **body[1]["value"]))


def unavailable() -> web.Response:
    return status(503, "ServiceUnavailable")


def missing() -> web.Response:
    return status(404, "NotFound", name="metallb")


async def test_an_unchanged_status_is_written_once(tmp_path: Path) -> None:
    server = Server()
    async with answering(server, tmp_path) as client:
        reporter = Reporter(client)
        for _ in range(3):
            await reporter.report(metallb(), STATUS, [], NOW)
    assert server.statuses == [
        [
            {"op": "test", "path": "/metadata/uid", "value": "u"},
            {"op": "add", "path": "/status", "value": STATUS},
        ]
    ]
    assert reporter.status_writes == 1


async def test_what_is_stored_already_is_not_written(tmp_path: Path) -> None:
    server = Server()
    async with answering(server, tmp_path) as client:
        await Reporter(client).report(metallb(10, **STATUS), STATUS, [], NOW)
    assert server.statuses == []


@pytest.mark.parametrize(("seen", "known"), [(10, STATUS), (20, STATUS), (21, OTHER)])
async def test_the_younger_status_is_the_latest(
    tmp_path: Path, seen: int, known: dict[str, Any]
) -> None:
    async with answering(Server(), tmp_path) as client:
        reporter = Reporter(client)
        await reporter.report(metallb(), STATUS, [], NOW)
        assert reporter.latest(metallb(seen, **OTHER)) == known
        reporter.forget(metallb())
        assert reporter.latest(metallb(1, **OTHER)) == OTHER


async def test_of_an_object_no_more_than_its_status_is_kept(tmp_path: Path) -> None:
    large = metallb()
    large["spec"] = {"nodeSelector": {"a": "x" * 1_000_000}}
    async with answering(Server(), tmp_path) as client:
        reporter = Reporter(client)
        await reporter.report(large, STATUS, [NOTE], NOW)
        assert reporter.known == {"u"}
        assert len(repr([reporter._written, reporter._told])) < 1000
        reporter.forget(large)
        assert reporter.known == frozenset()


async def test_a_status_that_somebody_else_wrote_over_is_repaired(tmp_path: Path) -> None:
    server = Server()
    async with answering(server, tmp_path) as client:
        reporter = Reporter(client)
        await reporter.report(metallb(), STATUS, [], NOW)
        await reporter.report(metallb(21, **OTHER), STATUS, [], NOW)
    assert len(server.statuses) == 2


@pytest.mark.parametrize(("refused", "events"), [(None, 1), (unavailable, 1), (missing, 0)])
async def test_events_are_told_unless_the_object_is_gone(
    tmp_path: Path, refused: Callable[[], web.Response] | None, events: int
) -> None:
    server = Server(refuse_status=refused)
    async with answering(server, tmp_path) as client:
        reporter = Reporter(client)
        await reporter.report(metallb(), STATUS, [NOTE], NOW)
    assert len(server.events) == events
    assert reporter.status_writes == (0 if refused else 1)


async def test_a_status_that_was_not_taken_is_written_at_the_next_look(tmp_path: Path) -> None:
    server = Server(refuse_status=unavailable)
    async with answering(server, tmp_path) as client:
        reporter = Reporter(client)
        await reporter.report(metallb(), STATUS, [], NOW)
        server.refuse_status = None
        await reporter.report(metallb(), STATUS, [], NOW)
    assert len(server.statuses) == 1


@pytest.mark.parametrize(("seconds", "times"), [(0, 1), (299, 1), (300, 2)])
async def test_the_same_note_is_not_told_over_and_over(
    tmp_path: Path, seconds: float, times: int
) -> None:
    server = Server()
    async with answering(server, tmp_path) as client:
        reporter = Reporter(client)
        for moment in (NOW, NOW + timedelta(seconds=seconds)):
            await reporter.report(metallb(), STATUS, [NOTE, NOTE, Note("Other", "x")], moment)
    assert server.events.count("message") == times


async def test_a_note_that_was_not_taken_is_told_when_it_comes_again(tmp_path: Path) -> None:
    server = Server(refuse_event=unavailable)
    async with answering(server, tmp_path) as client:
        reporter = Reporter(client)
        await reporter.report(metallb(), STATUS, [NOTE], NOW)
        server.refuse_event = None
        await reporter.report(metallb(), STATUS, [NOTE], NOW)
    assert server.events == ["message"]

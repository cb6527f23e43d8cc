"""Objects that kopf has dropped are touched, and no others."""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import web

from metallb_operator.reminder import ANNOTATION, Reminder, is_under_way
from metallb_operator.settings import FINALIZER
from support.api import answering, status
from support.samples import NAMESPACE

GOING: Final = {"deletionTimestamp": "2026-01-01T00:00:00Z"}
HELD: Final = {"finalizers": ["example.test/other", FINALIZER]}


def metallb(**metadata: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    return {
        "apiVersion": "metallb.io/v1beta1",
        "kind": "MetalLB",
        "metadata": {"name": "metallb", "namespace": NAMESPACE, **metadata},
    }


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({}, True),
        ({"finalizers": ["example.test/other"]}, True),
        (HELD, False),
        ({**GOING, **HELD}, True),
        ({**GOING, "finalizers": ["example.test/other"]}, False),
    ],
)
def test_what_is_under_way(metadata: dict[str, Any], expected: bool) -> None:  # noqa: FBT001 - a row of a table
    assert is_under_way(metallb(**metadata)) is expected


@dataclass
class Server:
    """Answers reads in turn, the last one for ever, and notes what is patched."""

    stored: list[web.Response]
    refusals: list[web.Response] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    asked: asyncio.Queue[str] = field(default_factory=asyncio.Queue)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.names.append(request.query.get("fieldSelector", ""))
        self.asked.put_nowait(request.method)
        if request.method == "GET":
            answer = self.stored.pop(0) if len(self.stored) > 1 else self.stored[0]
            return web.Response(body=answer.body, status=answer.status, headers=answer.headers)
        self.touched += json.loads(await request.text())["metadata"]["annotations"]
        return self.refusals.pop(0) if self.refusals else web.json_response(metallb())


async def methods(server: Server, number: int, folder: Path, *, busy: bool = False) -> list[str]:
    """Note an object without finalizer; returns the first requests that this brings about."""
    async with answering(server, folder) as client, asyncio.timeout(10):
        reminder = Reminder(client, lambda: busy, patience=0.01)
        task = asyncio.create_task(reminder.run())
        reminder.note(metallb(**HELD))
        reminder.note(metallb())
        asked = [await server.asked.get() for _ in range(number)]
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        return asked


def answer(**metadata: Any) -> web.Response:  # noqa: ANN401 - whatever JSON holds
    return web.json_response({"metadata": {}, "items": [metallb(**metadata)]})


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (answer(), ["GET", "PATCH", "GET", "PATCH"]),
        (answer(**GOING, **HELD), ["GET", "PATCH", "GET", "PATCH"]),
        (status(503, "ServiceUnavailable"), ["GET", "GET", "PATCH", "GET"]),
    ],
)
async def test_it_is_touched_until_something_is_done(
    first: web.Response, expected: list[str], tmp_path: Path
) -> None:
    server = Server([first, answer()], refusals=[status(409, "Conflict")])
    assert await methods(server, 4, tmp_path) == expected
    assert set(server.touched) == {ANNOTATION}


async def test_what_is_being_worked_on_is_left_alone(tmp_path: Path) -> None:
    assert await methods(Server([answer()]), 3, tmp_path, busy=True) == ["GET"] * 3


@pytest.mark.parametrize("last", [answer(**HELD), web.json_response({"items": []})])
async def test_what_is_done_or_gone_is_forgotten(last: web.Response, tmp_path: Path) -> None:
    server = Server([last, answer()])
    async with answering(server, tmp_path) as client, asyncio.timeout(10):
        reminder = Reminder(client, lambda: True, patience=0.01)
        task = asyncio.create_task(reminder.run())
        reminder.note(metallb())
        await server.asked.get()
        reminder.note({**metallb(), "metadata": {"name": "other", "namespace": NAMESPACE}})
        for _ in range(3):
            await server.asked.get()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert server.names[:4] == ["metadata.name=metallb", *["metadata.name=other"] * 3]

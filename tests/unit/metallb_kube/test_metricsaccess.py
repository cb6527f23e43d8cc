"""Whose token opens /metrics, as an API server that is asked says."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from metallb_kube.metricsaccess import MetricsAccess
from support.api import answering, status

PROMETHEUS = {
    "username": "system:serviceaccount:monitoring:prometheus",
    "groups": ["g"],
    "uid": "u",
}


@dataclass
class Api:
    """Knows one token, and what its owner may.

    Attributes:
        asked: bodies that were sent, by kind.
    """

    user: dict[str, Any] = field(default_factory=lambda: dict(PROMETHEUS))
    allowed: bool = True
    refuses: bool = False
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        self.asked.append((body["kind"], body["spec"]))
        if self.refuses:
            return status(403, "Forbidden")
        if body["kind"] == "TokenReview":
            known = body["spec"]["token"] == "right"
            found = {"authenticated": True, "user": self.user} if known else {"error": "unknown"}
        else:
            found = {"allowed": self.allowed}
        return web.json_response({**body, "status": found}, status=201)


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def asking(api: Api, folder: Path) -> AsyncIterator[tuple[MetricsAccess, Clock]]:
    clock = Clock()
    async with answering(api, folder) as client:
        yield MetricsAccess(client, clock), clock


@pytest.mark.parametrize(
    ("header", "allowed", "code"),
    [
        ("", True, 401),
        ("Basic cmlnaHQ=", True, 401),
        ("Bearer wrong", True, 401),
        ("Bearer right", False, 403),
        ("Bearer right", True, 200),
        ("bearer  right ", True, 200),
    ],
)
async def test_who_may_read(header: str, code: int, tmp_path: Path, *, allowed: bool) -> None:
    async with asking(Api(allowed=allowed), tmp_path) as (access, _):
        assert await access.status(header) == code


async def test_what_is_asked_about_the_owner(tmp_path: Path) -> None:
    api = Api()
    async with asking(api, tmp_path) as (access, _):
        await access.status("Bearer right")
    [_, (kind, spec)] = api.asked
    assert kind == "SubjectAccessReview"
    assert spec == {
        "user": PROMETHEUS["username"],
        "groups": ["g"],
        "uid": "u",
        "nonResourceAttributes": {"path": "/metrics", "verb": "get"},
    }


async def test_an_answer_counts_for_a_minute(tmp_path: Path) -> None:
    api = Api()
    async with asking(api, tmp_path) as (access, clock):
        for now, requests in [(0.0, 2), (59.0, 2), (60.0, 4)]:
            clock.now = now
            assert await access.status("Bearer right") == 200
            assert len(api.asked) == requests


async def test_no_more_than_some_answers_are_kept(tmp_path: Path) -> None:
    api = Api()
    async with asking(api, tmp_path) as (access, _):
        await access.status("Bearer right")
        for number in range(64):
            assert await access.status(f"Bearer {number}") == 401
        before = len(api.asked)
        assert await access.status("Bearer right") == 200
        assert len(api.asked) == before + 2


async def test_who_may_not_ask_shows_nothing_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with asking(Api(refuses=True), tmp_path) as (access, _):
        assert await access.status("Bearer right") == 503
    assert "who may read metrics cannot be found out" in caplog.text
    assert "right" not in caplog.text

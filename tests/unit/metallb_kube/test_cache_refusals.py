"""Whoever may not follow a collection is told so, and told when he may."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import web

from metallb_kube.cache import Backoff, Reflector
from metallb_kube.errors import ForbiddenError
from metallb_kube.resources import resource_for
from support.api import answering, status

QUICK = Backoff(initial=0.01, maximum=0.02, jitter=0.0)
FORBIDDEN = (403, "Forbidden")


async def told(answers: Sequence[tuple[int, str]], folder: Path) -> list[str]:
    """Answer a reflector's lists with these errors, then with an empty one; returns the news."""
    left = list(answers)
    news: list[str] = []
    served = asyncio.Event()

    async def serve(request: web.Request) -> web.StreamResponse:
        if request.query.get("watch"):
            served.set()
            await asyncio.Event().wait()
        if left:
            code, reason = left.pop(0)
            return status(code, reason, f"no {len(left)}")
        return web.json_response({"metadata": {"resourceVersion": "1"}, "items": []})

    def changed() -> None:
        news.append(type(reflector.refused).__name__)

    async with answering(serve, folder) as client:
        reflector = Reflector(
            client,
            resource_for("v1", "Pod"),
            None,
            lambda _: None,
            lambda _: None,
            backoff=QUICK,
            on_refusal=changed,
        )
        task = asyncio.create_task(reflector.run())
        async with asyncio.timeout(10):
            await served.wait()
        assert reflector.refused is None
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    return news


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([FORBIDDEN] * 9, [ForbiddenError.__name__, "NoneType"]),
        ([(401, "Unauthorized")] * 18, [ForbiddenError.__name__, "NoneType"]),
        # As of an API server that has just started.
        ([FORBIDDEN] * 5, []),
        ([(503, "ServiceUnavailable")] * 9, []),
        ([(404, "NotFound")] * 9, []),
    ],
)
async def test_a_refusal_that_lasts_is_told_until_it_ends(
    answers: list[tuple[int, str]], expected: list[str], tmp_path: Path
) -> None:
    assert await told(answers, tmp_path) == expected

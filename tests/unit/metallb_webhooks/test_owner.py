"""Whose a webhook configuration is: what is applied, when, and what comes of a refusal."""

import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from metallb_webhooks.owner import MANAGER, Owner, is_owned, owned
from metallb_webhooks.settings import FIELD_MANAGER
from support.api import answering, status

SPACE = {"metadata": {"name": "metallb-system", "uid": "u1"}}


def configuration(*owners: str) -> dict[str, Any]:
    references = [{"kind": "Namespace", "name": "metallb-system", "uid": uid} for uid in owners]
    return {"metadata": {"name": "c", "uid": "u", "ownerReferences": references}}


def test_the_owner_is_all_that_is_applied() -> None:
    wanted = owned(configuration(), SPACE)
    assert wanted["metadata"]["uid"] == "u"
    assert wanted["metadata"]["ownerReferences"] == [
        {"apiVersion": "v1", "kind": "Namespace", "name": "metallb-system", "uid": "u1"}
    ]
    assert set(wanted) == {"apiVersion", "kind", "metadata"}
    # One manager that applied now this and now that would take each back in turn.
    assert MANAGER != FIELD_MANAGER


@pytest.mark.parametrize(
    ("owners", "expected"), [((), False), (("u0",), False), (("u0", "u1"), True)]
)
def test_an_earlier_namespace_of_that_name_is_no_owner(
    owners: tuple[str, ...], *, expected: bool
) -> None:
    assert is_owned(configuration(*owners), SPACE) is expected


@pytest.mark.parametrize(
    ("found", "answer", "sent"),
    [
        (configuration(), 200, ["GET", "PATCH", "PATCH"]),
        (configuration("u1"), 200, ["GET"]),
        # Only those who may delete it may change whose it is: not asked for again.
        (configuration(), 403, ["GET", "PATCH"]),
        (configuration(), 500, ["GET", "PATCH", "PATCH"]),
    ],
)
async def test_it_is_taken_until_that_is_refused(
    tmp_path: Path, found: dict[str, Any], answer: int, sent: list[str]
) -> None:
    asked: list[str] = []

    async def api(request: web.Request) -> web.StreamResponse:
        asked.append(request.method)
        if request.method == "GET":
            assert request.query["fieldSelector"] == "metadata.name=metallb-system"
            return web.json_response({"metadata": {}, "items": [SPACE]})
        assert request.query["fieldManager"] == MANAGER
        assert json.loads(await request.read()) == owned(found, SPACE)
        return web.json_response({}) if answer == 200 else status(answer, "No")

    async with answering(api, tmp_path) as client:
        owner = Owner(client, "metallb-system")
        await owner.take([found])
        await owner.take([found])
    assert asked == sent


async def test_where_there_is_no_namespace_nothing_is_written(tmp_path: Path) -> None:
    async def api(request: web.Request) -> web.StreamResponse:
        assert request.method == "GET"
        return web.json_response({"metadata": {}, "items": []})

    async with answering(api, tmp_path) as client:
        await Owner(client, "metallb-system").take([configuration()])

"""The certificate's store over a loopback API server, with a clock that the test moves."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from metallb_kube.errors import AlreadyExistsError, ConflictError, ForbiddenError
from metallb_webhooks.certs import Lifetimes
from metallb_webhooks.certstore import OwnCertificate
from metallb_webhooks.publication import material_of, secret_of
from metallb_webhooks.settings import SERVICE
from support.api import answering, status
from support.certificates import material

SPACE = "metallb-system"
LIFETIMES = Lifetimes()


def configuration(service: str = SERVICE) -> dict[str, Any]:
    client = {"service": {"name": service, "namespace": SPACE}}
    return {
        "metadata": {"name": "c", "uid": "u"},
        "webhooks": [{"name": "w", "clientConfig": client}],
    }


@dataclass
class Api:
    """One Secret, some webhook configurations, and everything that was written."""

    secret: dict[str, Any] | None = None
    configurations: list[dict[str, Any]] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    refuse: dict[str, web.Response] = field(default_factory=dict)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if request.method in self.refuse:
            return self.refuse[request.method]
        if request.method == "GET":
            if "secrets" in request.path:
                secret = self.secret
                return web.json_response(secret) if secret else status(404, "NotFound", name="s")
            found = [] if "namespaces" in request.path else self.configurations
            return web.json_response({"metadata": {}, "items": found})
        self.writes.append(request.method)
        body = json.loads(await request.read())
        if request.method == "PATCH":
            assert request.query["force"] == "true"
            [stored] = self.configurations
            [applied] = body["webhooks"]
            stored["webhooks"][0]["clientConfig"] |= applied["clientConfig"]
            return web.json_response(stored)
        self.secret = body
        return web.json_response(body)


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@asynccontextmanager
async def tending(api: Api, folder: Path) -> AsyncIterator[tuple[OwnCertificate, Clock]]:
    clock = Clock()
    async with answering(api, folder) as client:
        yield OwnCertificate(client, SPACE, 10.0, now=clock), clock


async def test_from_nothing_to_published(tmp_path: Path) -> None:
    api = Api(configurations=[configuration()])
    async with tending(api, tmp_path) as (certificate, _):
        assert certificate.waiting
        assert certificate.bundles == ()
        await certificate.tend()
        assert certificate.waiting == ""
        assert api.writes == ["POST", "PATCH"]
        await certificate.tend()
        assert api.writes == ["POST", "PATCH"]
    made = material_of(api.secret)
    assert made is not None
    assert certificate.bundles == (made.bundle,)
    # What is served is what is stored.
    assert not certificate.serving.use(made.certificate, made.key)


@pytest.mark.parametrize("found", [[], [configuration("somebody-else")]])
async def test_without_a_configuration_of_ours_it_waits_and_says_for_what(
    found: list[dict[str, Any]], tmp_path: Path
) -> None:
    api = Api(configurations=found)
    async with tending(api, tmp_path) as (certificate, _):
        await certificate.tend()
        assert "no ValidatingWebhookConfiguration" in certificate.waiting
        assert api.writes == ["POST"]
        api.configurations = [configuration()]
        await certificate.tend()
        assert certificate.waiting == ""


async def test_what_a_stranger_has_published_is_seen_until_it_is_put_right(tmp_path: Path) -> None:
    api = Api(configurations=[configuration()])
    async with tending(api, tmp_path) as (certificate, _):
        await certificate.tend()
        ours = certificate.bundles
        client = api.configurations[0]["webhooks"][0]["clientConfig"]
        client["caBundle"] = b64encode(b"a stranger's").decode()
        api.refuse = {"PATCH": status(403, "Forbidden")}
        with pytest.raises(ForbiddenError):
            await certificate.tend()
        assert certificate.bundles == (b"a stranger's",)
        api.refuse.clear()
        await certificate.tend()
        assert certificate.bundles == ours


async def test_what_another_replica_has_made_is_served(tmp_path: Path) -> None:
    theirs = material()
    api = Api(secret=secret_of(theirs, SPACE, None), configurations=[configuration()])
    async with tending(api, tmp_path) as (certificate, _):
        # It is for other names, and so no good, once it has been published.
        await certificate.tend()
        assert api.writes == ["PATCH", "PUT", "PATCH"]
        api.writes.clear()
        async with tending(api, tmp_path) as (other, _):
            await other.tend()
            ours = material_of(api.secret)
            assert ours is not None
            assert not other.serving.use(ours.certificate, ours.key)
        assert api.writes == []


async def test_a_certificate_whose_authority_was_published_just_now_is_not_served_yet(
    tmp_path: Path,
) -> None:
    """However old it is: API servers have yet to hear of it."""
    api = Api(configurations=[configuration()])
    async with tending(api, tmp_path) as (certificate, clock):
        await certificate.tend()
        # Its successor is made while there is nothing to publish it in, and becomes old.
        shipped, api.configurations = api.configurations, []
        clock.now += LIFETIMES.leaf - LIFETIMES.leaf_before + timedelta(days=1)
        await certificate.tend()
        clock.now += timedelta(hours=1)
        api.configurations = shipped
        api.writes.clear()
        await certificate.tend()
        assert api.writes == ["PATCH"]
        clock.now += LIFETIMES.settle
        await certificate.tend()
        assert api.writes == ["PATCH", "PUT"]
        # What was served before may be still, at the other replica, for a moment.
        await certificate.tend()
        assert api.writes == ["PATCH", "PUT"]
        clock.now += LIFETIMES.settle
        await certificate.tend()
        assert api.writes == ["PATCH", "PUT", "PUT", "PATCH"]


@pytest.mark.parametrize(
    ("method", "answer", "error"),
    [
        ("POST", status(409, "AlreadyExists"), AlreadyExistsError),
        ("POST", status(403, "Forbidden"), ForbiddenError),
        ("GET", status(403, "Forbidden"), ForbiddenError),
        ("PATCH", status(409, "Conflict"), ConflictError),
    ],
)
async def test_what_the_api_server_refuses_is_told_and_tried_again(
    method: str, answer: web.Response, error: type[Exception], tmp_path: Path
) -> None:
    api = Api(configurations=[configuration()], refuse={method: answer})
    async with tending(api, tmp_path) as (certificate, _):
        with pytest.raises(error):
            await certificate.tend()
        assert certificate.waiting
        api.refuse.clear()
        await certificate.tend()
        assert certificate.waiting == ""

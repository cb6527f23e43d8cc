"""Reviews passed on over TLS on loopback, and leaders that do not answer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding

from metallb_webhooks.certs import Lifetimes, Material, create_authority, create_leaf
from metallb_webhooks.forwarding import HEADER, Forwarder
from metallb_webhooks.leadership import Leader
from metallb_webhooks.tls import Serving
from support.certificates import NAMES, material

NOW = datetime.now(UTC)
AUTHORITY = create_authority(NOW, Lifetimes())
ONE = Material(
    *create_leaf(AUTHORITY, NAMES, NOW, Lifetimes()),
    AUTHORITY.certificate.public_bytes(Encoding.PEM),
)
RENEWED = create_leaf(AUTHORITY, NAMES, NOW, Lifetimes())
ELSE = create_leaf(AUTHORITY, ["metrics"], NOW, Lifetimes())
OTHER = material()
SERVED = Serving(ONE.certificate, ONE.key)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def leading(handler: Handler) -> AsyncIterator[Leader]:
    """Serve as a leader does and yield how others know it."""
    app = web.Application()
    app.router.add_post("/path", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=SERVED.context).start()
    try:
        yield Leader("leader", f"127.0.0.1:{runner.addresses[0][1]}")
    finally:
        await runner.cleanup()


async def echo(request: web.Request) -> web.StreamResponse:
    assert request.headers[HEADER]
    assert request.content_type == "application/json"
    return web.Response(body=b"answer to " + await request.read())


async def test_the_answer_of_the_leader_is_returned() -> None:
    async with leading(echo) as leader, Forwarder(SERVED) as forwarder:
        answers = [await forwarder.forward(leader, "/path", b"%d" % n) for n in range(3)]
    assert answers == [b"answer to 0", b"answer to 1", b"answer to 2"]


async def test_connections_are_kept() -> None:
    peers: set[object] = set()

    async def note(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        return web.Response()

    async with leading(note) as leader, Forwarder(SERVED) as forwarder:
        for _ in range(5):
            assert await forwarder.forward(leader, "/path", b"") == b""
    assert len(peers) == 1


@pytest.mark.parametrize(
    ("ours", "answer"),
    [
        pytest.param(Serving(ONE.certificate, ONE.key), b"it", id="the same, by itself"),
        pytest.param(Serving(ONE.certificate, ONE.key, ONE.bundle), b"it", id="by its authority"),
        pytest.param(Serving(*RENEWED, ONE.bundle), b"it", id="renewed here, not yet there"),
        pytest.param(Serving(*ELSE, ONE.bundle), None, id="of our authority, for another name"),
        pytest.param(Serving(OTHER.certificate, OTHER.key), None, id="a stranger"),
        pytest.param(
            Serving(OTHER.certificate, OTHER.key, OTHER.bundle), None, id="of another authority"
        ),
    ],
)
async def test_who_is_no_replica_gets_nothing_wherever_the_lease_leads(
    ours: Serving, answer: bytes | None
) -> None:
    asked: list[bytes] = []

    async def note(request: web.Request) -> web.StreamResponse:
        asked.append(await request.read())
        return web.Response(body=asked[-1])

    async with leading(note) as leader, Forwarder(ours) as forwarder:
        assert await forwarder.forward(leader, "/path", b"it") == answer
    assert asked == ([b"it"] if answer else [])


@pytest.mark.parametrize("status", [421, 500, 503])
async def test_what_is_no_answer_is_none(status: int) -> None:
    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status)

    async with leading(refuse) as leader, Forwarder(SERVED) as forwarder:
        assert await forwarder.forward(leader, "/path", b"") is None


async def test_a_leader_that_is_gone_is_left_alone_for_a_second(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    async with leading(echo) as leader:
        pass
    async with Forwarder(SERVED, clock=clock) as forwarder:
        for now, attempts in [(0.0, 1), (0.5, 1), (1.0, 2)]:
            clock.now = now
            assert await forwarder.forward(leader, "/path", b"") is None
            assert caplog.text.count("does not answer") == attempts
        async with leading(echo) as another:
            assert await forwarder.forward(another, "/path", b"x") == b"answer to x"


async def test_a_connection_that_was_closed_meanwhile_is_made_anew() -> None:
    closed: list[asyncio.Event] = []

    async def hang_up(request: web.Request) -> web.StreamResponse:
        """Answer, and close the connection without a word at the next request."""
        if closed:
            return web.Response(body=b"second")
        closed.append(asyncio.Event())
        assert request.transport is not None
        request.transport.close()
        return web.Response(body=b"first")

    async with leading(hang_up) as leader, Forwarder(SERVED) as forwarder:
        assert await forwarder.forward(leader, "/path", b"") == b"second"


async def test_proxies_of_the_environment_are_not_for_other_replicas(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    async with leading(echo) as leader, Forwarder(SERVED) as forwarder:
        assert await forwarder.forward(leader, "/path", b"it") == b"answer to it"


async def test_an_address_that_is_nobodys_is_not_even_connected_to() -> None:
    asked: list[Leader] = []

    async def vouched(leader: Leader) -> bool:
        asked.append(leader)
        return leader.identity == "ours"

    clock = Clock()
    async with leading(echo) as leader, Forwarder(SERVED, vouched, clock) as forwarder:
        stranger, ours = (Leader(name, leader.address) for name in ("stranger", "ours"))
        for now, who, answer in [
            (0.0, stranger, None),
            (0.5, stranger, None),
            (1.0, stranger, None),
            (1.0, ours, b"answer to it"),
            (1.0, ours, b"answer to it"),
        ]:
            clock.now = now
            assert await forwarder.forward(who, "/path", b"it") == answer
    assert asked == [stranger, stranger, ours]

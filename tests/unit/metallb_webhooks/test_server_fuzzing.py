"""Whatever arrives at the port gets an answer or loses its connection, and costs nobody else."""

import asyncio
import json
import logging
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from metallb_webhooks.connections import Bounds
from metallb_webhooks.desk import Asked
from metallb_webhooks.index import Index
from metallb_webhooks.metrics import Metrics
from metallb_webhooks.paths import PATHS
from metallb_webhooks.pending import Pending
from metallb_webhooks.review import Verdict
from metallb_webhooks.reviewer import Reviewer
from metallb_webhooks.server import Front, listening
from metallb_webhooks.settings import Settings
from metallb_webhooks.tls import Serving
from support.certificates import material
from support.reviews import body, review, stored
from support.samples import NAMESPACE

MADE = material()
TRUST = ssl.create_default_context(cadata=MADE.bundle.decode())
QUICK = Settings(
    NAMESPACE, host="127.0.0.1", port=0, header_seconds=0.15, body_seconds=0.15, drain_seconds=5.0
)
ANSWER_SECONDS = 10.0
POOL_PATH = "/validate-metallb-io-v1beta1-ipaddresspool"
GOOD = body(review(stored("IPAddressPool", "a", addresses=["192.0.2.0/28"]), dry_run=True))
STATUS = re.compile(rb"HTTP/[0-9]\.[0-9] ([1-5][0-9][0-9]) ")

texts = st.text(max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("uid", "kind", "operation", "object", "oldObject", "namespace", "userInfo", "subResource")
objects = st.fixed_dictionaries(
    {
        "metadata": values | st.fixed_dictionaries({"name": texts, "labels": values}),
        "spec": values | st.dictionaries(st.sampled_from(["addresses", "peers"]), values),
    }
)


def changed(fields: dict[str, object]) -> bytes:
    """Return the good review with some of its fields replaced."""
    whole = json.loads(GOOD)
    whole["request"].update(fields)
    return json.dumps(whole).encode()


bodies = st.one_of(
    st.just(GOOD),
    st.binary(max_size=40),
    values.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(st.sampled_from(FIELDS), values | objects, max_size=3).map(changed),
)
methods = st.sampled_from(
    ["POST"] * 5 + ["GET", "HEAD", "PUT", "OPTIONS", "TRACE", "CONNECT", "PRI", "post", "", "\x00"]
)
paths = st.sampled_from(
    [*PATHS, "/healthz", "/readyz", "/metrics", "/", "*", "//", "/%00", "/../x", "x:443", "a b", ""]
)
versions = st.sampled_from(
    ["HTTP/1.1"] * 5 + ["HTTP/1.0", "HTTP/2.0", "HTTP/0.9", "HTTP/1.1 x", ""]
)
lengths = st.sampled_from(
    ["0", "1", "-1", "+5", "5, 5", "x", "", "99", "9" * 30, "0x10", "3145729"]
)
headers = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "Content-Type: text/plain",
                "Content-Encoding: gzip",
                "Content-Encoding: br",
                "Transfer-Encoding: gzip",
                "Transfer-Encoding: chunked, chunked",
                "Connection: close",
                "Connection: upgrade\r\nUpgrade: h2c",
                "Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13",
                "Expect: 100-continue",
                "Expect: something",
                "Host: a\r\nHost: b",
                "Metallb-Forwarded: 1",
                " folded: x",
                "no colon",
                ": no name",
                "A: \x00",
                "A: " + "x" * 9000,
            ]
        ),
        lengths.map("Content-Length: {}".format),
    ),
    max_size=2,
)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """Return the bytes of a request that is more or less in order."""
    data = draw(bodies)
    lines = [f"{draw(methods)} {draw(paths)} {draw(versions)}", "Host: localhost"]
    if draw(st.integers(0, 3)):
        lines.append("Content-Type: application/json")
    lines += draw(headers)
    match draw(st.sampled_from(["length", "length", "chunks", "bad chunks", "nothing"])):
        case "length":
            lines.append(f"Content-Length: {len(data)}")
        case "chunks":
            lines.append("Transfer-Encoding: chunked")
            data = b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data) if data else b"0\r\n\r\n"
        case "bad chunks":
            lines.append("Transfer-Encoding: chunked")
            data = draw(st.sampled_from([b"zz\r\n", b"-1\r\n", b"ffffffffffffffffff\r\n"])) + data
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + data


@st.composite
def exchanges(draw: st.DrawFn) -> bytes:
    """Return everything that is sent on one connection: several requests, perhaps cut off."""
    sent = b"".join(draw(st.lists(requests(), min_size=1, max_size=3)))
    if draw(st.integers(0, 3)) == 0:
        sent = sent[: draw(st.integers(0, len(sent)))]
    return sent


class Fuzzed:
    """A server over an empty store, and what it is sent."""

    def __init__(self, number: int) -> None:
        self.number = number

    async def sent(self, data: bytes) -> bytes:
        """Send bytes and return everything until the server closes, which it has to do."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.number, ssl=TRUST, server_hostname="localhost"
        )
        answer = b""
        with suppress(ConnectionError):
            writer.write(data)
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await reader.read()
        writer.transport.abort()
        return answer

    async def all_of(self, sent: list[bytes]) -> None:
        """Send it on a connection each, and a good review after that."""
        for answer in await asyncio.gather(*map(self.sent, sent)):
            assert b"Traceback" not in answer
            assert not answer or STATUS.match(answer)
            assert b"500" not in {found[1] for found in STATUS.finditer(answer)}
        head = f"POST {POOL_PATH} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        kind = f"Content-Type: application/json\r\nContent-Length: {len(GOOD)}\r\n\r\n"
        answer = await self.sent((head + kind).encode() + GOOD)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b'"allowed":true' in answer


@asynccontextmanager
async def fuzzed() -> AsyncIterator[Fuzzed]:
    async def fresh(_: tuple[str, ...]) -> bool:
        return True

    reviewer = Reviewer(Index(), Pending(QUICK.pending_seconds), fresh, QUICK)

    async def decide(asked: Asked) -> Verdict:
        return await reviewer.review(asked.request)

    metrics = Metrics()
    front = Front(
        decide,
        blind=str,
        waiting=str,
        scrape=metrics.text,
        metrics=metrics,
        settings=QUICK,
        bounds=Bounds(silence_seconds=0.3),
    )
    async with listening(front, Serving(MADE.certificate, MADE.key).context, QUICK) as number:
        yield Fuzzed(number)


def test_whatever_arrives_is_answered_or_costs_its_connection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        server = runner.run(stack.enter_async_context(fuzzed()))

        @settings(
            max_examples=20,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(st.lists(exchanges(), min_size=8, max_size=16))
        def fuzz(sent: list[bytes]) -> None:
            runner.run(server.all_of(sent))

        try:
            fuzz()
        finally:
            runner.run(stack.aclose())
    assert [record.getMessage() for record in caplog.records] == []

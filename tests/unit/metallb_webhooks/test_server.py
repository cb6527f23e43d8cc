"""The port, over TLS on loopback, and clients that do what they should not."""

import asyncio
import io
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from http import HTTPStatus

import aiohttp
import pytest

from metallb_webhooks.desk import Asked, MisdirectedError
from metallb_webhooks.forwarding import HEADER
from metallb_webhooks.metrics import Metrics
from metallb_webhooks.paths import PATHS
from metallb_webhooks.review import MAX_BODY_BYTES, Verdict
from metallb_webhooks.server import Front, listening
from metallb_webhooks.settings import Settings
from metallb_webhooks.tls import Serving
from support.certificates import material
from support.reviews import body, review, stored
from support.samples import NAMESPACE

MADE = material()
TRUST = ssl.create_default_context(cadata=MADE.bundle.decode())
QUICK = Settings(
    NAMESPACE, host="127.0.0.1", port=0, header_seconds=0.3, body_seconds=0.3, drain_seconds=5.0
)
POOL_PATH = "/validate-metallb-io-v1beta1-ipaddresspool"
JSON = {"Content-Type": "application/json"}
ASKED = review(stored("IPAddressPool", "a", addresses=["192.0.2.0/28"]))


async def allow(_: Asked) -> Verdict:
    return Verdict(allowed=True, warnings=("mind this",), rules=("some-rule",))


@dataclass
class Port:
    """A running server, and a session of its client."""

    session: aiohttp.ClientSession
    front: Front
    number: int
    states: dict[str, str] = field(default_factory=dict)

    def url(self, path: str) -> str:
        return f"https://localhost:{self.number}{path}"

    async def post(
        self, data: bytes, path: str = POOL_PATH, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        async with self.session.post(
            self.url(path), data=io.BytesIO(data), headers=JSON if headers is None else headers
        ) as answer:
            return answer.status, await answer.text()

    async def get(self, path: str) -> tuple[int, str]:
        async with self.session.get(self.url(path)) as answer:
            return answer.status, await answer.text()

    async def raw(self, data: bytes) -> bytes:
        """Send bytes and return everything until the server closes."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.number, ssl=TRUST, server_hostname="localhost"
        )
        writer.write(data)
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
        return answer


@asynccontextmanager
async def serving(
    decide: Callable[[Asked], object] = allow,
    settings: Settings = QUICK,
    served: Serving | None = None,
) -> AsyncIterator[Port]:
    metrics, states = Metrics(), {"blind": "", "waiting": ""}
    front = Front(
        decide,  # type: ignore[arg-type] # some tests pass one that breaks the contract
        blind=lambda: states["blind"],
        waiting=lambda: states["waiting"],
        scrape=metrics.text,
        metrics=metrics,
        settings=settings,
    )
    served = served or Serving(MADE.certificate, MADE.key)
    connector = aiohttp.TCPConnector(ssl=TRUST)
    async with (
        listening(front, served, settings) as number,
        aiohttp.ClientSession(connector=connector) as session,
    ):
        yield Port(session, front, number, states)


@pytest.mark.parametrize("path", PATHS)
async def test_every_path_answers_reviews(path: str) -> None:
    async with serving() as port:
        status, text = await port.post(body(ASKED), path)
    answer = json.loads(text)["response"]
    assert status == 200
    assert answer == {"uid": ASKED.uid, "allowed": True, "warnings": ["mind this"]}


async def test_an_answer_of_another_replica_goes_through_as_it_is() -> None:
    async def passed_on(asked: Asked) -> bytes:
        return asked.path.encode() + asked.raw

    async with serving(passed_on) as port:
        status, text = await port.post(body(ASKED))
        _, metrics = await port.get("/metrics")
    assert status == 200
    assert text.encode() == POOL_PATH.encode() + body(ASKED)
    assert "reviews_total{" not in metrics  # it is counted where it was decided


@pytest.mark.parametrize(("headers", "forwarded"), [(JSON, False), (JSON | {HEADER: "1"}, True)])
async def test_a_review_that_was_passed_on_is_told_by_its_header(
    headers: dict[str, str], *, forwarded: bool
) -> None:
    seen: list[bool] = []

    async def look(asked: Asked) -> Verdict:
        seen.append(asked.forwarded)
        return Verdict(allowed=True)

    async with serving(look) as port:
        await port.post(body(ASKED), headers=headers)
    assert seen == [forwarded]


@pytest.mark.parametrize("path", [POOL_PATH, "/healthz", "/readyz", "/metrics", "/none"])
async def test_no_answer_names_the_program(path: str) -> None:
    method = "POST" if path == POOL_PATH else "GET"
    async with (
        serving() as port,
        port.session.request(method, port.url(path), data=body(ASKED), headers=JSON) as answer,
    ):
        assert "Server" not in answer.headers


async def test_a_review_that_was_passed_on_to_the_wrong_replica_is_sent_back() -> None:
    async def refuse(_: Asked) -> Verdict:
        raise MisdirectedError

    async with serving(refuse) as port:
        assert (await port.post(body(ASKED), headers=JSON | {HEADER: "1"}))[0] == 421


async def test_a_review_that_is_not_decided_in_time_is_refused() -> None:
    async def never(_: Asked) -> Verdict:
        await asyncio.Event().wait()
        raise AssertionError

    async with serving(never, replace(QUICK, deadline_seconds=0.05)) as port:
        status, text = await port.post(body(ASKED))
        _, metrics = await port.get("/metrics")
    told = json.loads(text)["response"]
    assert status == 200
    assert (told["allowed"], told["status"]["code"]) == (False, 500)
    assert told["status"]["message"] == (
        f"the object could not be checked within 0.05 s, with a review of {len(body(ASKED))} bytes;"
        " try again, and with a smaller object if that does not help"
    )
    assert 'reviews_total{kind="IPAddressPool",operation="CREATE",verdict="error"} 1.0' in metrics


async def test_a_denial_is_answered_and_logged_in_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def deny(_: Asked) -> Verdict:
        return Verdict(
            allowed=False,
            code=HTTPStatus.FORBIDDEN,
            reason="Forbidden",
            message="because",
            rules=("a-rule", "b-rule"),
        )

    caplog.set_level("INFO", "metallb_webhooks")
    forged = replace(ASKED, name="a\nINFO forged line", user="eve\nINFO of hers")
    async with serving(deny) as port:
        _, text = await port.post(body(forged))
    assert json.loads(text)["response"]["status"]["message"] == "because"
    [line] = [record.getMessage() for record in caplog.records if "denied" in record.msg]
    assert line.endswith("INFO forged line by eve INFO of hers: a-rule, b-rule")
    assert "\n" not in line
    assert "192.0.2.0" not in line


@pytest.mark.parametrize(
    ("data", "headers", "status"),
    [
        (b"", JSON, 400),
        (b"{", JSON, 400),
        (b"[]", JSON, 400),
        (b"\x00\xff", JSON, 400),
        (b"[" * 100_000, JSON, 400),
        (b'{"apiVersion":' + b"[" * 1000 + b"]" * 1000 + b"}", JSON, 400),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"{}", {"Content-Type": "application/yaml"}, 415),
        (b" " * (MAX_BODY_BYTES + 1), JSON, 413),
        (b"not gzip", JSON | {"Content-Encoding": "gzip"}, 400),
    ],
)
async def test_what_is_no_review_is_refused_with_a_reason(
    data: bytes, headers: dict[str, str], status: int
) -> None:
    async with serving() as port:
        found, text = await port.post(data, headers=headers)
        assert found == status
        assert text.strip()
        assert "Traceback" not in text
        assert (await port.post(body(ASKED)))[0] == 200
        assert (
            f'malformed_requests_total{{status="{status}"}} 1.0' in (await port.get("/metrics"))[1]
        )


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", POOL_PATH, 405), ("POST", "/elsewhere", 404)]
)
async def test_other_methods_and_paths_are_refused(method: str, path: str, status: int) -> None:
    async with serving() as port, port.session.request(method, port.url(path)) as answer:
        assert answer.status == status


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET\r\n\r\n",
        b"POST " + POOL_PATH.encode() + b" HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: " + b"x" * 20_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"A%d: x\r\n" % n for n in range(1000)) + b"\r\n",
    ],
)
async def test_what_is_no_http_is_refused_quietly(
    data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving() as port:
        answer = await port.raw(data)
    assert answer.startswith(b"HTTP/1.")
    assert b" 400 " in answer.split(b"\r\n")[0]
    assert b"Traceback" not in answer
    assert not caplog.records


@pytest.mark.parametrize("data", [b"", b"POST " + POOL_PATH.encode() + b" HTTP/1.1\r\nHost:"])
async def test_a_head_that_does_not_come_costs_the_connection(data: bytes) -> None:
    async with serving() as port:
        assert await port.raw(data) == b""


@pytest.mark.parametrize("data", [b"", b"\x16\x03\x01\xff\x00"])
async def test_a_handshake_that_does_not_go_on_costs_the_connection(data: bytes) -> None:
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port.number)
        writer.write(data)
        async with asyncio.timeout(10):
            assert await reader.read() == b""
        writer.close()


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    head = (
        f"POST {POOL_PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Content-Length: 100\r\n\r\n{"
    )
    async with serving() as port:
        answer = await port.raw(head.encode())
    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_a_body_in_broken_pieces_is_refused() -> None:
    head = (
        f"POST {POOL_PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\nzz\r\n"
    )
    async with serving() as port:
        answer = await port.raw(head.encode())
    assert b" 400 " in answer.split(b"\r\n")[0]


@pytest.mark.parametrize(
    ("state", "ready", "review_status"), [("blind", 200, 503), ("waiting", 503, 200)]
)
async def test_what_is_waited_for_is_told(state: str, ready: int, review_status: int) -> None:
    async with serving() as port:
        assert await port.get("/readyz") == (200, "ok")
        port.states[state] = "something is missing"
        status, text = await port.get("/readyz")
        assert status == ready
        assert (text == "something is missing") is (ready == 503)
        assert (await port.get("/healthz"))[0] == 200
        assert (await port.post(body(ASKED)))[0] == review_status


async def test_who_leaves_is_not_ready_answers_and_hangs_up() -> None:
    async with serving() as port:
        port.front.leaving = True
        assert (await port.get("/readyz"))[0] == 503
        async with port.session.post(port.url(POOL_PATH), data=body(ASKED), headers=JSON) as answer:
            assert answer.status == 200
            assert answer.headers["Connection"] == "close"


async def test_an_open_request_is_seen_through_at_the_end() -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def slow(_: Asked) -> Verdict:
        asked.set()
        await go.wait()
        return Verdict(allowed=True)

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=TRUST)) as session:
        async with serving(slow) as port:
            port.session = session
            answer = asyncio.create_task(port.post(body(ASKED)))
            await asked.wait()
            asyncio.get_running_loop().call_soon(go.set)
        assert (await answer)[0] == 200


async def test_reviews_are_counted() -> None:
    async with serving() as port:
        await port.post(body(ASKED))
        await port.post(body(replace(ASKED, kind="Made up")))
        _, text = await port.get("/metrics")
    allowed = 'operation="CREATE",verdict="allowed"'
    assert f'reviews_total{{kind="IPAddressPool",{allowed}}} 1.0' in text
    assert f'reviews_total{{kind="other",{allowed}}} 1.0' in text
    assert 'findings_total{rule="some-rule"} 2.0' in text
    assert 'review_seconds_count{kind="IPAddressPool"} 1.0' in text

"""What a real API server does not do on demand: silence, resets, throttling, nonsense."""

import asyncio
import json
import logging
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from kubernetes.aio.client import Configuration
from kubernetes.aio.config.config_exception import ConfigException

from metallb_kube.client import PAGE_BYTES, KubeClient, Listing, WatchEvent
from metallb_kube.errors import (
    ConfigurationError,
    ConflictError,
    FencedError,
    ForbiddenError,
    GoneError,
    KubeError,
    SilentError,
    ThrottledError,
    TooLargeError,
    UnavailableError,
    UnreachableError,
)
from metallb_kube.objects import ObjectRef
from metallb_kube.patience import Patience
from metallb_kube.resources import resource_for
from metallb_kube.transport import Transport, connection, load
from support.api import Handler, answering, status, write_kubeconfig

PODS = resource_for("v1", "Pod")
POD = ObjectRef("v1", "Pod", "ns", "a")


async def reset(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def html(_: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>a proxy speaks</html>")


async def not_an_object(_: web.Request) -> web.StreamResponse:
    return web.json_response([1, 2])


async def html_error(_: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>bad gateway</html>", status=502)


async def truncated(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"kind":')
    assert request.transport is not None
    request.transport.abort()
    return response


async def garbled(_: web.Request) -> web.StreamResponse:
    return web.Response(body=b"this was never packed", headers={"Content-Encoding": "gzip"})


async def redirect(_: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"})


async def throttled(_: web.Request) -> web.StreamResponse:
    answer = status(429, "TooManyRequests")
    answer.headers["Retry-After"] = "4"
    return answer


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        (reset, UnavailableError),
        (html, UnavailableError),
        (not_an_object, UnavailableError),
        (html_error, UnavailableError),
        (truncated, UnavailableError),
        (redirect, UnavailableError),
        (garbled, UnavailableError),
        (throttled, ThrottledError),
    ],
)
async def test_every_fault_is_an_error_of_ours(
    handler: Handler, kind: type[KubeError], tmp_path: Path
) -> None:
    async with answering(handler, tmp_path) as client:
        with pytest.raises(kind) as seen:
            await client.get(POD)
    if isinstance(seen.value, ThrottledError):
        assert seen.value.retry_after == 4.0


async def test_a_request_without_an_answer_ends(tmp_path: Path) -> None:
    async def silent(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        return web.Response()

    async with answering(silent, tmp_path, patience=Patience(request=0.1)) as client:
        with pytest.raises(UnavailableError, match="no answer in time"):
            await client.get(POD)


async def test_a_closed_port_is_unavailable(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        server = f"http://127.0.0.1:{taken.getsockname()[1]}"
        kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", server)
        async with KubeClient.connect(kubeconfig) as client:
            with pytest.raises(UnavailableError, match="GET /version"):
                await client.server_version()
            assert client.requests == 1


async def test_a_silent_watch_is_noticed(tmp_path: Path) -> None:
    async def once_then_silent(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'{"type":"ADDED","object":{"metadata":{"name":"a"}}}\n')
        await asyncio.Event().wait()
        return response

    seen: list[WatchEvent] = []
    async with answering(once_then_silent, tmp_path, patience=Patience(silence=0.2)) as client:
        events = client.watch(PODS, resource_version="1")
        seen.append(await anext(events))
        with pytest.raises(SilentError, match="silent for too long"):
            await anext(events)
    assert [event.object["metadata"]["name"] for event in seen] == ["a"]


async def test_events_are_put_together_from_any_chunks(tmp_path: Path) -> None:
    names = [f"pod-{n}" for n in range(50)]
    stream = b"".join(
        json.dumps({"type": "MODIFIED", "object": {"metadata": {"name": name}}}).encode() + b"\n"
        for name in names
    )

    async def in_crumbs(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for start in range(0, len(stream), 37):
            await response.write(stream[start : start + 37])
        return response

    async with answering(in_crumbs, tmp_path) as client:
        events = [event async for event in client.watch(PODS, resource_version="1")]
    assert [event.object["metadata"]["name"] for event in events] == names
    assert {event.object["kind"] for event in events} == {"Pod"}


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (
            b'{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}',
            GoneError,
        ),
        (b'{"type":"ERROR","object":{"kind":"Status","code":500}}', UnavailableError),
        (b'{"type":"ERROR","object":{}}', UnavailableError),
        (b'{"type":"SHOUTED","object":{}}', UnavailableError),
        (b'{"type":"ADDED"}', UnavailableError),
        (b"[]", UnavailableError),
        (b"<html>", UnavailableError),
        (b"\xff\xfe", UnavailableError),
        (b'{"type":"ERROR","object":"gone"}', UnavailableError),
        (b'{"type":"ERROR","object":{"code":"soon"}}', UnavailableError),
        (b'{"type":"ADDED","object":null}', UnavailableError),
        (b'{"type":"ADDED","object":["a"]}', UnavailableError),
        (b'{"type":"ADDED","object":{}}', UnavailableError),
        (b'{"type":["ADDED"],"object":{"metadata":{"name":"a"}}}', UnavailableError),
        (
            b'{"type":"ERROR","object":{"code":429,"details":{"retryAfterSeconds":2}}}',
            ThrottledError,
        ),
    ],
)
async def test_a_watch_ends_with_the_error_it_was_sent(
    line: bytes, kind: type[KubeError], tmp_path: Path
) -> None:
    async def one_line(_: web.Request) -> web.StreamResponse:
        return web.Response(body=line + b"\n")

    async with answering(one_line, tmp_path) as client:
        with pytest.raises(kind):
            _ = [event async for event in client.watch(PODS, resource_version="1")]


async def test_an_event_as_large_as_etcd_allows_arrives_in_one_piece(tmp_path: Path) -> None:
    text = "x" * 3_000_000
    body = {"metadata": {"name": "a", "annotations": {"text": text}}}

    async def large(_: web.Request) -> web.StreamResponse:
        return web.Response(body=json.dumps({"type": "ADDED", "object": body}).encode() + b"\n")

    async with answering(large, tmp_path) as client:
        [event] = [event async for event in client.watch(PODS, resource_version="1")]
    assert event.object["metadata"]["annotations"]["text"] == text


async def test_a_line_without_an_end_is_not_kept_for_ever(tmp_path: Path) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" " * 2**20)

    async with answering(endless, tmp_path) as client:
        with pytest.raises(UnavailableError, match="a line does not end"):
            _ = [event async for event in client.watch(PODS, resource_version="1")]


async def test_a_handshake_that_stalls_is_given_up(tmp_path: Path) -> None:
    """Of TLS nothing comes back."""
    stop = asyncio.Event()

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stop.wait()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", url)
    async with server, KubeClient.connect(kubeconfig, patience=Patience(connect=0.2)) as client:
        with pytest.raises(UnavailableError, match="no answer in time"):
            await client.get(POD)
        with pytest.raises(UnavailableError, match="no answer in time"):
            await anext(client.watch(PODS, resource_version="1"))
        stop.set()


async def test_a_name_that_nobody_knows_is_unavailable(tmp_path: Path) -> None:
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", "http://api.invalid")
    async with KubeClient.connect(kubeconfig) as client:
        with pytest.raises(UnavailableError, match=r"api\.invalid"):
            await client.get(POD)


async def test_an_answer_that_breaks_off_is_neither_an_outage_nor_loud(tmp_path: Path) -> None:
    """It happens to all watches at once when an API server restarts; each is opened again."""
    async with answering(truncated, tmp_path) as client:
        with pytest.raises(UnreachableError) as caught:
            await client.get(POD)
        assert caught.value.level == logging.DEBUG
        assert client.outage == ""


@pytest.mark.parametrize("code", [502, 503])
async def test_an_answer_that_is_not_the_api_servers_is_an_outage(
    code: int, tmp_path: Path
) -> None:
    answers = [web.Response(status=code, text="starting"), web.json_response({"gitVersion": "v1"})]

    async def answer(_: web.Request) -> web.StreamResponse:
        return answers.pop(0)

    async with answering(answer, tmp_path) as client:
        with pytest.raises(UnreachableError, match="starting"):
            await client.server_version()
        assert client.outage.endswith(f" answers {code}: starting")
        assert await client.server_version() == "v1"
        assert client.outage == ""


async def test_a_list_is_read_in_pages(tmp_path: Path) -> None:
    asked: list[dict[str, str]] = []

    async def pages(request: web.Request) -> web.StreamResponse:
        asked.append(dict(request.query))
        number = int(request.query.get("continue", "0"))
        metadata = {"resourceVersion": "9", "continue": str(number + 1) if number < 2 else ""}
        return web.json_response({"metadata": metadata, "items": [{"metadata": {"name": number}}]})

    async with answering(pages, tmp_path) as client:
        listing = await client.list(PODS, namespace="ns", label_selector="a=b")
    assert listing == Listing(
        tuple({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": n}} for n in range(3)), "9"
    )
    assert [query.get("continue") for query in asked] == [None, "1", "2"]
    # What is small is asked for in larger pages from then on.
    assert [(query["limit"], query["labelSelector"]) for query in asked] == [
        ("50", "a=b"),
        ("100", "a=b"),
        ("200", "a=b"),
    ]


@pytest.mark.parametrize(
    ("sizes", "asked"),
    [
        # Of 1.4 MB none has room beside another.
        ([1_400_000] * 3, [50, 25, 12, 6, 3, 1, 1, 1]),
        ([100_000] * 12, [50, 25, 12, 6, 6]),
        # A large one behind small ones: the page has grown, and is cut again.
        ([1_000] * 150 + [1_400_000], [50, 100, 200, 100, 50, 25, 12, 6, 3, 1]),
    ],
)
async def test_pages_are_cut_to_what_may_be_held(
    tmp_path: Path, sizes: list[int], asked: list[int]
) -> None:
    limits: list[int] = []

    async def pages(request: web.Request) -> web.StreamResponse:
        assert "gzip" not in request.headers.get("Accept-Encoding", "")
        first, limit = int(request.query.get("continue", "0")), int(request.query["limit"])
        limits.append(limit)
        after = min(first + limit, len(sizes))
        items = [{"metadata": {}, "x": "x" * size} for size in sizes[first:after]]
        token = str(after) if after < len(sizes) else ""
        return web.json_response({"metadata": {"continue": token}, "items": items})

    async with answering(pages, tmp_path) as client:
        held = [sum(len(i["x"]) for i in page.items) async for page in client.pages(PODS)]
    assert limits == asked
    assert sum(held) == sum(sizes)
    assert max(held) <= max(PAGE_BYTES, *sizes)


async def test_an_object_that_is_none_is_not_read_to_its_end(tmp_path: Path) -> None:
    async def endless(_: web.Request) -> web.StreamResponse:
        return web.json_response({"metadata": {}, "items": [{"x": "x" * 2**25}]})

    async with answering(endless, tmp_path) as client:
        with pytest.raises(TooLargeError, match="more than 33554432 bytes"):
            await client.list(PODS)


async def test_no_more_of_an_item_is_kept_than_was_asked_for(tmp_path: Path) -> None:
    async def api(request: web.Request) -> web.StreamResponse:
        accepted = request.headers["Accept"]
        assert accepted == "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
        partial = {"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata"}
        return web.json_response({"items": [{**partial, "metadata": {"name": "n"}}]})

    async with answering(api, tmp_path) as client:
        listing = await client.list(
            PODS, metadata_only=True, keep=lambda item: {"kind": item["kind"]}
        )
    assert listing.items == ({"kind": "Pod"},)


async def test_expired_pages_are_read_again_from_the_first_one(tmp_path: Path) -> None:
    asked = 0

    async def expiring(request: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        if asked == 2:
            return status(410, "Expired")
        token = "" if request.query.get("continue") else "next"
        items = [{"metadata": {"name": token}}]
        return web.json_response(
            {"metadata": {"continue": token, "resourceVersion": "5"}, "items": items}
        )

    async with answering(expiring, tmp_path) as client:
        listing = await client.list(PODS)
    assert [item["metadata"]["name"] for item in listing.items] == ["next", ""]
    assert asked == 4


async def test_a_renewed_token_is_read_again_when_the_old_one_is_refused(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("old")
    accepted = {"token": "old"}

    async def guarded(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {accepted['token']}":
            return status(401, "Unauthorized")
        return web.json_response({"gitVersion": "v1"})

    async with answering(guarded, tmp_path, tokenFile=str(token)) as client:
        assert await client.server_version() == "v1"
        accepted["token"] = "new"
        with pytest.raises(ForbiddenError):
            await client.server_version()
        token.write_text("new")
        assert await client.server_version() == "v1"


async def test_a_token_is_asked_for_within_the_time_of_the_request(tmp_path: Path) -> None:
    """Credentials are read anew after a 401: that, too, may hang, and answers come late."""

    async def slow(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.3)
        return status(401, "Unauthorized")

    loop = asyncio.get_running_loop()
    async with answering(slow, tmp_path, patience=Patience(request=0.4), token="t") as client:
        started = loop.time()
        with pytest.raises(UnavailableError, match="no answer in time"):
            await client.get(POD)
        assert loop.time() - started < 0.55


@pytest.mark.parametrize("file", ["secret", "secret\n", " secret\r\n"])
async def test_a_token_file_may_end_with_a_line_feed(file: str, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_bytes(file.encode())

    async def guarded(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization", "").split() != ["Bearer", "secret"]:
            return status(401, "Unauthorized")
        return web.json_response({"gitVersion": "v1"})

    async with answering(guarded, tmp_path, tokenFile=str(token)) as client:
        assert await client.server_version() == "v1"
    assert (await connection(tmp_path / "kubeconfig")).token == "secret"


PROXIES = {"HTTPS_PROXY": "http://proxy:3128"}


@pytest.mark.parametrize(
    ("environment", "proxy"),
    [({}, None), (PROXIES, "http://proxy:3128"), ({**PROXIES, "NO_PROXY": "10.0.0.0/8"}, None)],
)
async def test_with_a_kubeconfig_proxies_are_those_of_kubectl(
    environment: dict[str, str], proxy: str | None, tmp_path: Path
) -> None:
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", "https://10.0.0.1:6443")
    assert (await load(kubeconfig, environment=environment)).proxy == proxy


async def test_a_proxy_that_the_kubeconfig_names_goes_before(tmp_path: Path) -> None:
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", "https://10.0.0.1:6443")
    config = json.loads(kubeconfig.read_text())
    config["clusters"][0]["cluster"]["proxy-url"] = "http://named:1"
    kubeconfig.write_text(json.dumps(config))
    environment = {**PROXIES, "NO_PROXY": "*"}
    assert (await load(kubeconfig, environment=environment)).proxy == "http://named:1"
    assert (await connection(kubeconfig)).proxy == "http://named:1"


async def test_a_proxy_of_another_kind_is_named(tmp_path: Path) -> None:
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", "https://10.0.0.1:6443")
    with pytest.raises(ConfigurationError, match="a proxy by socks5 cannot be used"):
        await load(kubeconfig, environment={"HTTPS_PROXY": "socks5://proxy:1080"})


async def test_the_proxy_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that nobody listens on stands for it: what fails says which way was taken."""
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", "https://api.invalid:6443")
    async with KubeClient.connect(kubeconfig) as client:
        with pytest.raises(UnreachableError, match=r"cannot reach the proxy 127\.0\.0\.1:1: "):
            await client.get(POD)


async def test_in_a_pod_there_is_no_proxy(mounted: Path) -> None:
    environment = {**PROXIES, "HTTP_PROXY": "socks5://proxy:1", "NO_PROXY": ""}
    assert (await load(None, mounted=mounted, environment=environment)).proxy is None


async def test_delete_sends_its_precondition(tmp_path: Path) -> None:
    async def refuse(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        assert body["preconditions"] == {"uid": "u"}
        assert body["propagationPolicy"] == "Foreground"
        return status(409, "Conflict")

    async with answering(refuse, tmp_path) as client:
        with pytest.raises(ConflictError):
            await client.delete(POD, uid="u", propagation="Foreground")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "kind: Config",
        "just text",
        "clusters: []\ncontexts: []\nusers: []\ncurrent-context: x\n",
    ],
)
async def test_an_unusable_kubeconfig_says_which(content: str, tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=str(path)):
        async with KubeClient.connect(path):
            pass


async def test_a_missing_kubeconfig_says_which(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="nowhere"):
        async with KubeClient.connect(tmp_path / "nowhere"):
            pass


async def test_outside_a_pod_there_is_no_service_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(ConfigurationError, match="ServiceAccount"):
        async with KubeClient.connect(None):
            pass


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a pod finds of its ServiceAccount."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    (tmp_path / "ca.crt").write_text("an authority")
    (tmp_path / "token").write_text("first")
    return tmp_path


async def test_in_a_pod_the_token_is_the_mounted_one_without_a_scheme(mounted: Path) -> None:
    found = await connection(None, mounted=mounted)
    assert (found.server, found.token) == ("https://[fd00::1]:443", "first")
    (mounted / "token").write_text("second\n")
    assert (await connection(None, mounted=mounted)).token == "second"


async def test_in_a_pod_a_token_that_is_being_renewed_is_waited_for(mounted: Path) -> None:
    def renewing(_: Configuration) -> None:
        raise ConfigException("Token file exists but empty.")

    configuration = await load(None, mounted=mounted)
    configuration.ssl_ca_cert = None  # nothing is connected to
    configuration.refresh_api_key_hook = renewing
    transport = Transport(configuration, kubeconfig=None)
    with pytest.raises(UnavailableError, match="exists but empty"):
        await KubeClient(transport).get(POD)
    await transport.close()


@pytest.mark.parametrize("missing", ["token", "ca.crt"])
async def test_in_a_pod_without_its_files_there_is_no_connection(
    mounted: Path, missing: str
) -> None:
    (mounted / missing).write_text("")
    with pytest.raises(ConfigurationError, match="ServiceAccount"):
        await connection(None, mounted=mounted)


async def test_only_who_may_act_writes(tmp_path: Path) -> None:
    asked: list[str] = []

    async def note(request: web.Request) -> web.StreamResponse:
        asked.append(request.method)
        return web.json_response({})

    allowed = [False]
    manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "ns"}}
    async with answering(note, tmp_path) as client:
        fenced = client.fenced(lambda: allowed[0])
        await fenced.get(POD)
        for write in (
            lambda: fenced.apply(manifest, field_manager="m"),
            lambda: fenced.create(manifest),
            lambda: fenced.replace(manifest),
            lambda: fenced.patch(POD, {}),
            lambda: fenced.delete(POD),
        ):
            with pytest.raises(FencedError, match="was not sent"):
                await write()
        assert asked == ["GET"]
        await client.delete(POD)
        allowed[0] = True
        await fenced.delete(POD)
    assert asked == ["GET", "DELETE", "DELETE"]


@pytest.mark.parametrize(
    ("date", "read"),
    [
        ("Thu, 01 Jan 2026 12:00:00 GMT", datetime(2026, 1, 1, 12, tzinfo=UTC)),
        ("Thu, 01 Jan 2026 12:00:00 -0000", None),
        ("soon", None),
    ],
)
async def test_the_servers_clock(tmp_path: Path, date: str, read: datetime | None) -> None:
    async def dated(_: web.Request) -> web.StreamResponse:
        return web.json_response({"minor": "35"}, headers={"Date": date})

    async with answering(dated, tmp_path) as client:
        assert client.time is None
        await client.version()
        assert client.time == read

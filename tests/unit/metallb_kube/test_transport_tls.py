"""Which API servers are trusted, as strict as Python is from 3.13 on."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from metallb_kube.client import KubeClient
from metallb_kube.errors import ConfigurationError, UnreachableError
from metallb_operator.login import Login
from support.api import write_kubeconfig
from support.authorities import HOST, Signed, accepted, refused

ACCEPTED = accepted()
REFUSED = refused()


@pytest.fixture(autouse=True)
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    made = ssl.create_default_context

    def create(*arguments: Any, **options: Any) -> ssl.SSLContext:  # noqa: ANN401 - as ssl has it
        context = made(*arguments, **options)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", create)


@asynccontextmanager
async def serving(signed: Signed, folder: Path, port: int = 0) -> AsyncIterator[int]:
    """Serve a version over TLS; yields the port."""

    async def version(_: web.Request) -> web.Response:
        return web.json_response({"gitVersion": "v1"})

    pair = folder / "pair.pem"
    pair.write_bytes(signed.key + signed.chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)
    app = web.Application()
    app.router.add_get("/version", version)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, HOST, port, ssl_context=context).start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


def kubeconfig(folder: Path, port: int, trusted: bytes) -> Path:
    """Write a kubeconfig that names a file of authorities."""
    (folder / "ca.crt").write_bytes(trusted)
    url = f"https://{HOST}:{port}"
    return write_kubeconfig(folder / "kubeconfig", url, authority=folder / "ca.crt", token="t")


@pytest.mark.parametrize("which", ACCEPTED)
async def test_what_go_accepts_is_accepted(which: str, tmp_path: Path) -> None:
    signed = ACCEPTED[which]
    async with serving(signed, tmp_path) as port:
        config = kubeconfig(tmp_path, port, signed.trusted)
        async with KubeClient.connect(config) as client:
            assert await client.server_version() == "v1"
            assert client.outage == ""
            # kopf makes its connections out of this.
            found = await Login(config, client.tls)()
        async with (
            aiohttp.TCPConnector(ssl=found.as_ssl_context()) as connector,
            aiohttp.ClientSession(connector=connector) as session,
            session.get(f"{found.server}/version") as answer,
        ):
            assert answer.status == 200


@pytest.mark.parametrize("which", REFUSED)
async def test_chain_and_host_are_verified(which: str, tmp_path: Path) -> None:
    signed, why = REFUSED[which]
    async with serving(signed, tmp_path) as port:
        config = kubeconfig(tmp_path, port, signed.trusted)
        async with KubeClient.connect(config) as client:
            with pytest.raises(UnreachableError) as caught:
                await client.server_version()
            told = client.outage
    server = f"https://{HOST}:{port}"
    assert told.rstrip(".") == f"the certificate of {server} is not trusted: {why}"
    assert str(caught.value) == f"GET /version: {told}"


async def test_an_authority_that_is_replaced_is_read_without_a_restart(tmp_path: Path) -> None:
    old, new = ACCEPTED["no extensions"], ACCEPTED["as openssl req -x509 makes it"]
    async with (
        serving(new, tmp_path) as port,
        KubeClient.connect(kubeconfig(tmp_path, port, old.trusted)) as client,
    ):
        with pytest.raises(UnreachableError, match="is not trusted"):
            await client.server_version()
        (tmp_path / "ca.crt").write_bytes(new.trusted)
        # The request that fails has the file read.
        with pytest.raises(UnreachableError, match="is not trusted"):
            await client.server_version()
        assert await client.server_version() == "v1"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"an authority", "holds no certificate authority in PEM"),
        (b"", "holds no certificate authority in PEM"),
        (None, "File does not exist"),
    ],
)
async def test_a_file_that_holds_no_authority_ends_the_process(
    content: bytes | None, said: str, tmp_path: Path
) -> None:
    config = kubeconfig(tmp_path, 1, content or b"")
    if content is None:
        (tmp_path / "ca.crt").unlink()
    with pytest.raises(ConfigurationError, match=said) as caught:
        async with KubeClient.connect(config):
            pass
    assert str(tmp_path / "ca.crt") in str(caught.value)


async def test_where_nothing_listens_the_sentence_says_so(tmp_path: Path) -> None:
    async with serving(ACCEPTED["no extensions"], tmp_path) as port:
        pass
    config = kubeconfig(tmp_path, port, ACCEPTED["no extensions"].trusted)
    async with KubeClient.connect(config) as client:
        with pytest.raises(UnreachableError):
            await client.server_version()
        assert client.outage == f"cannot reach https://{HOST}:{port}: Connection refused"

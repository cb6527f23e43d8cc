"""A certificate is replaced under a listener that serves."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from metallb_webhooks.certfiles import MountedCertificate
from metallb_webhooks.certs import Material
from metallb_webhooks.connections import Connections, bound
from metallb_webhooks.settings import SettingsError
from metallb_webhooks.tls import Serving
from support.certificates import material, write

ONE, OTHER = material(), material()


class _Echo(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(data)


@asynccontextmanager
async def echoing(serving: Serving) -> AsyncIterator[int]:
    with bound("127.0.0.1", 0) as listener:
        accepting = asyncio.create_task(
            Connections().accept(listener, _Echo, lambda: serving.context)
        )
        yield listener.getsockname()[1]
        accepting.cancel()


async def connect(
    port: int, trusted: Material
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    context = ssl.create_default_context(cadata=trusted.bundle.decode())
    return await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname="localhost"
    )


async def test_new_connections_get_the_new_certificate_and_old_ones_go_on() -> None:
    serving = Serving(ONE.certificate, ONE.key)
    async with echoing(serving) as port:
        reader, writer = await connect(port, ONE)
        assert serving.use(OTHER.certificate, OTHER.key)
        _, later = await connect(port, OTHER)
        later.close()
        with pytest.raises(ssl.SSLCertVerificationError):
            await connect(port, ONE)
        writer.write(b"still here")
        assert await reader.readexactly(10) == b"still here"
        writer.close()


async def test_a_bad_pair_changes_nothing() -> None:
    serving = Serving(ONE.certificate, ONE.key)
    for certificate, key in [
        (ONE.certificate, OTHER.key),
        (b"", ONE.key),
        (ONE.certificate, b""),
        (b"-----BEGIN CERTIFICATE-----\n", ONE.key),
    ]:
        with pytest.raises(ValueError, match=r"certificate|PEM"):
            serving.use(certificate, key)
    async with echoing(serving) as port:
        _, writer = await connect(port, ONE)
        writer.close()


def test_other_replicas_are_trusted_anew_when_authorities_change() -> None:
    serving = Serving(ONE.certificate + OTHER.certificate, ONE.key)
    assert serving.name == "localhost"
    before = serving.towards
    assert not serving.use(ONE.certificate + OTHER.certificate, ONE.key)
    assert serving.towards is before
    assert not serving.use(ONE.certificate + OTHER.certificate, ONE.key, ONE.bundle)
    assert serving.towards is not before


def test_the_same_pair_is_no_news() -> None:
    serving = Serving(ONE.certificate, ONE.key)
    assert not serving.use(ONE.certificate, ONE.key)
    assert serving.use(OTHER.certificate, OTHER.key)


def test_how_long_it_lasts() -> None:
    made, now = material(), datetime.now(UTC)
    serving = Serving(made.certificate, made.key)
    assert serving.seconds_left(now) == pytest.approx(90 * 86400, abs=120)
    assert serving.seconds_left(now + timedelta(days=91)) < 0


async def test_mounted_files_are_read_again(tmp_path: Path) -> None:
    write(tmp_path, ONE)
    mounted = MountedCertificate(tmp_path, 0.01)
    assert mounted.waiting == ""
    running = asyncio.create_task(mounted.run())
    async with echoing(mounted.serving) as port:
        (tmp_path / "tls.crt").write_bytes(b"half writ")
        write(tmp_path, OTHER)
        async with asyncio.timeout(10):
            while not await _trusts(port, OTHER):
                pass
    running.cancel()


async def _trusts(port: int, trusted: Material) -> bool:
    try:
        _, writer = await connect(port, trusted)
    except ssl.SSLCertVerificationError:
        return False
    writer.close()
    return True


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_folder_without_a_usable_certificate_is_named(
    content: bytes | None, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "tls.crt").write_bytes(content)
        (tmp_path / "tls.key").write_bytes(content)
    with pytest.raises(SettingsError, match=f"--tls-dir {tmp_path}"):
        MountedCertificate(tmp_path, 1.0)

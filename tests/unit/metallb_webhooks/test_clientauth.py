"""Clients that have to show a certificate before they are taken for API servers."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from metallb_webhooks.certs import Material
from metallb_webhooks.clientauth import ClientAuthorities
from metallb_webhooks.desk import Asked
from metallb_webhooks.forwarding import Forwarder
from metallb_webhooks.leadership import Leader
from metallb_webhooks.metrics import Metrics
from metallb_webhooks.owndoor import OwnDoor
from metallb_webhooks.review import Verdict
from metallb_webhooks.selftest import PATH, RULE, review
from metallb_webhooks.server import Front, listening
from metallb_webhooks.settings import CertificateError, Settings
from metallb_webhooks.tls import Serving
from support.certificates import for_usages, material, write
from support.samples import NAMESPACE

REPLICAS, API_SERVER, STRANGER = material(), material(), material()
REFUSED = Verdict(allowed=False, message=f"no [{RULE}]", rules=(RULE,))


@dataclass
class Scene:
    """A port that asks for certificates, and how often a review was judged behind it."""

    serving: Serving
    file: Path
    authorities: ClientAuthorities
    port: int = 0
    judged: int = 0
    bundles = None

    async def judge(self, _: Asked) -> Verdict:
        self.judged += 1
        return REFUSED

    async def post(self, shown: Material | None, folder: Path) -> int:
        """Send a review; returns the status of the answer."""
        context = ssl.create_default_context(cadata=REPLICAS.bundle.decode())
        if shown is not None:
            write(folder, shown)
            context.load_cert_chain(folder / "tls.crt", folder / "tls.key")
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                f"https://localhost:{self.port}{PATH}",
                data=review(NAMESPACE, "any"),
                headers={"Content-Type": "application/json"},
                ssl=context,
            ) as answer,
        ):
            return answer.status


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    file = folder / "clients.crt"
    file.write_bytes(API_SERVER.bundle)
    serving = Serving(REPLICAS.certificate, REPLICAS.key, REPLICAS.bundle)
    made = Scene(serving, file, ClientAuthorities(file, serving, 0.01))
    metrics = Metrics()
    settings = Settings(NAMESPACE, host="127.0.0.1", port=0, client_ca_file=file)
    front = Front(
        made.judge,
        blind=str,
        waiting=str,
        scrape=metrics.text,
        metrics=metrics,
        settings=settings,
    )
    async with listening(front, serving, settings) as made.port:
        yield made


@pytest.mark.parametrize(
    ("shown", "status"), [(None, 401), (API_SERVER, 200), (REPLICAS, 200)], ids=str
)
async def test_a_review_is_judged_for_those_who_are_known(
    shown: Material | None, status: int, tmp_path: Path
) -> None:
    async with scene(tmp_path) as made:
        assert await made.post(shown, tmp_path) == status
        assert made.judged == (status == 200)


async def test_who_shows_a_strangers_certificate_is_not_connected(tmp_path: Path) -> None:
    async with scene(tmp_path) as made:
        with pytest.raises((aiohttp.ClientError, OSError)):
            await made.post(STRANGER, tmp_path)
        assert made.judged == 0


async def test_probes_of_the_kubelet_need_none(tmp_path: Path) -> None:
    async with (
        scene(tmp_path) as made,
        aiohttp.ClientSession() as session,
        session.get(f"https://127.0.0.1:{made.port}/readyz", ssl=False) as answer,
    ):
        assert answer.status == 200


async def test_other_replicas_and_the_process_itself_are_known(tmp_path: Path) -> None:
    async with scene(tmp_path) as made:
        async with Forwarder(made.serving) as forwarder:
            leader = Leader("leader", f"127.0.0.1:{made.port}")
            assert await forwarder.forward(leader, PATH, review(NAMESPACE, "any"))
        settings = Settings(NAMESPACE, host="127.0.0.1")
        assert await OwnDoor(made, lambda: made.port, settings, "ours").ask() == ""
        assert made.judged == 2


async def test_what_was_served_before_is_known_still(tmp_path: Path) -> None:
    """One replica changes its certificate a moment before the other."""
    renewed = material()
    async with scene(tmp_path) as made:
        made.serving.use(renewed.certificate, renewed.key, REPLICAS.bundle + renewed.bundle)
        context_of = Serving(REPLICAS.certificate, REPLICAS.key, renewed.bundle)
        async with Forwarder(context_of) as forwarder:
            leader = Leader("leader", f"127.0.0.1:{made.port}")
            assert await forwarder.forward(leader, PATH, review(NAMESPACE, "any"))


async def test_the_file_is_read_again(tmp_path: Path) -> None:
    async with scene(tmp_path) as made, asyncio.timeout(10):
        running = asyncio.create_task(made.authorities.run())
        made.file.write_bytes(b"half written")
        made.file.write_bytes(STRANGER.bundle)
        await _until(lambda: made.serving.context, made.serving.context)
        assert await made.post(STRANGER, tmp_path) == 200
        with pytest.raises((aiohttp.ClientError, OSError)):
            await made.post(API_SERVER, tmp_path)
        running.cancel()


async def _until(current: Callable[[], object], before: object) -> None:
    while current() is before:  # noqa: ASYNC110 - the state is what is waited for
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("content", "served", "message"),
    [
        (None, REPLICAS, "No such file"),
        (b"no certificate", REPLICAS, "authorities of clients cannot be read"),
        (API_SERVER.bundle, for_usages([ExtendedKeyUsageOID.SERVER_AUTH]), "for servers only"),
    ],
)
def test_what_cannot_be_used_is_told(
    content: bytes | None, served: Material, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "clients.crt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CertificateError, match=f"--client-ca-file {file}.*{message}"):
        ClientAuthorities(file, Serving(served.certificate, served.key), 1.0)

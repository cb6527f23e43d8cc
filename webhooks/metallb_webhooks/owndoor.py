"""Ask ourselves as an API server would: over our port, trusting only what it trusts.

What that cannot see is the way through the Service, which leads to ready replicas only: the
operator walks it with a dry run, and names what is in the way in the status.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final, Protocol

import aiohttp

from metallb_webhooks.certs import service_names
from metallb_webhooks.selftest import (
    PATH,
    UNEXPECTED,
    UntrustedError,
    expected,
    review,
    silent,
    trust,
    untrusted,
)
from metallb_webhooks.settings import SERVICE, Settings
from metallb_webhooks.tls import Serving

logger = logging.getLogger(__name__)

_ANSWER_SECONDS: Final = 2.0
_RETRY_SECONDS: Final = 0.2
_CHANCES: Final = 2


class Trusted(Protocol):
    """Knows what API servers trust, and what is served."""

    @property
    def serving(self) -> Serving:
        """What is shown where clients are asked for a certificate."""

    @property
    def bundles(self) -> Iterable[bytes] | None:
        """The authorities of every webhook configuration that calls us; None if not known."""


class OwnDoor:
    """Keeps current whether a review that is sent to us would be answered.

    Attributes:
        trouble: the link that fails; "" if none does.
    """

    def __init__(
        self, certificate: Trusted, port: Callable[[], int], settings: Settings, uid: str
    ) -> None:
        """Begin without knowing.

        Args:
            certificate: knows what API servers trust.
            port: returns where we listen.
            settings: MetalLB's namespace, our address, and how often to ask.
            uid: of the reviews that are sent.
        """
        self._certificate = certificate
        self._port = port
        self._host = settings.address or settings.host or "127.0.0.1"
        self._name = service_names(SERVICE, settings.namespace)[0]
        self._review = review(settings.namespace, uid)
        self._seconds = settings.certificate_seconds
        self.trouble = "nothing has been sent to our own port yet"

    async def run(self) -> None:
        """Ask until cancelled: now and then while all is well, often while it is not."""
        while True:
            trouble = await self._asked_twice()
            if trouble and trouble != self.trouble:
                logger.warning("%s", trouble)
            self.trouble = trouble
            await asyncio.sleep(min(_RETRY_SECONDS, self._seconds) if trouble else self._seconds)

    async def ask(self) -> str:
        """Ask once; returns the link that fails, "" if none does.

        Each configuration has a bundle of its own, and is of use without the others: one that
        leads to us is enough, lest a stranger's takes all replicas out of service.
        """
        bundles = self._certificate.bundles
        trouble = untrusted("no webhook configuration calls us")
        for bundle in (None,) if bundles is None else dict.fromkeys(bundles):
            trouble = await self._sent(bundle)
            if not trouble:
                break
        return trouble

    async def _asked_twice(self) -> str:
        """Ask once more before anything is said: what changes hands takes a moment."""
        for chance in range(_CHANCES):
            if chance:
                await asyncio.sleep(_RETRY_SECONDS)
            if not (trouble := await self.ask()):
                break
        return trouble

    async def _sent(self, bundle: bytes | None) -> str:
        try:
            status, answer = await self._post(bundle)
        except (UntrustedError, aiohttp.ClientSSLError) as error:
            return untrusted(error)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return silent(str(error) or type(error).__name__)
        return "" if expected(status, answer) else UNEXPECTED

    async def _post(self, bundle: bytes | None) -> tuple[int, bytes]:
        """Send the review over a connection of its own: each shows the certificate of the moment.

        Raises:
            UntrustedError: the bundle is none.
            ClientSSLError: it does not vouch for what is served.
            ClientError, TimeoutError, OSError: there is no answer.
        """
        where = f"[{self._host}]" if ":" in self._host else self._host
        async with (
            aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=_ANSWER_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
            ) as session,
            session.post(
                f"https://{where}:{self._port()}{PATH}",
                data=self._review,
                headers={"Content-Type": "application/json"},
                ssl=self._certificate.serving.present(trust(bundle)),
                server_hostname=self._name,
                allow_redirects=False,
            ) as answer,
        ):
            return answer.status, await answer.read()

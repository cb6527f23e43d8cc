"""Pass a review on to the replica that decides."""

import logging
import time
from collections.abc import Callable
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self

import aiohttp

from metallb_webhooks.leadership import Leader

logger = logging.getLogger(__name__)

HEADER: Final = "Metallb-Forwarded"
"""Says that a review comes from another replica and must not be passed on once more."""

_CONNECT_SECONDS: Final = 0.5
_ANSWER_SECONDS: Final = 3.5
"""The one who decides may wait for the store for three; API servers wait for us for five."""
_SHUNNED_SECONDS: Final = 1.0


class Forwarder:
    """Keeps connections to whoever decides; `async with` closes them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin without any connection.

        Args:
            clock: monotonic seconds.
        """
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._pin: aiohttp.Fingerprint | None = None
        self._shunned: Leader | None = None
        self._until = 0.0

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=_ANSWER_SECONDS, sock_connect=_CONNECT_SECONDS),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def forward(self, leader: Leader, path: str, raw: bytes) -> bytes | None:
        """Return the answer of whoever decides; None if there is none to be had now.

        Who does not answer is left alone for a second, so that one review a second waits.

        Args:
            leader: who decides.
            path: that the review was sent to.
            raw: its body.
        """
        if leader == self._shunned and self._clock() < self._until:
            return None
        try:
            return await self._sent(leader, path, raw)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            why = str(error) or type(error).__name__
            logger.warning("%s, who decides, does not answer: %s", leader.identity, why)
            self._shunned, self._until = leader, self._clock() + _SHUNNED_SECONDS
            return None

    async def _sent(self, leader: Leader, path: str, raw: bytes) -> bytes | None:
        try:
            return await self._post(leader, path, raw)
        except aiohttp.ServerDisconnectedError:
            # A connection that was kept was closed just now; a review may be asked twice.
            return await self._post(leader, path, raw)

    async def _post(self, leader: Leader, path: str, raw: bytes) -> bytes | None:
        if self._session is None:
            raise RuntimeError("the forwarder is to be entered first")
        answering = self._session.post(
            f"https://{leader.address}{path}",
            data=raw,
            headers={"Content-Type": "application/json", HEADER: "1"},
            ssl=self._expected(leader),
            allow_redirects=False,
        )
        async with answering as answer:
            return await answer.read() if answer.status == HTTPStatus.OK else None

    def _expected(self, leader: Leader) -> aiohttp.Fingerprint:
        """Return what tells the one that the Lease names, whoever signed its certificate.

        Connections are kept for one and the same such object only.
        """
        if self._pin is None or self._pin.fingerprint != leader.fingerprint:
            self._pin = aiohttp.Fingerprint(leader.fingerprint)
        return self._pin

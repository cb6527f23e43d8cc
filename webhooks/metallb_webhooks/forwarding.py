"""Pass a review on to the replica that decides."""

import logging
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self

import aiohttp

from metallb_kube.printing import one_line
from metallb_webhooks.leadership import Leader
from metallb_webhooks.tls import Serving

logger = logging.getLogger(__name__)

HEADER: Final = "Metallb-Forwarded"
"""Says that a review comes from another replica and must not be passed on once more."""

_CONNECT_SECONDS: Final = 0.5
_ANSWER_SECONDS: Final = 2.5
"""The one who decides may wait for one and read what is stored for another one. Whoever gets no
answer does the same within the two seconds that are left until `Settings.deadline_seconds`."""
_SHUNNED_SECONDS: Final = 1.0


class Forwarder:
    """Keeps connections to whoever decides; `async with` closes them."""

    def __init__(
        self,
        serving: Serving,
        vouched: Callable[[Leader], Awaitable[bool]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin without any connection.

        Args:
            serving: what this replica serves, by which it knows others.
            vouched: tells whether an address is one of a pod of ours; None outside of pods.
            clock: monotonic seconds.
        """
        self._serving = serving
        self._vouched = vouched
        self._known: Leader | None = None
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
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
            if not await self._is_ours(leader):
                self._shun(leader, "its address is none of a pod of ours")
                return None
            return await self._sent(leader, path, raw)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._shun(leader, f"it does not answer: {str(error) or type(error).__name__}")
            return None

    def _shun(self, leader: Leader, why: str) -> None:
        who = one_line(leader.identity)
        logger.warning("reviews cannot be passed on to %.100s, who decides: %s", who, why)
        self._shunned, self._until = leader, self._clock() + _SHUNNED_SECONDS

    async def _is_ours(self, leader: Leader) -> bool:
        """Tell whether a pod of ours has this address; asked once for each leader."""
        if self._vouched is not None and leader != self._known:
            if not await self._vouched(leader):
                return False
            self._known = leader
        return True

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
            ssl=self._serving.towards,
            server_hostname=self._serving.name,
            allow_redirects=False,
        )
        async with answering as answer:
            return await answer.read() if answer.status == HTTPStatus.OK else None

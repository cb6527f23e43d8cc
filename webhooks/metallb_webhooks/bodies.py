"""Read the bodies of reviews within a bound on all that is under way.

A body is held several times over while it is judged. Whoever sends many and lets them stall would
fill the memory: when there is too much, those that have been arriving for the longest are dropped.
Small ones, which most reviews are, take no part in it: the number of connections bounds them.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from metallb_webhooks.review import MAX_BODY_BYTES, MalformedReviewError

MOST_BYTES: Final = MAX_BODY_BYTES + 2**20
"""Of all large bodies that are arriving or being judged."""

SMALL_BYTES: Final = 2**13
"""A body of so many bytes neither waits nor counts."""

_SLOW_SECONDS: Final = 1.0


@dataclass(eq=False, slots=True)
class _Body:
    request: web.BaseRequest
    since: float
    size: int = 0  # that counts
    arriving: bool = True


class Bodies:
    """Those under way."""

    def __init__(
        self,
        most: int = MOST_BYTES,
        small: int = SMALL_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin without any.

        Args:
            most: how many bytes of large bodies may be under way; the largest one has to fit.
            small: up to how many bytes a body does not count.
            clock: monotonic seconds.
        """
        self._most = most
        self._small = small
        self._clock = clock
        self._under_way: dict[_Body, None] = {}
        self._changed = asyncio.Event()

    @property
    def size(self) -> int:
        """How many bytes of large bodies are under way."""
        return sum(body.size for body in self._under_way)

    @asynccontextmanager
    async def read(self, request: web.BaseRequest, seconds: float) -> AsyncIterator[bytes]:
        """Read a body, and count it until the end of the block.

        Args:
            request: whose.
            seconds: that it may take to arrive.

        Raises:
            MalformedReviewError: it is too large, is not what its headers say, or does not arrive.
        """
        body = _Body(request, self._clock())
        self._under_way[body] = None
        try:
            yield await self._arrived(body, seconds)
        finally:
            self._under_way.pop(body, None)
            self._tell()

    async def _arrived(self, body: _Body, seconds: float) -> bytes:
        try:
            async with asyncio.timeout(seconds):
                return await self._all_of(body)
        except TimeoutError:
            raise MalformedReviewError(
                HTTPStatus.REQUEST_TIMEOUT, f"the body did not arrive within {seconds:g} s"
            ) from None
        except (web.RequestPayloadError, HttpProcessingError, ConnectionError):
            raise MalformedReviewError(
                HTTPStatus.BAD_REQUEST, "the body is not what its headers say"
            ) from None

    async def _all_of(self, body: _Body) -> bytes:
        raw = bytearray()
        async for chunk in body.request.content.iter_any():
            if len(raw) + len(chunk) > MAX_BODY_BYTES:
                raise MalformedReviewError(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body exceeds {MAX_BODY_BYTES} bytes"
                )
            if len(raw) + len(chunk) > self._small:
                await self._room(body, len(raw) + len(chunk) - body.size)
            raw += chunk
        body.arriving = False
        return bytes(raw)

    async def _room(self, body: _Body, size: int) -> None:
        """Count more bytes, once there is room for them."""
        while self.size + size > self._most:
            slow = self._slowest(body)
            if slow is not None:
                self._drop(slow)
                continue
            changed = self._changed
            try:
                async with asyncio.timeout(_SLOW_SECONDS / 10):
                    await changed.wait()
            except TimeoutError:
                pass  # somebody may have become slow
            if body not in self._under_way:
                raise ConnectionAbortedError
        body.size += size

    def _slowest(self, but: _Body) -> _Body | None:
        arriving = (one for one in self._under_way if one.arriving and one.size)
        oldest = next((one for one in arriving if one is not but), None)
        if oldest is None or self._clock() - oldest.since < _SLOW_SECONDS:
            return None
        return oldest

    def _drop(self, body: _Body) -> None:
        del self._under_way[body]
        body.size = 0
        if body.request.transport is not None:
            body.request.transport.abort()

    def _tell(self) -> None:
        told, self._changed = self._changed, asyncio.Event()
        told.set()

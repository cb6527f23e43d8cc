"""What our HTTP servers do not tell: which programs they are, and of which versions. Pure."""

from collections.abc import MutableMapping
from typing import Protocol


class HasHeaders(Protocol):
    """A response that is about to be sent."""

    @property
    def headers(self) -> MutableMapping[str, str]:
        """By name, in whatever case."""


async def unnamed(_: object, response: HasHeaders) -> None:
    """Take the header Server off; for `on_response_prepare`, which runs once aiohttp has set it."""
    response.headers.pop("Server", None)

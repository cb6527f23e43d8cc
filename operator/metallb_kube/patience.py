"""How long the API server is waited for. Pure."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Patience:
    """How long what may take, in seconds.

    Attributes:
        request: one request, its answer included.
        silence: a watch that stays silent for so long counts as dead. The API server sends a
            bookmark about every minute (KEP-956), so that a healthy one never does; what lies
            above a minute is the margin.
        connect: TCP and TLS of one connection.
    """

    request: float = 30.0
    silence: float = 75.0
    connect: float = 5.0

    def __post_init__(self) -> None:
        if min(self.request, self.silence, self.connect) <= 0:
            raise ValueError(f"more than 0 seconds are needed: {self}")


PATIENCE: Final = Patience()
"""What is right for an API server as people run it."""

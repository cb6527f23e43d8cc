"""Somebody who changes configuration all the time, and what the API server says to it."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from observe.places import Place
from observe.scripts import Script, script
from support.waiting import wait_for

HZ: Final = 5.0
TIMEOUT: Final = 12.0
"""Seconds: longer than the API server waits for a webhook."""


@dataclass(frozen=True, slots=True)
class Access:
    """How the API server is reached, and as whom.

    Attributes:
        authority, certificate, key: PEM files.
        namespace: that pools are written to.
    """

    host: str
    port: int
    authority: Path
    certificate: Path
    key: Path
    namespace: str


@dataclass(frozen=True, slots=True)
class Write:
    """One write.

    Attributes:
        start: by the monotonic clock of the machine, in seconds.
        seconds: until it was answered.
        code: of the answer; 0 if there was none.
        error: what the API server said; "" if it was done.
    """

    write: str
    start: float
    seconds: float
    code: int
    error: str

    @property
    def refused(self) -> bool:
        """Whether the API server answered, and did not do it."""
        return bool(self.error and self.code)


@dataclass(frozen=True, slots=True)
class Account:
    """What became of writes.

    Attributes:
        refused: by the API server, or by a webhook that it asked, or did not reach.
        unanswered: the API server was not there.
        first, last: when a refused write started first, and when one was answered last; 0.0 if
            there was none.
        reasons: of the refusals, each once.
    """

    writes: int
    refused: int
    unanswered: int
    first: float
    last: float
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        """One sentence for notes and assertions."""
        text = f"{self.refused} of {self.writes} writes refused, {self.unanswered} unanswered"
        if not self.refused:
            return text
        return f"{text}, within {self.last - self.first:.1f} s: {'; '.join(self.reasons[:3])}"


def account(writes: Iterable[Write]) -> Account:
    """Sum up writes, in any order."""
    every = tuple(writes)
    refused = [one for one in every if one.refused]
    return Account(
        writes=len(every),
        refused=len(refused),
        unanswered=sum(bool(one.error) and not one.code for one in every),
        first=min((one.start for one in refused), default=0.0),
        last=max((one.start + one.seconds for one in refused), default=0.0),
        reasons=tuple(dict.fromkeys(one.error for one in refused)),
    )


@dataclass(frozen=True, slots=True)
class Writing:
    """Writes under way."""

    _script: Script

    def writes(self) -> tuple[Write, ...]:
        """Return the writes that have ended so far."""
        return tuple(_write(line) for line in self._script.lines())

    def wait_written(self, count: int, *, seconds: float = 60) -> None:
        """Return when so many writes that start from now on have ended."""
        since = time.monotonic()
        wait_for(
            f"{count} more writes",
            lambda: len([one for one in self.writes() if one.start >= since]) >= count,
            seconds=seconds,
            every=0.2,
        )

    def account(self) -> Account:
        """Sum up the writes that have ended so far."""
        return account(self.writes())


@contextmanager
def writing(place: Place, access: Access, network: str, *, hz: float = HZ) -> Iterator[Writing]:
    """Create and delete pools from a place until the end of the block, which leaves none.

    Args:
        place: that the API server is reached from.
        access: to the API server.
        network: of the pools, one address each: the first three parts and a dot.
        hz: writes a second.

    Raises:
        AssertionError: the script failed, or a pool cannot be deleted any more.
    """
    settings = {
        "host": access.host,
        "port": access.port,
        "authority": str(access.authority),
        "certificate": str(access.certificate),
        "key": str(access.key),
        "namespace": access.namespace,
        "network": network,
        "hz": hz,
        "timeout": TIMEOUT,
    }
    with script(place, "writer", settings, None) as running:
        running.wait_for_lines(4)
        yield Writing(running)


def _write(line: dict[str, Any]) -> Write:
    return Write(**{name: line[name] for name in Write.__slots__})

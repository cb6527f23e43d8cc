"""A client outside the cluster that asks Services again and again, by the clock."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, Literal

from observe.outcomes import Mark, Outcome, Request, judge, read
from observe.places import Place
from observe.scripts import Script, script
from support.waiting import DeadlineError, wait_for

HZ: Final = 20.0
TIMEOUT: Final = 1.0


@dataclass(frozen=True, slots=True)
class Target:
    """A Service, as a client knows it.

    Attributes:
        name: in reports.
        address: IPv4 or IPv6.
        protocol: tcp asks by HTTP; udp sends one datagram and wants one.
    """

    name: str
    address: str
    port: int = 80
    protocol: Literal["tcp", "udp"] = "tcp"


@dataclass(slots=True)
class Traffic:
    """Requests under way.

    Attributes:
        targets: that are asked.
        interval: in seconds, that requests to one target start at.
        marks: what has happened meanwhile.
    """

    targets: tuple[Target, ...]
    interval: float
    _script: Script
    marks: list[Mark] = field(default_factory=list)

    def mark(self, what: str) -> None:
        """Note that something happens now."""
        self.marks.append(Mark(what, time.monotonic()))

    def requests(self, target: str = "") -> tuple[Request, ...]:
        """Return the requests that have ended so far, to one target or to all."""
        return tuple(
            read(line)
            for line in self._script.lines()
            if "target" in line and target in ("", line["target"])
        )

    def outcome(self, target: str = "") -> Outcome:
        """Sum up the requests that have ended so far, to one target or to all."""
        return judge(self.requests(target), self.interval, self.marks)

    @property
    def cpu(self) -> float:
        """What the client has used of one processor, 0 to 1; known after the end of the block."""
        last = self._script.lines()[-1]
        return float(last["cpu"] / last["seconds"])

    def wait_answered(self, count: int = 3, *, seconds: float = 30) -> None:
        """Return when, of the requests that start from now on, the last `count` were answered.

        Raises:
            DeadlineError: that is not so of every target in time; the message has the last errors.
        """
        since = time.monotonic()
        last: dict[str, list[str]] = {}

        def answered() -> bool:
            for target in self.targets:
                started = [one for one in self.requests(target.name) if one.start >= since]
                last[target.name] = [one.error for one in started[-count:]]
            return all(errors == [""] * count for errors in last.values())

        try:
            wait_for("", answered, seconds=seconds, every=self.interval)
        except DeadlineError:
            raise DeadlineError(f"not every target answers within {seconds:g} s: {last}") from None


@contextmanager
def requesting(
    place: Place,
    targets: Sequence[Target],
    *,
    hz: float = HZ,
    timeout: float = TIMEOUT,
    folder: Path | None = None,
) -> Iterator[Traffic]:
    """Ask targets from a place until the end of the block; then wait for what is under way.

    Args:
        place: where the client is.
        targets: each is asked `hz` times a second, over a new connection each time.
        timeout: of a request, connection and answer together, in seconds.
        folder: where a line for each request is kept; None to keep none.

    Raises:
        AssertionError: the client itself failed.
    """
    settings = {"hz": hz, "timeout": timeout, "targets": [asdict(one) for one in targets]}
    with script(place, "requester", settings, folder) as running:
        running.wait_for_lines()
        yield Traffic(tuple(targets), 1 / hz, running)

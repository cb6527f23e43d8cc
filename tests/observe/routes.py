"""When routes came and went, by what the kernel of a place tells."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from observe.places import Place
from observe.scripts import Script, script
from support.waiting import wait_for

BGP: Final = 186
"""The protocol of routes that FRR's zebra has from bgpd (`linux/rtnetlink.h`: RTPROT_BGP)."""


@dataclass(frozen=True, slots=True)
class Change:
    """What the route to a prefix is from a moment on.

    Attributes:
        at: by the monotonic clock of the machine.
        next_hops: gateways; none if the route is gone.
    """

    at: float
    prefix: str
    next_hops: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Interval:
    """From when until when, by the monotonic clock; `until` is None if it has not ended."""

    since: float
    until: float | None


def fewer(changes: Iterable[Change], prefix: str, count: int) -> tuple[Interval, ...]:
    """Return when a prefix had fewer next hops than that, from the first time it had as many."""
    found: list[Interval] = []
    since: float | None = None
    reached = False
    for change in sorted(changes, key=lambda one: one.at):
        if change.prefix != prefix:
            continue
        enough = len(change.next_hops) >= count
        if enough and since is not None:
            found.append(Interval(since, change.at))
            since = None
        elif not enough and reached and since is None:
            since = change.at
        reached = reached or enough
    if since is not None:
        found.append(Interval(since, None))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Routes:
    """Routes under watch."""

    _script: Script

    def changes(self, prefix: str = "") -> tuple[Change, ...]:
        """Return what was there at the start, and every change since, of one prefix or of all."""
        return tuple(
            Change(line["at"], line["prefix"], tuple(line["next_hops"]))
            for line in self._script.lines()
            if "prefix" in line and prefix in ("", line["prefix"])
        )

    def fewer(self, prefix: str, count: int) -> tuple[Interval, ...]:
        """Return when a prefix had fewer next hops than that, from the first time it had them."""
        return fewer(self.changes(), prefix, count)


@contextmanager
def watching_routes(
    place: Place, *, protocol: int = BGP, folder: Path | None = None
) -> Iterator[Routes]:
    """Watch the routes of a place until the end of the block; what was seen stays readable.

    Args:
        place: whose kernel tells.
        protocol: that routes must come from; 0 for all.
        folder: where the lines are kept; None to keep none.
    """
    with script(place, "routewatcher", {"protocol": protocol}, folder) as running:
        wait_for("routes are watched", lambda: {"ready": True} in running.lines())
        yield Routes(running)

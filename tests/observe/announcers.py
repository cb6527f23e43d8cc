"""Who claims an address on a wire, by ARP or NDP, and since when."""

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from observe.places import Place
from observe.scripts import Script, command, script

EVERY: Final = 0.05
ROUNDS: Final = 6
HELD: Final = 0.25
"""Seconds after which whoever has not claimed an address again does not claim it any longer."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A frame that says that an address is at a MAC.

    Attributes:
        at: by the monotonic clock of the machine.
        unsolicited: sent to everybody (gratuitous ARP, unsolicited advertisement), not to who asks.
    """

    at: float
    address: str
    mac: str
    unsolicited: bool = False


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two MACs that claimed one address at once, from `since`, for so many seconds."""

    address: str
    macs: tuple[str, str]
    since: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Span:
    """A MAC that claimed an address all the time from `since` to `until`."""

    mac: str
    since: float
    until: float


def spans(claims: Iterable[Claim], address: str, held: float = HELD) -> tuple[Span, ...]:
    """Return who claimed an address when, in order of time.

    Args:
        claims: of any addresses, in any order.
        held: the longest time between two claims of a span.
    """
    found: list[Span] = []
    latest: dict[str, Span] = {}
    for claim in sorted(claims, key=lambda one: one.at):
        if claim.address != address:
            continue
        before = latest.get(claim.mac)
        if before and claim.at - before.until <= held:
            latest[claim.mac] = Span(claim.mac, before.since, claim.at)
            continue
        if before:
            found.append(before)
        latest[claim.mac] = Span(claim.mac, claim.at, claim.at)
    return tuple(sorted((*found, *latest.values()), key=lambda span: (span.since, span.mac)))


def overlaps(
    claims: Sequence[Claim], tolerance: float = 0.0, held: float = HELD
) -> tuple[Overlap, ...]:
    """Return when two MACs claimed one address at once, for longer than `tolerance` seconds."""
    return tuple(
        overlap
        for address in sorted({claim.address for claim in claims})
        for one, other in itertools.combinations(spans(claims, address, held), 2)
        if (overlap := _overlap(address, one, other)).seconds > tolerance
    )


def _overlap(address: str, one: Span, other: Span) -> Overlap:
    since, until = max(one.since, other.since), min(one.until, other.until)
    seconds = 0.0 if one.mac == other.mac else round(until - since, 6)
    return Overlap(address, (one.mac, other.mac), since, seconds)


def unanswered(claims: Iterable[Claim], address: str, since: float, until: float) -> float:
    """Return the longest time between then and then in which nobody who asked was answered."""
    answers = sorted(
        one.at
        for one in claims
        if one.address == address and not one.unsolicited and since <= one.at <= until
    )
    moments = (since, *answers, until)
    return max(later - earlier for earlier, later in itertools.pairwise(moments))


@dataclass(frozen=True, slots=True)
class Wire:
    """A wire under watch."""

    _script: Script

    def claims(self, address: str = "") -> tuple[Claim, ...]:
        """Return what was claimed so far, of one address or of all."""
        return tuple(
            _claim(line)
            for line in self._script.lines()
            if "mac" in line and address in ("", line["address"])
        )

    def overlaps(self, tolerance: float = 0.0) -> tuple[Overlap, ...]:
        """Return when two MACs claimed one address at once, for longer than that."""
        return overlaps(self.claims(), tolerance)


def announcers(place: Place, address: str, interface: str = "eth0") -> frozenset[str]:
    """Ask a wire for an address, several times in a third of a second; returns who has answered.

    Args:
        place: that asks.
        address: IPv4 or IPv6.
        interface: of the place, on the wire; must be up.
    """
    said = place.run(*command("wirewatcher", _settings(interface, [address], ROUNDS)))
    lines = [json.loads(line) for line in said.splitlines()]
    claims = [_claim(line) for line in lines if "mac" in line]
    return frozenset(one.mac for one in claims if not one.unsolicited)


@contextmanager
def watching_arp(
    place: Place, interface: str, addresses: Sequence[str], *, folder: Path | None = None
) -> Iterator[Wire]:
    """Ask a wire for addresses twenty times a second until the end of the block.

    Args:
        place: that asks.
        interface: of the place, on the wire; must be up.
        addresses: IPv4 and IPv6.
        folder: where a line for each claim is kept; None to keep none.
    """
    with script(place, "wirewatcher", _settings(interface, addresses, 0), folder) as running:
        running.wait_for_lines()
        yield Wire(running)


def _settings(interface: str, addresses: Sequence[str], rounds: int) -> dict[str, Any]:
    return {"interface": interface, "addresses": addresses, "every": EVERY, "rounds": rounds}


def _claim(line: dict[str, Any]) -> Claim:
    return Claim(line["at"], line["address"], line["mac"], line["unsolicited"])

"""What was measured, as a table for people and as JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from rich.table import Table

from benchmarks.measuring import Times
from benchmarks.servers import METALLB

_TITLES: Final = (
    "p50 ms",
    "p99 ms",
    "/s",
    "8: p99 ms",
    "8: /s",
    "write p50 ms",
    "p99 ms",
    "MiB",
    "ready s",
)
WIDTH: Final = 190
"""What the table takes."""


@dataclass(frozen=True, slots=True)
class Row:
    """One server with so much stored.

    Attributes:
        stored: pools, and as many peers.
        review_p50_ms: of one client, and the percentiles after it, called directly.
        rate_1: reviews a second of one client; `rate_8` of eight.
        write_p50_ms: of creating an object through the API server; 0.0 where not measured.
        resident_mib: after all that.
        ready_seconds: from its start until it was of use.
    """

    server: str
    stored: int
    reviews: int
    review_p50_ms: float
    review_p99_ms: float
    rate_1: float
    review_8_p99_ms: float
    rate_8: float
    write_p50_ms: float
    write_p99_ms: float
    resident_mib: float
    ready_seconds: float


@dataclass(frozen=True, slots=True)
class KindRow:
    """Reviews of one kind by our server, of one client that calls it directly.

    Attributes:
        stored: pools, and as many peers.
    """

    kind: str
    stored: int
    reviews: int
    p50_ms: float
    p99_ms: float


def kind_row(kind: str, stored: int, times: Times) -> KindRow:
    """Sum up what was measured of one kind."""
    p50, p99 = (round(times.percentile(share), 3) for share in (0.5, 0.99))
    return KindRow(kind, stored, len(times.milliseconds), p50, p99)


def kinds_table(rows: Sequence[KindRow]) -> Table:
    """Return a table with a row a kind, and p50 and p99 for as much as was stored."""
    sizes = sorted({one.stored for one in rows})
    made = Table(title="Admission: reviews by kind, ours, p50 / p99 ms")
    made.add_column("kind", no_wrap=True)
    for size in sizes:
        made.add_column(f"{size:,} stored", justify="right", no_wrap=True)
    found = {(one.kind, one.stored): f"{one.p50_ms:.2f} / {one.p99_ms:.2f}" for one in rows}
    for kind in dict.fromkeys(one.kind for one in rows):
        made.add_row(kind, *(found.get((kind, size), "") for size in sizes))
    return made


def row(
    server: str,
    stored: int,
    *,
    alone: Times,
    together: Times,
    writes: Times,
    resident_mib: float,
    ready_seconds: float,
) -> Row:
    """Sum up what was measured of one server."""
    return Row(
        server=server,
        stored=stored,
        reviews=len(alone.milliseconds),
        review_p50_ms=round(alone.percentile(0.5), 3),
        review_p99_ms=round(alone.percentile(0.99), 3),
        rate_1=round(alone.rate, 1),
        review_8_p99_ms=round(together.percentile(0.99), 3),
        rate_8=round(together.rate, 1),
        write_p50_ms=round(writes.percentile(0.5), 3),
        write_p99_ms=round(writes.percentile(0.99), 3),
        resident_mib=round(resident_mib, 1),
        ready_seconds=round(ready_seconds, 2),
    )


def save(
    path: Path, rows: Sequence[Row], baseline: dict[int, float], kinds: Sequence[KindRow] = ()
) -> None:
    """Write everything as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "rows": [asdict(one) for one in rows],
        "write_p50_ms_without_webhooks": baseline,
        "kinds": [asdict(one) for one in kinds],
    }
    path.write_text(json.dumps(document, indent=2) + "\n")


def table(rows: Sequence[Row], baseline: dict[int, float]) -> Table:
    """Return the table; in brackets what it is of MetalLB's, and what a review adds to a write."""
    made = Table(title="Admission: reviews called directly, and writes through the API server")
    for title in ("stored", "server", *_TITLES):
        made.add_column(title, justify="left" if title == "server" else "right", no_wrap=True)
    theirs = {one.stored: one for one in rows if one.server == METALLB}
    for one in rows:
        made.add_row(*_cells(one, theirs[one.stored], baseline[one.stored]))
    return made


def _cells(one: Row, theirs: Row, baseline: float) -> tuple[str, ...]:
    def against(name: str, digits: int) -> str:
        mine, other = getattr(one, name), getattr(theirs, name)
        shown = f"{mine:,.{digits}f}"
        return shown if one is theirs else f"{shown} ({mine / other:.2g}x)"

    return (
        f"{one.stored:,}",
        one.server,
        against("review_p50_ms", 2),
        against("review_p99_ms", 2),
        against("rate_1", 0),
        against("review_8_p99_ms", 1),
        against("rate_8", 0),
        f"{one.write_p50_ms:,.1f} (+{one.write_p50_ms - baseline:,.1f})",
        f"{one.write_p99_ms:,.1f}",
        against("resident_mib", 0),
        against("ready_seconds", 2),
    )

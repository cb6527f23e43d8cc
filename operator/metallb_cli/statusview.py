"""An overview as people and programs read it. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from metallb_cli import printed
from metallb_cli.overview import Overview

Row = Mapping[str, Any]


def json(found: Overview) -> str:
    """Return an overview as JSON text."""
    return printed.as_json(asdict(found))


def screen(found: Overview) -> Iterator[RenderableType]:
    """Yield what to print, part by part; parts without anything in them are left out."""
    if found.silence:
        yield Text(printed.line(found.silence), style="bold red")
    yield _headline(found)
    for problem in found.problems:
        if problem != found.silence:
            yield Text(f"  {printed.line(problem)}", style="red")
    if found.unread:
        yield Text(f"  you may not read {', '.join(found.unread)}: that is missing below", "yellow")
    then = _then(found)
    yield from _part(f"Conditions{then}", found.conditions, ("type", "status", "reason", "message"))
    components = map(_component, found.components)
    yield from _part(f"Components{then}", components, ("name", "ready", "message"))
    yield from _part("Pools", map(_pool, found.pools), ("name", "addresses", "used", "free"))
    yield from _part("BGP peers", found.peers, ("name", "address", "myASN", "peerASN"))
    yield from _part("BGP sessions", found.sessions, ("node", "peer", "vrf", "bgp", "bfd"))
    yield from _part("Services without address", found.pending, ("namespace", "name", "reason"))
    yield from _part("Events", found.events, ("time", "type", "about", "message"))


def _headline(found: Overview) -> Text:
    what = " ".join(filter(None, ("MetalLB", found.version)))
    backend = f", backend {found.backend}" if found.backend else ""
    state = Text("healthy", "bold green") if found.healthy else Text("not healthy", "bold red")
    return Text(f"{printed.line(f'{what}{backend}{_then(found)}')}: ").append_text(state)


def _then(found: Overview) -> str:
    """Mark what is as old as the last look of the operator."""
    return f", as of {found.as_of or 'an unknown time'}" if found.silence else ""


def _part(title: str, rows: Iterable[Row], columns: Sequence[str]) -> Iterator[RenderableType]:
    kept = list(rows)
    if not kept:
        return
    yield Text(f"\n{title}", style="bold")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column.upper(), overflow="fold")
    for row in kept:
        # Text, so that square brackets of a message are not taken for markup.
        table.add_row(*(Text(_shown(row.get(column))) for column in columns))
    yield table


def _component(row: Row) -> Row:
    return {**row, "ready": f"{row.get('ready', 0)}/{row.get('desired', 0)}"}


def _pool(row: Row) -> Row:
    used, free = row["assigned"], row["available"]
    return {**row, "addresses": ", ".join(row["addresses"]), "used": used, "free": free}


def _shown(value: Any) -> str:  # noqa: ANN401 - JSON
    return "" if value is None else printed.line(str(value))

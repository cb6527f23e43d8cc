"""A report as one page of HTML, which needs nothing else."""

from collections.abc import Iterator, Sequence
from html import escape

from observe.pictures import timeline, topology
from observe.results import Lane, Run, Scenario

_STYLE = """
:root { color-scheme: light dark; --bg: #fff; --fg: #1c2024; --soft: #626a73; --line: #d9dde1;
  --card: #f6f7f8; --ok: #1a7f4b; --fail: #cf222e; --mark: #3b5bdb; }
@media (prefers-color-scheme: dark) { :root { --bg: #14171a; --fg: #e6e8ea; --soft: #98a1aa;
  --line: #343a40; --card: #1d2125; --ok: #4cc38a; --fail: #ff6b6b; --mark: #91a7ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 72rem; background: var(--bg);
  color: var(--fg); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .75rem; }
.soft, .small { color: var(--soft); }
.figures { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.25rem 0; padding: 0; }
.figures div { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: .6rem 1rem; min-width: 9rem; }
.figures b { display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: .85rem; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
.n { text-align: right; white-space: nowrap; }
.good { color: var(--ok); } .bad { color: var(--fail); font-weight: 600; }
details { border: 1px solid var(--line); border-radius: 8px; margin: .6rem 0; padding: 0 1rem; }
details[open] { padding-bottom: 1rem; }
summary { cursor: pointer; padding: .6rem 0; } summary .soft { margin-left: .5rem; }
pre { background: var(--card); padding: .75rem; overflow-x: auto; border-radius: 6px; }
ol.marks { columns: 2; padding-left: 1.4rem; color: var(--soft); font-size: .9rem; }
svg { width: 100%; height: auto; display: block; margin: .5rem 0; }
svg text { fill: var(--fg); font: 13px system-ui, sans-serif; text-anchor: middle; }
svg .small, svg .tick { fill: var(--soft); font-size: 12px; }
svg .name { font-weight: 600; font-size: 15px; } svg .lane { text-anchor: start; }
svg .bad { fill: var(--fail); font-size: 12px; }
svg .machine { fill: var(--card); stroke: var(--line); }
svg .wire { stroke: var(--soft); stroke-width: 2; } svg .grid { stroke: var(--line); }
svg .ok { stroke: var(--ok); stroke-width: 3; stroke-linecap: round; fill: none; }
svg .fail { stroke: var(--fail); stroke-width: 2; }
svg .mark { stroke: var(--mark); stroke-dasharray: 4 3; } svg .flag { fill: var(--mark); }
svg .number { fill: var(--bg); font-size: 11px; font-weight: 700; }
"""

_HOW_TO_READ = (
    "In the time lines a green dot is a request that was answered, the higher the slower (a second "
    "at the top); a red line one that failed. Numbered lines are events."
)


def render(run: Run, nodes: Sequence[str] = ("n1", "n2")) -> str:
    """Return the page.

    Args:
        nodes: their names, for the picture.
    """
    changes = [one for one in run.scenarios if one.change]
    promises = [one for one in run.scenarios if not one.change]
    parts = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>End to end</title><style>{_STYLE}</style></head><body>",
        "<h1>MetalLB operator, end to end</h1>",
        f'<p class="soft">{escape(run.date)} · {escape(run.commit)} · {escape(run.machine)}</p>',
        *_figures(run),
        topology(nodes),
        f'<p class="soft">{_HOW_TO_READ}</p>',
        *_section("Nothing lost when something changes", _change_table(changes), changes),
        *_section("What is promised, as packets and routes", _promise_table(promises), promises),
        "</body></html>",
    )
    return "\n".join(parts) + "\n"


def _figures(run: Run) -> Iterator[str]:
    changes = [one for one in run.scenarios if one.change]
    figures = (
        (len(run.scenarios) - len(run.failed), "scenarios passed"),
        (len(run.failed), "failed"),
        (sum(one.requests for one in changes), "requests during changes"),
        (sum(one.failed for one in changes), "of these failed"),
        (f"{max((one.longest_gap for one in changes), default=0.0):.2f} s", "longest gap"),
        (f"{run.seconds / 60:.1f} min", "duration"),
    )
    yield '<div class="figures">'
    yield from (f"<div><b>{value}</b>{what}</div>" for value, what in figures)
    yield "</div>"


def _section(title: str, table: str, scenarios: Sequence[Scenario]) -> Iterator[str]:
    if scenarios:
        yield f"<h2>{title}</h2>"
        yield table
        yield from map(_details, scenarios)


def _change_table(scenarios: Sequence[Scenario]) -> str:
    titles = ("", "change", "backend", "requests", "failed", "longest gap", "silence", "addresses")
    rows = (
        (
            _sign(one),
            _link(one),
            escape(one.backend),
            f"{one.requests:,}",
            f"{one.failed:,}",
            f"{one.longest_gap:.2f} s",
            f"{one.longest_silence:.2f} s",
            escape(addresses(one)),
            f"{one.seconds:.1f}",
        )
        for one in scenarios
    )
    return _table((*titles, "seconds"), rows, numbers=(3, 4, 5, 6, 8))


def _promise_table(scenarios: Sequence[Scenario]) -> str:
    rows = (
        (_sign(one), _link(one), escape(one.backend), escape(one.what), f"{one.seconds:.1f}")
        for one in scenarios
    )
    return _table(("", "scenario", "backend", "what is shown", "seconds"), rows, numbers=(4,))


def addresses(scenario: Scenario) -> str:
    """Return in words whether addresses stayed the same; "" where that was not looked at."""
    if not scenario.before:
        return ""
    if dict(scenario.before) == dict(scenario.after):
        return f"{len(scenario.before)} the same"
    pairs = (
        f"{name}: {scenario.before.get(name, 'none')} to {scenario.after.get(name, 'none')}"
        for name in sorted({*scenario.before, *scenario.after})
        if scenario.before.get(name) != scenario.after.get(name)
    )
    return ", ".join(pairs)


def _details(one: Scenario) -> str:
    shown = "" if one.passed else " open"
    backend = f'<span class="soft">{escape(one.backend)}</span>'
    parts = [
        f'<details id="{_anchor(one)}"{shown}>',
        f"<summary>{_sign(one)} {escape(one.name)}{backend}</summary>",
        f"<p>{escape(one.what)}</p>" if one.what else "",
        f"<pre>{escape(one.error)}</pre>" if one.error else "",
        timeline(one),
        _legend(one),
        _lane_table(one.lanes) if one.lanes else "",
        *(f"<p>{escape(note)}</p>" for note in one.notes),
        "</details>",
    ]
    return "\n".join(part for part in parts if part)


def _legend(one: Scenario) -> str:
    items = (f"<li>{mark.at - one.start:.1f} s: {escape(mark.what)}</li>" for mark in one.marks)
    return f'<ol class="marks">{"".join(items)}</ol>' if one.marks else ""


def _lane_table(lanes: Sequence[Lane]) -> str:
    titles = ("target", "requests", "failed", "longest gap", "silence", "p50", "p99", "answered by")
    rows = (
        (
            escape(one.name),
            f"{one.outcome.requests:,}",
            f"{one.outcome.failed:,}",
            f"{one.outcome.longest_gap:.2f} s",
            f"{one.outcome.longest_silence:.2f} s",
            f"{one.outcome.p50 * 1000:.1f} ms",
            f"{one.outcome.p99 * 1000:.1f} ms",
            escape(", ".join(one.outcome.nodes)),
        )
        for one in lanes
    )
    return _table(titles, rows, numbers=(1, 2, 3, 4, 5, 6))


def _table(
    titles: Sequence[str], rows: Iterator[tuple[str, ...]], *, numbers: tuple[int, ...]
) -> str:
    def line(tag: str, cells: Sequence[str]) -> str:
        marked = (' class="n"' if place in numbers else "" for place in range(len(cells)))
        return "".join(f"<{tag}{m}>{c}</{tag}>" for m, c in zip(marked, cells, strict=True))

    body = "\n".join(f"<tr>{line('td', row)}</tr>" for row in rows)
    head = f"<tr>{line('th', titles)}</tr>"
    return f'<div class="scroll"><table>\n{head}\n{body}\n</table></div>'


def _sign(one: Scenario) -> str:
    return '<span class="good">✓</span>' if one.passed else '<span class="bad">✗</span>'


def _link(one: Scenario) -> str:
    return f'<a href="#{_anchor(one)}">{escape(one.name)}</a>'


def _anchor(one: Scenario) -> str:
    words = f"{one.name} {one.backend}".lower()
    return "".join(letter if letter.isalnum() else "-" for letter in words).strip("-")

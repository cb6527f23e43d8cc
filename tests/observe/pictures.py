"""Pictures of a report, as SVG without scripts: where everything is, and requests over time.

Colours are classes, which the page defines for light and dark.
"""

import math
from collections.abc import Iterator, Sequence
from html import escape

from observe.results import Dot, Lane, Scenario

WIDTH = 960
_LEFT = 150
_RIGHT = 20
_LANE = 44
_TOP = 26
_AXIS = 24
_TICKS = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600)


def topology(nodes: Sequence[str]) -> str:
    """Return a picture of the machines on their LAN."""
    machines = [
        ("router", ("client", "FRR: BGP, BFD", "asks by ARP and NDP")),
        *((name, ("kubelet, containerd", "kube-proxy", "speaker")) for name in nodes),
        ("control plane", ("etcd, API server", "controllers")),
    ]
    step = WIDTH / len(machines)
    parts = [f'<line class="wire" x1="40" y1="130" x2="{WIDTH - 40}" y2="130"/>']
    for number, (name, lines) in enumerate(machines):
        middle = step * (number + 0.5)
        parts.append(f'<line class="wire" x1="{middle:g}" y1="96" x2="{middle:g}" y2="130"/>')
        parts.append(
            f'<rect class="machine" x="{middle - 88:g}" y="8" width="176" height="88" rx="8"/>'
        )
        parts.append(f'<text class="name" x="{middle:g}" y="32">{escape(name)}</text>')
        parts.extend(
            f'<text class="small" x="{middle:g}" y="{52 + 17 * place}">{escape(line)}</text>'
            for place, line in enumerate(lines)
        )
    parts.append(f'<text class="small" x="{WIDTH / 2:g}" y="150">LAN, 192.0.2.0/24</text>')
    return _svg(160, "Router, nodes and control plane on one LAN", parts)


def timeline(scenario: Scenario) -> str:
    """Return a picture of all requests of a scenario over time; "" if there were none."""
    if not scenario.lanes:
        return ""
    height = _TOP + _LANE * len(scenario.lanes) + _AXIS
    seconds = max(_end(scenario), 0.1)
    parts = [
        *_axis(seconds, height - _AXIS),
        *(
            part
            for number, lane in enumerate(scenario.lanes)
            for part in _lane(lane, _TOP + _LANE * number, seconds)
        ),
        *_marks(scenario, seconds, height - _AXIS),
    ]
    return _svg(height, f"Requests of {scenario.name} over time", parts)


def _end(scenario: Scenario) -> float:
    dots = (dot.at + dot.seconds for lane in scenario.lanes for dot in lane.dots)
    marks = (mark.at - scenario.start for mark in scenario.marks)
    return max((*dots, *marks), default=0.0)


def _x(at: float, seconds: float) -> float:
    share = min(max(at / seconds, 0.0), 1.0)
    return round(_LEFT + share * (WIDTH - _LEFT - _RIGHT), 1)


def _axis(seconds: float, bottom: float) -> Iterator[str]:
    step = next((one for one in _TICKS if seconds / one <= 12), _TICKS[-1])
    for number in range(math.floor(seconds / step) + 1):
        x = _x(number * step, seconds)
        yield f'<line class="grid" x1="{x}" y1="{_TOP}" x2="{x}" y2="{bottom}"/>'
        yield f'<text class="tick" x="{x}" y="{bottom + 16}">{number * step:g} s</text>'


def _lane(lane: Lane, top: float, seconds: float) -> Iterator[str]:
    bottom = top + _LANE - 6
    outcome = lane.outcome
    yield f'<text class="lane" x="0" y="{top + 18}">{escape(lane.name)}</text>'
    kind = "bad" if outcome.failed else "small"
    said = f"{outcome.failed} of {outcome.requests} failed"
    yield f'<text class="lane {kind}" x="0" y="{top + 34}">{said}</text>'
    yield f'<line class="grid" x1="{_LEFT}" y1="{bottom}" x2="{WIDTH - _RIGHT}" y2="{bottom}"/>'
    good = [dot for dot in lane.dots if not dot.error]
    # One path for all of them: a page has many thousands. Slow answers are higher up.
    path = "".join(f"M{_x(dot.at, seconds)} {_height(dot, bottom)}h0" for dot in good)
    yield f'<path class="ok" d="{path}"/>'
    for dot in lane.dots:
        if dot.error:
            x = _x(dot.at, seconds)
            title = escape(f"{dot.at:.2f} s: {dot.error}")
            line = f'<line class="fail" x1="{x}" y1="{top + 4}" x2="{x}" y2="{bottom}">'
            yield f"{line}<title>{title}</title></line>"


def _height(dot: Dot, bottom: float) -> float:
    return round(bottom - 3 - (_LANE - 14) * math.sqrt(min(dot.seconds, 1.0)), 1)


def _marks(scenario: Scenario, seconds: float, bottom: float) -> Iterator[str]:
    for number, mark in enumerate(scenario.marks, 1):
        x = _x(mark.at - scenario.start, seconds)
        title = f"<title>{escape(mark.what)}</title>"
        yield f'<line class="mark" x1="{x}" y1="20" x2="{x}" y2="{bottom}">{title}</line>'
        yield f'<circle class="flag" cx="{x}" cy="11" r="9">{title}</circle>'
        yield f'<text class="number" x="{x}" y="15">{number}</text>'


def _svg(height: float, what: str, parts: Sequence[str]) -> str:
    head = f'<svg viewBox="0 0 {WIDTH} {height:g}" role="img" aria-label="{escape(what)}">'
    return "\n".join((head, *parts, "</svg>"))

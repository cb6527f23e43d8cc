"""A run as a page of the documentation."""

from collections.abc import Iterator, Sequence

from observe.page import addresses
from observe.results import Run, Scenario

_HEAD = """# Evidence

Written by `make e2e`: two nodes with kubelet, containerd and kube-proxy, and a router with FRR, in
network namespaces. A client on the router asks twenty times a second, over a new connection each
time.

- *failed*: no answer within a second, or the connection was refused or reset.
- *longest gap*: the longest time in which every request failed; a single one makes 0.05 s.
- *silence*: the longest time without an answer. Requests that are answered late make it longer than
  the gap.
"""


def render(run: Run) -> str:
    """Return the page."""
    lines = [
        _HEAD,
        *_table(
            ("date", "commit", "machine", "scenarios", "failed", "minutes"),
            [
                (
                    run.date,
                    run.commit,
                    run.machine,
                    str(len(run.scenarios)),
                    str(len(run.failed)),
                    f"{run.seconds / 60:.0f}",
                )
            ],
        ),
        *_changes([one for one in run.scenarios if one.change]),
        *_promises([one for one in run.scenarios if not one.change]),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _changes(scenarios: Sequence[Scenario]) -> Iterator[str]:
    if not scenarios:
        return
    yield "## Nothing lost when something changes\n"
    yield from _table(
        (
            *("change", "backend", "requests", "failed", "longest gap", "silence"),
            *("addresses", "seconds"),
        ),
        [
            (
                _name(one),
                one.backend,
                f"{one.requests:,}",
                f"{one.failed:,}",
                f"{one.longest_gap:.2f} s",
                f"{one.longest_silence:.2f} s",
                addresses(one),
                f"{one.seconds:.1f}",
            )
            for one in scenarios
        ],
    )


def _promises(scenarios: Sequence[Scenario]) -> Iterator[str]:
    if not scenarios:
        return
    yield "## What is promised, as packets and routes\n"
    yield from _table(
        ("scenario", "backend", "what is shown", "seconds"),
        [
            (
                _name(one),
                one.backend,
                " ".join((one.what, *one.notes)).strip(),
                f"{one.seconds:.1f}",
            )
            for one in scenarios
        ],
    )


def _name(one: Scenario) -> str:
    return one.name if one.passed else f"**failed:** {one.name}"


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield _row(titles)
    yield "|" + "---|" * len(titles)
    yield from map(_row, rows)
    yield ""


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

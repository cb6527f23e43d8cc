"""Collect scenarios while tests run, and write what they have shown, whatever becomes of them."""

import json
import os
import pickle
import platform
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from observe import markdown, page
from observe.client import Traffic
from observe.outcomes import Mark
from observe.results import Lane, Run, Scenario, as_json, lane

FOLDER_VARIABLE: Final = "METALLB_E2E_FOLDER"
"""Where a run of tests leaves its report, if not in build/e2e."""
PICKLE: Final = "run.pickle"
"""A run as it is, for whoever puts several together."""


@dataclass(slots=True)
class Recording:
    """A scenario under way.

    Attributes:
        before, after: addresses by Service, where they must stay the same; assign them.
        notes: append what else was measured, as sentences.
    """

    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _marks: list[Mark] = field(default_factory=list)
    _traffic: list[tuple[str, Traffic]] = field(default_factory=list)

    def mark(self, what: str) -> None:
        """Note that something happens now."""
        self._marks.append(Mark(what, time.monotonic()))

    def add(self, traffic: Traffic, prefix: str = "") -> None:
        """Show the requests of a client, with its marks; those that it still sends, too.

        Args:
            prefix: goes before the names of its targets.
        """
        self._traffic.append((prefix, traffic))

    def marks(self) -> tuple[Mark, ...]:
        """Return all marks, by time."""
        every = (*self._marks, *(mark for _, one in self._traffic for mark in one.marks))
        return tuple(sorted(every, key=lambda mark: mark.at))

    def lanes(self, start: float) -> tuple[Lane, ...]:
        """Return what was asked, a lane for each target."""
        return tuple(
            lane(
                f"{prefix}{target.name}",
                traffic.requests(target.name),
                traffic.outcome(target.name),
                interval=traffic.interval,
                start=start,
            )
            for prefix, traffic in self._traffic
            for target in traffic.targets
        )


@dataclass(slots=True)
class Evidence:
    """What was shown so far.

    Attributes:
        folder: for the report.
        on_failure: called with the name of a scenario that failed, and a folder for what explains
            it; None does nothing.
    """

    folder: Path
    date: datetime
    on_failure: Callable[[str, Path], None] | None = None
    scenarios: list[Scenario] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)

    @contextmanager
    def scenario(
        self, name: str, what: str = "", *, backend: str = "", change: bool = False
    ) -> Iterator[Recording]:
        """Record how the block goes, and how long it takes.

        Args:
            name: short, unique together with the backend.
            what: a sentence for people.
            change: whether something is changed under traffic.
        """
        recording, start, error = Recording(), time.monotonic(), ""
        try:
            yield recording
        except BaseException as failed:
            error = f"{type(failed).__name__}: {failed}"
            self._explain(f"{name} {backend}".strip())
            raise
        finally:
            self.scenarios.append(
                Scenario(
                    name=name,
                    what=what,
                    backend=backend,
                    change=change,
                    start=start,
                    seconds=time.monotonic() - start,
                    error=error,
                    marks=recording.marks(),
                    lanes=recording.lanes(start),
                    before=dict(recording.before),
                    after=dict(recording.after),
                    notes=tuple(recording.notes),
                )
            )
            self.write()

    def run(self) -> Run:
        """Return the run so far."""
        seconds = time.monotonic() - self._began
        date = f"{self.date:%d %b %Y, %H:%M UTC}"
        return Run(date, commit(), machine(), seconds, tuple(self.scenarios))

    def write(self) -> None:
        """Write report.html, report.json and evidence.md, and the run for who joins several."""
        write(self.folder, self.run())

    def _explain(self, name: str) -> None:
        if self.on_failure is not None:
            words = "".join(letter if letter.isalnum() else "-" for letter in name)
            self.on_failure(name, self.folder / words)


def write(folder: Path, run: Run) -> None:
    """Write report.html, report.json, evidence.md and the run itself into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(as_json(run), indent=1) + "\n")
    (folder / "report.html").write_text(page.render(run))
    (folder / "evidence.md").write_text(markdown.render(run))
    (folder / PICKLE).write_bytes(pickle.dumps(run))


@contextmanager
def collecting(folder: Path) -> Iterator[Evidence]:
    """Yield what scenarios are told to; the report is written after each, and at the end."""
    evidence = Evidence(folder, datetime.now(UTC))
    try:
        yield evidence
    finally:
        evidence.write()


def machine() -> str:
    """Return in words what this runs on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release()}"


def commit() -> str:
    command = ("git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown commit"

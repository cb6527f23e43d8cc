"""Tell steps as they happen, time them, and remember whether each held."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text


class StepFailedError(Exception):
    """A step did not hold what its title says."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step that has been told."""

    title: str
    seconds: float
    held: bool


@dataclass(slots=True)
class Story:
    """The steps so far, and the console they are told on."""

    console: Console
    steps: list[Step] = field(default_factory=list)

    @property
    def held(self) -> bool:
        """Whether every step held."""
        return all(step.held for step in self.steps)

    def chapter(self, title: str) -> None:
        """Start a chapter."""
        self.console.rule(Text(title, style="bold"), align="left")

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Tell one step; one that does not hold is told and recorded, not raised."""
        started = time.monotonic()
        held = True
        try:
            with self.console.status(title):
                yield
        except (StepFailedError, AssertionError) as error:
            held = False
            self.console.print(Panel(Text(str(error)), border_style="red", title="did not hold"))
        seconds = time.monotonic() - started
        self.steps.append(Step(title, seconds, held))
        mark = "[green]✓[/]" if held else "[red]✗[/]"
        self.console.print(f"{mark} {title} [dim]{seconds:.2f} s[/]")

    def show(self, text: str, *, title: str = "", style: str = "cyan") -> None:
        """Show what the cluster said, as it said it."""
        self.console.print(Panel(Text(text.strip()), title=title, border_style=style, expand=False))

    def summary(self) -> Table:
        """A table of all steps with their times."""
        table = Table(title="What was shown", title_justify="left")
        table.add_column("step")
        table.add_column("seconds", justify="right")
        table.add_column("held")
        for step in self.steps:
            table.add_row(step.title, f"{step.seconds:.2f}", "yes" if step.held else "NO")
        return table

"""Print a report for people: in colour on a terminal, as plain text everywhere else."""

import re
from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.text import Text

from metallb_cli import printed

_STYLES: Final = (
    (re.compile(r"^\S+:\d+:\d+(?=: (?:error|warning): )"), "bold"),
    (re.compile(r"(?<=: )error(?=: )"), "bold red"),
    (re.compile(r"(?<=: )warning(?=: )"), "yellow"),
    (re.compile(r"\[[a-z0-9-]+\]$"), "dim"),
)


def print_lines(lines: Iterable[str], console: Console) -> None:
    """Print each text as one line, in colour where the console has any (https://no-color.org)."""
    for line in lines:
        console.print(_styled(printed.line(line)), soft_wrap=True)


def _styled(line: str) -> Text:
    styled = Text(line)
    for pattern, style in _STYLES:
        if found := pattern.search(line):
            styled.stylize(style, found.start(), found.end())
    return styled

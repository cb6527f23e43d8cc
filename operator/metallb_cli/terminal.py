"""Print a report for people: in colour on a terminal, as plain text everywhere else."""

import re
from typing import Final

from rich.console import Console
from rich.text import Text

_STYLES: Final = (
    (re.compile(r"^\S+:\d+:\d+(?=: (?:error|warning): )"), "bold"),
    (re.compile(r"(?<=: )error(?=: )"), "bold red"),
    (re.compile(r"(?<=: )warning(?=: )"), "yellow"),
    (re.compile(r"\[[a-z0-9-]+\]$"), "dim"),
)


def print_lines(text: str, console: Console) -> None:
    """Print text as it is, in colour where the console has any (https://no-color.org)."""
    for line in text.splitlines():
        console.print(_styled(line), soft_wrap=True)


def _styled(line: str) -> Text:
    styled = Text(line)
    for pattern, style in _STYLES:
        if found := pattern.search(line):
            styled.stylize(style, found.start(), found.end())
    return styled

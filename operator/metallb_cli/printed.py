"""What the command line prints, whatever the texts of others hold: the one place that says how.

Pull requests are checked before anybody has read them, and in clusters many may write Events. So
nothing that they write moves a terminal's cursor, begins a line, or gives a command to the pipeline
whose log it ends in.
"""

import json
import re
from typing import Any, Final

import typer

from metallb_kube.printing import one_line

# From GitHub's runner (ActionCommand.cs): `::name key=value::` begins a line, and tables are folded
# anywhere; `##[name]` is looked for everywhere, as Azure Pipelines look for `##vso[`. What may be a
# group of an IPv6 address is no name of a command.
_COMMAND: Final = re.compile(
    r"::(?![0-9A-Fa-f]{1,4}(?![A-Za-z-]))(?=[A-Za-z-]+(?:\s.*?)?::)|##(?=(?:vso)?\[)"
)


def line(text: str) -> str:
    """Return a text as one line that neither a terminal nor a pipeline acts upon."""
    return _COMMAND.sub(lambda found: " ".join(found[0]), one_line(text))


def as_json(value: Any) -> str:  # noqa: ANN401 - JSON
    """Return JSON in ASCII, so that readers get what was written, and terminals see escapes."""
    return json.dumps(value, indent=2).replace("##", "#\\u0023")


def complain(command: str, problem: object) -> None:
    """Say on standard error why a command did not do its work."""
    typer.echo(f"kubectl metallb {command}: {line(str(problem))}", err=True)

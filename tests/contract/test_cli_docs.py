"""Commands and options that the documentation names exist, and every command is documented."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from typer.main import get_command

from metallb_cli.main import app

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
_LINE: Final = re.compile(r"kubectl metallb ([a-z]+)([^|>\n`]*)")
_OPTION: Final = re.compile(r"(?<!\S)--?[a-z][a-z-]*")


def every_command() -> Iterator[Any]:
    """Yield the commands; they are loaded when they are asked for."""
    root: Any = get_command(app)
    return (root.get_command(None, name) for name in root.list_commands(None))


def commands() -> Mapping[str, set[str]]:
    """Return the options of every command by its name."""
    return {
        command.name: {flag for p in command.params for flag in (*p.opts, *p.secondary_opts)}
        | {"--help"}
        for command in every_command()
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_is_named_exists(page: Path) -> None:
    known = commands()
    for name, rest in _LINE.findall(page.read_text()):
        assert name in known, f"{page.name}: kubectl metallb {name}"
        assert set(_OPTION.findall(rest)) <= known[name], f"{page.name}: {name}{rest}"


def test_every_command_is_documented() -> None:
    named = {name for name, _ in _LINE.findall((ROOT / "docs" / "cli.md").read_text())}
    assert named == set(commands())


def test_every_command_says_what_its_exit_codes_mean() -> None:
    silent = [one.name for one in every_command() if "Exit code: 0" not in (one.help or "")]
    assert silent == []

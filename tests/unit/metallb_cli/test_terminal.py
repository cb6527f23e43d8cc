"""Colours are for terminals, and only for those who want them."""

from io import StringIO

import pytest
from rich.console import Console

from metallb_cli.terminal import print_lines

LONG = "x" * 200
LINE = f"a.yaml:3:5: error: IPAddressPool a: spec: [not markup] {LONG} :tada: [pool-overlap]"


def printed(*, terminal: bool, environment: dict[str, str] | None = None) -> str:
    out = StringIO()
    console = Console(
        file=out,
        force_terminal=terminal or None,
        width=40,
        _environ={"TERM": "xterm", **(environment or {})},
    )
    print_lines([LINE, "1 error"], console)
    return out.getvalue()


def test_plain_elsewhere() -> None:
    assert printed(terminal=False) == f"{LINE}\n1 error\n"


def test_coloured_on_a_terminal() -> None:
    text = printed(terminal=True)
    assert "\x1b[1ma.yaml:3:5\x1b[0m: \x1b[1;31merror\x1b[0m: " in text
    assert "\x1b[2m[pool-overlap]\x1b[0m\n" in text


@pytest.mark.parametrize("value", ["1", "anything"])
def test_no_color_is_honoured(value: str) -> None:
    assert "\x1b[1;31m" not in printed(terminal=True, environment={"NO_COLOR": value})

"""What the page of guarantees names as shown by a test is a test."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Final

import pytest

TESTS: Final = Path(__file__).parents[1]
PAGE: Final = TESTS.parent / "docs/guarantees.md"
ROWS: Final = [
    line.strip("| ").split(" | ")
    for line in PAGE.read_text().splitlines()
    if line.startswith("| ") and "shown by" not in line
]
_TEST: Final = re.compile(r"`([^`:]+)::([^`]+)`")


@cache
def functions(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text())
    made = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in tree.body if isinstance(node, made))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:60])
def test_every_guarantee_is_shown(row: list[str]) -> None:
    guarantee, shown = row
    assert guarantee.endswith(".")
    named = _TEST.findall(shown)
    assert named
    assert shown == ", ".join(f"`{path}::{name}`" for path, name in named)
    missing = [name for path, name in named if name not in functions(TESTS / path)]
    assert missing == []


def test_no_guarantee_is_given_twice() -> None:
    assert len({row[0] for row in ROWS}) == len(ROWS)

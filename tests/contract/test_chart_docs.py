"""The chart's README against its values and their schema."""

from pathlib import Path
from typing import Any

import pytest

from metallb_operator.chart import FOLDER
from metallb_operator.chartdocs import Value, documented, main, readme

SCHEMA: dict[str, Any] = {
    "properties": {
        "level": {"enum": ["", "info", "debug"]},
        "global": {"type": "object"},
        "group": {
            "properties": {
                "names": {"type": "array", "items": {"type": "string"}},
                "share": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
                "free": {"type": "object"},
            }
        },
    }
}
TEXT = """\
# How much.
level: ""

# Not of the first value in it.
group:
  # Their names,
  # one by one.
  names: []

  # Far from what follows.

  share: 1
  free:
    # No value of its own.
    a: b
"""


def test_readme_is_current() -> None:
    assert main(["--check"]) == 0
    assert readme() == (FOLDER / "README.md").read_text()


def test_stale_readme_is_named_and_can_be_rewritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "README.md"
    path.write_text("old")
    assert main(["--check", "--dir", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"{path} is not current: run `make generate`\n"
    assert main(["--write", "--dir", str(tmp_path)]) == 0
    assert main(["--check", "--dir", str(tmp_path)]) == 0
    assert path.read_text() == readme()


def test_values_are_documented_by_the_comments_above_them() -> None:
    assert documented(TEXT, SCHEMA) == (
        Value("level", "`info`, `debug`", '""', "How much."),
        Value("group.names", "list of strings", "[]", "Their names, one by one."),
        Value("group.share", "integer or string", "1", ""),
        Value("group.free", "object", '{"a": "b"}', ""),
    )


def test_every_value_of_the_chart_is_described() -> None:
    silent = [line for line in readme().splitlines() if line.startswith("|") and "|  |" in line]
    assert silent == []

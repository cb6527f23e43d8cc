"""The page on preflight tells of every check, in the words of the table of checks."""

import re
from pathlib import Path
from typing import Final

from metallb_operator.preflight import CHECKS

PAGE: Final = Path(__file__).parents[2] / "docs" / "preflight.md"
_ROW: Final = re.compile(r"^\| `([a-z0-9-]+)` \| ([^|]+) \|", re.MULTILINE)


def test_every_check_is_documented_in_its_order() -> None:
    told = [(row[1], row[2].strip()) for row in _ROW.finditer(PAGE.read_text())]
    assert told == [(check.id, check.summary) for check in CHECKS]

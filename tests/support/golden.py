"""Compare texts with files kept beside the tests; UPDATE_GOLDEN=1 rewrites them."""

import os
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parents[1] / "data"


def assert_golden(name: str, text: str) -> None:
    """Fail if the file of that name below `tests/data` holds another text.

    With UPDATE_GOLDEN set, the file is rewritten instead: read the diff before committing it.
    """
    path = FOLDER / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    kept = path.read_text() if path.exists() else ""
    assert text == kept, f"{path} is not current: rewrite it with UPDATE_GOLDEN=1"

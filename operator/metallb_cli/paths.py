"""How the path of a field is written: as in every message, `spec.addresses[0]`. Pure."""

import re
from collections.abc import Iterable
from typing import Final

_PLAIN: Final = re.compile(r"[^.\[\]\"]+")


def path_of(steps: Iterable[str | int]) -> str:
    """Return the path of a field from its steps; a key that dots would break stands in quotes."""
    return "".join(map(_written, steps)).removeprefix(".")


def _written(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _PLAIN.fullmatch(step) else f'["{step}"]'

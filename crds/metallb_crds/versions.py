"""The MetalLB releases that spec.version may name. What differs between them is the operator's."""

from typing import Final

VERSIONS: Final = ("0.15.3", "0.16.1")
"""Oldest first; the last one runs when nobody chose."""


def version_of(text: str) -> str | None:
    """Return the version that a text names, with or without a leading v; None if there is none."""
    plain = text.removeprefix("v") if text else VERSIONS[-1]
    return plain if plain in VERSIONS else None

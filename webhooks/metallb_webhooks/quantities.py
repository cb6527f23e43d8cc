"""Amounts of resources as Kubernetes writes them (apimachinery's resource.Quantity)."""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Final

_FORM: Final = re.compile(
    r"([+-]?(?:[0-9]{1,30}(?:\.[0-9]{0,30})?|\.[0-9]{1,30}))"
    r"(?:([KMGTPE]i|[numkMGTPE])|[eE]([+-]?[0-9]{1,2}))?"
)
"""No amount of anything needs more digits, and arithmetic with millions of them takes hours."""

_SUFFIXES: Final[Mapping[str, Fraction]] = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 10**3),
    **{unit: Fraction(1000**power) for power, unit in enumerate("kMGTPE", start=1)},
    **{f"{unit}i": Fraction(1024**power) for power, unit in enumerate("KMGTPE", start=1)},
}


class QuantityError(ValueError):
    """The text is no quantity."""


def parse(quantity: int | str) -> Fraction:
    """Return the amount that a quantity such as 100m, 128Mi, 1e3 or 2 stands for.

    Raises:
        QuantityError: it is no quantity.
    """
    found = _FORM.fullmatch(str(quantity))
    if found is None:
        raise QuantityError(f"{quantity!r} is no quantity; write for example 100m or 128Mi")
    digits, suffix, exponent = found.groups()
    if exponent is not None:
        return Fraction(digits) * Fraction(10) ** int(exponent)
    return Fraction(digits) * _SUFFIXES.get(suffix or "", Fraction(1))

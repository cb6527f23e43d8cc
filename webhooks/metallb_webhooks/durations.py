"""Durations as Kubernetes writes them (metav1.Duration), which is how Go's time package does.

Go's own arithmetic is followed to the nanosecond, float rounding of fractions included
(time.ParseDuration), so that a bound that MetalLB checks lies here exactly where it lies there.
"""

import re
from typing import Final

NANOSECOND: Final = 1
MICROSECOND: Final = 1_000
MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE

UNITS: Final = {
    "ns": NANOSECOND,
    "us": MICROSECOND,
    "\u00b5s": MICROSECOND,  # micro sign
    "\u03bcs": MICROSECOND,  # Greek letter mu
    "ms": MILLISECOND,
    "s": SECOND,
    "m": MINUTE,
    "h": HOUR,
}

_LIMIT: Final = 1 << 63
_FRACTION_LIMIT: Final = (_LIMIT - 1) // 10
_DIGITS: Final = len(str(_LIMIT))
_TERM: Final = re.compile(r"([0-9]*)(?:\.([0-9]*))?([^0-9.]*)")


class DurationError(ValueError):
    """The text is no duration; the message says why, without the text."""


def parse(text: str) -> int:
    """Return how many nanoseconds `text` stands for, such as 90000000000 for "1m30s".

    Raises:
        DurationError: Go would not take the text.
    """
    negative = text.startswith("-")
    rest = text[1:] if text[:1] in {"-", "+"} else text
    if rest == "0":
        return 0
    if not rest:
        raise DurationError("it is empty")
    total = _sum(rest)
    if total > _LIMIT - (not negative):
        raise DurationError("it is longer than 292 years")
    return -total if negative else total


def _sum(rest: str) -> int:
    total = 0
    for whole, fraction, unit in _TERM.findall(rest)[:-1]:  # the last one is the empty end
        total += _term(whole, fraction, unit)
        if total > _LIMIT:
            raise DurationError("it is longer than 292 years")
    return total


def _term(whole: str, fraction: str, unit: str) -> int:
    if not whole and not fraction:
        raise DurationError("it is not a number and a unit")
    digits = whole.lstrip("0") or "0"
    if len(digits) > _DIGITS:
        raise DurationError("it is longer than 292 years")
    if not unit:
        raise DurationError("a unit is missing (ns, us, ms, s, m, h)")
    if unit not in UNITS:
        raise DurationError(f"there is no unit {unit!r} (only ns, us, ms, s, m, h)")
    return int(digits) * UNITS[unit] + _fraction(fraction, UNITS[unit])


def _fraction(digits: str, unit: int) -> int:
    """Return the part after the point as Go rounds it, from the digits that fit into 63 bits."""
    value, scale = 0, 1.0
    for digit in digits:
        longer = value * 10 + int(digit)
        if value > _FRACTION_LIMIT or longer > _LIMIT:
            break
        value, scale = longer, scale * 10
    return int(float(value) * (float(unit) / scale))

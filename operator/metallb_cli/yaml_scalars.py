"""What a plain YAML scalar means to kubectl.

kubectl reads YAML through go-yaml v2: booleans are those of YAML 1.1 (`yes`, `on`, `y`), integers
are Go literals (`0x1f`, `0o17`, `017`, `1_000`), base-60 numbers do not exist, and a timestamp
stays text. PyYAML differs in each of these: it reads the community `1234:1` as the number 74041.
"""

import math
import re
from typing import Final

Scalar = bool | int | float | str | None

_TRUE: Final = ("y", "yes", "true", "on")
_FALSE: Final = ("n", "no", "false", "off")
_NULL: Final = ("", "~", "null", "Null", "NULL")
_WORDS: Final[dict[str, bool | None]] = (
    {case: True for word in _TRUE for case in (word, word.capitalize(), word.upper())}
    | {case: False for word in _FALSE for case in (word, word.capitalize(), word.upper())}
    | dict.fromkeys(_NULL)
)
_SPECIAL: Final[dict[str, float]] = dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")) | {
    sign + word: float(sign + "inf") for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")
}
_TIMESTAMP: Final = re.compile(
    r"\d{4}-\d\d?-\d\d?"
    r"(?:[Tt]\d\d?:\d\d?:\d\d?(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)|[ ]\d\d?:\d\d?:\d\d?(?:\.\d+)?)?"
)
_INTEGER: Final = re.compile(
    r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|0[bB]([01]+)|(0|[1-9][0-9]*))"
)
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BASES: Final = (16, 8, 2, 10)
_RANGE: Final = range(-(2**63), 2**64)
_MOST_DIGITS: Final = 64
"""Of a number within the range: in binary. Python does not read thousands of decimal ones."""


def resolve(text: str) -> Scalar:
    """Return what an unquoted scalar means.

    Args:
        text: the scalar as it stands in the file, unquoted.

    Returns:
        A boolean, number, None or the text itself.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text in _SPECIAL:
        return _SPECIAL[text]
    if text[0] == "." and _FLOAT.fullmatch(text):
        return _float(text)
    if text[0] not in "+-0123456789" or _TIMESTAMP.fullmatch(text):
        return text
    return _number(text)


def _number(text: str) -> Scalar:
    plain = text.replace("_", "")
    if (found := _INTEGER.fullmatch(plain)) is not None:
        sign, *digits = found.groups()
        value = next(
            _integer(part, base)
            for part, base in zip(digits, _BASES, strict=True)
            if part is not None
        )
        signed = -value if sign == "-" else value
        if signed in _RANGE:
            return signed
    return _float(plain) if _FLOAT.fullmatch(plain) else text


def _integer(digits: str, base: int) -> int:
    """Return a number, or one out of the range where it has too many digits for it."""
    needed = digits.lstrip("0") or "0"
    return int(needed, base) if len(needed) <= _MOST_DIGITS else _RANGE.stop


def _float(text: str) -> Scalar:
    """Return a number, or the text where it is beyond all numbers: Go's ParseFloat fails there."""
    value = float(text)
    return text if math.isinf(value) else value

"""BGP communities as texts: what MetalLB and frr-k8s read one as.

Source: RFC 1997 and RFC 8092; MetalLB 0.16.1 and frr-k8s 0.0.25, internal/community.
"""

from dataclasses import dataclass
from typing import Final

SEPARATOR: Final = ":"
"""Every community has it, and an alias had better not."""

MARKER: Final = "large"
STANDARD_BITS: Final = 16
LARGE_BITS: Final = 32
STANDARD_NUMBERS: Final = 2
LARGE_NUMBERS: Final = 3


class CommunityError(ValueError):
    """A text is no community; the message ends in the remedy."""


@dataclass(frozen=True, slots=True)
class Value:
    """A community: two numbers of 16 bits, or three of 32 bits if it is large."""

    numbers: tuple[int, ...]

    @property
    def large(self) -> bool:
        """Whether it is a large community (RFC 8092), which the native backend does not speak."""
        return len(self.numbers) == LARGE_NUMBERS

    def __str__(self) -> str:
        digits = SEPARATOR.join(map(str, self.numbers))
        return f"{MARKER}{SEPARATOR}{digits}" if self.large else digits


def parse(text: str) -> Value:
    """Read a community; leading zeros are allowed, signs and blanks are not.

    Raises:
        CommunityError: the text is none.
    """
    fields = text.split(SEPARATOR)
    if len(fields) == STANDARD_NUMBERS:
        return Value(tuple(_number(text, field, STANDARD_BITS) for field in fields))
    if len(fields) == LARGE_NUMBERS + 1 and fields[0] == MARKER:
        return Value(tuple(_number(text, field, LARGE_BITS) for field in fields[1:]))
    raise CommunityError(
        f"{text!r} is no community; write two numbers such as 64500:1, or large: and three such as"
        " large:64500:1:2"
    )


def is_community(text: str) -> bool:
    """Tell whether a text can be read as a community."""
    try:
        parse(text)
    except CommunityError:
        return False
    return True


def _number(text: str, field: str, bits: int) -> int:
    digits = field.lstrip("0") or field[:1]
    last = (1 << bits) - 1
    fits = digits.isascii() and digits.isdigit() and len(digits) <= len(str(last))
    if not fits or int(digits) > last:
        raise CommunityError(f"{field!r} in {text!r} is no number from 0 to {last}; write one")
    return int(digits)

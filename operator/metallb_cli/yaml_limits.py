"""How much a YAML text may ask of whoever reads it. Pure.

Files come from anybody: pull requests are checked before people have read them. Whatever a text
holds, reading it and walking through it afterwards takes tens of megabytes, about a second, and no
more stack than there is. What kubectl (go-yaml v2) refuses is refused as well.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

MAX_BYTES: Final = 8 * 1024 * 1024
"""Of one text. The API server takes 3 MiB for one object; 10,000 pools have less than this."""

MAX_VALUES: Final = 250_000
"""Of one text, keys counted, aliases written out. 10,000 pools have about 200,000."""

MAX_VALUES_TOGETHER: Final = 1_000_000
"""Of all texts of a run: about a minute at worst, and some hundred megabytes."""

MAX_DEPTH: Final = 150
"""Of one value within others. Whatever walks through values has the stack for it, orjson's 254
levels included; the deepest CustomResourceDefinitions have about 60."""

TOO_DEEP: Final = (
    f"lists and maps are nested more than {MAX_DEPTH} levels deep here, as no object of Kubernetes"
    " is; remove the innermost"
)

MAX_TAG_DIRECTIVES: Final = 100
"""The parser compares each with every other one. No object of Kubernetes needs any."""

# From sigs.k8s.io/yaml v1.4.0, goyaml.v2/decode.go, for documents of up to 400,000 values.
_ALIASED_AT_LEAST: Final = 100
_DECODED_AT_LEAST: Final = 1000
_ALIASED_SHARE: Final = 0.99

_FORBIDDEN: Final = re.compile(
    r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)
_TAG_DIRECTIVE: Final = re.compile(r"^%TAG", re.MULTILINE)


class UnusableTextError(Exception):
    """A text is not YAML, or asks for too much.

    Attributes:
        line: where, counted from one.
        column: where in the line, counted from one.
        problem: what is wrong, and what to do.
    """

    def __init__(self, line: int, column: int, problem: str) -> None:
        """Keep place and problem apart: only the caller knows the name of the text."""
        super().__init__(f"line {line}, column {column}: {problem}")
        self.line = line
        self.column = column
        self.problem = problem


@dataclass(slots=True)
class Tally:
    """What has been read so far, as go-yaml counts: values, keys and aliases, all written out.

    Attributes:
        before: of the texts before this one.
        values: of the whole text.
        decoded: of this document.
        aliased: of these, what aliases stand for.
    """

    before: int = 0
    values: int = 0
    decoded: int = 0
    aliased: int = 0

    def next_text(self) -> None:
        """Begin to count a text."""
        self.before += self.values
        self.values = 0
        self.next_document()

    def next_document(self) -> None:
        """Begin to count a document."""
        self.decoded = self.aliased = 0

    def add(self, size: int, aliased: int, line: int, column: int) -> None:
        """Count a value, or what an alias stands for.

        Raises:
            UnusableTextError: it is too much.
        """
        self.values += size
        self.decoded += size
        self.aliased += aliased
        if self._is_bomb():
            raise UnusableTextError(
                line,
                column,
                "aliases make this document more than a hundred times as large as it is written,"
                " which kubectl refuses; write out what they stand for",
            )
        if self.values > MAX_VALUES:
            raise UnusableTextError(
                line,
                column,
                f"there are more than {MAX_VALUES:,} values up to here, aliases written out;"
                " split the file",
            )

        if self.before + self.values > MAX_VALUES_TOGETHER:
            raise UnusableTextError(
                line,
                column,
                f"there are more than {MAX_VALUES_TOGETHER:,} values in all files up to here; give"
                " fewer files at a time",
            )

    def _is_bomb(self) -> bool:
        return (
            self.aliased > _ALIASED_AT_LEAST
            and self.decoded > _DECODED_AT_LEAST
            and self.aliased > self.decoded * _ALIASED_SHARE
        )


def check_depth(levels: int, line: int, column: int) -> None:
    """Refuse a value that would be nested too deep.

    Raises:
        UnusableTextError: it would.
    """
    if levels > MAX_DEPTH:
        raise UnusableTextError(
            line,
            column,
            TOO_DEEP,
        )


def is_deep(value: Any) -> bool:  # noqa: ANN401 - JSON
    """Return whether a decoded value is nested deeper than may be walked through."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [below for one in level for below in _below(one)]
        if not level:
            return False
    return True


def _below(value: Any) -> Iterable[Any]:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def check_text(text: str) -> None:
    """Refuse what the parser is not to see.

    Raises:
        UnusableTextError: there is a character that YAML does not allow, or there are many %TAG.
    """
    if found := _FORBIDDEN.search(text):
        at = found.start()
        raise UnusableTextError(
            text.count("\n", 0, at) + 1,
            at - text.rfind("\n", 0, at),
            f"the character U+{ord(found[0]):04X} is not allowed in YAML; remove it, or write it"
            " as an escape in double quotes",
        )
    directives = list(_TAG_DIRECTIVE.finditer(text))
    if len(directives) > MAX_TAG_DIRECTIVES:
        raise UnusableTextError(
            text.count("\n", 0, directives[MAX_TAG_DIRECTIVES].start()) + 1,
            1,
            f"more than {MAX_TAG_DIRECTIVES} lines begin with %TAG; remove them",
        )

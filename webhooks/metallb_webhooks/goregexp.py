"""Whether a text is a regular expression to Go's regexp package. The only importer of re2.

Go's regexp has the syntax of RE2, which Python's own `re` has not: it knows look-around and
back-references, and does not know `[[:alpha:]]`.

Source: https://pkg.go.dev/regexp/syntax.
"""

from typing import Final

import re2


class RegexpError(ValueError):
    """The text is no regular expression; the message says why."""


_OPTIONS: Final = re2.Options()
_OPTIONS.log_errors = False


def check(pattern: str) -> None:
    """Make sure that Go compiles the pattern.

    Raises:
        RegexpError: it does not.
    """
    try:
        re2.compile(pattern, _OPTIONS)
    except re2.error as error:
        cause = error.args[0]
        raise RegexpError(cause.decode() if isinstance(cause, bytes) else str(cause)) from error

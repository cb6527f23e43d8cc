"""Texts for people: short, and the same at every look as long as nothing has changed. Pure.

What other programs say is full of names, times and ids that differ from one look to the next;
taken over as it is, every look would be a new status.
"""

import json
import re
from collections.abc import Sequence
from typing import Final

_NAMES_SHOWN: Final = 5
_LONGEST: Final = 400
_TELLING: Final = ("panic: ", "fatal error: ", "flag provided but not defined: ")
_EPHEMERAL: Final[Sequence[tuple[re.Pattern[str], str]]] = (
    (re.compile(r'\bpods? "[^"]*" is (forbidden: )?', re.IGNORECASE), ""),
    (re.compile(r"\(combined from similar events\): "), ""),
    (re.compile(r"Error creating: "), ""),
    # What the scheduler says after its sentence: whom it could not evict for the pod.
    (re.compile(r"(?<=\.)\s+[^.]*?\bpreemption: .*$", re.DOTALL), ""),
    (re.compile(r"[\s,]*\bpreemption: .*$", re.DOTALL), ""),
    (re.compile(r"\b[IWEF]\d{4} [\d:.]+ +\d+ [\w.-]+:\d+\] "), ""),  # the head of a klog line
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?"), "..."),
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "..."),
    (re.compile(r"(?<!sha256:)\b[0-9a-f]{32,}\b"), "..."),
    (re.compile(r":\d+->"), "->"),  # the near end of a connection
    (re.compile(r"\s+"), " "),
)


def listed(names: Sequence[str]) -> str:
    """Return names as one text, the first few of many."""
    shown = ", ".join(names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def clipped(text: str, longest: int) -> str:
    """Return a text of at most `longest` characters; dots say that there was more."""
    return text if len(text) <= longest else text[: longest - 3] + "..."


def stable(text: str, longest: int = _LONGEST) -> str:
    """Take out of a message what differs from one look to the next, and clip it."""
    for pattern, replacement in _EPHEMERAL:
        text = pattern.sub(replacement, text)
    return clipped(text.strip(), longest)


def last_words(log: str) -> str:
    """Return what a program said last, "" if it said nothing.

    Args:
        log: a termination message: often the end of a log, whose lines may be JSON.
    """
    lines = log.strip().splitlines()
    # A stack or the usage follows what is wrong.
    told = next((line for line in lines if line.startswith(_TELLING)), lines[-1] if lines else "")
    return stable(_of_json(told) or told)


def _of_json(line: str) -> str:
    try:
        fields = json.loads(line)
    except ValueError:
        return ""
    if not isinstance(fields, dict):
        return ""
    said = (fields.get("msg"), fields.get("error") or fields.get("err"))
    return ": ".join(str(part) for part in said if part)

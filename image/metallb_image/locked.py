"""The part of requirements.lock that some packages need: what is downloaded for the image.

pip-compile notes below every package which other packages brought it in (`# via`). Followed
downwards from what pyproject.toml asks for, these notes give all that is needed; developers'
tools are left out. Runs in the image's build, with the standard library only:
`python locked.py requirements.lock pyproject.toml` prints requirements for pip.
"""

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PINNED: Final = re.compile(r"^([A-Za-z0-9._-]+)==")
_NORMAL: Final = re.compile(r"[-_.]+")
_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Pin:
    """One package in the lock.

    Attributes:
        text: the requirement with its hashes, as pip reads it.
        via: the packages that need it.
    """

    text: str
    via: frozenset[str]


class LockError(ValueError):
    """The lock does not hold a package that is wanted."""


def parse(lock: str) -> Mapping[str, Pin]:
    """Return the pins of a lock by normalised name (PyPA: name normalization)."""
    return {name: _pin(lines) for name, lines in _blocks(lock.splitlines())}


def needed(pins: Mapping[str, Pin], wanted: Sequence[str]) -> tuple[str, ...]:
    """Return the names of `wanted` and of all that they need, sorted.

    Raises:
        LockError: a wanted package is not locked.
    """
    missing = set(wanted) - pins.keys()
    if missing:
        raise LockError(f"requirements.lock does not hold {', '.join(sorted(missing))}")
    found: set[str] = set()
    queue = list(wanted)
    while queue:
        name = queue.pop()
        if name not in found:
            found.add(name)
            queue.extend(other for other, pin in pins.items() if name in pin.via)
    return tuple(sorted(found))


def dependencies(pyproject: str) -> tuple[str, ...]:
    """Return the names of what the project needs to run."""
    return _names(tomllib.loads(pyproject)["project"]["dependencies"])


def asked_for(pyproject: str) -> tuple[str, ...]:
    """Return the names of what the project needs to run, and to be built."""
    return dependencies(pyproject) + _names(tomllib.loads(pyproject)["build-system"]["requires"])


def main(arguments: Sequence[str]) -> int:
    """Print the needed part of a lock; the arguments are its path and that of pyproject.toml."""
    lock, pyproject = (Path(path).read_text(encoding="utf-8") for path in arguments)
    pins = parse(lock)
    sys.stdout.writelines(pins[name].text for name in needed(pins, asked_for(pyproject)))
    return 0


def _names(requirements: Iterable[str]) -> tuple[str, ...]:
    return tuple(_normal(_NAME.match(text)[0]) for text in requirements)  # type: ignore[index]


def _normal(name: str) -> str:
    return _NORMAL.sub("-", name).lower()


def _blocks(lines: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    name, block = "", list[str]()
    for line in lines:
        start = _PINNED.match(line)
        if start:
            if name:
                yield name, block
            name, block = _normal(start[1]), []
        block.append(line)
    if name:
        yield name, block


def _pin(lines: Iterable[str]) -> Pin:
    text, via, noted = "", set[str](), False
    for line in lines:
        note = line.strip().removeprefix("#").strip()
        if not line.lstrip().startswith("#"):
            text += f"{line}\n" if line else ""
            noted = False
        elif note.startswith("via") or noted:
            noted = True
            via.add(_normal(note.removeprefix("via").strip()))
    return Pin(text, frozenset(via - {""}))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What to read: files, folders and standard input, as text. The one place that opens files."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from metallb_cli.yaml_limits import MAX_BYTES

STDIN: Final = "-"
STDIN_NAME: Final = "<stdin>"
_GROUP: Final = b"metallb.io"
SUFFIXES: Final = frozenset({".yaml", ".yml", ".json"})


class InputError(Exception):
    """A path cannot be read, or holds nothing to read; the message names it."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text, and its name for messages and positions.

    Attributes:
        found: whether it was found in a folder: then it may be about anything.
        problem: why a file of a folder that nobody has meant cannot be read; "" if it can.
    """

    source: str
    content: str
    found: bool = False
    problem: str = ""


def texts(paths: Iterable[str]) -> Iterator[Text]:
    """Yield the text of every path; a folder's files below one another, in the order of names.

    Args:
        paths: files, folders, or `-` for standard input. Hidden files and folders within a
            folder are left out, as are files that are neither YAML nor JSON by name.

    Raises:
        InputError: a path does not exist, is too large or not UTF-8, or is a folder without
            such files. What is in a folder and does not name MetalLB's API is told in its text.
    """
    for path in paths:
        if path == STDIN:
            yield Text(STDIN_NAME, _content(_read(sys.stdin.buffer), STDIN_NAME))
        else:
            folder = Path(path).is_dir()
            yield from (_text(file, found=folder) for file in _files(Path(path)))


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.rglob("*") if _is_meant(file, path))
    if not found:
        raise InputError(f"{path}: there is no *.yaml, *.yml or *.json file in this folder")
    return found


def _is_meant(file: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
    return file.suffix in SUFFIXES and not hidden and file.is_file()


def _text(path: Path, *, found: bool) -> Text:
    try:
        with path.open("rb") as file:
            raw = _read(file)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    try:
        return Text(str(path), _content(raw, str(path)), found)
    except InputError as error:
        if found and _GROUP not in raw:
            return Text(str(path), "", found, str(error))
        raise


def _read(file: BinaryIO) -> bytes:
    return file.read(MAX_BYTES + 1)


def _content(raw: bytes, source: str) -> str:
    if len(raw) > MAX_BYTES:
        raise InputError(f"{source}: has more than {MAX_BYTES:,} bytes; split it")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problem = f"is not UTF-8 (byte {error.start}); save it as UTF-8"
        raise InputError(f"{source}: {problem}") from error

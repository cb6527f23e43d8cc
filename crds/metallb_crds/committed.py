"""Files that are generated and committed: written anew, or compared with what is there."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path


def main(
    files: Mapping[str, str], folder: Path, about: str | None, arguments: Sequence[str] | None
) -> int:
    """Run the command line of a generator: `--write` or `--check`, and `--dir`.

    Args:
        files: the text of every file by its path within the folder.
        folder: where the files are unless `--dir` says otherwise.
        about: what `--help` says of the generator.
        arguments: those of the process if None.

    Returns:
        The exit code: 1 if a file was to be checked and is not current.
    """
    parser = argparse.ArgumentParser(description=about)
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--write", action="store_true", help="write the files")
    mode.add_argument("--check", action="store_true", help="fail if a file is not current")
    parser.add_argument("--dir", type=Path, default=folder, help="where the files are")
    options = parser.parse_args(arguments)
    stale = [name for name, text in files.items() if _read(options.dir / name) != text]
    if options.write:
        for name in stale:
            (options.dir / name).parent.mkdir(parents=True, exist_ok=True)
            (options.dir / name).write_text(files[name])
        return 0
    for name in stale:
        sys.stderr.write(f"{options.dir / name} is not current: run `make generate`\n")
    return 1 if stale else 0


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""

"""`python -m observe.sharding [PYTEST ARGUMENTS]`: end-to-end tests, on several clusters at once.

Most of what these tests take is waiting. Each shard is a pytest of its own, with its own cluster
and its own part of the evidence; in the end that is put together into one report.
"""

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from observe.report import FOLDER_VARIABLE, PICKLE, commit, machine, write
from observe.results import Run
from support.site import ROOT

FOLDER: Final = ROOT / "build" / "e2e"
TESTS: Final = ROOT / "tests" / "e2e"
SHARDS: Final[Mapping[str, Sequence[str]]] = {
    "promises": (
        "test_install.py",
        "test_introduction.py",
        "test_bgp.py",
        "test_image.py",
        "test_layer2.py",
        "test_leftovers.py",
        "test_services.py",
        "observe",
        "test_adoption.py",
    ),
    "changes": (
        "test_changes.py",
        "test_faults.py",
        "test_nodes.py",
        "test_releases.py",
        "test_removal.py",
    ),
}
"""What runs on one cluster, by the name of the shard: two keep two cores half busy, and four, all
the time, so that sessions are lost."""

_NOTHING_SELECTED: Final = 5
"""How pytest ends where no test fits its arguments."""


def main(arguments: Sequence[str]) -> int:
    """Run every shard, print what each had to say, and return the exit code."""
    began, date = time.monotonic(), datetime.now(UTC)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob(f"*/{PICKLE}"):
        old.unlink()
    codes = run(SHARDS, arguments)
    parts = [pickle.loads(path.read_bytes()) for path in _pickles()]  # noqa: S301 - our own
    if parts:
        write(FOLDER, joined(parts, date, time.monotonic() - began))
    return exit_code(codes)


def run(shards: Mapping[str, Sequence[str]], arguments: Sequence[str]) -> tuple[int, ...]:
    """Run pytest once for each shard, all at the same time, and return how they ended.

    Args:
        shards: files below `tests/e2e` by the name of the shard.
        arguments: more of pytest's.
    """
    with ExitStack() as stack:
        running = []
        for name, files in shards.items():
            folder = FOLDER / name
            folder.mkdir(parents=True, exist_ok=True)
            log = stack.enter_context((folder / "pytest.log").open("w+"))
            paths = [str(TESTS / file) for file in files]
            command = [sys.executable, "-m", "pytest", *paths, *arguments]
            environment = {**os.environ, FOLDER_VARIABLE: str(folder)}
            process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
            )
            running.append((name, process, log))
        for name, process, log in running:
            process.wait()
            log.seek(0)
            sys.stdout.write(f"== {name}\n{log.read()}\n")
        return tuple(process.returncode for _, process, _ in running)


def joined(parts: Iterable[Run], date: datetime, seconds: float) -> Run:
    """Return the runs of all shards as one.

    Args:
        parts: in the order of the report.
        date: when the first one began.
        seconds: all of them together, side by side.
    """
    scenarios = tuple(scenario for part in parts for scenario in part.scenarios)
    return Run(f"{date:%d %b %Y, %H:%M UTC}", commit(), machine(), seconds, scenarios)


def exit_code(codes: Iterable[int]) -> int:
    """Return 0 if every shard passed that had anything to run, and one had."""
    ran = [code for code in codes if code != _NOTHING_SELECTED]
    return max(map(abs, ran), default=_NOTHING_SELECTED)


def _pickles() -> list[Path]:
    return [path for name in SHARDS if (path := FOLDER / name / PICKLE).exists()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

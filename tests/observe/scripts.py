"""Run a script of `observe.inside` in a place, and read the lines of JSON that it writes.

A script ends when its standard input does: at the end of the block, and with the process that
started it, however that ends.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from observe.places import Place
from support.waiting import wait_for

_INSIDE: Final = Path(__file__).parent / "inside"
_SYSTEM: Final = Path("/usr/bin/python3")
STOP_SECONDS: Final = 10.0


@dataclass(slots=True)
class Script:
    """A running script.

    Attributes:
        name: of its file, without the ending.
        output: file that it writes to.
        errors: file of its standard error.
    """

    name: str
    output: Path
    errors: Path
    _process: "subprocess.Popen[bytes]"
    _lines: list[dict[str, Any]] = field(default_factory=list)
    _read: int = 0
    _ended: bool = False

    def lines(self) -> list[dict[str, Any]]:
        """Return every complete line that it has written so far; also when it has ended."""
        if self._ended:
            return self._lines
        with self.output.open("rb") as file:
            file.seek(self._read)
            complete, ending, _ = file.read().rpartition(b"\n")
        self._read += len(complete + ending)
        self._lines.extend(json.loads(line) for line in complete.splitlines())
        return self._lines

    def wait_for_lines(self, count: int = 1, *, seconds: float = 10) -> None:
        """Return when it has written so many lines.

        Raises:
            AssertionError: it has ended, or has not written them in time.
        """

        def written() -> bool:
            if self._process.poll() is not None:
                raise AssertionError(f"{self.name} has ended: {self.errors.read_text()}")
            return len(self.lines()) >= count

        wait_for(f"{count} lines of {self.name}", written, seconds=seconds, every=0.02)

    def stop(self) -> None:
        """Let it end, if it has not.

        Raises:
            AssertionError: it failed, or did not end in time.
        """
        if self._ended:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            code = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        self.lines()
        self._ended = True
        if code:
            raise AssertionError(f"{self.name} failed ({code}): {self.errors.read_text()}")


def command(name: str, settings: object) -> tuple[str, ...]:
    """Return the command of a script; its settings, as JSON, are its only argument."""
    python = _SYSTEM if _SYSTEM.exists() else Path(sys.executable)
    return (str(python), "-I", str(_INSIDE / f"{name}.py"), json.dumps(settings))


@contextmanager
def script(place: Place, name: str, settings: object, folder: Path | None) -> Iterator[Script]:
    """Run a script until the end of the block.

    Args:
        place: where it runs; this checkout must be visible there.
        name: of the file in `observe.inside`, without the ending.
        settings: is its only argument, as JSON.
        folder: for its output; None for one that goes with the block.

    Raises:
        AssertionError: it failed.
    """
    with tempfile.TemporaryDirectory(prefix="observe-") as temporary:
        kept = Path(temporary) if folder is None else folder
        kept.mkdir(parents=True, exist_ok=True)
        output, errors = kept / f"{name}.jsonl", kept / f"{name}.log"
        with output.open("wb") as out, errors.open("wb") as err:
            process = subprocess.Popen(
                place.command(*command(name, settings)),
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        running = Script(name, output, errors, process)
        try:
            yield running
        finally:
            running.stop()

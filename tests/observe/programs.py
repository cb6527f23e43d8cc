"""A program that runs in a place until it is told to stop.

The place may be a PID namespace: nsenter is then the parent of the program, and a signal for it
would not get there. So the program leaves its id in a file, and is sent signals from inside.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from observe.places import Place

STOP_SECONDS: Final = 15.0
_WITH_ID: Final = 'echo $$ > "$0" && exec "$@"'


@dataclass(slots=True)
class Program:
    """One program.

    Attributes:
        pid_file: must be visible from inside.
        log: its output is appended to it.
    """

    place: Place
    name: str
    command: tuple[str, ...]
    pid_file: Path
    log: Path
    _process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start it."""
        command = self.place.command("sh", "-c", _WITH_ID, str(self.pid_file), *self.command)
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self, how: str = "TERM") -> None:
        """Send it a signal and wait for its end; does nothing if it has ended.

        Args:
            how: the signal; KILL is sent anyway when it does not end in time.
        """
        if self._process is None:
            return
        for signal in (how, "KILL"):
            if self.alive:
                # It may end on its own in between, and its place may be gone with it.
                with suppress(AssertionError):
                    self.place.run("sh", "-c", f"kill -{signal} {self.pid_file.read_text()}")
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
                return
        self._process.kill()
        self._process.wait()

    def tail(self, lines: int = 20) -> str:
        """Return the last lines of its log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


@contextmanager
def running(program: Program) -> Iterator[None]:
    """Run a program until the end of the block."""
    program.start()
    try:
        yield
    finally:
        program.stop()

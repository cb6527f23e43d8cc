"""One component of the control plane as a process: started, stopped, paused, never left behind."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_LEASH: Final = Path(__file__).parent / "leash.py"
_STOP_SECONDS: Final = 20


@dataclass(slots=True)
class Component:
    """A process, the command that starts it, and where its log goes."""

    name: str
    command: tuple[str, ...]
    log: Path
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def start(self) -> None:
        """Start it, on a leash."""
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(_LEASH), str(os.getpid()), *self.command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                # Ctrl-C is for whoever holds the cluster, which then stops this in order.
                start_new_session=True,
            )

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process id; 0 while it does not run."""
        return self._process.pid if self._process else 0

    @property
    def failed(self) -> bool:
        """Whether it has ended although nobody stopped it."""
        return self._process is not None and self._process.poll() is not None

    def stop(self) -> None:
        """End it politely, then not; nothing happens to one that does not run."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a machine that loses power would."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let it hang: connections stay open and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def tail(self, lines: int = 15) -> str:
        """Return the last lines of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def _signal(self, number: signal.Signals) -> None:
        if self.alive and self._process:
            self._process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._signal(number)
        self._signal(signal.SIGCONT)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

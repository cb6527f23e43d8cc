"""A machine: network, mount and PID namespaces that live and die with one process.

Source: namespaces(7), pid_namespaces(7), unshare(1), nsenter(1).
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_INIT: Final = Path(__file__).parent / "init.py"
_LEASH: Final = Path(__file__).parents[1] / "leash.py"
_STOP_SECONDS: Final = 20


class MachineError(AssertionError):
    """A command failed inside a machine, or the machine did not start."""


@dataclass(slots=True)
class Program:
    """A long-running program inside a machine, and where its log goes."""

    name: str
    command: tuple[str, ...]
    log: Path
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def start(self) -> None:
        """Start it; its output is appended to the log."""
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    @property
    def failed(self) -> bool:
        """Whether it has ended although nobody stopped it."""
        return self._process is not None and self._process.poll() is not None

    @property
    def pid(self) -> int:
        """The process id of the program itself, seen from outside; 0 if it does not run."""
        if self._process is None or self._process.poll() is not None:
            return 0
        return next(_children(self._process.pid), 0)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it with a signal, and without mercy after some seconds."""
        if self._process is None:
            return
        pid = self.pid
        if pid:
            with suppress(ProcessLookupError):
                os.kill(pid, how)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self._process.kill()
            self._process.wait()
        self._process = None

    def tail(self, lines: int = 15) -> str:
        """Return the last lines of its log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


@dataclass(slots=True)
class Machine:
    """Namespaces with a name, and a folder that plays its disk."""

    name: str
    folder: Path
    programs: dict[str, Program] = field(default_factory=dict)
    _init: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)
    _pid: int = 0

    def boot(self) -> None:
        """Make the namespaces; loopback is up, and nothing else is there.

        Raises:
            MachineError: the namespaces could not be made.
        """
        disk, logs = self.folder / "disk", self.folder / "logs"
        disk.mkdir(parents=True, exist_ok=True)
        logs.mkdir(exist_ok=True)
        errors = logs / "init.log"
        with errors.open("ab") as out:
            self._init = subprocess.Popen(
                [
                    *(sys.executable, "-I", str(_LEASH), str(os.getpid())),
                    *("/usr/bin/unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"),
                    *(sys.executable, "-I", str(_INIT), str(disk)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=out,
                start_new_session=True,
            )
        said = self._init.stdout.readline() if self._init.stdout else b""
        if said.strip() != b"ready":
            raise MachineError(f"{self.name} does not start: {errors.read_text()[-2000:]}")
        self._pid = next(_children(self._init.pid))
        self.run("ip", "link", "set", "lo", "up")

    @property
    def pid(self) -> int:
        """Its first process, seen from outside: what namespaces are named by."""
        return self._pid

    @property
    def up(self) -> bool:
        """Whether it runs."""
        return self._init is not None and self._init.poll() is None

    def power_off(self) -> None:
        """Take everything in it away at once, as when a machine loses power."""
        if self._init is None:
            return
        if self.up:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
        self._init.wait()
        if self._init.stdout:
            self._init.stdout.close()
        for program in self.programs.values():
            program.stop()
        self.programs.clear()
        self._init, self._pid = None, 0

    def command(self, *argv: str) -> tuple[str, ...]:
        """Return a command line that runs another one inside."""
        return ("nsenter", "-t", str(self._pid), "-m", "-n", "-p", "--", *argv)

    def network_command(self, *argv: str) -> tuple[str, ...]:
        """Return a command line that runs on its network, with files and processes of this one."""
        return ("nsenter", "-t", str(self._pid), "-n", "--", *argv)

    def try_run(
        self, *argv: str, stdin: str | None = None, seconds: float = 60
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command inside and return what it did."""
        return subprocess.run(
            self.command(*argv),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def run(self, *argv: str, stdin: str | None = None, seconds: float = 60) -> str:
        """Run a command inside and return its output.

        Raises:
            MachineError: it failed; the message has what it said.
        """
        done = self.try_run(*argv, stdin=stdin, seconds=seconds)
        if done.returncode:
            raise MachineError(f"{self.name}: {' '.join(argv)}: {done.stderr.strip()}")
        return done.stdout

    def start(self, name: str, *argv: str) -> Program:
        """Run a program inside until it is stopped or the machine ends."""
        program = Program(name, self.command(*argv), self.folder / "logs" / f"{name}.log")
        program.start()
        self.programs[name] = program
        return program

    def check(self) -> None:
        """Raise if the machine or a program of it has ended.

        Raises:
            MachineError: names it, with the end of its log.
        """
        if not self.up:
            raise MachineError(f"{self.name} is down")
        for program in self.programs.values():
            if program.failed:
                raise MachineError(f"{self.name}: {program.name} ended:\n{program.tail()}")


@contextmanager
def machine(name: str, folder: Path) -> Iterator[Machine]:
    """Yield a machine that runs, and take it away at the end."""
    made = Machine(name, folder)
    try:
        made.boot()
        yield made
    finally:
        made.power_off()


def connect(one: Machine, its_interface: str, other: Machine, others_interface: str) -> None:
    """Put a cable between two machines (veth(4)); both ends are up."""
    ends = (
        *("ip", "link", "add", its_interface, "netns", str(one.pid)),
        *("type", "veth", "peer", "name", others_interface, "netns", str(other.pid)),
    )
    done = subprocess.run(ends, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MachineError(f"{' '.join(ends)}: {done.stderr.strip()}")
    one.run("ip", "link", "set", its_interface, "up")
    other.run("ip", "link", "set", others_interface, "up")


def _children(pid: int) -> Iterator[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    with suppress(FileNotFoundError):
        yield from map(int, path.read_text().split())

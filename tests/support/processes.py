"""Run the product's own processes against a cluster, under their own ServiceAccounts' rights."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

BIN: Final = Path(sys.executable).parent
STOP_SECONDS: Final = 15


def free_port() -> int:
    """Return a TCP port on loopback that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class Process:
    """One running process of the product, and where its log goes.

    Attributes:
        environment: variables in place of the test's own.
        without: variables that it does not have.
        folder: where it works; that of the test if None.
    """

    name: str
    command: tuple[str, ...]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    without: Collection[str] = ()
    folder: Path | None = None
    _running: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start it; its output is appended to the log."""
        with self.log.open("ab") as out:
            self._running = subprocess.Popen(
                self.command,
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                env=self._variables(),
                cwd=self.folder,
                start_new_session=True,
            )

    def _variables(self) -> dict[str, str]:
        variables = {**os.environ, **self.environment}
        return {name: value for name, value in variables.items() if name not in self.without}

    @property
    def pid(self) -> int:
        """The process id; the process must have been started."""
        if self._running is None:
            raise RuntimeError(f"{self.name} has not been started")
        return self._running.pid

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._running is not None and self._running.poll() is None

    @property
    def code(self) -> int | None:
        """Its exit code; None while it runs, negative if a signal has ended it."""
        return None if self._running is None else self._running.poll()

    def freeze(self) -> None:
        """SIGSTOP: it does nothing, as on a machine that is suspended."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT: it goes on where it was."""
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL, as a machine that loses power would."""
        self._end(signal.SIGKILL)

    def stop(self) -> int | None:
        """SIGTERM, then wait; returns the exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> int | None:
        if self._running is None:
            return None
        if self.alive:
            self._running.send_signal(how)
        try:
            return self._running.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._running.kill()
            return self._running.wait()

    def cpu_seconds(self) -> float:
        """Return how much processor time it has used so far, in seconds."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mib(self) -> float:
        """Resident memory in MiB (Linux)."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024

    def tail(self, lines: int = 20) -> str:
        """The last lines of its log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


@contextmanager
def running(*processes: Process) -> Iterator[None]:
    """Start the processes and stop them whatever happens, last first."""
    try:
        for process in processes:
            process.start()
        yield
    finally:
        for process in reversed(processes):
            process.stop()


def operator_process(
    kubeconfig: Path,
    namespace: str,
    *,
    helm: Path,
    logs: Path,
    health_port: int,
    extra: tuple[str, ...] = (),
    environment: Mapping[str, str] | None = None,
) -> Process:
    """Describe `metallb-operator run` against a cluster."""
    return Process(
        name="metallb-operator",
        command=(
            str(BIN / "metallb-operator"),
            "run",
            "--kubeconfig",
            str(kubeconfig),
            "--namespace",
            namespace,
            "--health-port",
            str(health_port),
            *extra,
        ),
        log=logs / "metallb-operator.log",
        environment={"HELM": str(helm), **(environment or {})},
    )


def webhooks_process(
    kubeconfig: Path,
    namespace: str,
    *,
    port: int,
    logs: Path,
    name: str = "metallb-webhooks",
    extra: tuple[str, ...] = (),
) -> Process:
    """Describe one `metallb-webhooks` replica on loopback."""
    return Process(
        name=name,
        command=(
            str(BIN / "metallb-webhooks"),
            "--kubeconfig",
            str(kubeconfig),
            "--namespace",
            namespace,
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            *extra,
        ),
        log=logs / f"{name}.log",
    )

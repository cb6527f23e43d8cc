import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from observe.places import Place
from observe.programs import Program, running
from support.namespaces import namespace
from support.waiting import wait_for

_CHILDREN = "/proc/{0}/task/{0}/children"


@dataclass(frozen=True)
class Machine:
    """A PID namespace, as every node has one."""

    name: str
    pid: str

    def command(self, *command: str) -> tuple[str, ...]:
        return ("nsenter", "-t", self.pid, "-m", "-p", "--", *command)

    def run(self, *command: str) -> str:
        done = subprocess.run(self.command(*command), capture_output=True, text=True, check=False)
        assert not done.returncode, done.stderr
        return done.stdout


@pytest.fixture(params=["network", "pid"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    if request.param == "network":
        with namespace("a") as network:
            yield network
        return
    init = ("unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "cat")
    with subprocess.Popen(init, stdin=subprocess.PIPE) as holder:
        children = Path(_CHILDREN.format(holder.pid))
        yield Machine("a", wait_for("it is there", lambda: children.read_text().strip()))


def waits(place: Place, pid: str) -> bool:
    try:
        return "sleep" in place.run("cat", f"/proc/{pid}/cmdline")
    except AssertionError:
        return False


@pytest.mark.parametrize("how", ["TERM", "KILL"])
def test_a_program_is_ended_where_it_is(place: Place, tmp_path: Path, how: str) -> None:
    file = tmp_path / "pid"
    program = Program(place, "sleeper", ("sleep", "1000"), file, tmp_path / "log")
    with running(program):
        pid = wait_for("it has an id", lambda: file.exists() and file.read_text().strip())
        wait_for("it runs", lambda: waits(place, pid))
        program.stop(how)
        assert not program.alive
        assert not waits(place, pid)
    program.stop()


def test_what_it_says_is_kept(place: Place, tmp_path: Path) -> None:
    program = Program(place, "p", ("sh", "-c", "echo hello"), tmp_path / "pid", tmp_path / "log")
    with running(program):
        wait_for("it has ended", lambda: not program.alive)
    assert program.tail() == "hello"

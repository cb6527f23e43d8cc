"""How a process of ours finds its namespace, and how it ends."""

import errno
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest
import typer

from metallb_kube.errors import ConfigurationError
from metallb_kube.process import (
    ExitCode,
    LineFormatter,
    PortError,
    own_namespace,
    run_program,
    termination_log,
)


class OwnError(Exception):
    """One that only the program knows."""


def test_inside_a_pod_it_is_what_kubernetes_mounts(tmp_path: Path) -> None:
    mounted = tmp_path / "namespace"
    mounted.write_text("metallb-system\n")
    assert own_namespace(mounted) == "metallb-system"


def test_outside_of_a_pod_there_is_none(tmp_path: Path) -> None:
    assert own_namespace(tmp_path / "namespace") == ""


def raising(error: Exception) -> Callable[[], NoReturn]:
    def command() -> NoReturn:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (ConfigurationError("cannot read\n  the file"), 3, "it: cannot read the file"),
        (typer.BadParameter("no such thing"), 2, "it: Invalid value: no such thing"),
        (OwnError("that is ours"), 5, "it: that is ours"),
        (ExceptionGroup("tasks", [ValueError("x"), OwnError("deep")]), 5, "it: deep"),
        (
            PortError(80, PermissionError(errno.EACCES, "error ('::', 80)"), "choose another"),
            4,
            "it: cannot listen on TCP port 80: Permission denied; choose another",
        ),
        (
            PortError(9443, OSError(-2, "Name or service not known"), "choose another"),
            4,
            "it: cannot listen on TCP port 9443: Name or service not known; choose another",
        ),
    ],
)
def test_what_no_waiting_heals_is_said_in_one_sentence(
    error: Exception,
    code: int,
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    message = tmp_path / "termination-log"
    message.touch()
    assert run_program("it", raising(error), {OwnError: ExitCode.HELM}, message) == code
    assert capsys.readouterr().err == f"{sentence}\n"
    assert message.read_text() == sentence


def test_a_defect_keeps_its_trace(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        run_program("it", lambda: 1 / 0, {}, tmp_path / "termination-log")


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (0, 0), (2, 2)])
def test_a_program_that_ends_by_itself(returned: int | None, code: int, tmp_path: Path) -> None:
    assert run_program("it", lambda: returned, {}, tmp_path) == code


def test_without_the_kubelets_file_no_message_is_written(tmp_path: Path) -> None:
    message = tmp_path / "termination-log"
    run_program("it", raising(OwnError()), {OwnError: ExitCode.PORT}, message)
    assert not message.exists()


def test_a_message_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    assert run_program("it", raising(OwnError()), {OwnError: ExitCode.PORT}, tmp_path) == 4


def test_a_message_is_no_longer_than_the_kubelet_reads(tmp_path: Path) -> None:
    message = tmp_path / "termination-log"
    message.touch()
    run_program("it", raising(OwnError("x" * 10_000)), {OwnError: ExitCode.PORT}, message)
    assert message.stat().st_size == 4096


def test_the_file_of_the_message_is_a_setting() -> None:
    assert termination_log({}) == Path("/dev/termination-log")
    assert termination_log({"TERMINATION_LOG": "/elsewhere"}) == Path("/elsewhere")


def test_exit_codes_are_distinct_from_each_other_and_from_signals() -> None:
    assert len(set(ExitCode)) == len(ExitCode.__members__)
    assert all(code < 125 for code in ExitCode)


def test_the_port_error_does_not_depend_on_asyncios_words() -> None:
    for words in ("address already in use", "[errno 98] address already in use"):
        error = OSError(errno.EADDRINUSE, f"error while attempting to bind: {words}")
        assert os.strerror(errno.EADDRINUSE) in str(PortError(1, error, "x"))


def entry(message: str, *, trace: str = "") -> str:
    record = logging.LogRecord("a", logging.INFO, "", 0, "%s", (message,), None)
    if trace:
        failing(record, trace)
    return LineFormatter().format(record)


def failing(record: logging.LogRecord, trace: str) -> None:
    try:
        raising(OwnError(trace))()
    except OwnError:
        record.exc_info = sys.exc_info()


def test_what_others_write_is_one_line_of_the_log() -> None:
    forged = "x\n2026-01-01 00:00:00,000 INFO    b: forged\r\x1b[2J\u202e"
    text = entry(forged)
    assert text.isprintable()
    assert text.endswith("INFO    a: x 2026-01-01 00:00:00,000 INFO    b: forged  [2J ")


def test_no_line_of_a_trace_is_taken_for_an_entry() -> None:
    first, *below = entry("failed", trace="x\n2026-01-01 forged\x1b[2J").split("\n")
    assert first.endswith("a: failed")
    assert below[-1] == "    2026-01-01 forged [2J"
    assert all(one.startswith("    ") and one.isprintable() for one in below)

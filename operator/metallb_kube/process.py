"""What every process of ours does at its start and its end: find its namespace, log, say why."""

import asyncio.constants
import ctypes
import logging
import os
import sys
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from enum import IntEnum
from pathlib import Path
from textwrap import indent
from typing import Any, Final

from typer.exceptions import TyperException

from metallb_kube.errors import ConfigurationError
from metallb_kube.printing import one_line, printable
from metallb_kube.seldom import SeldomFilter

_NAMESPACE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_FORMAT: Final = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_TERMINATION_LOG: Final = "/dev/termination-log"
_M_MMAP_THRESHOLD: Final = -3
_LARGE_BYTES: Final = 2**16
_TLS_BUFFER_BYTES: Final = 2**14
_LONGEST_MESSAGE: Final = 4096
"""Bytes that the kubelet takes of a termination message."""


class ExitCode(IntEnum):
    """How a process of ours ends; `docs/install.md` has them as a table."""

    STOPPED = 0
    UNEXPECTED = 1
    SETTING = 2
    CONNECTION = 3
    PORT = 4
    HELM = 5
    CERTIFICATE = 6
    LEASE_LOST = 7


class PortError(Exception):
    """A port cannot be listened on; the message names it and why."""

    def __init__(self, port: int, error: OSError, remedy: str) -> None:
        # asyncio adds the address to what the system says, differently in each version. What is
        # no error of the system, and has no positive number, concerns the name of a host.
        known = error.errno is not None and error.errno > 0
        why = os.strerror(error.errno or 0) if known else error.strerror or str(error)
        super().__init__(f"cannot listen on TCP port {port}: {why}; {remedy}")


Codes = Mapping[type[Exception], ExitCode]
"""What ends a process because no waiting heals it, with its exit code."""

_ALWAYS: Final[Codes] = {
    TyperException: ExitCode.SETTING,
    ConfigurationError: ExitCode.CONNECTION,
    PortError: ExitCode.PORT,
}


def own_namespace(mounted: Path = _NAMESPACE) -> str:
    """Return the namespace of the pod we run in, "" outside of one.

    Args:
        mounted: where Kubernetes mounts it, with the ServiceAccount's token.
    """
    return mounted.read_text().strip() if mounted.exists() else ""


class LineFormatter(logging.Formatter):
    """Writes a line an entry, whatever the texts of others in it hold; traces are indented."""

    def __init__(self) -> None:
        """Write time, level, name and message."""
        super().__init__(_FORMAT)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - as inherited
        """Return the line of an entry."""
        return one_line(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: ANN401, N802 - as inherited
        """Return a trace, none of whose lines can be taken for an entry."""
        return indent(printable(super().formatException(ei)), "    ")


def start_logging(*, verbose: bool, seldom: str = "") -> None:
    """Log to standard error from now on, a line an entry.

    Args:
        verbose: whether everything is logged.
        seldom: how lines begin of which one a minute is enough, unless verbose; "" for none.
    """
    stream = logging.StreamHandler()
    stream.setFormatter(LineFormatter())
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, handlers=[stream])
    if seldom and not verbose:
        for handler in logging.getLogger().handlers:
            handler.addFilter(SeldomFilter(seldom))


def spare_memory() -> None:
    """Have TLS connections that are made from now on hold less, and give back what is freed.

    asyncio keeps a buffer of 256 KiB for each, whether or not it has ever been used, and reads as
    much ahead of whoever reads slowly; a record of TLS has 16 KiB (RFC 8446, section 5.1). glibc
    keeps freed blocks for itself once there have been large ones (mallopt(3), M_MMAP_THRESHOLD);
    other C libraries have nothing of the kind.
    """
    SSLProtocol.max_size = _TLS_BUFFER_BYTES
    vars(asyncio.constants)["FLOW_CONTROL_HIGH_WATER_SSL_READ"] = _TLS_BUFFER_BYTES // 2**10
    with suppress(AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def termination_log(environment: Mapping[str, str]) -> Path:
    """Return where the pod's termination message is written: TERMINATION_LOG, or the default."""
    return Path(environment.get("TERMINATION_LOG") or _TERMINATION_LOG)


def run_program(
    name: str, command: Callable[[], object], codes: Codes, termination: Path
) -> ExitCode:
    """Run a process of ours, and return its exit code.

    What no waiting heals is written in one sentence to standard error and to the pod's
    termination message. Anything else that is raised is a defect, and passes with its trace.

    Args:
        name: of the program, which begins the sentence.
        command: runs until the process is asked to end; returns its exit code or None.
        codes: what ends it, apart from what ends every process.
        termination: the file of the termination message.
    """
    try:
        code = command()
    except Exception as error:
        known = {**_ALWAYS, **codes}
        found = next((one for one in _leaves(error) if _code(one, known)), None)
        if found is None:
            raise
        sentence = f"{name}: {_sentence(found)}"
        sys.stderr.write(f"{sentence}\n")
        write_termination(termination, sentence)
        return _code(found, known) or ExitCode.UNEXPECTED
    return ExitCode(code) if isinstance(code, int) else ExitCode.STOPPED


def write_termination(file: Path, sentence: str) -> None:
    """Write the termination message, if the kubelet has made a file for it."""
    if file.exists():
        with suppress(OSError):
            file.write_bytes(sentence.encode()[:_LONGEST_MESSAGE])


def _code(error: BaseException, codes: Codes) -> ExitCode | None:
    return next((code for kind, code in codes.items() if isinstance(error, kind)), None)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, or those that tasks that ran together have raised."""
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _leaves(one)
    else:
        yield error


def _sentence(error: BaseException) -> str:
    text = error.format_message() if isinstance(error, TyperException) else str(error)
    return one_line(" ".join(text.split()))

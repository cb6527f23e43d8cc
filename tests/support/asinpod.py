"""Run a process with what it has in a pod, and with nothing else: no user name, no home."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from support.processes import Process

UID: Final = "65532"
"""Of the image; /etc/passwd does not have it."""

_SITE: Final = Path(__file__).parent / "pod"
_NAMES: Final = frozenset({"HOME", "USER", "LOGNAME", "LNAME", "USERNAME", "KUBECONFIG"})
_READ_ONLY: Final = Path("/proc")
"""Where even root can make no file."""

_AS_UID: Final = ("unshare", "--user", f"--map-user={UID}", f"--map-group={UID}", "--")


def as_in_pod(process: Process, environment: Mapping[str, str] | None = None) -> Process:
    """Return a process that starts as one of the image does.

    Python is as strict about certificates as the image's. The uid is the image's where a user
    namespace can be had; where not, it is only made to be unknown, which `support/pod` does anyhow.

    Args:
        process: as it would be started.
        environment: what else the pod's environment has.
    """
    path = os.pathsep.join(filter(None, (str(_SITE), os.environ.get("PYTHONPATH"))))
    variables = {**process.environment, "PYTHONPATH": path, **(environment or {})}
    return replace(
        process,
        command=(*_user(), *process.command),
        environment=variables,
        without=_NAMES - variables.keys(),
        folder=_READ_ONLY,
    )


def _user() -> tuple[str, ...]:
    try:
        done = subprocess.run([*_AS_UID, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return ()
    return () if done.returncode else _AS_UID

"""kubectl, as whoever administers a cluster uses it."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class KubectlError(Exception):
    """kubectl refused; the message is what it said."""


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl with the administrator's kubeconfig.

    Attributes:
        command: how to start it, where it is not started directly.
    """

    program: Path
    kubeconfig: Path
    command: tuple[str, ...] = ()

    def try_run(
        self, *arguments: str, stdin: str | None = None, seconds: float = 180
    ) -> "subprocess.CompletedProcess[str]":
        """Run kubectl and return what it did."""
        return subprocess.run(
            [*self.command, str(self.program), "--kubeconfig", str(self.kubeconfig), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def run(self, *arguments: str, stdin: str | None = None, seconds: float = 180) -> str:
        """Run kubectl and return its output.

        Raises:
            KubectlError: it failed.
        """
        done = self.try_run(*arguments, stdin=stdin, seconds=seconds)
        if done.returncode:
            raise KubectlError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def get(self, kind: str, name: str = "", namespace: str = "") -> dict[str, Any] | None:
        """Read an object, or the list of a kind; None where there is none."""
        where = ["-n", namespace] if namespace else []
        done = self.try_run("get", kind, *([name] if name else []), *where, "-o", "json")
        if done.returncode:
            return None
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def apply(self, *manifests: Mapping[str, Any], server_side: bool = False) -> str:
        """Apply manifests."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
        how = ["--server-side", "--force-conflicts"] if server_side else []
        return self.run("apply", *how, "-f", "-", stdin=text)

"""The stage: a cluster with the product installed, its processes running on loopback."""

import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from cluster import Cluster
from support.operating import INSTALL, NAMESPACE
from support.processes import (
    Process,
    free_port,
    operator_process,
    running,
    webhooks_process,
)
from support.waiting import wait_for

if TYPE_CHECKING:
    import subprocess


@dataclass(frozen=True, slots=True)
class Stage:
    """What the steps act upon."""

    cluster: Cluster
    operator: Process
    webhooks: tuple[Process, ...]

    def get(self, kind: str, name: str = "", namespace: str = NAMESPACE) -> dict[str, Any] | None:
        """Read one object, or the list of a kind; None where it does not exist."""
        return self.cluster.get(kind, name, namespace)

    def try_kubectl(
        self, *arguments: str, stdin: str | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run kubectl and return what it did, whether or not it succeeded."""
        return self.cluster.try_kubectl(*arguments, stdin=stdin)

    def condition(self, kind: str) -> dict[str, Any]:
        """One condition of the MetalLB object; empty where it is not set."""
        metallb = self.get("metallb", "metallb") or {}
        conditions = metallb.get("status", {}).get("conditions", [])
        return next((c for c in conditions if c["type"] == kind), {})


def without_workloads(manifest: str) -> str:
    """The install manifest without the Deployments, which run as processes here."""
    kept = [doc for doc in yaml.safe_load_all(manifest) if doc and doc["kind"] != "Deployment"]
    return yaml.safe_dump_all(kept)


@contextmanager
def product(cluster: Cluster, logs: Path) -> Iterator[Stage]:
    """Install the product on a cluster and run it until the end of the block."""
    cluster.kubectl(
        "apply", "--server-side", "-f", "-", input=without_workloads(INSTALL.read_text())
    )
    health = free_port()
    operator = operator_process(
        cluster.service_account_kubeconfig(NAMESPACE, "metallb-operator"),
        NAMESPACE,
        helm=cluster.binaries.helm,
        logs=logs,
        health_port=health,
    )
    ports = [free_port() for _ in range(2)]
    account = cluster.service_account_kubeconfig(NAMESPACE, "metallb-webhooks")
    webhooks = tuple(
        webhooks_process(account, NAMESPACE, port=port, logs=logs, name=f"metallb-webhooks-{n}")
        for n, port in enumerate(ports, start=1)
    )
    cluster.route_service(NAMESPACE, "metallb-webhooks", [f"127.0.0.1:{port}" for port in ports])
    with ExitStack() as stack:
        stack.enter_context(running(operator, *webhooks))
        wait_for("the operator is ready", lambda: _answers(operator, health), seconds=60)
        stage = Stage(cluster, operator, webhooks)
        wait_for("admission works", lambda: _admits(stage), seconds=60, every=0.2)
        yield stage


def _answers(process: Process, port: int) -> bool:
    if not process.alive:
        raise AssertionError(f"{process.name} ended:\n{process.tail()}")
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _admits(stage: Stage) -> bool:
    for process in stage.webhooks:
        if not process.alive:
            raise AssertionError(f"{process.name} ended:\n{process.tail()}")
    probe = (
        "apiVersion: metallb.io/v1beta1\nkind: Community\n"
        f"metadata: {{name: probe, namespace: {NAMESPACE}}}\nspec: {{}}\n"
    )
    done = stage.try_kubectl("apply", "--dry-run=server", "-f", "-", stdin=probe)
    return done.returncode == 0

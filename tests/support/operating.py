"""The operator as a process on a cluster, under its own rights, and what tests ask of it."""

import json
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from cluster import Cluster
from support.processes import Process, free_port, operator_process, running
from support.waiting import wait_for

NAMESPACE: Final = "metallb-system"
INSTALL: Final = Path(__file__).parents[2] / "bundle" / "install" / "metallb-operator.yaml"
_ADMISSION: Final = frozenset({"Deployment", "ValidatingWebhookConfiguration"})

OPERANDS: Final = "deployments,daemonsets,configmaps,secrets,networkpolicies"
"""The kinds that an installation consists of."""


@dataclass(frozen=True, slots=True)
class Operating:
    """A cluster where the operator may be installed, and the operator's process.

    Attributes:
        port: of its health endpoint.
    """

    cluster: Cluster
    process: Process
    port: int

    def probe(self, path: str) -> tuple[int, str]:
        """Ask the health port; status 0 where it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def wait_ready(self) -> None:
        """Wait until the operator says that it is ready."""
        wait_for("the operator is ready", lambda: self.alive() and self.probe("/readyz")[0] == 200)

    def alive(self) -> bool:
        """Return True, or raise with the end of its log if the process has ended."""
        if not self.process.alive:
            raise AssertionError(f"the operator ended:\n{self.process.tail(40)}")
        return True

    def ended(self, seconds: float) -> int:
        """Wait until the process ends by itself; returns its exit code."""
        wait_for("its end", lambda: not self.process.alive, seconds=seconds)
        return self.process.code or 0

    def away(self, seconds: float) -> None:
        """Let the API server be away for so long; a process that ends is started again.

        A process that cannot renew its Lease has to end, and a kubelet starts it again.
        """
        server = self.cluster.component("kube-apiserver")
        server.kill()
        end = time.monotonic() + seconds
        wait_for(
            "the outage",
            lambda: self._revived() and time.monotonic() > end,
            seconds=seconds + 10,
        )
        server.start()
        self.cluster.wait_until_serving()
        last = self._renewed()
        wait_for("the lead", lambda: self._revived() and self._renewed() != last, seconds=60)

    def _revived(self) -> bool:
        if not self.process.alive:
            self.process.start()
        return True

    def _renewed(self) -> str:
        found = self.cluster.get("lease", "metallb-operator", NAMESPACE) or {}
        return str(found.get("spec", {}).get("renewTime") or "")

    def create(self, name: str = "metallb", namespace: str = NAMESPACE, **spec: Any) -> None:  # noqa: ANN401 - whatever JSON holds
        """Create (or change) a MetalLB object; the keywords are its spec."""
        self.cluster.apply(metallb(name, namespace, **spec))

    def delete(self, seconds: int = 150) -> None:
        """Delete the MetalLB object and wait until it is gone.

        Its own time is two minutes. Kubernetes' garbage collector takes one of them to come back
        where the API server has been away.
        """
        where = ["-n", NAMESPACE, "--ignore-not-found", f"--timeout={seconds}s"]
        self.cluster.kubectl("delete", "metallb", "metallb", *where)

    def conditions(self, name: str = "metallb", namespace: str = NAMESPACE) -> dict[str, Any]:
        """Return the conditions of a MetalLB object by type."""
        return conditions_of(self.cluster.get("metallb", name, namespace) or {})

    def wait_condition(self, kind: str, status: str, reason: str = "") -> Mapping[str, Any]:
        """Wait until a condition says so of the object as it is now; return it."""

        def says() -> Mapping[str, Any] | None:
            self.alive()
            stored = self.cluster.get("metallb", "metallb", NAMESPACE) or {}
            found = conditions_of(stored).get(kind, {})
            current = found.get("observedGeneration") == stored.get("metadata", {}).get(
                "generation"
            )
            fits = found.get("status") == status and found.get("reason", "").startswith(reason)
            return found if current and fits else None

        return wait_for(f"{kind} is {status} {reason}", says, seconds=60)

    def wait_operand(self, kind: str, name: str, argument: str) -> None:
        """Wait until a workload of ours has an argument on its command line."""

        def has() -> bool:
            self.alive()
            found = self.cluster.get(kind, name, NAMESPACE) or {}
            pod = found.get("spec", {}).get("template", {}).get("spec", {})
            return any(argument in one.get("args", ()) for one in pod.get("containers", ()))

        wait_for(f"{kind} {name} has {argument}", has, seconds=60)

    def operands(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Return what an installation consists of, by kind and name."""
        found = self.cluster.get(OPERANDS, namespace=NAMESPACE) or {}
        return {
            (item["kind"], item["metadata"]["name"]): item
            for item in found.get("items", ())
            if "applyset.kubernetes.io/part-of" in item["metadata"].get("labels", {})
        }


def conditions_of(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the conditions of an object by type."""
    return {c["type"]: c for c in stored.get("status", {}).get("conditions", ())}


def metallb(name: str = "metallb", namespace: str = NAMESPACE, **spec: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    """Return a MetalLB object."""
    return {
        "apiVersion": "metallb.io/v1beta1",
        "kind": "MetalLB",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


def service(cluster: Cluster, name: str, address: str) -> None:
    """Have a Service with an address, as MetalLB's controller would give it."""
    cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
        }
    )
    status = {"status": {"loadBalancer": {"ingress": [{"ip": address}]}}}
    where = ["service", name, "-n", "default", "--subresource=status", "--type=merge"]
    cluster.kubectl("patch", *where, "-p", json.dumps(status))


def install(cluster: Cluster) -> None:
    """Install CRDs, accounts and permissions as the install manifest has them, and no more."""
    documents = yaml.safe_load_all(INSTALL.read_text())
    kept = [doc for doc in documents if doc and doc["kind"] not in _ADMISSION]
    cluster.kubectl("apply", "--server-side", "-f", "-", input=yaml.safe_dump_all(kept))


@contextmanager
def operating(
    cluster: Cluster,
    logs: Path,
    *,
    kubeconfig: Path | None = None,
    identity: str = "test",
    options: tuple[str, ...] = (),
    environment: Mapping[str, str] | None = None,
) -> Iterator[Operating]:
    """Run the operator on a cluster until the end of the block.

    Args:
        cluster: where `install` has been.
        logs: a folder for its log.
        kubeconfig: another way to the API server than the direct one.
        identity: in the Lease; the same one takes over at once, as a restarted container does.
        options: more of the command line.
        environment: more variables.
    """
    account = kubeconfig or cluster.service_account_kubeconfig(NAMESPACE, "metallb-operator")
    port = free_port()
    process = operator_process(
        account,
        NAMESPACE,
        helm=cluster.binaries.helm,
        logs=logs,
        health_port=port,
        extra=("--health-host", "127.0.0.1", "--identity", identity, *options),
        environment=environment,
    )
    with running(process):
        yield Operating(cluster, process, port)

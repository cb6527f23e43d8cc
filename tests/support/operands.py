"""MetalLB's own programs, run as the stored workloads say, where a kubelet would run them in pods.

Flags and environment are those of the pod, the rights those of its ServiceAccount. Only what a
container has to itself is replaced: files that are mounted.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cluster import Cluster
from cluster.binaries import binary
from support.namespaces import NODE, Namespace
from support.operating import NAMESPACE
from support.processes import Process
from support.waiting import wait_for

_VARIABLE: Final = re.compile(r"\$\((\w+)\)")


@dataclass(frozen=True, slots=True)
class Operand:
    """A workload of MetalLB's, and where its program runs.

    Attributes:
        name: of the workload, its container and its ServiceAccount.
        where: the namespace of the node that its one pod is on.
    """

    cluster: Cluster
    name: str
    folder: Path
    where: Namespace

    def process(self, version: str) -> Process:
        """Describe the program of this release as its workload says now; it is not started."""
        pod = self.pod(version)
        [container] = [c for c in pod["spec"]["containers"] if c["name"] == self.name]
        environment = dict(self._environment(pod, container))
        arguments = (
            _VARIABLE.sub(lambda found: environment[found[1]], argument)
            for argument in container.get("args", ())
        )
        account = self.cluster.service_account_kubeconfig(NAMESPACE, self.name)
        suffix = "" if version == "0.16.1" else f"-{version}"
        return Process(
            name=self.name,
            command=self.where.command(
                str(binary(f"metallb-{self.name}{suffix}")),
                f"--kubeconfig={account}",
                f"--namespace={NAMESPACE}",
                *arguments,
            ),
            log=self.folder / f"{self.name}-{version}.log",
            environment={**environment, "TMPDIR": str(self.folder)},
        )

    def pod(self, version: str) -> dict[str, Any]:
        """Wait for the pod of this release, alone, and return it."""

        def alone() -> dict[str, Any] | None:
            pods = self._pods()
            fits = len(pods) == 1 and _image(pods[0], self.name).endswith(f":v{version}")
            return pods[0] if fits and pods[0]["status"]["phase"] == "Running" else None

        return wait_for(f"the pod of {self.name} {version}", alone, seconds=60)

    def _pods(self) -> list[dict[str, Any]]:
        found = self.cluster.get("pods", namespace=NAMESPACE) or {}
        return [pod for pod in found["items"] if pod["spec"]["serviceAccountName"] == self.name]

    def _environment(
        self, pod: Mapping[str, Any], container: Mapping[str, Any]
    ) -> Iterator[tuple[str, str]]:
        fields = {
            "metadata.name": pod["metadata"]["name"],
            "metadata.namespace": NAMESPACE,
            "spec.nodeName": pod["spec"].get("nodeName", ""),
            "status.podIP": NODE,
            "status.hostIP": NODE,
        }
        mounts = {m["mountPath"]: m["name"] for m in container.get("volumeMounts", ())}
        for variable in container.get("env", ()):
            value = variable.get("value") or fields[variable["valueFrom"]["fieldRef"]["fieldPath"]]
            if value in mounts:
                value = str(self._mounted(pod, mounts[value]))
            yield variable["name"], value

    def _mounted(self, pod: Mapping[str, Any], volume: str) -> Path:
        """Write the Secret of a volume where the program can read it, and return where."""
        [source] = [v["secret"] for v in pod["spec"]["volumes"] if v["name"] == volume]
        secret = self.cluster.get("secret", source["secretName"], NAMESPACE) or {}
        folder = self.folder / volume
        folder.mkdir(exist_ok=True)
        for key, value in secret["data"].items():
            (folder / key).write_bytes(base64.b64decode(value))
        return folder


def _image(pod: Mapping[str, Any], name: str) -> str:
    return next((c["image"] for c in pod["spec"]["containers"] if c["name"] == name), "")

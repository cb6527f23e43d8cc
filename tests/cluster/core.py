"""The cluster: up in seconds, used through kubectl and kubeconfigs, stopped without a trace."""

import json
import shutil
import ssl
import subprocess  # noqa: TC003 - annotations name it
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from cluster import nodes as simulated
from cluster.binaries import Binaries, build_all
from cluster.components import Component
from cluster.egress import Route, read_routes, write_routes
from cluster.kubeconfig import with_token
from cluster.kubectl import Kubectl
from cluster.plane import Plane, plane

_START_SECONDS: Final = 90
_STEP_SECONDS: Final = 0.05


class ClusterError(Exception):
    """The cluster does not come up, or a component of it has ended."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running control plane, and everything tests do to it."""

    folder: Path
    binaries: Binaries
    plane: Plane

    @classmethod
    def start(cls, nodes: int = 0, folder: Path | None = None) -> Self:
        """Start a control plane and as many simulated nodes; nodes and accounts are ready then.

        Args:
            nodes: how many simulated nodes.
            folder: where everything is kept; a temporary one unless it is given.

        Raises:
            ClusterError: something did not come up; the message ends with its log.
            BuildError: a program is missing and could not be built.
        """
        binaries = build_all()
        where = folder or Path(tempfile.mkdtemp(prefix="metallb-cluster-"))
        self = cls(where, binaries, plane(where, binaries))
        try:
            self._bring_up()
            self.add_nodes(nodes)
        except BaseException:
            self.stop()
            raise
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.plane.admin

    @property
    def url(self) -> str:
        """The API server's address."""
        return self.plane.endpoint.url

    def component(self, name: str) -> Component:
        """Return a component by its name: etcd, kube-apiserver, kwok, ..."""
        return self.plane.components[name]

    def stop(self) -> None:
        """Stop everything, last started first, and remove what it wrote."""
        for component in reversed(tuple(self.plane.components.values())):
            component.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def restart_api_server(self) -> None:
        """Restart the API server, and return when it serves again."""
        server = self.component("kube-apiserver")
        server.stop()
        server.start()
        self.wait_until_serving()

    @property
    def _kubectl(self) -> Kubectl:
        return Kubectl(self.binaries.kubectl, self.kubeconfig)

    def try_kubectl(
        self, *arguments: str, stdin: str | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run kubectl as the administrator and return what it did."""
        return self._kubectl.try_run(*arguments, stdin=stdin)

    def kubectl(
        self,
        *arguments: str,
        input: str | None = None,  # noqa: A002 - as subprocess calls it
        seconds: float = 180,
    ) -> str:
        """Run kubectl as the administrator and return its output.

        Args:
            arguments: of kubectl.
            input: its standard input.
            seconds: that it may take.

        Raises:
            KubectlError: it failed.
        """
        return self._kubectl.run(*arguments, stdin=input, seconds=seconds)

    def get(self, kind: str, name: str = "", namespace: str = "") -> dict[str, Any] | None:
        """Read an object, or the list of a kind; None where there is none."""
        return self._kubectl.get(kind, name, namespace)

    def apply(self, *manifests: Mapping[str, Any], server_side: bool = False) -> str:
        """Apply manifests as the administrator."""
        return self._kubectl.apply(*manifests, server_side=server_side)

    def service_account_kubeconfig(self, namespace: str, name: str) -> Path:
        """Return a kubeconfig with a token of a ServiceAccount, and so with its rights only."""
        token = self.kubectl("create", "token", name, "-n", namespace, "--duration=24h").strip()
        path = self.folder / f"{namespace}-{name}.kubeconfig"
        return with_token(self.plane.endpoint, path, token, namespace)

    def route_service(
        self, namespace: str, name: str, backends: Sequence[str], ready_path: str = "/readyz"
    ) -> None:
        """Put local processes ("127.0.0.1:port") behind every port of a Service."""
        service = json.loads(self.kubectl("get", "service", name, "-n", namespace, "-o", "json"))
        spec = service["spec"]
        routes = read_routes(self.plane.routes)
        for port in spec["ports"]:
            address = f"{spec['clusterIP']}:{port['port']}"
            routes[address] = Route(tuple(backends), ready_path)
        write_routes(self.plane.routes, routes)

    def add_nodes(self, number: int, prefix: str = "node") -> None:
        """Add simulated nodes NAME-1 ... and wait until they are ready."""
        if number:
            manifests = simulated.nodes(number, prefix)
            self.kubectl("create", "-f", "-", input=json.dumps(manifests))
            self._wait(f"{number} nodes are ready", lambda: self._ready_nodes(prefix) >= number)

    def audit(self, start: int = 0) -> Iterator[dict[str, Any]]:
        """Yield what the API server answered, oldest first, from a position in its audit log."""
        with self.plane.audit.open() as log:
            log.seek(start)
            for line in log:
                if line.endswith("\n"):
                    yield json.loads(line)

    def audit_position(self) -> int:
        """Return where the audit log ends now."""
        return self.plane.audit.stat().st_size if self.plane.audit.exists() else 0

    def wait_until_serving(self) -> None:
        """Wait until the API server says that it is ready.

        Raises:
            ClusterError: it does not, within a minute and a half.
        """
        self._wait("the API server is ready", self._serves)

    def _bring_up(self) -> None:
        started = self.plane.components
        for name in ("etcd", "egress"):
            started[name].start()
        self._wait("the egress proxy listens", (self.folder / "egress.sock").exists)
        started["kube-apiserver"].start()
        self.wait_until_serving()
        for name in ("kube-controller-manager", "kube-scheduler", "kwok"):
            started[name].start()
        self._wait(
            "ServiceAccounts are created",
            lambda: self.get("serviceaccount", "default", "default") is not None,
        )

    def _serves(self) -> bool:
        context = ssl.create_default_context(cafile=str(self.plane.endpoint.authority))
        try:
            with urllib.request.urlopen(  # noqa: S310 - https, and our own
                f"{self.url}/readyz", context=context, timeout=2
            ) as answer:
                return bool(answer.status == HTTPStatus.OK)
        except (urllib.error.URLError, OSError):
            return False

    def _ready_nodes(self, prefix: str) -> int:
        found = self.get("nodes") or {"items": []}
        return sum(
            1
            for node in found["items"]
            if node["metadata"]["name"].startswith(f"{prefix}-") and simulated.is_usable(node)
        )

    def _wait(self, what: str, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not holds():
            for component in self.plane.components.values():
                if component.failed:
                    raise ClusterError(f"{component.name} ended:\n{component.tail()}")
            if time.monotonic() > deadline:
                raise ClusterError(f"not within {_START_SECONDS} s: {what}")
            time.sleep(_STEP_SECONDS)

"""The product on real nodes, and what tests ask of it: objects in, addresses and packets out."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from cluster.kubectl import KubectlError
from cluster.real.core import RealCluster
from cluster.real.images import WORKLOAD
from support.waiting import DeadlineError, wait_for

NAMESPACE: Final = "metallb-system"
ROOT: Final = Path(__file__).parents[2]
MANIFEST: Final = ROOT / "bundle" / "install" / "metallb-operator.yaml"
INTRODUCTION: Final = ROOT / "docs" / "examples" / "introduction"
DEPLOYMENTS: Final = ("metallb-webhooks", "metallb-operator")

Document = dict[str, Any]


@dataclass(slots=True)
class Site:
    """A cluster where the operator is installed, or may be."""

    real: RealCluster
    _made: list[tuple[str, str, str]] = field(default_factory=list)

    def kubectl(self, *arguments: str, stdin: str | None = None, seconds: float = 180) -> str:
        """Run kubectl as the administrator; see `Kubectl.run`."""
        return self.real.kubectl.run(*arguments, stdin=stdin, seconds=seconds)

    def install(self) -> None:
        """Apply the install manifest and wait until both Deployments have rolled out."""
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(MANIFEST))
        for name in DEPLOYMENTS:
            self.rolled_out(f"deployment/{name}")

    def rolled_out(self, workload: str, seconds: int = 180) -> None:
        """Wait until a workload has rolled out."""
        where = ("-n", NAMESPACE, f"--timeout={seconds}s")
        self.kubectl("rollout", "status", workload, *where, seconds=seconds + 10)

    def run(self, **spec: Any) -> None:  # noqa: ANN401 - whatever JSON holds
        """Create or change the MetalLB object and wait until everything is as it says."""
        self.declare(**spec)
        self.wait_settled()

    def declare(self, **spec: Any) -> None:  # noqa: ANN401 - whatever JSON holds
        """Create or change the MetalLB object."""
        manifest = {
            "apiVersion": "metallb.io/v1beta1",
            "kind": "MetalLB",
            "metadata": {"name": "metallb", "namespace": NAMESPACE},
            "spec": spec,
        }
        self.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))

    def metallb(self) -> Document:
        """Return the MetalLB object; empty if there is none."""
        return self.real.kubectl.get("metallb", "metallb", NAMESPACE) or {}

    def conditions(self) -> Mapping[str, Document]:
        """Return the conditions of the MetalLB object by type."""
        return {c["type"]: c for c in self.metallb().get("status", {}).get("conditions", ())}

    def wait_settled(self, seconds: float = 180) -> None:
        """Wait until the present generation is available, and nothing progresses or is degraded.

        Raises:
            DeadlineError: it is not; the message has the conditions.
        """
        try:
            wait_for("MetalLB is settled", self._settled, seconds=seconds, every=0.3)
        except DeadlineError as late:
            told = [
                f"{kind}={c['status']} {c['reason']}: {c.get('message', '')}"
                for kind, c in self.conditions().items()
            ]
            raise DeadlineError("\n".join((str(late), *told))) from None

    def _settled(self) -> bool:
        found = self.metallb()
        generation = found.get("metadata", {}).get("generation")
        conditions = {c["type"]: c for c in found.get("status", {}).get("conditions", ())}
        wanted = {"Available": "True", "Progressing": "False", "Degraded": "False"}
        return all(
            conditions.get(kind, {}).get("status") == status
            and conditions[kind].get("observedGeneration") == generation
            for kind, status in wanted.items()
        )

    def remove(self, seconds: int = 150) -> None:
        """Delete the MetalLB object and wait until it is gone."""
        where = ("-n", NAMESPACE, "--ignore-not-found", f"--timeout={seconds}s")
        self.kubectl("delete", "metallb", "metallb", *where, seconds=seconds + 10)

    def apply(self, *documents: Document) -> None:
        """Apply objects; `tidy` deletes them."""
        self.real.kubectl.apply(*documents)
        for document in documents:
            self._remember(document)

    def patch(self, kind: str, name: str, patch: Document, namespace: str = "default") -> None:
        """Change an object by a merge patch."""
        how = ("--type=merge", "-p", json.dumps(patch))
        self.kubectl("patch", kind, name, "-n", namespace, *how)

    def example(self, name: str) -> tuple[Document, ...]:
        """Apply an example of the introduction as it stands; `tidy` deletes it."""
        path = INTRODUCTION / name
        self.kubectl("apply", "-f", str(path))
        documents = tuple(yaml.load_all(path.read_text(), Loader=yaml.BaseLoader))
        for document in documents:
            self._remember(document)
        return documents

    def refused(self, *documents: Document) -> str:
        """Apply what must be refused; return the sentence.

        Raises:
            AssertionError: it was accepted.
        """
        try:
            self.apply(*documents)
        except KubectlError as error:
            return str(error)
        raise AssertionError("it was accepted")

    def _remember(self, document: Document) -> None:
        metadata = document["metadata"]
        group = document["apiVersion"].rpartition("/")[0]
        kind = f"{document['kind']}.{group}" if group else document["kind"]
        one = (kind.lower(), metadata["name"], metadata.get("namespace", "default"))
        if one not in self._made:
            self._made.append(one)

    def tidy(self) -> None:
        """Delete what was applied, the last first, and wait until Services are gone."""
        for kind, name, namespace in reversed(self._made):
            where = ("-n", namespace, "--ignore-not-found", "--timeout=60s")
            self.kubectl("delete", kind, name, *where)
        self._made.clear()

    def addresses(self, name: str, namespace: str = "default") -> tuple[str, ...]:
        """Return the addresses that a Service has at this moment."""
        found = self.real.kubectl.get("service", name, namespace) or {}
        ingress = found.get("status", {}).get("loadBalancer", {}).get("ingress", ())
        return tuple(entry["ip"] for entry in ingress)

    def wait_addresses(self, name: str, count: int = 1) -> tuple[str, ...]:
        """Wait until a Service has addresses, and return them."""

        def given() -> tuple[str, ...]:
            found = self.addresses(name)
            return found if len(found) == count else ()

        return wait_for(f"Service {name} has {count} addresses", given, seconds=30)

    def all_addresses(self) -> Mapping[str, tuple[str, ...]]:
        """Return the addresses of every Service of type LoadBalancer, by namespace and name."""
        found = self.real.kubectl.get("services", "--all-namespaces") or {"items": []}
        return {
            f"{item['metadata']['namespace']}/{item['metadata']['name']}": tuple(
                entry["ip"]
                for entry in item.get("status", {}).get("loadBalancer", {}).get("ingress", ())
            )
            for item in found["items"]
            if item["spec"].get("type") == "LoadBalancer"
        }

    def pods(self, *labels: str, namespace: str = NAMESPACE) -> tuple[Document, ...]:
        """Return the pods with these labels ("key=value")."""
        text = self.kubectl("get", "pods", "-n", namespace, "-l", ",".join(labels), "-o", "json")
        return tuple(json.loads(text)["items"])

    def events(self, namespace: str = NAMESPACE) -> tuple[Document, ...]:
        """Return the Events of a namespace."""
        text = self.kubectl("get", "events", "-n", namespace, "-o", "json")
        return tuple(json.loads(text)["items"])

    @contextmanager
    def clean(self) -> Iterator[None]:
        """Delete what the block applied, whatever happens."""
        try:
            yield
        finally:
            self.tidy()


def workload(
    name: str = "web", nodes: Sequence[str] = (), *, http: int = 8080, udp: int = 8053
) -> Document:
    """Return a DaemonSet whose pods answer HTTP and UDP, on all nodes or on some."""
    environment = [
        {"name": variable, "valueFrom": {"fieldRef": {"fieldPath": path}}}
        for variable, path in (("NODE", "spec.nodeName"), ("POD", "metadata.name"))
    ]
    affinity: Document = {}
    if nodes:
        term = {"key": "kubernetes.io/hostname", "operator": "In", "values": list(nodes)}
        terms = {"nodeSelectorTerms": [{"matchExpressions": [term]}]}
        affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}
    container = {
        "name": "web",
        "image": WORKLOAD,
        "args": ["serve", str(http), str(udp)],
        "env": environment,
        # Its share of a busy machine: what is measured is who announces, not who computes.
        "resources": {"requests": {"cpu": "500m"}},
        "readinessProbe": {"httpGet": {"port": http, "path": "/"}, "periodSeconds": 1},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {
                    "affinity": affinity,
                    "terminationGracePeriodSeconds": 10,
                    "containers": [container],
                },
            },
        },
    }


def service(
    name: str,
    app: str = "web",
    *,
    ports: Sequence[Document] = ({"name": "http", "port": 80, "targetPort": 8080},),
    annotations: Mapping[str, str] | None = None,
    **spec: Any,  # noqa: ANN401 - whatever JSON holds
) -> Document:
    """Return a Service of type LoadBalancer."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": name,
            "namespace": "default",
            "annotations": dict(annotations or {}),
        },
        "spec": {
            "type": "LoadBalancer",
            "selector": {"app": app},
            "ports": list(ports),
            **spec,
        },
    }


def configured(kind: str, name: str, version: str = "v1beta1", **spec: Any) -> Document:  # noqa: ANN401 - whatever JSON holds
    """Return an object of MetalLB's configuration."""
    return {
        "apiVersion": f"metallb.io/{version}",
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": spec,
    }


def pool(name: str, *addresses: str, **spec: Any) -> Document:  # noqa: ANN401 - whatever JSON holds
    """Return an IPAddressPool."""
    return configured("IPAddressPool", name, addresses=list(addresses), **spec)


def peer(name: str, address: str, **spec: Any) -> Document:  # noqa: ANN401 - whatever JSON holds
    """Return a BGPPeer."""
    return configured("BGPPeer", name, "v1beta2", peerAddress=address, **spec)

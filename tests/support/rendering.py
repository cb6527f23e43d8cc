"""What the chart makes of a MetalLB object, rendered by the real helm, and how to look into it."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from cluster.binaries import binary
from metallb_kube.objects import Manifest, ref_of
from metallb_operator.chart import Chart
from metallb_operator.intent import Intent, intent_of
from metallb_operator.settings import Settings
from support.samples import NAMESPACE

BACKENDS = ("native", "frr", "frr-k8s", "frr-k8s-external")
RELEASES = ("0.15.3", "0.16.1")
EVERYTHING: dict[str, Any] = {
    "logLevel": "debug",
    "loadBalancerClass": "example.com/metallb",
    "nodeSelector": {"edge": "true"},
    "speakerTolerations": [{"key": "edge", "operator": "Exists"}],
    "controllerTolerations": [{"key": "infra", "operator": "Exists"}],
    "controllerNodeSelector": {"infra": "true"},
    "controllerConfig": {"annotations": {"a": "b"}, "priorityClassName": "high"},
    "speakerConfig": {"annotations": {"a": "b"}, "runtimeClassName": "crun"},
    "frrk8sConfig": {"namespace": "frr-k8s-system", "alwaysBlock": ["192.0.2.0/24"]},
    "images": {"registry": "mirror.example/metallb", "pullSecrets": ["pull"]},
    "ignoreExcludeLB": True,
    "memberlist": {"bindPort": 7950, "wanConfig": True},
    "bgpDebounceTimeout": 500,
    "metrics": {"serviceMonitor": {"enabled": True}, "prometheusRule": {"enabled": True}},
    "tls": {
        "minVersion": "VersionTLS12",
        "cipherSuites": ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
        "curvePreferences": ["29"],
    },
    "networkPolicies": {"defaultDeny": True, "apiServerPorts": [6443]},
}
"""A spec that makes the chart render all it can at once."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """Manifests, by what a test looks for."""

    manifests: tuple[Manifest, ...]

    @property
    def names(self) -> set[str]:
        """Every object as Kind/name."""
        return {f"{m['kind']}/{m['metadata']['name']}" for m in self.manifests}

    def of_kind(self, *kinds: str) -> tuple[Manifest, ...]:
        """The objects of these kinds."""
        return tuple(m for m in self.manifests if m["kind"] in kinds)

    def object(self, name: str) -> Manifest:
        """The object of that Kind/name."""
        found = [m for m in self.manifests if f"{m['kind']}/{m['metadata']['name']}" == name]
        assert len(found) == 1, f"{name} is there {len(found)} times"
        return found[0]

    def template(self, workload: str) -> Any:  # noqa: ANN401 - JSON
        """The pod template of a workload, by its name."""
        found = [m for m in self.workloads() if m["metadata"]["name"] == workload]
        assert len(found) == 1, f"{workload} is there {len(found)} times"
        return found[0]["spec"]["template"]

    def workloads(self) -> tuple[Manifest, ...]:
        """Deployments and DaemonSets."""
        return self.of_kind("Deployment", "DaemonSet")

    def containers(self, *, init: bool = True) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Every container with workload/container as its name."""
        for workload in self.workloads():
            spec = workload["spec"]["template"]["spec"]
            for container in [
                *(spec.get("initContainers", ()) if init else ()),
                *spec["containers"],
            ]:
                yield f"{workload['metadata']['name']}/{container['name']}", container

    def container(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """The container of that workload/container."""
        return dict(self.containers())[path]

    def args(self, path: str) -> list[str]:
        """The arguments of a container."""
        return list(self.container(path).get("args", ()))

    def env(self, path: str) -> dict[str, Any]:
        """The environment of a container: values, or where they come from."""
        return {e["name"]: e.get("value", e.get("valueFrom")) for e in self.container(path)["env"]}

    def ports(self, path: str) -> dict[str, int]:
        """The ports of a container by name."""
        return {port["name"]: port["containerPort"] for port in self.container(path)["ports"]}


@cache
def chart() -> Chart:
    """The chart and the real helm; what was rendered once is remembered by every test."""
    return Chart(binary("helm"))


def intent(spec: Mapping[str, Any], backend: str = "frr-k8s", version: str = "0.16.1") -> Intent:
    """What a spec asks for; `backend` and `version` are put into it."""
    full = {"frrk8sConfig": {"namespace": "elsewhere"}} if backend == "frr-k8s-external" else {}
    manifest = {
        "metadata": {"name": "metallb", "namespace": NAMESPACE},
        "spec": {**full, **spec, "bgpBackend": backend, "version": version},
    }
    found = intent_of(manifest, Settings(NAMESPACE))
    assert isinstance(found, Intent), found
    return found


def render(
    spec: Mapping[str, Any] | None = None, backend: str = "frr-k8s", version: str = "0.16.1"
) -> Rendered:
    """Render a spec as the operator does."""
    return render_values(intent(spec or {}, backend, version).values)


def render_values(values: Mapping[str, Any], *, namespace: str = NAMESPACE) -> Rendered:
    """Render the chart's own values, as somebody with helm and without the operator does."""
    return _render(json.dumps(values, sort_keys=True), namespace)


@cache
def _render(values: str, namespace: str) -> Rendered:
    manifests = asyncio.run(chart().render(json.loads(values), namespace=namespace))
    assert len({ref_of(m) for m in manifests}) == len(manifests), "an object is there twice"
    return Rendered(manifests)

"""The steps of a reconciliation, one by one, on a real API server."""

import itertools
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cluster import Cluster
from metallb_kube.client import KubeClient
from metallb_kube.errors import NotFoundError
from metallb_kube.objects import Manifest, ObjectRef
from metallb_operator.applyset import applyset_id
from metallb_operator.chart import Chart
from metallb_operator.desired import Desired, desired
from metallb_operator.execute import Outcome, execute
from metallb_operator.intent import Intent, intent_of
from metallb_operator.observation import Observation
from metallb_operator.observe import Observer
from metallb_operator.plan import Plan, make_plan
from metallb_operator.rollout import components
from metallb_operator.settings import Settings
from metallb_operator.staging import holds

_CRDS: Final = Path(__file__).parents[2] / "crds"
_NUMBERS: Final = itertools.count(1)
_AFFINITY: Final = {
    "nodeAffinity": {
        "preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": 1, "preference": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}}
        ],
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [
                {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}
            ]
        },
    },
    "podAntiAffinity": {
        "preferredDuringSchedulingIgnoredDuringExecution": [
            {
                "weight": 100,
                "podAffinityTerm": {
                    "topologyKey": "kubernetes.io/hostname",
                    "labelSelector": {"matchLabels": {"app": "router"}},
                },
            }
        ],
        "requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": "zone", "labelSelector": {}, "namespaceSelector": {}}
        ],
    },
}
_TOLERATIONS: Final = [
    {"key": "one", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 30},
    {"key": "", "operator": "Exists", "effect": ""},
    {"key": "two", "operator": "Equal", "value": ""},
    {"key": "three", "operator": "", "value": "x", "effect": "NoSchedule"},
]
_PODS: Final = {
    "priorityClassName": "system-cluster-critical",
    "runtimeClassName": "runc",
    "annotations": {"example.test/empty": "", "example.test/note": "yes"},
    "affinity": _AFFINITY,
    "resources": {
        "limits": {"cpu": "0.5", "memory": "1024Mi"},
        "requests": {"cpu": "0.10", "memory": "1e8"},
    },
}
MAXIMAL: Final[Mapping[str, Any]] = {
    "logLevel": "debug",
    "nodeSelector": {"example.test/speaker": ""},
    "controllerNodeSelector": {"example.test/controller": "true"},
    "speakerTolerations": _TOLERATIONS,
    "controllerTolerations": _TOLERATIONS,
    "loadBalancerClass": "example.test/metallb",
    "controllerConfig": _PODS,
    "speakerConfig": _PODS,
    "frrk8sConfig": {
        "alwaysBlock": ["192.0.2.0/24", "2001:db8::/32"],
        "namespace": "frr-k8s-system",
    },
    "images": {
        "registry": "registry.example.test:5000/mirror",
        "pullPolicy": "Always",
        "pullSecrets": ["one", "two"],
    },
    "updateStrategy": {"speaker": {"type": "RollingUpdate", "maxUnavailable": "25%"}},
    "ignoreExcludeLB": True,
    "excludeInterfaces": {"patterns": ["^eth9$", '^"quoted".*']},
    "memberlist": {"bindPort": 7000, "wanConfig": True},
    "bgpDebounceTimeout": 500,
    "metrics": {
        "port": 9999,
        "serviceMonitor": {"enabled": True, "interval": "30s"},
        "prometheusRule": {"enabled": True},
    },
    "tls": {
        "minVersion": "VersionTLS12",
        "cipherSuites": ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
        "curvePreferences": ["29", "23"],
    },
    "networkPolicies": {"defaultDeny": True, "apiServerPorts": [6443, 8443]},
}
MINIMAL: Final = {"frrk8sConfig": {"namespace": "frr-k8s-system"}}
_ACCOUNTS: Final = ("controller", "speaker", "frr-k8s-daemon", "metrics-reader")


def install_kinds(cluster: Cluster) -> None:
    """Install our CRDs."""
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(_CRDS))


@contextmanager
def monitoring_kinds(cluster: Cluster) -> Iterator[None]:
    """Install the kinds of the Prometheus operator, as far as their structure matters."""
    groups = {
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
        "items": {
            "type": "object",
            "required": ["name"],
            "properties": {"name": {"type": "string"}},
            "x-kubernetes-preserve-unknown-fields": True,
        },
    }
    kinds: dict[str, Any] = {
        "PodMonitor": {},
        "ServiceMonitor": {},
        "PrometheusRule": {"groups": groups},
    }
    definitions = [_definition(kind, properties) for kind, properties in kinds.items()]
    names = [definition["metadata"]["name"] for definition in definitions]
    cluster.apply(*definitions)
    cluster.kubectl("wait", "--for=condition=Established", "crd", *names)
    try:
        yield
    finally:
        cluster.kubectl("delete", "crd", *names)


def _definition(kind: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    plural = f"{kind.lower()}s"
    spec = {
        "type": "object",
        "properties": properties,
        "x-kubernetes-preserve-unknown-fields": True,
    }
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.monitoring.coreos.com"},
        "spec": {
            "group": "monitoring.coreos.com",
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


@dataclass
class Installation:
    """One MetalLB object in a namespace of its own, and the steps of a reconciliation.

    Attributes:
        settled: everything was applied once, so that what is missing was deleted.
    """

    cluster: Cluster
    client: KubeClient
    namespace: str
    chart: Chart
    settled: bool = False

    @property
    def parent_ref(self) -> ObjectRef:
        """The identity of the MetalLB object."""
        return ObjectRef("metallb.io/v1beta1", "MetalLB", self.namespace, "metallb")

    @property
    def applyset(self) -> str:
        """The id that marks what belongs to it."""
        return applyset_id(self.parent_ref)

    async def parent(self) -> Manifest:
        """Return the MetalLB object as stored."""
        found = await self.client.get(self.parent_ref)
        assert found is not None
        return found

    async def observe(self) -> Observation:
        """List everything as the observer does; it need not follow it here."""
        observer = Observer(self.client, self.namespace)
        for reflector in observer._reflectors:
            with suppress(NotFoundError):
                await reflector._list()
        return observer.observation()

    async def desired(self, spec: Mapping[str, Any], seen: Observation) -> Desired:
        """Return what there should be, by the chart."""
        intent = intent_of(
            {
                "apiVersion": "metallb.io/v1beta1",
                "kind": "MetalLB",
                "metadata": {"name": "metallb", "namespace": self.namespace},
                "spec": spec,
            },
            Settings(namespace=self.namespace),
        )
        assert isinstance(intent, Intent)
        return desired(
            await self.chart.render(intent.values, namespace=self.namespace),
            intent,
            seen.objects,
            applyset=self.applyset,
            namespace=self.namespace,
            now=datetime.now(UTC),
        )

    async def plan(self, spec: Mapping[str, Any], *, staged: bool = False) -> Plan:
        """Return what is to be written for a spec now; what waits for something only if staged."""
        seen = await self.observe()
        wanted = await self.desired(spec, seen)
        waiting = (
            holds(wanted.manifests, seen.objects, components(wanted.manifests, seen), self.applyset)
            if staged
            else {}
        )
        return make_plan(
            wanted.manifests,
            seen.objects,
            applyset=self.applyset,
            create_only=wanted.create_only,
            holds=waiting,
            settled=self.settled,
        )

    async def carry_out(self, plan: Plan) -> Outcome:
        """Write what a plan says."""
        return await execute(
            plan, self.client, parent=await self.parent(), parent_ref=self.parent_ref
        )

    async def install(self, spec: Mapping[str, Any]) -> Plan:
        """Apply everything; return the plan that is left."""
        outcome = await self.carry_out(await self.plan(spec))
        assert outcome.failures == ()
        self.settled = True
        return await self.plan(spec)

    def patch(self, kind: str, name: str, patch: object, how: str = "merge") -> None:
        """Edit an object as somebody with kubectl does."""
        self.cluster.kubectl(
            *("patch", kind, name, "-n", self.namespace, f"--type={how}"),
            *("-p", json.dumps(patch)),
        )

    async def read(self, kind: str, name: str) -> Manifest:
        """Return a workload or a ConfigMap as stored."""
        found = await self.client.get(self._ref(kind, name))
        assert found is not None
        return found

    async def exists(self, kind: str, name: str) -> bool:
        """Return whether there is such a workload or ConfigMap."""
        return await self.client.get(self._ref(kind, name)) is not None

    def _ref(self, kind: str, name: str) -> ObjectRef:
        return ObjectRef("v1" if kind == "ConfigMap" else "apps/v1", kind, self.namespace, name)

    async def managers(self, kind: str, name: str) -> set[str]:
        """Return who has written a workload, its controller and subresources left out."""
        found = await self.read(kind, name)
        return {
            entry["manager"] if entry["operation"] == "Apply" else f"{entry['manager']} (Update)"
            for entry in found["metadata"]["managedFields"]
            if "subresource" not in entry and entry["manager"] != "kube-controller-manager"
        }


@asynccontextmanager
async def installation(cluster: Cluster) -> AsyncIterator[Installation]:
    """Yield an installation with nothing applied yet."""
    namespace = f"apply-{next(_NUMBERS)}"
    async with KubeClient.connect(cluster.kubeconfig) as client:
        await client.create(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        )
        for account in _ACCOUNTS:
            metadata = {"name": account, "namespace": namespace}
            await client.create(
                {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
            )
        await client.create(
            {
                "apiVersion": "metallb.io/v1beta1",
                "kind": "MetalLB",
                "metadata": {"name": "metallb", "namespace": namespace},
            }
        )
        yield Installation(cluster, client, namespace, Chart(cluster.binaries.helm))


def written(plan: Plan) -> list[tuple[str, str, str]]:
    """Return a plan's writes as (cause, object, field); the field "" where there is none."""
    return [
        (step.cause.value, f"{step.ref.kind} {step.ref.name}", difference)
        for step in plan.applies
        for difference in [d.path for d in step.differences] or [""]
    ]

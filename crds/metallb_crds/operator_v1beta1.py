"""metallb.io/v1beta1 MetalLB: the one object that describes an installation.

Fields of the Go metallb-operator keep name, meaning and default; the others are ours, and optional.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final

from pydantic import WithJsonSchema

from metallb_crds.base import Items, Model, cel, schema
from metallb_crds.core import Affinity, ResourceRequirements, Toleration
from metallb_crds.meta import Condition, Resource
from metallb_crds.patterns import (
    IMAGE,
    IMAGE_MAX,
    NAME,
    NAME_MAX,
    REGISTRY,
    REGISTRY_MAX,
    optional,
)

LOG_LEVELS = ["all", "debug", "info", "warn", "error", "none"]
CLASS_PATTERN = r"^([a-z0-9A-Z]([\w.\-]*[a-z0-9A-Z])?/)?[a-z0-9A-Z]([\w.\-]*[a-z0-9A-Z])?$"
DURATION_PATTERN = r"^([0-9]+(ms|s|m|h))+$"
PORT: dict[str, Any] = {"minimum": 1, "maximum": 65535, "format": "int32"}

IntOrString = Annotated[
    int | str,
    WithJsonSchema(
        {
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "x-kubernetes-int-or-string": True,
        }
    ),
]
"""A number, or a percentage such as 25%."""

ObjectName = Annotated[
    str, WithJsonSchema({"type": "string", "pattern": NAME, "maxLength": NAME_MAX})
]
"""The name of an object."""

_NAMED: Final[dict[str, Any]] = {"pattern": optional(NAME), "maxLength": NAME_MAX}
_IMAGE: Final[dict[str, Any]] = {"pattern": optional(IMAGE), "maxLength": IMAGE_MAX}


class ComponentConfig(Model):
    """How the pods of a component run."""

    priority_class_name: str = schema("", **_NAMED)
    """PriorityClass of the pods."""
    runtime_class_name: str = schema("", **_NAMED)
    """RuntimeClass of the pods."""
    annotations: Mapping[str, str] = schema({})
    """Annotations of the pods."""
    affinity: Affinity | None = schema()
    """Where the pods may or should run."""
    resources: ResourceRequirements | None = schema()
    """What the main container asks for, and what it may use at the most."""


class FRRK8sConfig(Model):
    """Settings of frr-k8s."""

    always_block: Items[str] = schema(())
    """Prefixes (CIDR) that frr-k8s never accepts from any neighbor."""
    namespace: str = schema("", **_NAMED)
    """Namespace of an frr-k8s that somebody else installed, for backend frr-k8s-external."""
    secret_passthrough: bool = schema(False)
    """Hand references to BGP passwords on to an external frr-k8s instead of the passwords."""


class Images(Model):
    """Where images come from. Each is a tag or digest reference; absent ones follow the release."""

    registry: str = schema("", pattern=optional(REGISTRY), maxLength=REGISTRY_MAX)
    """Registry, with an optional path, to take all images from instead of their own."""
    controller: str = schema("", **_IMAGE)
    """Image of the controller."""
    speaker: str = schema("", **_IMAGE)
    """Image of the speaker."""
    frr: str = schema("", **_IMAGE)
    """Image of FRR."""
    frr_k8s: str = schema("", alias="frrK8s", **_IMAGE)
    """Image of frr-k8s."""
    pull_policy: str = schema("", enum=["Always", "IfNotPresent", "Never"])
    """When nodes pull the images."""
    pull_secrets: Items[ObjectName] = schema((), maxItems=16)
    """Names of Secrets of type kubernetes.io/dockerconfigjson to pull with."""


class SpeakerUpdateStrategy(Model):
    """How speakers are replaced."""

    type: str = schema("", enum=["RollingUpdate", "OnDelete"])
    """RollingUpdate replaces them node by node, OnDelete when somebody deletes them."""
    max_unavailable: IntOrString | None = schema()
    """How many may be missing at a time, a number or a percentage; one unless it is given."""
    session_timeout_seconds: int | None = schema(format="int32", minimum=0, maximum=120)
    """Time, in seconds, that the BGP sessions of a node may take to come up again before the next
    node follows all the same; 30 unless it is given. 0 waits for none."""
    min_ready_seconds: int | None = schema(format="int32", minimum=0, maximum=600)
    """Time, in seconds, that a pod must have been ready before the next node follows; 0 unless it
    is given."""


class UpdateStrategy(Model):
    """How pods are replaced when they change."""

    speaker: SpeakerUpdateStrategy | None = schema()
    """How speakers, and frr-k8s with them, are replaced."""


class ExcludeInterfaces(Model):
    """Interfaces on which layer 2 announcements are never made."""

    enabled: bool = schema(True, default=True)
    """Whether any interface is left out."""
    patterns: Items[str] = schema((), maxItems=64)
    """Regular expressions (Go) of names to leave out besides those of MetalLB's own list."""


class Memberlist(Model):
    """How speakers find out that another one is gone."""

    enabled: bool = schema(True, default=True)
    """Whether they do; without it layer 2 addresses move only when Kubernetes gives a node up."""
    bind_port: int | None = schema(**PORT)
    """TCP and UDP port on the nodes; 7946 unless it is given."""
    wan_config: bool = schema(False)
    """Use slower timings, for speakers far from each other."""


class ServiceMonitor(Model):
    """A ServiceMonitor of the Prometheus operator."""

    enabled: bool = schema(False)
    """Whether there is one."""
    labels: Mapping[str, str] = schema({})
    """Labels for it, for Prometheus to select it by."""
    interval: str = schema("", pattern=DURATION_PATTERN, maxLength=32)
    """Time between two scrapes, such as 30s; Prometheus' own if empty."""


class PodMonitor(Model):
    """A PodMonitor of the Prometheus operator."""

    enabled: bool = schema(False)
    """Whether there is one."""
    labels: Mapping[str, str] = schema({})
    """Labels for it, for Prometheus to select it by."""
    interval: str = schema("", pattern=DURATION_PATTERN, maxLength=32)
    """Time between two scrapes, such as 30s; Prometheus' own if empty."""


class PrometheusRule(Model):
    """Alerts, as a PrometheusRule of the Prometheus operator."""

    enabled: bool = schema(False)
    """Whether there are any."""
    labels: Mapping[str, str] = schema({})
    """Labels for it, for Prometheus to select it by."""


MONITORS_RULE: Final = cel(
    "!(has(self.serviceMonitor) && has(self.serviceMonitor.enabled)"
    " && self.serviceMonitor.enabled && has(self.podMonitor)"
    " && has(self.podMonitor.enabled) && self.podMonitor.enabled)",
    "serviceMonitor and podMonitor would scrape everything twice: enable one",
)


class Metrics(Model):
    """How Prometheus finds the components' metrics."""

    port: int | None = schema(**PORT)
    """Port of the controller's and the speakers' metrics; the release's own unless it is given."""
    service_monitor: ServiceMonitor | None = schema()
    """Scrape through Services."""
    pod_monitor: PodMonitor | None = schema()
    """Scrape the pods."""
    prometheus_rule: PrometheusRule | None = schema()
    """Alerts."""

    model_config = {"json_schema_extra": {"x-kubernetes-validations": [MONITORS_RULE]}}


class TLS(Model):
    """TLS of the components' own endpoints."""

    min_version: str = schema("", enum=["VersionTLS12", "VersionTLS13"])
    """Oldest version to accept; TLS 1.3 unless it is given."""
    cipher_suites: Items[str] = schema((), maxItems=64)
    """Cipher suites of TLS 1.2 to accept, by their IANA names."""
    curve_preferences: Items[str] = schema((), maxItems=16)
    """Key exchanges to accept, by their IANA numbers, best first."""


class NetworkPolicies(Model):
    """NetworkPolicies around the components that are not on the host network."""

    enabled: bool = schema(True, default=True)
    """Whether there are any."""
    default_deny: bool = schema(False)
    """Deny everything else to every pod of the namespace, other people's included."""
    api_server_ports: Items[int] = schema((), maxItems=8)
    """Ports of the API server's endpoints; 6443 and 443 unless they are given."""


class PodSecurity(Model):
    """Pod Security admission of the namespace."""

    manage_namespace_labels: bool = schema(False)
    """Let the operator label its namespace `privileged`, which speakers need."""


class Upgrade(Model):
    """How a change of release goes."""

    progress_deadline_seconds: int | None = schema(format="int32", minimum=30, maximum=86400)
    """Time that a step may take, in seconds, before it counts as failed; 600 unless it is given."""
    rollback_on_failure: bool = schema(False)
    """Go back to the release, images and backend that ran before when a change of release fails."""
    pre_pull_images: bool = schema(False)
    """Have every node pull new images before anything is replaced."""


class Uninstall(Model):
    """How a removal goes."""

    timeout_seconds: int | None = schema(format="int32", minimum=5, maximum=3600)
    """Time after which the object is let go whatever is left, in seconds; 120 if not given."""


class Admission(Model):
    """How strict admission is."""

    deny: Items[str] = schema((), maxItems=128)
    """Ids of rules that warn and shall deny instead; docs/rules.md lists them."""


class MetalLBSpec(Model):
    """How MetalLB shall run."""

    image: str = schema("")
    """Deprecated and without effect; see images."""
    log_level: str = schema("", enum=LOG_LEVELS)
    """How much the components log; info unless it is given."""
    node_selector: Mapping[str, str] = schema({})
    """Nodes for the speakers, and for frr-k8s, by label; all Linux nodes if empty."""
    speaker_tolerations: Items[Toleration] = schema(())
    """Taints of nodes that speakers, and frr-k8s, run on all the same."""
    controller_tolerations: Items[Toleration] = schema(())
    """Taints of nodes that the controller may run on all the same."""
    controller_node_selector: Mapping[str, str] = schema({})
    """Nodes for the controller, by label; any Linux node if empty."""
    load_balancer_class: str = schema("", pattern=CLASS_PATTERN)
    """Serve only Services of this loadBalancerClass; those without a class if absent."""
    controller_config: ComponentConfig | None = schema()
    """How the controller's pod runs."""
    speaker_config: ComponentConfig | None = schema()
    """How the speakers' pods, and those of frr-k8s, run."""
    bgp_backend: str = schema("")
    """Who speaks BGP: native, frr, frr-k8s (the default) or frr-k8s-external."""
    frrk8s_config: FRRK8sConfig | None = schema(alias="frrk8sConfig")
    """Settings of frr-k8s."""
    version: str = schema("", maxLength=32)
    """MetalLB release to run, such as 0.16.1; the operator's default if absent."""
    images: Images | None = schema()
    """Where images come from. Whoever may write this runs any image on the host network of nodes,
    with NET_RAW, NET_ADMIN and SYS_ADMIN, unless the operator's setting
    METALLB_ALLOWED_REGISTRIES says where images may come from."""
    update_strategy: UpdateStrategy | None = schema()
    """How pods are replaced when they change."""
    ignore_exclude_lb: bool = schema(False, alias="ignoreExcludeLB")
    """Announce also from nodes labelled node.kubernetes.io/exclude-from-external-load-balancers."""
    exclude_interfaces: ExcludeInterfaces | None = schema()
    """Interfaces on which layer 2 announcements are never made."""
    memberlist: Memberlist | None = schema()
    """How speakers find out that another one is gone."""
    bgp_debounce_timeout: int | None = schema(format="int32", minimum=1, maximum=600000)
    """Time, in milliseconds, that changes are collected for before FRR is told."""
    metrics: Metrics | None = schema()
    """How Prometheus finds the components' metrics."""
    tls: TLS | None = schema()
    """TLS of the components' own endpoints."""
    network_policies: NetworkPolicies | None = schema()
    """NetworkPolicies around the components."""
    pod_security: PodSecurity | None = schema()
    """Pod Security admission of the namespace."""
    upgrade: Upgrade | None = schema()
    """How a change of release goes."""
    uninstall: Uninstall | None = schema()
    """How a removal goes."""
    admission: Admission | None = schema()
    """How strict admission is."""
    paused: bool = schema(False)
    """Leave everything as it is: nothing is changed or repaired while this is true."""


class ComponentStatus(Model):
    """One workload."""

    name: str = schema("")
    """Its name."""
    kind: str = schema("")
    """Deployment or DaemonSet."""
    desired: int = schema(0, format="int32")
    """Pods that there should be."""
    updated: int = schema(0, format="int32")
    """Pods of the newest kind."""
    ready: int = schema(0, format="int32")
    """Pods that are ready."""
    image: str = schema("")
    """Image of its main container."""
    message: str = schema("", maxLength=32768)
    """What is wrong with it; empty if nothing is."""


class MetalLBStatus(Model):
    """How MetalLB runs."""

    observed_generation: int | None = schema(format="int64", minimum=0)
    """Generation of the object that this status is about."""
    version: str = schema("")
    """MetalLB release that runs."""
    backend: str = schema("")
    """BGP backend that runs."""
    components: Items[ComponentStatus] = schema(())
    """The workloads, one by one."""
    conditions: Items[Condition] = schema(())
    """Available, Progressing, Degraded, Upgradeable, PreflightPassed and ConfigurationValid."""


class MetalLB(Resource):
    """An installation of MetalLB. There is one, named metallb, in the operator's namespace."""

    api_version: ClassVar[str] = "metallb.io/v1beta1"
    kind: ClassVar[str] = "MetalLB"

    spec: MetalLBSpec = schema(MetalLBSpec())
    """How MetalLB shall run."""
    status: MetalLBStatus = schema(MetalLBStatus())
    """How MetalLB runs."""

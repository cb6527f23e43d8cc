"""Parts of core/v1 that a MetalLB object embeds: tolerations, affinity, resource requirements."""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import WithJsonSchema

from metallb_crds.base import Items, Model, required, schema
from metallb_crds.meta import LabelSelector

QUANTITY_PATTERN: Final = (
    r"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))"
    r"(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$"
)

Quantity = Annotated[
    int | str,
    WithJsonSchema(
        {
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "pattern": QUANTITY_PATTERN,
            "x-kubernetes-int-or-string": True,
        }
    ),
]
"""An amount of a resource, such as 100m or 128Mi (apimachinery's resource.Quantity)."""


class Toleration(Model):
    """Lets pods onto nodes with a matching taint."""

    effect: str = schema("")
    """Effect of the taints: NoSchedule, PreferNoSchedule or NoExecute; empty for all of them."""
    key: str = schema("")
    """Key of the taints to tolerate; empty, with operator Exists, for all."""
    operator: str = schema("")
    """Equal (the default) compares the value, Exists accepts any."""
    toleration_seconds: int | None = schema(format="int64")
    """Time to stay on a node after a NoExecute taint appears, in seconds; for ever if absent."""
    value: str = schema("")
    """Value of the taints to tolerate, with operator Equal."""


class NodeSelectorRequirement(Model):
    """One expression about a node."""

    key: str = required("")
    """Label or field that the expression is about."""
    operator: str = required("")
    """How it is compared: In, NotIn, Exists, DoesNotExist, Gt or Lt."""
    values: Items[str] = schema((), x_kubernetes_list_type="atomic")
    """Values to compare with; one number for Gt and Lt."""


class NodeSelectorTerm(Model):
    """Expressions about a node that must all hold; an empty term selects no node."""

    match_expressions: Items[NodeSelectorRequirement] = schema((), x_kubernetes_list_type="atomic")
    """Expressions about the node's labels."""
    match_fields: Items[NodeSelectorRequirement] = schema((), x_kubernetes_list_type="atomic")
    """Expressions about the node's fields; only metadata.name exists."""

    model_config = {"json_schema_extra": {"x-kubernetes-map-type": "atomic"}}


class PreferredSchedulingTerm(Model):
    """A preference for some nodes."""

    preference: NodeSelectorTerm = required(NodeSelectorTerm())
    """Which nodes are preferred."""
    weight: int = required(0, format="int32")
    """How much they are preferred, from 1 to 100."""


class NodeSelector(Model):
    """Selects the nodes that any one of the terms selects."""

    node_selector_terms: Items[NodeSelectorTerm] = required((), x_kubernetes_list_type="atomic")
    """Terms, of which one must hold."""

    model_config = {"json_schema_extra": {"x-kubernetes-map-type": "atomic"}}


class NodeAffinity(Model):
    """Which nodes pods must or should run on."""

    preferred_during_scheduling_ignored_during_execution: Items[PreferredSchedulingTerm] = schema(
        (), x_kubernetes_list_type="atomic"
    )
    """Nodes to prefer while scheduling."""
    required_during_scheduling_ignored_during_execution: NodeSelector | None = schema()
    """Nodes to which scheduling is confined."""


class PodAffinityTerm(Model):
    """Pods to be near to, or away from."""

    label_selector: LabelSelector | None = schema()
    """Selects the pods by their labels; none if absent."""
    match_label_keys: Items[str] = schema((), x_kubernetes_list_type="atomic")
    """Labels of which the pods must have the same values as the pod being scheduled."""
    mismatch_label_keys: Items[str] = schema((), x_kubernetes_list_type="atomic")
    """Labels of which the pods must have other values than the pod being scheduled."""
    namespace_selector: LabelSelector | None = schema()
    """Selects further namespaces to look for the pods in."""
    namespaces: Items[str] = schema((), x_kubernetes_list_type="atomic")
    """Namespaces to look for the pods in; the pod's own if there is no selector either."""
    topology_key: str = required("")
    """Node label whose equal values mean near."""


class WeightedPodAffinityTerm(Model):
    """A preference to be near to, or away from, some pods."""

    pod_affinity_term: PodAffinityTerm = required(PodAffinityTerm())
    """Which pods, and what near means."""
    weight: int = required(0, format="int32")
    """How much it is preferred, from 1 to 100."""


class PodAffinity(Model):
    """Pods to run near to."""

    preferred_during_scheduling_ignored_during_execution: Items[WeightedPodAffinityTerm] = schema(
        (), x_kubernetes_list_type="atomic"
    )
    """Pods to prefer to be near to."""
    required_during_scheduling_ignored_during_execution: Items[PodAffinityTerm] = schema(
        (), x_kubernetes_list_type="atomic"
    )
    """Pods that scheduling must be near to."""


class PodAntiAffinity(Model):
    """Pods to keep away from."""

    preferred_during_scheduling_ignored_during_execution: Items[WeightedPodAffinityTerm] = schema(
        (), x_kubernetes_list_type="atomic"
    )
    """Pods to prefer to be away from."""
    required_during_scheduling_ignored_during_execution: Items[PodAffinityTerm] = schema(
        (), x_kubernetes_list_type="atomic"
    )
    """Pods that scheduling must keep away from."""


class Affinity(Model):
    """Where pods may or should run."""

    node_affinity: NodeAffinity | None = schema()
    """By the nodes themselves."""
    pod_affinity: PodAffinity | None = schema()
    """By the pods that run there, to be near to them."""
    pod_anti_affinity: PodAntiAffinity | None = schema()
    """By the pods that run there, to be away from them."""


class ResourceClaim(Model):
    """A claim of the pod that a container uses."""

    name: str = required("")
    """Name of the claim in the pod's resourceClaims."""
    request: str = schema("")
    """Name of one request of that claim; empty for all."""


class ResourceRequirements(Model):
    """What a container asks for, and what it may use at the most."""

    claims: Items[ResourceClaim] = schema(
        (), x_kubernetes_list_type="map", x_kubernetes_list_map_keys=["name"]
    )
    """Claims of the pod that the container uses."""
    limits: Mapping[str, Quantity] = schema({})
    """The most that the container may use, by resource."""
    requests: Mapping[str, Quantity] = schema({})
    """What is set aside for the container, by resource."""

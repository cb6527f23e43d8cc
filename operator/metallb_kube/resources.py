"""The kinds we speak to the API server about, and their paths: a table, no discovery. Pure.

A table costs no request at start, cannot fail while an aggregated API is down (discovery
does), and says in one place which permissions may ever be needed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from metallb_kube.errors import UnknownKindError


@dataclass(frozen=True, slots=True, order=True)
class Resource:
    """One served kind.

    Attributes:
        group: the API group, "" for the core.
        plural: the name in paths and in RBAC rules.
    """

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        """`apiVersion` as manifests have it: "v1", "apps/v1"."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        """Return the path of one object (with a name) or of a collection (without).

        A namespaced collection without a namespace is that of all namespaces. The namespace
        of a cluster-scoped kind is ignored: rendered charts set one now and then.

        Raises:
            ValueError: a namespaced object without its namespace.
        """
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        if self.namespaced and name is not None and not namespace:
            raise ValueError(f"{self.kind} {name} needs a namespace")
        where = f"/namespaces/{quote(namespace, safe='')}" if self.namespaced and namespace else ""
        which = f"/{quote(name, safe='')}" if name is not None else ""
        return f"{root}{where}/{self.plural}{which}"


def _resources(
    group: str, version: str, kinds: Mapping[str, str], *, namespaced: bool
) -> tuple[Resource, ...]:
    return tuple(Resource(group, version, kind, kinds[kind], namespaced) for kind in kinds)


RESOURCES: Final[tuple[Resource, ...]] = (
    *_resources(
        "",
        "v1",
        {
            "ConfigMap": "configmaps",
            "Event": "events",
            "Pod": "pods",
            "Secret": "secrets",
            "Service": "services",
            "ServiceAccount": "serviceaccounts",
        },
        namespaced=True,
    ),
    *_resources("", "v1", {"Namespace": "namespaces", "Node": "nodes"}, namespaced=False),
    *_resources(
        "apps",
        "v1",
        {
            "ControllerRevision": "controllerrevisions",
            "DaemonSet": "daemonsets",
            "Deployment": "deployments",
            "ReplicaSet": "replicasets",
        },
        namespaced=True,
    ),
    *_resources(
        "rbac.authorization.k8s.io",
        "v1",
        {"Role": "roles", "RoleBinding": "rolebindings"},
        namespaced=True,
    ),
    *_resources(
        "rbac.authorization.k8s.io",
        "v1",
        {"ClusterRole": "clusterroles", "ClusterRoleBinding": "clusterrolebindings"},
        namespaced=False,
    ),
    *_resources("networking.k8s.io", "v1", {"NetworkPolicy": "networkpolicies"}, namespaced=True),
    *_resources("networking.k8s.io", "v1", {"ServiceCIDR": "servicecidrs"}, namespaced=False),
    *_resources("discovery.k8s.io", "v1", {"EndpointSlice": "endpointslices"}, namespaced=True),
    *_resources("policy", "v1", {"PodDisruptionBudget": "poddisruptionbudgets"}, namespaced=True),
    *_resources(
        "operators.coreos.com", "v2", {"OperatorCondition": "operatorconditions"}, namespaced=True
    ),
    *_resources("coordination.k8s.io", "v1", {"Lease": "leases"}, namespaced=True),
    *_resources("events.k8s.io", "v1", {"Event": "events"}, namespaced=True),
    *_resources(
        "admissionregistration.k8s.io",
        "v1",
        {"ValidatingWebhookConfiguration": "validatingwebhookconfigurations"},
        namespaced=False,
    ),
    *_resources(
        "apiextensions.k8s.io",
        "v1",
        {"CustomResourceDefinition": "customresourcedefinitions"},
        namespaced=False,
    ),
    *_resources(
        "authorization.k8s.io",
        "v1",
        {
            "SelfSubjectAccessReview": "selfsubjectaccessreviews",
            "SubjectAccessReview": "subjectaccessreviews",
        },
        namespaced=False,
    ),
    *_resources("authentication.k8s.io", "v1", {"TokenReview": "tokenreviews"}, namespaced=False),
    *_resources(
        "monitoring.coreos.com",
        "v1",
        {
            "PodMonitor": "podmonitors",
            "PrometheusRule": "prometheusrules",
            "ServiceMonitor": "servicemonitors",
        },
        namespaced=True,
    ),
    *_resources(
        "metallb.io",
        "v1beta1",
        {
            "BFDProfile": "bfdprofiles",
            "BGPAdvertisement": "bgpadvertisements",
            "BGPPeer": "bgppeers",
            "Community": "communities",
            "ConfigurationState": "configurationstates",
            "IPAddressPool": "ipaddresspools",
            "L2Advertisement": "l2advertisements",
            "MetalLB": "metallbs",
            "ServiceBGPStatus": "servicebgpstatuses",
            "ServiceL2Status": "servicel2statuses",
        },
        namespaced=True,
    ),
    *_resources("metallb.io", "v1beta2", {"BGPPeer": "bgppeers"}, namespaced=True),
    *_resources(
        "frrk8s.metallb.io",
        "v1beta1",
        {
            "BGPSessionState": "bgpsessionstates",
            "FRRConfiguration": "frrconfigurations",
            "FRRK8sConfiguration": "frrk8sconfigurations",
        },
        namespaced=True,
    ),
    *_resources(
        "frrk8s.metallb.io", "v1beta1", {"FRRNodeState": "frrnodestates"}, namespaced=False
    ),
)

_BY_KIND: Final[Mapping[tuple[str, str], Resource]] = {
    (resource.api_version, resource.kind): resource for resource in RESOURCES
}


def resource_for(api_version: str, kind: str) -> Resource:
    """Return the row for an apiVersion ("apps/v1") and kind ("Deployment").

    Raises:
        UnknownKindError: the table has no such row.
    """
    try:
        return _BY_KIND[api_version, kind]
    except KeyError:
        raise UnknownKindError(f"{api_version} {kind} is not a kind this program knows") from None

"""Who may do what: one row for each thing that a process does, and why. Pure.

What a process may do in all namespaces (`cluster`) is kept apart from what it may do in its own
(`own`): Secrets appear in the latter only. The operands' rows equal those of the chart, which a
contract test holds; there are no wildcards, and nobody may write RBAC or CRDs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from metallb_operator.conflicts import CALICO, CILIUM
from metallb_operator.installations import LEFT_OVER
from metallb_operator.kubeproxy import NAME
from metallb_operator.packaging.image import OPERATOR, WEBHOOKS
from metallb_operator.settings import LEASE_NAME
from metallb_webhooks.settings import LEASE, SECRET

Verbs = tuple[str, ...]

_READ: Final[Verbs] = ("get", "list", "watch")
_FOLLOW: Final[Verbs] = ("list", "watch")
# Written by patches, dropped when they mean nothing any more.
_RECORD: Final[Verbs] = (*_READ, "create", "patch", "delete")

_METALLB: Final = "metallb.io"
_FRR_K8S: Final = "frrk8s.metallb.io"

CONFIGURATION: Final = (
    "bfdprofiles",
    "bgpadvertisements",
    "bgppeers",
    "communities",
    "ipaddresspools",
    "l2advertisements",
)
"""What users configure MetalLB with."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Some verbs on some resources.

    Attributes:
        group: the API group, "" for the core.
        names: the only objects that it is about; all if empty.
    """

    group: str
    resources: tuple[str, ...]
    verbs: Verbs
    names: tuple[str, ...] = ()

    def manifest(self) -> dict[str, Any]:
        """Return the rule as a Role has it."""
        names = {"resourceNames": list(self.names)} if self.names else {}
        return {
            "apiGroups": [self.group],
            "resources": list(self.resources),
            **names,
            "verbs": list(self.verbs),
        }


@dataclass(frozen=True, slots=True)
class UrlRule:
    """Some verbs on URLs that are no resources."""

    urls: tuple[str, ...]
    verbs: Verbs

    def manifest(self) -> dict[str, Any]:
        """Return the rule as a ClusterRole has it."""
        return {"nonResourceURLs": list(self.urls), "verbs": list(self.verbs)}


@dataclass(frozen=True, slots=True)
class Account:
    """A ServiceAccount and what it may do.

    Attributes:
        app: what it belongs to, for its labels.
        cluster: in all namespaces, and on what has none.
        own: in its own namespace.
    """

    name: str
    app: str
    cluster: tuple[Rule | UrlRule, ...] = ()
    own: tuple[Rule, ...] = ()


# The metrics endpoints ask the API server who is asking, and whether that may read /metrics.
_REVIEWS: Final = (
    Rule("authentication.k8s.io", ("tokenreviews",), ("create",)),
    Rule("authorization.k8s.io", ("subjectaccessreviews",), ("create",)),
)
# What controller and speakers tell: Events about Services, and whether the configuration could
# be used. Their informers are not restricted to a namespace.
_TELL: Final = (
    Rule("", ("events",), ("create", "patch")),
    Rule(_METALLB, ("configurationstates",), (*_READ, "create", "patch")),
    Rule(_METALLB, ("configurationstates/status",), ("update", "patch")),
)

CONTROLLER: Final = Account(
    "controller",
    "metallb",
    cluster=(
        # Services are what it gives addresses to; pools select namespaces.
        Rule("", ("namespaces", "services"), _READ),
        Rule("", ("services/status",), ("update",)),
        *_TELL,
        *_REVIEWS,
    ),
    own=(
        # It looks itself up when it starts.
        Rule("", ("pods",), ("get",)),
        Rule(_METALLB, ("communities", "ipaddresspools"), _READ),
        # How many addresses of a pool are taken.
        Rule(_METALLB, ("ipaddresspools/status",), ("update",)),
    ),
)

SPEAKER: Final = Account(
    "speaker",
    "metallb",
    cluster=(
        Rule("", ("namespaces", "nodes", "services"), _READ),
        # Only nodes with endpoints announce a Service of traffic policy Local.
        Rule("discovery.k8s.io", ("endpointslices",), _READ),
        # Who announces what by layer 2.
        Rule(_METALLB, ("servicel2statuses",), _RECORD),
        Rule(_METALLB, ("servicel2statuses/status",), ("patch",)),
        # What frr-k8s is to do on the speaker's node; frr-k8s may be in another namespace.
        Rule(_FRR_K8S, ("frrconfigurations",), (*_READ, "create", "update", "delete")),
        *_TELL,
        *_REVIEWS,
    ),
    own=(
        # Speakers find each other.
        Rule("", ("pods",), ("get", "list")),
        # The key that they share, BGP passwords, interfaces to leave out.
        Rule("", ("configmaps", "secrets"), _READ),
        Rule(_METALLB, CONFIGURATION, _READ),
        # Who announces what by BGP.
        Rule(_METALLB, ("servicebgpstatuses",), _RECORD),
        Rule(_METALLB, ("servicebgpstatuses/status",), ("patch",)),
    ),
)

FRR_K8S: Final = Account(
    "frr-k8s-daemon",
    "metallb",
    cluster=(
        Rule("", ("nodes",), _READ),
        Rule(_FRR_K8S, ("frrconfigurations", "frrk8sconfigurations"), _READ),
        # How sessions fare, and what became of the configuration of a node.
        Rule(_FRR_K8S, ("bgpsessionstates",), _RECORD),
        Rule(_FRR_K8S, ("bgpsessionstates/status",), ("patch",)),
        Rule(_FRR_K8S, ("frrnodestates",), (*_READ, "create", "delete")),
        Rule(_FRR_K8S, ("frrnodestates/status",), ("update",)),
        *_REVIEWS,
    ),
    # Nodes that are there, and BGP passwords.
    own=(Rule("", ("pods", "secrets"), _READ),),
)

METRICS_READER: Final = Account(
    "metrics-reader",
    "metallb",
    # Whose token Prometheus shows to the metrics endpoints.
    cluster=(UrlRule(("/metrics",), ("get",)),),
)

# What the rules of admission look at; the operator judges by the same.
_JUDGED_CLUSTER: Final = (
    Rule("", ("namespaces", "nodes", "services"), _FOLLOW),
    # In the namespace of frr-k8s only, which the MetalLB object names: it may be any.
    Rule(_FRR_K8S, ("frrconfigurations",), _FOLLOW),
)
_JUDGED_OWN: Final = (
    Rule(_METALLB, (*CONFIGURATION, "metallbs"), _FOLLOW),
    # Whether a password is there, and of the right type.
    Rule("", ("secrets",), _FOLLOW),
)

# What MetalLB consists of: followed, applied on the server (which takes create and patch), taken
# over from others (get and update), pruned.
_KEEP: Final[Verbs] = (*_READ, "create", "update", "patch", "delete")

OPERATOR_ACCOUNT: Final = Account(
    OPERATOR,
    OPERATOR,
    cluster=(
        # A MetalLB object in the wrong namespace is told so, in its status and by an Event.
        Rule(_METALLB, ("metallbs",), _FOLLOW),
        Rule(_METALLB, ("metallbs/status",), ("patch",)),
        Rule("", ("events",), ("create",)),
        *_JUDGED_CLUSTER,
        # What speakers wrote for frr-k8s and nobody needs any more; frr-k8s may be in another
        # namespace.
        Rule(_FRR_K8S, ("frrconfigurations",), ("delete",)),
        # Whether sessions are up again; frr-k8s may be in another namespace.
        Rule(_FRR_K8S, ("bgpsessionstates",), ("list",)),
        # What frr-k8s said of nodes, when it goes.
        Rule(_FRR_K8S, ("frrnodestates",), ("list", "delete")),
        # What gets in MetalLB's way: other load balancers, CNIs that speak BGP, whatever takes
        # the ports of nodes may be in any namespace. Of settings it reads kube-proxy's,
        # Cilium's and Calico's only (by name: OLM gives no Roles in other namespaces).
        Rule("apps", ("daemonsets", "deployments"), ("list",)),
        Rule("", ("configmaps",), ("get",), names=(NAME, CILIUM, CALICO)),
        Rule(
            "admissionregistration.k8s.io",
            ("validatingwebhookconfigurations",),
            ("get",),
            names=LEFT_OVER,
        ),
    ),
    own=(
        # The labels of this one namespace, where spec.podSecurity asks for them: a request about
        # a Namespace counts as one in it.
        Rule("", ("namespaces",), ("patch",)),
        # Its finalizer, and the annotations of the ApplySet.
        Rule(_METALLB, ("metallbs",), ("patch",)),
        Rule("", ("configmaps", "secrets", "services"), _KEEP),
        Rule("apps", ("daemonsets", "deployments"), _KEEP),
        Rule("networking.k8s.io", ("networkpolicies",), _KEEP),
        Rule(
            "monitoring.coreos.com",
            ("podmonitors", "prometheusrules", "servicemonitors"),
            _KEEP,
        ),
        Rule(_METALLB, CONFIGURATION, _FOLLOW),
        # Whether admission works is found out by a dry run that has to be refused.
        Rule(_METALLB, ("ipaddresspools",), ("create",)),
        # Why a workload does not come up: its pods, and what Events say of them.
        Rule("", ("pods",), _FOLLOW),
        Rule("", ("events",), ("list",)),
        # Whether the accounts are there that pods run as, and whether pods are older than these.
        Rule("", ("serviceaccounts",), _FOLLOW),
        # Speakers are replaced node by node while the BGP backend changes.
        Rule("", ("pods",), ("delete",)),
        # Replicas of the webhooks that share a node without need are brought apart.
        Rule("", ("pods/eviction",), ("create",)),
        # Leader election. Creation cannot be restricted to a name.
        Rule("coordination.k8s.io", ("leases",), ("create",)),
        Rule("coordination.k8s.io", ("leases",), ("get", "update"), names=(LEASE_NAME,)),
    ),
)

WEBHOOKS_ACCOUNT: Final = Account(
    WEBHOOKS,
    WEBHOOKS,
    cluster=_JUDGED_CLUSTER,
    own=(
        *_JUDGED_OWN,
        # Whose holder decides about reviews. Creation cannot be restricted to a name.
        Rule("coordination.k8s.io", ("leases",), ("create",)),
        Rule("coordination.k8s.io", ("leases",), (*_READ, "update"), names=(LEASE,)),
        # Whether the address in that Lease is one of theirs.
        Rule("", ("pods",), ("get",)),
    ),
)

WEBHOOKS_CERTIFICATE: Final = Account(
    WEBHOOKS,
    WEBHOOKS,
    cluster=(
        # To find our configurations by their label, and to put the CA's certificate into them
        # again as soon as somebody takes it out.
        Rule(
            "admissionregistration.k8s.io",
            ("validatingwebhookconfigurations",),
            _FOLLOW,
        ),
        Rule(
            "admissionregistration.k8s.io",
            ("validatingwebhookconfigurations",),
            ("patch",),
            names=(WEBHOOKS,),
        ),
    ),
    own=(
        Rule("", ("secrets",), ("create",)),
        Rule("", ("secrets",), ("get", "update"), names=(SECRET,)),
    ),
)
"""What the webhooks need besides where nobody else provides their certificate."""

OPERANDS: Final = (CONTROLLER, SPEAKER, FRR_K8S, METRICS_READER)
ACCOUNTS: Final = (*OPERANDS, OPERATOR_ACCOUNT, WEBHOOKS_ACCOUNT)


def self_sufficient() -> tuple[Account, ...]:
    """Return the accounts where webhooks make their own certificate."""
    extra = {WEBHOOKS: WEBHOOKS_CERTIFICATE}
    return tuple(_joined(account, extra) for account in ACCOUNTS)


def _joined(account: Account, extra: Mapping[str, Account]) -> Account:
    more = extra.get(account.name)
    if more is None:
        return account
    return replace(account, cluster=account.cluster + more.cluster, own=account.own + more.own)

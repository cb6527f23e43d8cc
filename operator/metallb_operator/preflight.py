"""What in a cluster keeps MetalLB from working, or may hurt it: a table of checks. Pure.

Nothing is changed: each finding names the object, the value and the remedy. A problem is what
MetalLB cannot work with; everything else is a warning. What could not be read is not checked, and
said to be so.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from metallb_crds.backend import Backend
from metallb_kube.objects import Manifest
from metallb_operator.conflicts import CALICO, CILIUM, allocates, speaks_bgp, unseen
from metallb_operator.fields import at, name_of
from metallb_operator.installations import (
    IGNORE_ANNOTATION,
    RIVALS,
    Ignoring,
    Role,
    is_ours,
    others,
    remedy,
    role_of,
    running,
    told,
)
from metallb_operator.intent import Intent
from metallb_operator.kubeproxy import answers_arp
from metallb_operator.nodes import Meant, meant_for
from metallb_operator.situation import Checked
from metallb_operator.wording import clipped, listed
from metallb_operator.workload import Workload

OLDEST_KUBERNETES: Final = 30
"""The minor version of Kubernetes 1 from which all that is used is on by default."""
ENFORCE: Final = "pod-security.kubernetes.io/enforce"
EXCLUDED: Final = "node.kubernetes.io/exclude-from-external-load-balancers"
_LONGEST_WORD: Final = 60
# What kubeadm puts on nodes of the control plane; speakers tolerate it without being told.
_TOLERATED: Final = tuple(
    {"key": f"node-role.kubernetes.io/{role}", "operator": "Exists", "effect": "NoSchedule"}
    for role in ("control-plane", "master")
)


@dataclass(frozen=True, slots=True)
class Survey:
    """What was read of the cluster besides what is watched.

    Attributes:
        kubernetes: the minor version of Kubernetes 1; None if it was not read.
        kube_proxy: `data` of the ConfigMap kube-system/kube-proxy; empty if there is none.
        cilium: likewise, of kube-system/cilium-config.
        calico: likewise, of kube-system/calico-config; read only where a workload refers to it.
        workloads: of all namespaces, those that may get in the way.
        webhooks: validating webhook configurations that MetalLB installs by itself.
        unread: why something could not be read, by what that is.
        omitted: workloads of which too much would have to be kept.
    """

    kubernetes: int | None = None
    kube_proxy: Mapping[str, str] = field(default_factory=dict)
    cilium: Mapping[str, str] = field(default_factory=dict)
    calico: Mapping[str, str] = field(default_factory=dict)
    workloads: tuple[Workload, ...] = ()
    webhooks: tuple[str, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)
    omitted: tuple[str, ...] = ()

    @property
    def settings(self) -> Mapping[str, Mapping[str, str]]:
        """Settings of networks, by the ConfigMap that they stand in."""
        return {CILIUM: self.cilium, CALICO: self.calico}


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that checks look at.

    Attributes:
        default_backend: of a new installation.
        namespace: MetalLB's.
        labels: of that namespace; None while they are not known.
        admitted: whether there is a pod of a speaker, so that Pod Security has let one in.
        nodes: of the cluster.
        workloads: of all namespaces, ours included.
        old_configurations: names of the ConfigMaps in MetalLB's namespace that hold one.
        l2: names of the L2Advertisements.
        installed: whether ours was installed before.
        ignoring: what the administrator wants ignored.
    """

    intent: Intent
    default_backend: Backend
    namespace: str
    survey: Survey
    labels: Mapping[str, str] | None = field(default_factory=dict)
    admitted: bool = False
    nodes: tuple[Manifest, ...] = ()
    workloads: tuple[Workload, ...] = ()
    old_configurations: tuple[str, ...] = ()
    l2: tuple[str, ...] = ()
    installed: bool = False
    ignoring: Ignoring = field(default_factory=Ignoring)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check has found.

    Attributes:
        grave: MetalLB cannot work with it.
    """

    text: str
    grave: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        id: kebab-case and for ever.
        summary: what it sees to.
    """

    id: str
    summary: str
    check: Callable[[Facts], Iterable[Finding]]


def preflight(facts: Facts) -> Checked:
    """Run every check."""
    found = [(one, f"{one.text} [{c.id}]") for c in CHECKS for one in c.check(facts)]
    return Checked(
        done=True,
        problems=tuple(text for one, text in found if one.grave),
        warnings=tuple(text for one, text in found if not one.grave),
    )


def host_ports(values: Mapping[str, Any]) -> dict[int, str]:
    """Return the ports of nodes that an installation listens on, and what for.

    Args:
        values: the chart's.
    """
    ports = values["ports"]
    found = {ports["metrics"]: "metrics of speakers", ports["health"]: "health of speakers"}
    if values["memberlist"]["enabled"]:
        found[values["memberlist"]["bindPort"]] = "speakers finding each other"
    if values["backend"] == Backend.FRR:
        found[ports["frrMetrics"]] = "metrics of FRR"
    if values["backend"] == Backend.FRR_K8S:
        found[ports["frrK8sMetrics"]] = "metrics of frr-k8s"
        found[ports["frrK8sFrrMetrics"]] = "metrics of FRR"
        found[ports["frrK8sHealth"]] = "health of frr-k8s"
    return found


def _speaker_pod(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return those fields of a speaker's pod spec that decide about nodes; as in the chart."""
    speaker = values["speaker"]
    return {
        "nodeSelector": {"kubernetes.io/os": "linux", **speaker["nodeSelector"]},
        "affinity": speaker.get("affinity") or {},
        "tolerations": [*_TOLERATED, *speaker["tolerations"]],
        "hostNetwork": True,
    }


def _meant(facts: Facts) -> Meant:
    return meant_for(_speaker_pod(facts.intent.values), facts.nodes)


def _kubernetes(facts: Facts) -> Iterator[Finding]:
    minor, release = facts.survey.kubernetes, facts.intent.release
    if minor is None:
        return
    if minor < OLDEST_KUBERNETES:
        yield Finding(
            f"the API server is Kubernetes 1.{minor}, and 1.{OLDEST_KUBERNETES} is the oldest that "
            "has all that is used; upgrade the cluster",
            grave=True,
        )
    if release.first_kubernetes_without is not None and minor >= release.first_kubernetes_without:
        yield Finding(
            f"MetalLB {release.version} cannot be used from Kubernetes "
            f"1.{release.first_kubernetes_without} on, and the API server is 1.{minor}; "
            "set spec.version to a newer release, or remove it",
            grave=True,
        )


def _strict_arp(facts: Facts) -> Iterator[Finding]:
    where = answers_arp(facts.survey.kube_proxy, facts.survey.cilium, facts.workloads)
    if where and facts.l2:
        yield Finding(
            f"{where}: the mode is ipvs without strictARP, so that every node answers ARP for "
            f"what L2Advertisement {listed(facts.l2)} announces; set strictARP to true and "
            "restart the pods of kube-proxy",
            grave=True,
        )


def _pod_security(facts: Facts) -> Iterator[Finding]:
    if facts.labels is None:
        return
    level = facts.labels.get(ENFORCE)
    asked = facts.intent.metallb.spec.pod_security
    managed = bool(asked and asked.manage_namespace_labels)
    if level is None and not managed and not facts.admitted:
        # A cluster's default is in a file of the API server that nobody can ask for.
        yield Finding(
            f"Namespace {facts.namespace} has no label {ENFORCE}: a cluster whose default level is "
            "not privileged refuses speakers, for they use the network of the node; run "
            f"`kubectl label namespace {facts.namespace} {ENFORCE}=privileged`, or set "
            "spec.podSecurity.manageNamespaceLabels to true"
        )
    if level in {"baseline", "restricted"}:
        yield Finding(
            f"Namespace {facts.namespace}: {ENFORCE} is {level}, which refuses speakers, for they "
            f"use the network of the node; run `kubectl label --overwrite namespace "
            f"{facts.namespace} {ENFORCE}=privileged`, or set "
            "spec.podSecurity.manageNamespaceLabels to true",
            grave=True,
        )


def _host_ports(facts: Facts) -> Iterator[Finding]:
    ours = host_ports(facts.intent.values)
    meant = _meant(facts).all
    for workload in _strangers(facts):
        taken = sorted(workload.ports & ours.keys())
        if not taken:
            continue
        ports = listed([f"{port} ({ours[port]})" for port in taken])
        if workload.kind != "DaemonSet":
            text = f"{workload} may take host port {ports} of the node that it comes to run on"
            yield Finding(f"{text}; give it another port")
        elif shared := sorted(meant & meant_for(workload.placing, facts.nodes).all):
            yield Finding(
                f"{workload} takes host port {ports} on {listed(shared)}, where MetalLB's pods "
                "cannot start then; give it another port, or keep speakers off these nodes by "
                "spec.nodeSelector",
                grave=True,
            )


def _strangers(facts: Facts) -> Iterator[Workload]:
    """Yield what is neither ours nor another MetalLB, of which another check tells."""
    rivals = _rivals(facts)
    for workload in facts.workloads:
        told = is_ours(workload, facts.namespace) or workload in rivals
        if not told and workload.replicas:
            yield workload


def _rivals(facts: Facts) -> list[Workload]:
    found = others(facts.workloads, facts.namespace, facts.ignoring.paths)
    return running(one for role in RIVALS for one in found.get(role, ()))


def _excluded_nodes(facts: Facts) -> Iterator[Finding]:
    if facts.intent.metallb.spec.ignore_exclude_lb:
        return
    meant = _meant(facts).all
    excluded = sorted(
        name_of(node)
        for node in facts.nodes
        if name_of(node) in meant and EXCLUDED in (at(node, "metadata", "labels") or {})
    )
    if not excluded:
        return
    everywhere = len(excluded) == len(meant)
    who = "every node with a speaker has" if everywhere else f"{listed(excluded)} has"
    yield Finding(
        f"{who} the label {EXCLUDED}, and announces nothing; remove it (`kubectl label node "
        f"{excluded[0]} {EXCLUDED}-`), or set spec.ignoreExcludeLB to true",
        grave=everywhere,
    )


def _tainted_nodes(facts: Facts) -> Iterator[Finding]:
    left_out = _meant(facts).left_out
    if left_out:
        nodes = listed([f"{node} ({taint})" for node, taint in sorted(left_out.items())])
        yield Finding(
            f"no speaker runs on nodes for their taints: {nodes}; if these are to announce, "
            "extend spec.speakerTolerations"
        )


def _other_bgp(facts: Facts) -> Iterator[Finding]:
    for workload in facts.workloads:
        if not speaks_bgp(workload, facts.survey.settings):
            continue
        where = unseen(workload, facts.survey.settings)
        speaks = f"may speak BGP (by {where}, which is not read)" if where else "speaks BGP"
        yield Finding(
            f"{workload} {speaks} on the nodes, too: a router accepts one session from an "
            "address, and port 179 of a node is taken once; let the two have different "
            "peers, or let only one of them speak BGP"
        )


def _external_frr_k8s(facts: Facts) -> Iterator[Finding]:
    config = facts.intent.metallb.spec.frrk8s_config
    if facts.intent.backend is not Backend.FRR_K8S_EXTERNAL or config is None:
        return
    unknown = any("DaemonSet" in what for what in facts.survey.unread)
    if unknown or any(_is_frr_k8s(one, config.namespace) for one in facts.workloads):
        return
    yield Finding(
        f"there is no DaemonSet of frr-k8s in namespace {config.namespace}, where backend "
        f"{Backend.FRR_K8S_EXTERNAL.value} has speakers write their configuration: nobody would "
        "speak BGP; install frr-k8s there, correct spec.frrk8sConfig.namespace, or use backend "
        f"{Backend.FRR_K8S.value}, which brings its own"
    )


def _is_frr_k8s(workload: Workload, namespace: str) -> bool:
    named = "frr-k8s" in workload.name or role_of(workload) is Role.FRR_K8S
    return named and (workload.kind, workload.namespace) == ("DaemonSet", namespace)


def _other_allocators(facts: Facts) -> Iterator[Finding]:
    # With a class each Service is for one controller.
    if facts.intent.metallb.spec.load_balancer_class:
        return
    for workload in facts.workloads:
        if allocates(workload, facts.survey.settings):
            yield Finding(
                f"{workload} gives addresses to Services of type LoadBalancer, too, so that both "
                "write the same status; set spec.loadBalancerClass, or switch one of them off"
            )


def _other_metallb(facts: Facts) -> Iterator[Finding]:
    rivals = _rivals(facts)
    if rivals and facts.installed:
        # Whoever may create workloads could hold every upgrade up otherwise.
        text = "ours is repaired and upgraded all the same"
        yield Finding(f"{told(rivals)}; {text}; {remedy(rivals)}")
    elif rivals:
        text = f"{told(rivals)}, so that nothing is installed; {remedy(rivals)}"
        yield Finding(text, grave=True)


def _ignored(facts: Facts) -> Iterator[Finding]:
    where = f"annotation {IGNORE_ANNOTATION}"
    if facts.ignoring.wrong:
        wrong = listed([repr(clipped(word, _LONGEST_WORD)) for word in facts.ignoring.wrong])
        yield Finding(f"{where}: {wrong} is no namespace/name of a workload, and ignores nothing")
    found = others(facts.workloads, facts.namespace)
    there = {workload.path for role in found for workload in found[role]}
    nothing = sorted(facts.ignoring.paths - there)
    # What was not read may be there.
    if nothing and not facts.survey.unread and not facts.survey.omitted:
        yield Finding(
            f"{where}: {listed(nothing)} is no DaemonSet or Deployment that looks like MetalLB; "
            "correct the name, or take it out"
        )


def _old_webhooks(facts: Facts) -> Iterator[Finding]:
    controllers = running(others(facts.workloads, facts.namespace).get(Role.CONTROLLER, ()))
    # As long as that serves them, all is well.
    if facts.survey.webhooks and not controllers:
        names = listed(facts.survey.webhooks)
        yield Finding(
            f"ValidatingWebhookConfiguration {names} is left over from another installation, and "
            "makes the API server refuse every change of MetalLB's configuration; run "
            f"`kubectl delete validatingwebhookconfiguration {' '.join(facts.survey.webhooks)}`",
            grave=True,
        )


def _old_configuration(facts: Facts) -> Iterator[Finding]:
    for name in facts.old_configurations:
        yield Finding(
            f"ConfigMap {facts.namespace}/{name} configures MetalLB before 0.13 and has no effect; "
            "`kubectl metallb migrate` prints the objects that say the same: apply them, then "
            "delete it"
        )


def _kept_backend(facts: Facts) -> Iterator[Finding]:
    backend = facts.intent.backend
    if not facts.intent.metallb.spec.bgp_backend and backend is not facts.default_backend:
        yield Finding(
            f"spec.bgpBackend names none, so that backend {backend.value} is kept, which runs "
            f"already; set it to {backend.value} to say so, or to {facts.default_backend.value} "
            "to go over to what new installations run"
        )


def _not_checked(facts: Facts) -> Iterator[Finding]:
    for what, why in sorted(facts.survey.unread.items()):
        yield Finding(f"not checked: {what} cannot be read ({why})")
    if facts.survey.omitted:
        yield Finding(
            f"not checked: {listed(facts.survey.omitted)}, for their ports, arguments or node "
            "selection are more than is kept of a workload; delete what has no need of that many"
        )


CHECKS: Final[tuple[Check, ...]] = (
    Check("other-installation", "No other MetalLB gives addresses away", _other_metallb),
    Check("ignored-installations", "What is to be ignored is there", _ignored),
    Check("kubernetes-version", "Kubernetes and the MetalLB release fit", _kubernetes),
    Check("pod-security", "Pod Security lets speakers into the namespace", _pod_security),
    Check("strict-arp", "With layer 2 in use, kube-proxy does not answer ARP", _strict_arp),
    Check("host-ports", "No other DaemonSet takes the ports of a speaker's node", _host_ports),
    Check("old-webhooks", "No webhook configuration without its server", _old_webhooks),
    Check("excluded-nodes", "Nodes with speakers may announce", _excluded_nodes),
    Check("tainted-nodes", "No node is without speaker for its taint", _tainted_nodes),
    Check("other-bgp", "Nothing else speaks BGP on the nodes", _other_bgp),
    Check("external-frr-k8s", "The frr-k8s that speakers write for is there", _external_frr_k8s),
    Check("other-allocators", "Nothing else claims Services", _other_allocators),
    Check("old-configuration", "No ConfigMap of MetalLB before 0.13", _old_configuration),
    Check("kept-backend", "The object names the backend that runs", _kept_backend),
    Check("not-checked", "Everything that is looked at can be read", _not_checked),
)

"""Which nodes a DaemonSet is meant for: what its selector, affinity and tolerations say. Pure.

Not the DaemonSet's own count: the controller leaves out nodes that are NotReady at the moment
(its `NodeShouldRunDaemonPod`), so that one dead node of two reads as 1 of 1.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from metallb_kube.objects import Manifest
from metallb_operator.fields import at, condition_of, name_of

# Taints that Kubernetes itself puts on nodes that are unwell, for as long as they are.
_CONDITION_TAINTS: Final = ("node.kubernetes.io/", "node.cloudprovider.kubernetes.io/")
# What the DaemonSet controller lets its pods tolerate by itself
# (`AddOrUpdateDaemonPodTolerations`).
_ALWAYS_TOLERATED: Final = (
    {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute"},
    {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute"},
    {"key": "node.kubernetes.io/disk-pressure", "operator": "Exists", "effect": "NoSchedule"},
    {"key": "node.kubernetes.io/memory-pressure", "operator": "Exists", "effect": "NoSchedule"},
    {"key": "node.kubernetes.io/pid-pressure", "operator": "Exists", "effect": "NoSchedule"},
    {"key": "node.kubernetes.io/unschedulable", "operator": "Exists", "effect": "NoSchedule"},
)
# That controller does so for pods in the host's own network only.
_NO_NETWORK: Final = "node.kubernetes.io/network-unavailable"


@dataclass(frozen=True, slots=True)
class Meant:
    """The nodes one pod template is meant for, by name.

    Attributes:
        ready: meant, and Ready.
        not_ready: meant, but NotReady at the moment, or kept free by Kubernetes itself: not set
            up yet, shut down, out of service.
        left_out: selected, but for a taint that the template does not tolerate; name -> taint.
    """

    ready: frozenset[str]
    not_ready: frozenset[str]
    left_out: Mapping[str, str]

    @property
    def all(self) -> frozenset[str]:
        """Every node that should run a pod."""
        return self.ready | self.not_ready


def meant_for(pod: Manifest, nodes: Sequence[Manifest]) -> Meant:
    """Return which of the nodes a pod spec (`template.spec`) is meant for."""
    selected = {name_of(node): node for node in nodes if _selects(pod, node)}
    repelled = {name: tuple(_repels(pod, node)) for name, node in selected.items()}
    left_out = {
        name: _taint_text(chosen[0])
        for name, taints in repelled.items()
        if (chosen := [taint for taint in taints if not _is_of_kubernetes(taint)])
    }
    meant = selected.keys() - left_out.keys()
    ready = {name for name in meant if is_ready(selected[name]) and not repelled[name]}
    return Meant(frozenset(ready), frozenset(meant - ready), left_out)


def is_ready(node: Manifest) -> bool:
    """Return whether a node is Ready."""
    return bool(condition_of(node, "Ready").get("status") == "True")


def _selects(pod: Manifest, node: Manifest) -> bool:
    labels: Mapping[str, str] = at(node, "metadata", "labels") or {}
    wanted: Mapping[str, str] = at(pod, "nodeSelector") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    required = at(pod, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    terms = at(required, "nodeSelectorTerms")
    return terms is None or any(_matches_term(term, labels, name_of(node)) for term in terms)


def _matches_term(term: Manifest, labels: Mapping[str, str], name: str) -> bool:
    expressions = term.get("matchExpressions") or ()
    fields = term.get("matchFields") or ()
    if not expressions and not fields:
        return False  # an empty term selects nothing
    return all(_matches(e, labels) for e in expressions) and all(
        _matches(f, {"metadata.name": name}) for f in fields
    )


def _matches(requirement: Manifest, labels: Mapping[str, str]) -> bool:
    test = _OPERATORS.get(requirement.get("operator", ""))
    return test is not None and test(
        labels.get(requirement.get("key", "")), requirement.get("values") or ()
    )


def _number(text: str | None) -> int | None:
    try:
        return int(text) if text is not None else None
    except ValueError:
        return None


def _compares(found: str | None, values: Sequence[str], sign: int) -> bool:
    number, bound = _number(found), _number(values[0] if values else None)
    return number is not None and bound is not None and (number - bound) * sign > 0


_OPERATORS: Final[Mapping[str, Callable[[str | None, Sequence[str]], bool]]] = {
    "In": lambda found, values: found in values,
    "NotIn": lambda found, values: found not in values,
    "Exists": lambda found, _: found is not None,
    "DoesNotExist": lambda found, _: found is None,
    "Gt": lambda found, values: _compares(found, values, 1),
    "Lt": lambda found, values: _compares(found, values, -1),
}


def _repels(pod: Manifest, node: Manifest) -> Iterator[Mapping[str, Any]]:
    """Yield the taints that keep the pod away."""
    tolerations = [*(at(pod, "tolerations") or ()), *_ALWAYS_TOLERATED]
    if at(pod, "hostNetwork"):
        tolerations.append({"key": _NO_NETWORK, "operator": "Exists", "effect": "NoSchedule"})
    for taint in at(node, "spec", "taints") or ():
        if taint.get("effect") == "PreferNoSchedule":
            continue
        if not any(_tolerates(toleration, taint) for toleration in tolerations):
            yield taint


def _is_of_kubernetes(taint: Mapping[str, Any]) -> bool:
    return str(taint.get("key", "")).startswith(_CONDITION_TAINTS)


def _taint_text(taint: Mapping[str, Any]) -> str:
    value = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint.get('key')}{value}:{taint.get('effect')}"


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    if toleration.get("key") and toleration["key"] != taint.get("key"):
        return False
    if toleration.get("operator") == "Exists":
        return True
    return bool(
        toleration.get("key") and (toleration.get("value") or "") == (taint.get("value") or "")
    )

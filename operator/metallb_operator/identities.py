"""ServiceAccounts that pods have outlived: whom the API server knows no more. Pure.

A pod's token is bound to the uid of its ServiceAccount (KEP-1205). Once that is deleted, the token
is refused, whether or not an account of the same name has been created since; the kubelet renews
it after most of an hour only. MetalLB's programs then go on as they were, and see nothing of what
changes: no readiness probe asks for that.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from metallb_kube.objects import Manifest, ObjectRef
from metallb_operator import pods as podlist
from metallb_operator.conditions import Reason
from metallb_operator.fields import at, count_at, name_of, text_at
from metallb_operator.observation import Observation
from metallb_operator.rollout import is_observed
from metallb_operator.situation import Problem
from metallb_operator.wording import listed

ANNOTATION: Final = "metallb.io/service-account"
"""Of a pod template: the uid of the ServiceAccount that its pods are to run as."""

_WORKLOADS: Final = (
    ("Deployment", "controller"),
    ("Deployment", "statuscleaner"),
    ("DaemonSet", "frr-k8s"),
    ("DaemonSet", "speaker"),
)
"""In the order of any rollout."""
_OF_DEPLOYMENTS: Final = ("replicas", "updatedReplicas", "availableReplicas")
_OF_DAEMONSETS: Final = ("updatedNumberScheduled", "numberAvailable")


@dataclass(frozen=True, slots=True)
class Renewal:
    """A workload whose pods are to be replaced.

    Attributes:
        account: that its pods run as.
        patch: a merge patch, which means nothing the second time.
    """

    ref: ObjectRef
    account: str
    patch: Mapping[str, Any]


def missing(seen: Observation) -> tuple[Problem, ...]:
    """Return what it means that accounts of pods that run are not there.

    Args:
        seen: the cluster.
    """
    if seen.identities is None:
        return ()
    lacking = sorted(
        {
            account
            for workload in _workloads(seen)
            if (account := _account(workload)) not in seen.identities
            and podlist.selected(workload, seen.pods)
        }
    )
    if not lacking:
        return ()
    text = (
        f"missing ServiceAccounts: {listed(lacking)}. The API server refuses every request of the"
        " pods that run as these, so that no Service gets an address and no change is announced."
        " Install the operator's manifests again; the operator then replaces the pods"
    )
    return (Problem(Reason.SERVICE_ACCOUNT_MISSING, text),)


def next_renewal(seen: Observation) -> Renewal | None:
    """Return the next workload whose pods are older than their account; None if there is none.

    One after the other: nothing is replaced while anything else is.

    Args:
        seen: the cluster.
    """
    outlived: list[Renewal] = []
    for workload in _workloads(seen):
        account = (seen.identities or {}).get(_account(workload))
        if account is not None and _has_older(workload, account, seen):
            outlived.append(_renewal(workload, account))
        elif not _is_settled(workload):
            return None
    return outlived[0] if outlived else None


def _workloads(seen: Observation) -> Iterator[Manifest]:
    by_name = {(ref.kind, ref.name): found for ref, found in seen.objects.items()}
    return (by_name[name] for name in _WORKLOADS if name in by_name)


def _account(workload: Manifest) -> str:
    return text_at(workload, "spec", "template", "spec", "serviceAccountName") or "default"


def _has_older(workload: Manifest, account: Manifest, seen: Observation) -> bool:
    if _noted(workload) == text_at(account, "metadata", "uid"):
        return False
    made = text_at(account, "metadata", "creationTimestamp")
    # Times of this form are in the order of their text (RFC 3339, in UTC).
    return any(
        text_at(pod, "metadata", "creationTimestamp") < made
        for pod in podlist.selected(workload, seen.pods)
    )


def _noted(workload: Manifest) -> str:
    return text_at(workload, "spec", "template", "metadata", "annotations", ANNOTATION)


def _renewal(workload: Manifest, account: Manifest) -> Renewal:
    namespace, kind = text_at(workload, "metadata", "namespace"), text_at(workload, "kind")
    annotations = {ANNOTATION: text_at(account, "metadata", "uid")}
    # The uid makes the API server refuse the patch where it is another workload by now.
    patch = {
        "metadata": {"uid": text_at(workload, "metadata", "uid")},
        "spec": {"template": {"metadata": {"annotations": annotations}}},
    }
    ref = ObjectRef("apps/v1", kind, namespace, name_of(workload))
    return Renewal(ref, name_of(account), patch)


def _is_settled(workload: Manifest) -> bool:
    """Whether every pod is of the present template, and ready."""
    if not is_observed(workload):
        return False
    if text_at(workload, "kind") == "Deployment":
        replicas = at(workload, "spec", "replicas")
        wanted = 1 if replicas is None else replicas
        return all(count_at(workload, "status", count) == wanted for count in _OF_DEPLOYMENTS)
    wanted = count_at(workload, "status", "desiredNumberScheduled")
    return all(count_at(workload, "status", count) >= wanted for count in _OF_DAEMONSETS)

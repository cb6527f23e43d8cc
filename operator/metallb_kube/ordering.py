"""In which order kinds are applied and deleted: a table of ranks. Pure.

What others refer to comes first: a pod whose ServiceAccount, ConfigMap or Secret does not
exist yet fails and is retried with a growing delay. Deletion goes the other way round.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from metallb_kube.objects import Manifest, ObjectRef, ref_of

_RANKS: Final[Mapping[str, int]] = {
    kind: rank
    for rank, kinds in enumerate(
        (
            ("Namespace",),
            ("CustomResourceDefinition",),
            ("ServiceAccount",),
            ("ClusterRole", "Role"),
            ("ClusterRoleBinding", "RoleBinding"),
            ("NetworkPolicy",),
            ("ConfigMap", "Secret"),
            ("Service",),
            ("PodDisruptionBudget",),
            ("Deployment",),
            ("DaemonSet",),
            ("Pod", "ReplicaSet"),
            ("PodMonitor", "PrometheusRule", "ServiceMonitor"),
            ("Community", "BFDProfile", "IPAddressPool"),
            ("BGPPeer", "FRRConfiguration"),
            ("BGPAdvertisement", "L2Advertisement"),
            ("MetalLB",),
            # Last, so that nothing above waits for a webhook that is only just starting.
            ("ValidatingWebhookConfiguration",),
        )
    )
    for kind in kinds
}
_OTHERS: Final = _RANKS["Pod"]


def apply_rank(kind: str) -> int:
    """Return the rank of a kind: smaller is applied earlier. Unknown kinds go with pods."""
    return _RANKS.get(kind, _OTHERS)


def apply_order(manifests: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """Sort manifests into the order to apply them in; equal input gives equal output."""
    return tuple(sorted(manifests, key=lambda m: (apply_rank(ref_of(m).kind), ref_of(m))))


def delete_order(refs: Iterable[ObjectRef]) -> tuple[ObjectRef, ...]:
    """Sort references into the order to delete them in: the reverse of applying."""
    return tuple(sorted(refs, key=lambda ref: (-apply_rank(ref.kind), ref)))

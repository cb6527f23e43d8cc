"""What speakers leave behind when frr-k8s is no longer theirs. Pure.

In backend frr-k8s each speaker writes its part of the BGP configuration into an FRRConfiguration
called `metallb-<node>` that selects this one node and has no owner (MetalLB 0.16.1). It outlives
the speaker: frr-k8s, installed again or by somebody else, would go on with sessions nobody wants.
"""

from collections.abc import Iterable
from typing import Final

from metallb_crds.backend import Backend
from metallb_crds.frrk8s_v1beta1 import FRRConfiguration
from metallb_kube.objects import ObjectRef
from metallb_operator.plan import Delete

WRITES_THEM: Final = frozenset({Backend.FRR_K8S, Backend.FRR_K8S_EXTERNAL})
"""Backends whose speakers need what others leave behind."""

_HOSTNAME: Final = "kubernetes.io/hostname"


def leftovers(found: Iterable[FRRConfiguration], namespace: str) -> tuple[Delete, ...]:
    """Return what to delete: what speakers wrote in a namespace, and nothing of anybody else's.

    Args:
        found: every FRRConfiguration.
        namespace: MetalLB's.
    """
    return tuple(
        Delete(ObjectRef(one.api_version, one.kind, namespace, one.metadata.name), one.metadata.uid)
        for one in sorted(found, key=lambda one: one.metadata.name)
        if one.metadata.namespace == namespace and _is_of_a_speaker(one)
    )


def _is_of_a_speaker(found: FRRConfiguration) -> bool:
    selector = found.spec.node_selector
    labels = dict(selector.match_labels)
    node = labels.pop(_HOSTNAME, "")
    alone = not labels and not selector.match_expressions
    return bool(node) and alone and found.metadata.name == f"metallb-{node}"

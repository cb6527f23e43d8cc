"""What speakers leave behind when frr-k8s is no longer theirs. Pure.

In the backends with frr-k8s each speaker writes its part of the BGP configuration into an
FRRConfiguration called `metallb-<node>` that selects this one node and has no owner (MetalLB
0.16.1). It outlives the speaker: frr-k8s, installed again or by somebody else, would go on with
sessions nobody wants. Somebody else's frr-k8s is in another namespace, which the spec no longer
tells when the backend is left: it is noted at the object before speakers write there.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from metallb_crds.backend import Backend
from metallb_crds.frrk8s_v1beta1 import FRRConfiguration
from metallb_crds.operator_v1beta1 import MetalLB
from metallb_kube.objects import Manifest, ObjectRef
from metallb_operator.fields import at, text_at
from metallb_operator.intent import Intent
from metallb_operator.plan import Delete
from metallb_webhooks.speakers import is_of_a_speaker

ANNOTATION: Final = "metallb.io/frr-k8s-namespaces"
"""Of the MetalLB object: namespaces, separated by commas, where speakers may have written."""


def leftovers(found: Iterable[FRRConfiguration], namespaces: Collection[str]) -> tuple[Delete, ...]:
    """Return what to delete: what speakers wrote, and nothing of anybody else's.

    Args:
        found: every FRRConfiguration of these namespaces, and perhaps others.
        namespaces: where speakers wrote and do not write any more.
    """
    going = (
        Delete(
            ObjectRef(one.api_version, one.kind, one.metadata.namespace, one.metadata.name),
            one.metadata.uid,
        )
        for one in found
        if one.metadata.namespace in namespaces and is_of_a_speaker(one)
    )
    return tuple(sorted(going, key=lambda step: step.ref))


def written_in(intent: Intent, namespace: str) -> str:
    """Return the namespace where speakers write FRRConfigurations; "" if they write none.

    Args:
        intent: what is to run.
        namespace: MetalLB's.
    """
    if intent.backend is Backend.FRR_K8S_EXTERNAL:
        given = intent.metallb.spec.frrk8s_config
        return given.namespace if given else ""
    return namespace if intent.backend is Backend.FRR_K8S else ""


def noted(metallb: Manifest) -> frozenset[str]:
    """Return the namespaces that are noted at the object."""
    return _named(text_at(metallb, "metadata", "annotations", ANNOTATION))


def places(metallb: MetalLB | None, namespace: str) -> frozenset[str]:
    """Return where FRRConfigurations matter: where frr-k8s may read them, or speakers wrote them.

    Args:
        metallb: the object that counts, if there is one.
        namespace: MetalLB's.
    """
    if metallb is None:
        return frozenset({namespace})
    config = metallb.spec.frrk8s_config
    elsewhere = config.namespace if config else ""
    written = _named(metallb.metadata.annotations.get(ANNOTATION, ""))
    return written | {elsewhere or namespace, namespace}


def _named(text: str) -> frozenset[str]:
    return frozenset(filter(None, text.split(",")))


def note(metallb: Manifest, namespaces: Collection[str]) -> Mapping[str, Any] | None:
    """Return the merge patch that notes these namespaces and no others; None if they are."""
    if noted(metallb) == frozenset(namespaces):
        return None
    annotations = {ANNOTATION: ",".join(sorted(namespaces)) or None}
    # The uid makes the API server refuse the patch when the object is another one by now.
    return {"metadata": {"uid": at(metallb, "metadata", "uid"), "annotations": annotations}}

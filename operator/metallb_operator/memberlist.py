"""The secret with which speakers recognise each other (MetalLB: METALLB_ML_SECRET_KEY)."""

import base64
import secrets
from collections.abc import Collection
from typing import Any, Final

from metallb_kube.objects import ObjectRef

NAME: Final = "metallb-memberlist"
_OF_MANIFESTS: Final = "memberlist"
"""What MetalLB's controller calls it where its manifests have installed it."""
_BYTES: Final = 16


def memberlist_ref(namespace: str) -> ObjectRef:
    """Return the Secret's identity."""
    return ObjectRef("v1", "Secret", namespace, NAME)


def inherited_ref(namespace: str, observed: Collection[ObjectRef]) -> ObjectRef | None:
    """Return the Secret whose key a new one is to have; None if there is none, or no new one.

    With another key the speakers that are there and ours would not hear each other, and both
    answer for every layer 2 address until the last one is replaced.

    Args:
        namespace: of MetalLB.
        observed: what is there.
    """
    theirs = ObjectRef("v1", "Secret", namespace, _OF_MANIFESTS)
    return theirs if theirs in observed and memberlist_ref(namespace) not in observed else None


def memberlist(namespace: str, inherited: str = "") -> dict[str, Any]:
    """Return a new Secret: created once and never changed, or speakers would part.

    Args:
        namespace: of MetalLB.
        inherited: the key of the speakers that are there, as a Secret's data has it.
    """
    key = base64.b64encode(secrets.token_bytes(_BYTES))
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": NAME,
            "namespace": namespace,
            "labels": {"app": "metallb", "component": "speaker"},
        },
        "type": "Opaque",
        # Encoded twice: what speakers read is text.
        "data": {"secretkey": inherited or base64.b64encode(key).decode()},
    }

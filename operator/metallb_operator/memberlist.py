"""The secret with which speakers recognise each other (MetalLB: METALLB_ML_SECRET_KEY)."""

import base64
import secrets
from typing import Any, Final

from metallb_kube.objects import ObjectRef

NAME: Final = "metallb-memberlist"
_BYTES: Final = 16


def memberlist_ref(namespace: str) -> ObjectRef:
    """Return the Secret's identity."""
    return ObjectRef("v1", "Secret", namespace, NAME)


def memberlist(namespace: str) -> dict[str, Any]:
    """Return a new Secret: created once and never changed, or speakers would part."""
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
        "data": {"secretkey": base64.b64encode(key).decode()},
    }

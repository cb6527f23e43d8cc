"""The secret with which speakers recognise each other (MetalLB: METALLB_ML_SECRET_KEY)."""

import base64
import secrets
from typing import Any, Final

from metallb_kube.objects import ObjectRef

NAME: Final = "metallb-memberlist"
_BYTES: Final = 16


def secret_ref(namespace: str) -> ObjectRef:
    """Return the Secret's identity."""
    return ObjectRef("v1", "Secret", namespace, NAME)


def secret(namespace: str) -> dict[str, Any]:
    """Return a new Secret: created once and never changed, or speakers would part."""
    key = base64.b64encode(secrets.token_bytes(_BYTES)).decode()
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": NAME, "namespace": namespace, "labels": {"app": "metallb"}},
        "type": "Opaque",
        # Encoded twice: memberlist reads text.
        "data": {"secretkey": base64.b64encode(key.encode()).decode()},
    }

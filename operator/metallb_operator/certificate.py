"""The certificate of the statuscleaner's own port, which only the kubelet's probe connects to."""

import base64
from datetime import datetime, timedelta
from typing import Any, Final

from metallb_kube.objects import ObjectRef
from metallb_webhooks.certs import Lifetimes, create_material

NAME: Final = "frr-k8s-webhook-server-cert"
_TEN_YEARS: Final = timedelta(days=3650)


def certificate_ref(namespace: str) -> ObjectRef:
    """Return the Secret's identity."""
    return ObjectRef("v1", "Secret", namespace, NAME)


def certificate(namespace: str, now: datetime) -> dict[str, Any]:
    """Return a new Secret of type kubernetes.io/tls: created once, valid for ten years."""
    lifetimes = Lifetimes(leaf=_TEN_YEARS)
    made = create_material(("statuscleaner",), now, lifetimes)
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": NAME,
            "namespace": namespace,
            "labels": {"app": "metallb", "component": "statuscleaner"},
        },
        "type": "kubernetes.io/tls",
        "data": {
            "tls.crt": base64.b64encode(made.certificate).decode(),
            "tls.key": base64.b64encode(made.key).decode(),
        },
    }

"""NetworkPolicies around our own pods. Pure."""

from collections.abc import Iterator
from typing import Any

from metallb_operator.packaging.admission import PORT
from metallb_operator.packaging.image import NAMESPACE, OPERATOR, WEBHOOKS, labels
from metallb_operator.packaging.workloads import HEALTH_PORT

Document = dict[str, Any]


def policies() -> Iterator[Document]:
    """Yield what may be reached of each process.

    What they may reach is left open: API servers listen on another port in every distribution,
    and a policy that denies everything in the namespace must not cut us off from them.
    """
    yield _policy(OPERATOR, HEALTH_PORT)
    yield _policy(WEBHOOKS, PORT)


def _policy(name: str, port: int) -> Document:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels(name)},
        "spec": {
            "podSelector": {"matchLabels": {"app.kubernetes.io/name": name}},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"ports": [{"protocol": "TCP", "port": port}]}],
            "egress": [{}],
        },
    }

"""Let Pod Security admit speakers: the labels of MetalLB's namespace, where that is asked for."""

from collections.abc import Mapping
from typing import Any, Final

from metallb_kube.client import KubeClient
from metallb_kube.errors import KubeError
from metallb_operator import problems
from metallb_operator.situation import Problem

MANAGER: Final = "metallb-operator-namespace"
LEVELS: Final = {
    f"pod-security.kubernetes.io/{mode}": "privileged" for mode in ("enforce", "audit", "warn")
}
"""Speakers use the network of the node, which only this level allows (KEP-2579)."""


def labelled(namespace: str) -> dict[str, Any]:
    """Return what is applied to the namespace."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": namespace, "labels": LEVELS},
    }


async def label(
    client: KubeClient, namespace: str, labels: Mapping[str, str] | None
) -> Problem | None:
    """Label a namespace, unless it is so already or was not seen yet; say what keeps it from that.

    Args:
        client: writes.
        namespace: which one.
        labels: that it has.
    """
    if labels is None or LEVELS.items() <= labels.items():
        return None
    try:
        await client.apply(labelled(namespace), field_manager=MANAGER)
    except KubeError as error:
        return problems.of_error(error, f"Namespace {namespace}")
    return None

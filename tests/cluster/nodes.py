"""Simulated nodes: kwok keeps their leases and runs their pods."""

from collections.abc import Mapping
from typing import Any


def nodes(number: int, prefix: str) -> dict[str, Any]:
    """Return a List of nodes PREFIX-1 ..., with the labels that a kubelet would set."""
    return {
        "apiVersion": "v1",
        "kind": "List",
        "items": [_node(f"{prefix}-{index}") for index in range(1, number + 1)],
    }


def _node(name: str) -> dict[str, Any]:
    size = {"cpu": "32", "memory": "64Gi", "pods": "110"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
            },
        },
        "status": {"allocatable": size, "capacity": size},
    }


def is_usable(node: Mapping[str, Any]) -> bool:
    """Whether pods can run there: Ready, and the taint of new nodes taken off."""
    conditions = node.get("status", {}).get("conditions", ())
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    return ready and not node.get("spec", {}).get("taints")

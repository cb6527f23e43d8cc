"""What is kept of objects that are watched: what decisions read, and nothing else. Pure.

A thousand nodes with their images and managed fields would be most of the operator's memory, and
every heartbeat of a node would look like a change.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from metallb_kube.objects import Manifest
from metallb_operator.applyset import FIELD_MANAGER
from metallb_operator.bgpsessions import told_apart
from metallb_operator.fields import at

_POD_METADATA: Final = (
    "name",
    "namespace",
    "uid",
    "labels",
    "ownerReferences",
    "creationTimestamp",
    "deletionTimestamp",
    "resourceVersion",
)
_ACCOUNT_METADATA: Final = ("name", "namespace", "uid", "creationTimestamp", "resourceVersion")
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


def reduced(manifest: Manifest) -> Manifest:
    """Return what is kept of an object."""
    return _REDUCTIONS.get(manifest["kind"], _without_managed_fields)(manifest)


def _without_managed_fields(manifest: Manifest) -> Manifest:
    metadata = {k: v for k, v in manifest["metadata"].items() if k != "managedFields"}
    return {**manifest, "metadata": metadata}


def _workload(manifest: Manifest) -> Manifest:
    """Keep when we have applied it, and nothing of what."""
    kept = _without_managed_fields(manifest)
    ours = [
        _picked(entry, ("manager", "operation", "time"))
        for entry in manifest["metadata"].get("managedFields") or ()
        if entry.get("manager") == FIELD_MANAGER and not entry.get("subresource")
    ]
    return {**kept, "metadata": {**kept["metadata"], "managedFields": ours}} if ours else kept


def _node(manifest: Manifest) -> Manifest:
    conditions = at(manifest, "status", "conditions") or ()
    ready = [
        _picked(c, ("type", "status", "lastTransitionTime"))
        for c in conditions
        if c.get("type") == "Ready"
    ]
    spec = manifest.get("spec") or {}
    return {
        "apiVersion": manifest["apiVersion"],
        "kind": manifest["kind"],
        "metadata": _picked(manifest["metadata"], ("name", "labels")),
        "spec": _picked(spec, ("taints", "unschedulable")),
        "status": {"conditions": ready},
    }


def _pod(manifest: Manifest) -> Manifest:
    return {
        "apiVersion": manifest["apiVersion"],
        "kind": manifest["kind"],
        "metadata": _picked(manifest["metadata"], _POD_METADATA),
        "spec": _pod_spec(manifest.get("spec") or {}),
        "status": manifest.get("status") or {},
    }


def _pod_spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    containers = told_apart(spec)
    kept = _picked(spec, ("nodeName",))
    return {**kept, "containers": containers} if containers else kept


def _account(manifest: Manifest) -> Manifest:
    return {
        "apiVersion": manifest["apiVersion"],
        "kind": manifest["kind"],
        "metadata": _picked(manifest["metadata"], _ACCOUNT_METADATA),
    }


def _secret(manifest: Manifest) -> Manifest:
    """Keep digests in place of values: enough to see a change, useless to whoever dumps memory."""
    data = at(manifest, "data") or {}
    hidden = {key: hashlib.sha256(str(value).encode()).hexdigest() for key, value in data.items()}
    kept = _without_managed_fields(manifest)
    annotations = at(kept, "metadata", "annotations") or {}
    # `kubectl apply` writes the values there once more.
    safe = {key: value for key, value in annotations.items() if key != _LAST_APPLIED}
    return {**kept, "metadata": {**kept["metadata"], "annotations": safe}, "data": hidden}


def _picked(values: Mapping[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: values[key] for key in keys if key in values}


_REDUCTIONS: Final[Mapping[str, Callable[[Manifest], Manifest]]] = {
    "DaemonSet": _workload,
    "Deployment": _workload,
    "Node": _node,
    "Pod": _pod,
    "Secret": _secret,
    "ServiceAccount": _account,
}

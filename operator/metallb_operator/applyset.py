"""Which objects are ours: membership in the ApplySet of the MetalLB object (KEP-3659). Pure.

The MetalLB object is the parent; a member carries the parent's id in a label. What has the
label is ours to prune, what lacks it is never deleted, whatever it is called.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any, Final

from metallb_kube.objects import Manifest, ObjectRef

ID_LABEL: Final = "applyset.kubernetes.io/id"
PART_OF_LABEL: Final = "applyset.kubernetes.io/part-of"
TOOLING_ANNOTATION: Final = "applyset.kubernetes.io/tooling"
KINDS_ANNOTATION: Final = "applyset.kubernetes.io/contains-group-kinds"
HASH_ANNOTATION: Final = "metallb.io/applied-hash"

FIELD_MANAGER: Final = "metallb-operator"
TOOLING: Final = f"metallb-operator/v{version('metallb-operator')}"


def applyset_id(parent: ObjectRef) -> str:
    """Return the id that stands for a parent: what members carry in their label.

    The format is fixed by KEP-3659: a digest of name, namespace, kind and group.
    """
    group, _, _ = parent.api_version.rpartition("/")
    text = f"{parent.name}.{parent.namespace or ''}.{parent.kind}.{group}"
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"applyset-{digest.rstrip('=')}-v1"


def is_member(manifest: Manifest, applyset: str) -> bool:
    """Return whether an object belongs to the ApplySet with this id."""
    labels = manifest.get("metadata", {}).get("labels") or {}
    return bool(labels.get(PART_OF_LABEL) == applyset)


def group_kind(ref: ObjectRef) -> str:
    """Return "Deployment.apps", or "ConfigMap" for the core group."""
    group, _, _ = ref.api_version.rpartition("/")
    return f"{ref.kind}.{group}" if group else ref.kind


def recorded_kinds(parent: Manifest) -> frozenset[str]:
    """Return the kinds that members may have, as the parent's annotation says."""
    annotations = parent.get("metadata", {}).get("annotations") or {}
    text = str(annotations.get(KINDS_ANNOTATION) or "")
    return frozenset(filter(None, text.split(",")))


def parent_patch(
    parent: Manifest, ref: ObjectRef, kinds: Iterable[str]
) -> Mapping[str, Any] | None:
    """Return the merge patch that makes an object the parent, or None when it is already.

    Args:
        parent: the MetalLB object as stored.
        ref: its identity.
        kinds: the group-kinds that members may have from now on. To be widened before a
            member of a new kind is written and narrowed after the last one is gone, so that
            a kill in between never hides a member.
    """
    metadata = parent.get("metadata", {})
    labels = {ID_LABEL: applyset_id(ref)}
    annotations = {TOOLING_ANNOTATION: TOOLING, KINDS_ANNOTATION: ",".join(sorted(kinds))}
    if _within(labels, metadata.get("labels")) and _within(
        annotations, metadata.get("annotations")
    ):
        return None
    # The uid makes the API server refuse the patch when the object is another one by now.
    return {
        "metadata": {
            "uid": metadata.get("uid"),
            "labels": labels,
            "annotations": annotations,
        }
    }


def _within(wanted: Mapping[str, str], found: Mapping[str, str] | None) -> bool:
    return wanted.items() <= (found or {}).items()

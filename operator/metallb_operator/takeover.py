"""Make an object ours as a whole, with whatever somebody else has declared of it. Pure.

Server-side apply leaves alone what others own, and what the API server once filled in for them
(KEP-555). Of an object that somebody else has installed that is too much: containers of another
backend would stay. And fields that exclude ours, such as the rollingUpdate of a strategy that is
to be Recreate, or a probe of another type, make the API server refuse the merged object for ever.

So the object is replaced, the ownership of everything in it is made ours, and then it is applied:
only the last of these writes makes it a member, so that a kill in between repeats them all.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from metallb_kube.objects import Manifest
from metallb_operator.applyset import HASH_ANNOTATION, PART_OF_LABEL
from metallb_operator.fields import at


def replacement(manifest: Manifest, found: Manifest) -> dict[str, Any]:
    """Return what to replace an object with.

    Args:
        manifest: what is to be applied in the end.
        found: the object as the API server has it; that version of it is replaced, no other.
    """
    metadata = dict(manifest["metadata"])
    metadata["labels"] = _without(metadata["labels"], PART_OF_LABEL)
    metadata["annotations"] = _without(metadata["annotations"], HASH_ANNOTATION)
    for key in ("uid", "resourceVersion"):
        metadata[key] = found["metadata"][key]
    # Finalizers are promises made to others.
    if at(found, "metadata", "finalizers"):
        metadata["finalizers"] = found["metadata"]["finalizers"]
    return {**manifest, "metadata": metadata}


def ownership(found: Manifest, manager: str) -> dict[str, Any]:
    """Return the merge patch that lets one manager have applied all that anybody has written.

    Subresources (status, scale) stay with their owners, and so do finalizers.

    Args:
        found: the object as the API server has it.
        manager: the field manager that applies it from now on.
    """
    entries = found["metadata"].get("managedFields") or ()
    written = [entry for entry in entries if not entry.get("subresource")]
    fields = _union(entry.get("fieldsV1") or {} for entry in written)
    if "f:metadata" in fields:
        fields["f:metadata"] = _without(fields["f:metadata"], "f:finalizers")
    ours = {
        "manager": manager,
        "operation": "Apply",
        "apiVersion": found["apiVersion"],
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    others = [entry for entry in entries if entry.get("subresource")]
    return {"metadata": {"uid": found["metadata"]["uid"], "managedFields": [ours, *others]}}


def _union(sets: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the union of sets of fields, which are trees of maps (FieldsV1)."""
    merged: dict[str, Any] = {}
    for fields in sets:
        for key, below in fields.items():
            merged[key] = _union([merged.get(key, {}), below])
    return merged


def _without(values: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != key}

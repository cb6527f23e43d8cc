"""What identifies an object: apiVersion, kind, namespace and name. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Manifest: TypeAlias = Mapping[str, Any]
"""An object as the API server speaks of it: decoded JSON."""


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """The identity of one object; sorts by apiVersion, kind, namespace, name.

    Attributes:
        namespace: None for cluster-scoped objects.
    """

    api_version: str
    kind: str
    namespace: str | None
    name: str

    def __str__(self) -> str:
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {where}{self.name}"

    def __lt__(self, other: "ObjectRef") -> bool:
        return self._key() < other._key()

    def _key(self) -> tuple[str, str, str, str]:
        # None sorts as the empty namespace: comparing it with a string would raise.
        return (self.api_version, self.kind, self.namespace or "", self.name)


def ref_of(manifest: Manifest) -> ObjectRef:
    """Return the identity of a manifest.

    Raises:
        ValueError: apiVersion, kind or metadata.name is missing.
    """
    metadata = manifest.get("metadata") or {}
    found = (manifest.get("apiVersion"), manifest.get("kind"), metadata.get("name"))
    for field, value in zip(("apiVersion", "kind", "metadata.name"), found, strict=True):
        if not isinstance(value, str) or not value:
            raise ValueError(f"manifest without {field}: {str(manifest)[:200]}")
    api_version, kind, name = found
    return ObjectRef(str(api_version), str(kind), metadata.get("namespace") or None, str(name))


def resource_version(manifest: Manifest) -> str:
    """Return metadata.resourceVersion, "" where there is none."""
    return str((manifest.get("metadata") or {}).get("resourceVersion") or "")

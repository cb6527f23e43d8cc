"""What a document is to the linter: its kind, its identity, and what would arrive of it. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from metallb_cli.documents import Document
from metallb_cli.findings import Level, LocatedFinding
from metallb_crds.registry import KINDS, Kind, kind_for
from metallb_kube.printing import clipped

GROUPS: Final = frozenset(row.group for row in KINDS)
KIND_NAMES: Final = frozenset(row.kind for row in KINDS)
CLUSTER_SCOPED: Final = frozenset(
    {"Node", "Namespace", *(row.kind for row in KINDS if not row.namespaced)}
)
# No name of an object is longer; what is told of one that has many faults is told many times.
_NAME: Final = 253
_TEXT: Final = 4096
CORE_KINDS: Final = frozenset({"Node", "Namespace", "Secret", "Service"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One object of the input.

    Attributes:
        manifest: without nulls, which the API server takes as absent; with name and namespace.
        row: the kind in the table of ours; None for a core kind, or one that is not there.
    """

    document: Document
    manifest: Mapping[str, Any]
    row: Kind | None
    group: str
    kind: str
    namespace: str
    name: str

    @property
    def is_core(self) -> bool:
        """Whether it is of a core kind, which the rules only look at."""
        return not self.group and self.kind in CORE_KINDS

    @property
    def identity(self) -> tuple[str, str, str, str]:
        """What the API server tells objects apart by, whatever their version."""
        return self.group, self.kind, self.namespace, self.name

    def finding(self, rule: str, level: Level, path: str, message: str) -> LocatedFinding:
        """Return a finding about this object, at the place of a field."""
        at = self.document.position(path)
        return LocatedFinding(
            at.source,
            at.line,
            at.column,
            rule,
            level,
            clipped(self.kind, _NAME),
            clipped(self.name, _NAME),
            clipped(self.namespace, _NAME),
            clipped(path, _TEXT),
            clipped(message, _TEXT),
        )


def entries(documents: Iterable[Document], namespace: str) -> Iterator[Entry]:
    """Yield the objects that the linter looks at; others are left out.

    Args:
        documents: everything that was read.
        namespace: where objects are that name no namespace.
    """
    generated: Counter[str] = Counter()
    for document in documents:
        group, _, version = _api_version(document).rpartition("/")
        kind = document.manifest["kind"]
        core = version == "v1" and kind in CORE_KINDS
        # A kind of ours without a group lacks its apiVersion: kubectl refuses that.
        meant = kind in KIND_NAMES and (not group or _is_misspelt(group))
        if group in GROUPS or (not group and core) or meant:
            yield _entry(document, namespace, generated)


def _is_misspelt(group: str) -> bool:
    # Others have a BGPPeer, too: Calico's is of projectcalico.org.
    return "metallb" in group or bool(get_close_matches(group, GROUPS, n=1, cutoff=0.8))


def _entry(document: Document, namespace: str, generated: Counter[str]) -> Entry:
    api_version, kind = _api_version(document), str(document.manifest["kind"])
    manifest = _plain(document.manifest)
    metadata = manifest.get("metadata", {})
    if isinstance(metadata, dict):
        manifest["metadata"] = metadata = _placed(kind, metadata, namespace, generated)
    else:
        metadata = {}
    return Entry(
        document,
        manifest,
        kind_for(api_version, kind),
        api_version.rpartition("/")[0],
        kind,
        str(metadata.get("namespace", "")),
        str(metadata.get("name", "")),
    )


def _placed(
    kind: str, metadata: Mapping[str, Any], namespace: str, generated: Counter[str]
) -> dict[str, Any]:
    """Return metadata with the namespace, and a stand-in for a name that is generated."""
    placed = {"namespace": namespace, **metadata}
    prefix = metadata.get("generateName")
    if prefix and isinstance(prefix, str) and not metadata.get("name"):
        generated[prefix] += 1
        placed["name"] = f"{prefix}{generated[prefix]:05d}"
    if kind in CLUSTER_SCOPED:
        del placed["namespace"]
    return placed


def _api_version(document: Document) -> str:
    return str(document.manifest.get("apiVersion") or "")


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever YAML holds
    """Return a value as it is in JSON after the API server has read it.

    Nulls within objects count as absent, and 1.0 is 1.
    """
    if isinstance(value, dict):
        return {key: _plain(below) for key, below in value.items() if below is not None}
    if isinstance(value, list):
        return [_plain(below) for below in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value

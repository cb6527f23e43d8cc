"""One example of every kind and version, out of docs/examples: what catalogues show to users."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from metallb_crds.registry import KINDS, Kind

Document = dict[str, Any]


def read_examples(folder: Path) -> Mapping[str, Document]:
    """Read the example of every kind: `<kind in lower case>.yaml`, one document.

    Raises:
        FileNotFoundError: a kind has none.
    """
    names = {row.kind for row in KINDS}
    return {name: _read(folder / f"{name.lower()}.yaml") for name in sorted(names)}


def _read(path: Path) -> Document:
    found: Document = yaml.safe_load(path.read_text())
    return found


def examples(by_kind: Mapping[str, Document]) -> list[Document]:
    """Return an example of every version of every kind, in the order of the registry.

    Versions of one kind are field-compatible: the example of another is written the same way.
    """
    return [_of(row, by_kind[row.kind]) for row in KINDS]


def _of(row: Kind, document: Document) -> Document:
    api_version = row.model.api_version
    if document["apiVersion"] == api_version:
        return document
    metadata = document["metadata"]
    renamed = {**metadata, "name": f"{metadata['name']}-{row.version}"}
    return {**document, "apiVersion": api_version, "metadata": renamed}

"""Kubernetes objects in YAML or JSON text, and where in the text each field stands."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from metallb_cli.yaml_limits import Tally, UnusableTextError
from metallb_cli.yaml_nodes import Node, compose, plain
from metallb_crds.registry import KINDS

# No list has more entries than nine digits count, and Python refuses to read thousands of them.
_GROUPS: Final = frozenset(row.group for row in KINDS)
_STEP: Final = re.compile(r"\.?([^.\[\]]+)|\[(\d{1,9})\]|\[\"([^\"]*)\"\]")


class UnusableInputError(Exception):
    """The text is no YAML, or no Kubernetes object."""

    def __init__(self, source: str, line: int, column: int, problem: str) -> None:
        """Keep where it went wrong: source name, line and column counted from one."""
        super().__init__(f"{source}:{line}:{column}: {problem}")


class NoObjectError(UnusableInputError):
    """A document is YAML, and no Kubernetes object."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a text; line and column count from one."""

    source: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Document:
    """One object as kubectl would send it, with its place in the text."""

    manifest: Mapping[str, Any]
    source: str
    node: Node

    def position(self, path: str) -> Position:
        """Return where a field stands; its nearest parent where the field itself is absent.

        Args:
            path: a field path such as `spec.addresses[0]`.
        """
        node = self.node
        for name, index in _steps(path):
            below = _child(node, name, index)
            if below is None:
                break
            node = below
        return Position(self.source, node.line, node.column)

    def scalar(self, path: str) -> str:
        """Return the text of a field as it is written; "" where there is none, or no scalar."""
        node = self.node
        for name, index in _steps(path):
            below = _child(node, name, index)
            if below is None:
                return ""
            node = below
        return node.value if isinstance(node.value, str) else ""


def read(
    text: str,
    source: str,
    tally: Tally | None = None,
    others: Callable[[NoObjectError], None] | None = None,
) -> Iterator[Document]:
    """Yield every object of a text; those within a `List` one by one, empty documents not at all.

    Args:
        text: YAML or JSON, possibly several documents.
        source: the name of the text for messages and positions.
        tally: what the texts before this one had, where they count together.
        others: told of each document that is no object, in place of the error.

    Raises:
        UnusableInputError: the text is not YAML, asks for too much, or a document is no object
            with a kind.
    """
    try:
        nodes = list(compose(text, tally=tally))
    except UnusableTextError as error:
        raise UnusableInputError(source, error.line, error.column, error.problem) from error
    for node in nodes:
        try:
            yield from _documents(node, plain(node), source)
        except NoObjectError as error:
            if others is None:
                raise
            others(error)


def _documents(node: Node, manifest: Any, source: str) -> Iterator[Document]:  # noqa: ANN401 - YAML holds anything
    if manifest is None:
        return
    if not isinstance(manifest, dict) or not isinstance(manifest.get("kind"), str):
        # What is meant for MetalLB is never passed over in silence.
        kind = UnusableInputError if _is_meant(manifest) else NoObjectError
        problem = "is no Kubernetes object: it has no `kind`; give apiVersion, kind and metadata"
        raise kind(source, node.line, node.column, problem)
    items = _child(node, "items", None)
    if manifest["kind"].endswith("List") and items and isinstance(items.value, list):
        for item, below in zip(items.value, manifest["items"], strict=True):
            yield from _documents(item, below, source)
        return
    yield Document(manifest, source, node)


def _is_meant(manifest: Any) -> bool:  # noqa: ANN401 - YAML holds anything
    given = manifest if isinstance(manifest, dict) else {}
    return str(given.get("apiVersion") or "").partition("/")[0] in _GROUPS


def _steps(path: str) -> Iterator[tuple[str | None, int | None]]:
    for found in _STEP.finditer(path):
        name, index, quoted = found.groups()
        yield name or quoted, int(index) if index else None


def _child(node: Node, name: str | None, index: int | None) -> Node | None:
    if isinstance(node.value, list):
        return node.value[index] if index is not None and index < len(node.value) else None
    return node.value.get(name or "") if isinstance(node.value, dict) else None

"""Kubernetes objects in YAML or JSON text, and where in the text each field stands."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from metallb_cli.yaml_scalars import Scalar, resolve

_STEP: Final = re.compile(r"\.?([^.\[\]]+)|\[(\d+)\]|\[\"([^\"]*)\"\]")
_TEXT: Final = "tag:yaml.org,2002:str"
_PLAIN: Final = "plain"
_MERGE: Final = "<<"


class _Loader(yaml.SafeLoader):
    """Tells plain scalars apart, and leaves to `resolve` what they mean."""

    def resolve(self, kind: type[yaml.Node], value: str, implicit: Any) -> Any:  # noqa: ANN401 - as inherited
        if kind is yaml.ScalarNode and implicit[0]:
            return _PLAIN
        return super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call] # untyped in the stubs


class UnusableInputError(Exception):
    """The text is no YAML, or no Kubernetes object."""

    def __init__(self, source: str, line: int, column: int, problem: str) -> None:
        """Keep where it went wrong: source name, line and column counted from one."""
        super().__init__(f"{source}:{line}:{column}: {problem}")


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
    node: yaml.Node

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
        mark = node.start_mark
        return Position(self.source, mark.line + 1, mark.column + 1)


def read(text: str, source: str) -> Iterator[Document]:
    """Yield every object of a text; those within a `List` one by one, empty documents not at all.

    Args:
        text: YAML or JSON, possibly several documents.
        source: the name of the text for messages and positions.

    Raises:
        UnusableInputError: the text is not YAML, or a document is no object with a kind.
    """
    try:
        nodes = [node for node in yaml.compose_all(text, Loader=_Loader) if node]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise UnusableInputError(source, line, column, error.problem or "is not YAML") from error
    except yaml.YAMLError as error:
        raise UnusableInputError(source, 1, 1, str(error)) from error
    for node in nodes:
        yield from _documents(node, source)


def _documents(node: yaml.Node, source: str) -> Iterator[Document]:
    manifest = _construct(node, source)
    if manifest is None:
        return
    if not isinstance(manifest, dict) or not isinstance(manifest.get("kind"), str):
        mark = node.start_mark
        raise UnusableInputError(
            source,
            mark.line + 1,
            mark.column + 1,
            "is no Kubernetes object: it has no `kind`; give apiVersion, kind and metadata",
        )
    items = _child(node, "items", None)
    if manifest["kind"].endswith("List") and isinstance(items, yaml.SequenceNode):
        for item in items.value:
            yield from _documents(item, source)
        return
    yield Document(manifest, source, node)


def _construct(node: yaml.Node, source: str) -> Any:  # noqa: ANN401 - YAML holds anything
    if isinstance(node, yaml.MappingNode):
        return dict(_pairs(node, source))
    if isinstance(node, yaml.SequenceNode):
        return [_construct(item, source) for item in node.value]
    return _scalar(node)


def _pairs(node: yaml.MappingNode, source: str) -> Iterator[tuple[str, Any]]:
    seen: set[str] = set()
    for key, value in node.value:
        name = _key(_scalar(key))
        if name == _MERGE:
            below = value.value if isinstance(value, yaml.SequenceNode) else [value]
            for merged in reversed(below):
                yield from _pairs(merged, source)
            continue
        if name in seen:
            mark = key.start_mark
            raise UnusableInputError(
                source, mark.line + 1, mark.column + 1, f"the key {name!r} stands here twice"
            )
        seen.add(name)
        yield name, _construct(value, source)


def _scalar(node: yaml.Node) -> Scalar:
    text = str(node.value)
    return text if node.tag == _TEXT else resolve(text)


def _key(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "null" if value is None else str(value)


def _steps(path: str) -> Iterator[tuple[str | None, int | None]]:
    for found in _STEP.finditer(path):
        name, index, quoted = found.groups()
        yield name or quoted, int(index) if index else None


def _child(node: yaml.Node, name: str | None, index: int | None) -> yaml.Node | None:
    if index is not None and isinstance(node, yaml.SequenceNode):
        return node.value[index] if index < len(node.value) else None
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if _key(_scalar(key)) == name), None)
    return None

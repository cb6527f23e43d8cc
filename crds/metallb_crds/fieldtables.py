"""The fields of a type as a Markdown table, read from pydantic's JSON schema of it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from metallb_crds.base import CRD_DEFAULT, CRD_REQUIRED

Node = Mapping[str, Any]
"""A piece of JSON schema."""

Definitions = Mapping[str, Node]
"""The schemas of types by their names, which references refer to."""

_HEAD: Final = "| Field | Type | Default | Constraints | Description |\n|---|---|---|---|---|\n"
_INT_OR_STRING: Final = "x-kubernetes-int-or-string"
_VALIDATIONS: Final = "x-kubernetes-validations"
_COUNTS: Final = (
    ("minLength", "maxLength", "character"),
    ("minItems", "maxItems", "item"),
)


def table(properties: Mapping[str, Node], definitions: Definitions) -> str:
    """Return the table of some fields, given their schemas by their JSON names, in order."""
    rows = (_row(name, _meant(node), definitions) for name, node in properties.items())
    return _HEAD + "".join(rows)


def reading_order(properties: Mapping[str, Node], definitions: Definitions) -> Sequence[str]:
    """Return the types that fields are made of, each once, and each after one that uses it."""
    found: dict[str, None] = {}

    def visit(node: Any) -> None:  # noqa: ANN401 - whatever a JSON schema holds
        if isinstance(node, list):
            for below in node:
                visit(below)
        elif isinstance(node, dict):
            if "$ref" in node and (name := _name(node)) not in found:
                found[name] = None
                visit(definitions[name])
            visit([below for key, below in node.items() if key != "default"])

    visit(dict(properties))
    return tuple(found)


def _row(name: str, node: Node, definitions: Definitions) -> str:
    default = f"`{json.dumps(node[CRD_DEFAULT])}`" if CRD_DEFAULT in node else ""
    cells = (
        f"`{name}`",
        type_text(node, definitions),
        default,
        "; ".join(constraints(node)),
        _description(node, definitions),
    )
    return "".join(f"| {_cell(cell)} " if cell else "| " for cell in cells) + "|\n"


def _cell(text: str) -> str:
    return text.replace("\n", " ").replace("|", r"\|")


def _description(node: Node, definitions: Definitions) -> str:
    # pydantic drops a description that is also that of the type.
    return str(
        node["description"] if "description" in node else definitions[_name(node)]["description"]
    )


def _name(node: Node) -> str:
    return str(node["$ref"]).rpartition("/")[2]


def type_text(node: Node, definitions: Definitions) -> str:
    """Return the type of a field in words, with a link to the table of its type."""
    node = _meant(node)
    if "$ref" in node:
        name = _name(node)
        # A type without fields has no table.
        return f"[{name}](#{name.lower()})" if definitions[name].get("properties") else "object"
    if node.get(_INT_OR_STRING):
        return "integer or string"
    if node["type"] == "array":
        return f"list of {type_text(node['items'], definitions)}"
    if node["type"] == "object":
        return f"map of string to {type_text(node['additionalProperties'], definitions)}"
    return str(node["type"])


def constraints(node: Node) -> Iterator[str]:
    """Yield what the schema demands of a field, in words."""
    if node.get(CRD_REQUIRED):
        yield "required"
    if "enum" in node:
        yield "one of " + ", ".join(f"`{value}`" for value in node["enum"])
    yield from _range(node.get("minimum"), node.get("maximum"), "")
    for least, most, unit in _COUNTS:
        yield from _range(node.get(least), node.get(most), unit)
    if "pattern" in node:
        yield f"matches `{node['pattern']}`"
    if "format" in node:
        yield f"format {node['format']}"
    for key in node.get("x-kubernetes-list-map-keys", []):
        yield f"one per `{key}`"
    for rule in node.get(_VALIDATIONS, []):
        yield rule["message"]


def _range(least: int | None, most: int | None, unit: str) -> Iterator[str]:
    if least is not None and most is not None:
        yield f"{least} to {_counted(most, unit)}"
    elif least is not None:
        yield f"at least {_counted(least, unit)}"
    elif most is not None:
        yield f"at most {_counted(most, unit)}"


def _counted(number: int, unit: str) -> str:
    plural = "" if number == 1 or not unit else "s"
    return f"{number} {unit}{plural}".strip()


def _meant(node: Node) -> Node:
    """Drop the null of an Optional; the outer node's keys win."""
    if "anyOf" not in node or node.get(_INT_OR_STRING):
        return node
    (only,) = [branch for branch in node["anyOf"] if branch.get("type") != "null"]
    return {**only, **{key: value for key, value in node.items() if key != "anyOf"}}

"""From a pydantic schema to a structural one (Kubernetes: "Specifying a structural schema").

References are inlined, Optional collapses, titles and pydantic's own defaults go; what a field
declares by `schema` and `required` stays.
"""

from collections.abc import Mapping
from typing import Any, Final

from metallb_crds.base import CRD_DEFAULT, CRD_REQUIRED
from metallb_crds.meta import Resource

JsonSchema = dict[str, Any]

_DROPPED: Final = frozenset(
    {"title", "default", "required", "$defs", "$ref", "properties", CRD_DEFAULT, CRD_REQUIRED}
)
_INT_OR_STRING: Final = "x-kubernetes-int-or-string"

_HEAD: Final[Mapping[str, JsonSchema]] = {
    "apiVersion": {
        "type": "string",
        "description": "Group and version of the kind.",
    },
    "kind": {
        "type": "string",
        "description": "The kind of object.",
    },
    "metadata": {"type": "object"},
}


def structural_schema(model: type[Resource]) -> JsonSchema:
    """Return the OpenAPI v3 schema of a kind, ready for its CRD."""
    raw = model.model_json_schema(by_alias=True)
    converted = _convert(raw, raw.get("$defs", {}))
    return converted | {"properties": {**_HEAD, **_without_metadata(converted["properties"])}}


def _without_metadata(properties: JsonSchema) -> JsonSchema:
    # The API server owns the schema of metadata.
    return {name: below for name, below in properties.items() if name != "metadata"}


def _convert(node: JsonSchema, definitions: Mapping[str, JsonSchema]) -> JsonSchema:
    node = _resolve(node, definitions)
    converted = {key: value for key, value in node.items() if key not in _DROPPED}
    if CRD_DEFAULT in node:
        converted["default"] = node[CRD_DEFAULT]
    if "items" in node:
        converted["items"] = _convert(node["items"], definitions)
    if isinstance(node.get("additionalProperties"), dict):
        converted["additionalProperties"] = _convert(node["additionalProperties"], definitions)
    if "properties" in node:
        converted["properties"] = {
            name: _convert(below, definitions) for name, below in sorted(node["properties"].items())
        }
        needed = [name for name, below in node["properties"].items() if below.get(CRD_REQUIRED)]
        if needed:
            converted["required"] = sorted(needed)
    return converted


def _resolve(node: JsonSchema, definitions: Mapping[str, JsonSchema]) -> JsonSchema:
    """Follow references and drop the null of an Optional; the outer node's keys win."""
    if "$ref" in node:
        target = definitions[node["$ref"].rpartition("/")[2]]
        return _resolve({**target, **{k: v for k, v in node.items() if k != "$ref"}}, definitions)
    if "anyOf" in node and not node.get(_INT_OR_STRING):
        (only,) = [branch for branch in node["anyOf"] if branch.get("type") != "null"]
        outer = {key: value for key, value in node.items() if key != "anyOf"}
        return _resolve({**_resolve(only, definitions), **outer}, definitions)
    return node

"""What OLM v1 refuses in the step from one CRD to the next: a row each."""

from copy import deepcopy
from typing import Any

import pytest

from metallb_crds.generate import crds
from metallb_operator.packaging.crd_changes import breaking

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "required": ["name"],
            "properties": {
                "name": {"type": "string", "maxLength": 10, "enum": ["a", "b"]},
                "count": {"type": "integer", "minimum": 1, "default": 1},
                "list": {"type": "array", "items": {"type": "string"}, "maxItems": 5},
                "map": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        }
    },
}


def crd(schema: dict[str, Any], scope: str = "Namespaced", version: str = "v1") -> dict[str, Any]:
    versions = [{"name": version, "schema": {"openAPIV3Schema": schema}}]
    return {"metadata": {"name": "things"}, "spec": {"scope": scope, "versions": versions}}


def changed(field: str, value: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever a schema holds
    """Return the schema with a keyword set below spec.properties; None takes it away."""
    schema = deepcopy(SCHEMA)
    at: Any = schema["properties"]["spec"]
    *above, last = field.split(".")
    for key in above:
        at = at[key]
    if value is None:
        at.pop(last, None)
    else:
        at[last] = value
    return schema


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("properties.count", None, "spec.count is gone"),
        ("properties.count.type", "string", "spec.count was of type integer and is of string"),
        ("properties.count.default", 2, "the default of spec.count was 1 and is 2"),
        ("properties.count.default", None, "the default of spec.count was 1 and is None"),
        ("properties.count.minimum", 2, "minimum of spec.count was 1 and is 2"),
        ("properties.count.maximum", 9, "maximum of spec.count was None and is 9"),
        ("properties.list.maxItems", 4, "maxItems of spec.list was 5 and is 4"),
        ("properties.list.items.type", "integer", "spec.list[] was of type string"),
        ("properties.map.additionalProperties.type", "integer", "spec.map[*] was of type string"),
        ("properties.name.enum", ["a"], "spec.name can no longer be b"),
        ("properties.list.items.enum", ["a"], "spec.list[] has become one of a"),
        ("required", ["name", "count"], "spec.count has become required"),
    ],
)
def test_what_breaks(field: str, value: Any, said: str) -> None:  # noqa: ANN401 - as above
    [found] = breaking(crd(SCHEMA), crd(changed(field, value)))
    assert found.startswith(f"things v1: {said}")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("properties.count.minimum", 0),
        ("properties.count.minimum", None),
        ("properties.list.maxItems", 6),
        ("properties.name.enum", ["a", "b", "c"]),
        ("properties.name.enum", None),
        ("properties.more", {"type": "string"}),
        ("required", []),
    ],
)
def test_what_does_not(field: str, value: Any) -> None:  # noqa: ANN401 - as above
    assert list(breaking(crd(SCHEMA), crd(changed(field, value)))) == []


def test_scope_and_versions() -> None:
    assert list(breaking(crd(SCHEMA), crd(SCHEMA, scope="Cluster", version="v2"))) == [
        "things: the scope was Namespaced and is Cluster",
        "things v1: the version is gone",
    ]


def test_ours_break_nothing_of_themselves() -> None:
    assert not [found for one in crds().values() for found in breaking(one, one)]

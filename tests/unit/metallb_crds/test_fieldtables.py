"""Fields as tables: types, constraints and order in words."""

from typing import Any

import pytest

from metallb_crds.base import CRD_DEFAULT, CRD_REQUIRED
from metallb_crds.fieldtables import constraints, reading_order, table, type_text

DEFINITIONS: dict[str, Any] = {
    "Inner": {"description": "An inner part.", "properties": {"a": {"type": "string"}}},
    "Empty": {"description": "Empty; reserved."},
    "Deep": {"properties": {"inner": {"anyOf": [{"$ref": "#/$defs/Inner"}, {"type": "null"}]}}},
    "Ring": {"properties": {"ring": {"items": {"$ref": "#/$defs/Ring"}}}},
}
INNER = {"$ref": "#/$defs/Inner"}


@pytest.mark.parametrize(
    ("node", "text"),
    [
        ({"type": "string"}, "string"),
        ({"type": "boolean"}, "boolean"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer"),
        (
            {
                "anyOf": [{"type": "integer"}, {"type": "string"}],
                "x-kubernetes-int-or-string": True,
            },
            "integer or string",
        ),
        (INNER, "[Inner](#inner)"),
        ({"anyOf": [INNER, {"type": "null"}]}, "[Inner](#inner)"),
        ({"$ref": "#/$defs/Empty"}, "object"),
        ({"type": "array", "items": INNER}, "list of [Inner](#inner)"),
        (
            {"type": "object", "additionalProperties": {"type": "string"}},
            "map of string to string",
        ),
    ],
)
def test_types(node: dict[str, Any], text: str) -> None:
    assert type_text(node, DEFINITIONS) == text


@pytest.mark.parametrize(
    ("node", "words"),
    [
        ({}, []),
        ({CRD_REQUIRED: True}, ["required"]),
        ({"enum": ["a", "b"]}, ["one of `a`, `b`"]),
        ({"minimum": 0, "maximum": 9}, ["0 to 9"]),
        ({"minimum": 0}, ["at least 0"]),
        ({"maximum": 0}, ["at most 0"]),
        ({"minLength": 1, "maxLength": 9}, ["1 to 9 characters"]),
        ({"maxItems": 1}, ["at most 1 item"]),
        ({"minItems": 2}, ["at least 2 items"]),
        ({"pattern": "^a$"}, ["matches `^a$`"]),
        ({"format": "int32"}, ["format int32"]),
        ({"x-kubernetes-list-map-keys": ["type"]}, ["one per `type`"]),
        ({"x-kubernetes-validations": [{"rule": "x", "message": "must be x"}]}, ["must be x"]),
        ({CRD_REQUIRED: True, "minimum": 1}, ["required", "at least 1"]),
    ],
)
def test_constraints(node: dict[str, Any], words: list[str]) -> None:
    assert list(constraints(node)) == words


@pytest.mark.parametrize(
    ("node", "row"),
    [
        ({"type": "string", "description": "A text."}, "| `f` | string | | | A text. |"),
        (
            {"type": "boolean", "description": "A truth.", CRD_DEFAULT: True},
            "| `f` | boolean | `true` | | A truth. |",
        ),
        (
            {"type": "string", "pattern": "^(a|b)$", "description": "A\ntext."},
            r"| `f` | string | | matches `^(a\|b)$` | A text. |",
        ),
        # The description is that of the type unless the field has its own.
        (INNER, "| `f` | [Inner](#inner) | | | An inner part. |"),
        (INNER | {"description": "Mine."}, "| `f` | [Inner](#inner) | | | Mine. |"),
    ],
)
def test_rows(node: dict[str, Any], row: str) -> None:
    assert table({"f": node}, DEFINITIONS).splitlines()[2:] == [row]


@pytest.mark.parametrize(
    ("properties", "names"),
    [
        ({}, ()),
        ({"a": {"type": "string"}}, ()),
        ({"a": INNER, "b": {"$ref": "#/$defs/Empty"}}, ("Inner", "Empty")),
        (
            {"a": {"$ref": "#/$defs/Deep"}, "b": {"$ref": "#/$defs/Empty"}},
            ("Deep", "Inner", "Empty"),
        ),
        ({"a": INNER, "b": {"type": "array", "items": INNER}}, ("Inner",)),
        ({"a": {"$ref": "#/$defs/Ring"}}, ("Ring",)),
        # What a field holds when it is absent is no reference.
        ({"a": {"type": "object", "default": {"$ref": "#/$defs/Inner"}}}, ()),
    ],
)
def test_reading_order(properties: dict[str, Any], names: tuple[str, ...]) -> None:
    assert reading_order(properties, DEFINITIONS) == names

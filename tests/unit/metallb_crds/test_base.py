"""Decoding takes what Go's JSON decoder takes, and fields declare what their schema says."""

from collections import UserDict
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from metallb_crds.base import CRD_DEFAULT, CRD_REQUIRED, Items, Model, cel, required, schema


class Part(Model):
    """A part."""

    name: str = schema("unnamed")
    """Its name."""


class Thing(Model):
    """A thing with a field of every sort."""

    text: str = schema("")
    """A text."""
    some_number: int = schema(7, default=7, minimum=1, maximum=9)
    """A number."""
    optional_number: int | None = schema()
    """A number that may be missing."""
    flag: bool = schema(False)  # noqa: FBT003 - the default of the field
    """A truth."""
    needed: str = required("", alias="NEEDED", minLength=1)
    """A text that the schema requires."""
    parts: Items[Part] = schema((), maxItems=2)
    """Parts."""
    texts: Items[str] = schema((), x_kubernetes_list_type="atomic")
    """Texts."""
    labels: Mapping[str, str] = schema({})
    """Texts by name."""
    part: Part = schema(Part())
    """A part."""


def shown(field: str) -> Any:  # noqa: ANN401 - a piece of JSON schema
    return Thing.model_json_schema(by_alias=True)["properties"][field]


@pytest.mark.parametrize(
    ("manifest", "field", "value"),
    [
        ({}, "text", ""),
        ({}, "some_number", 7),
        ({}, "optional_number", None),
        ({}, "needed", ""),
        ({}, "parts", ()),
        ({}, "part", Part(name="unnamed")),
        ({"text": "x"}, "text", "x"),
        ({"someNumber": 3}, "some_number", 3),
        ({"NEEDED": "x"}, "needed", "x"),
        ({"parts": [{"name": "a"}, {}]}, "parts", (Part(name="a"), Part(name="unnamed"))),
        ({"texts": ["a", "b"]}, "texts", ("a", "b")),
        ({"labels": {"a": "b"}}, "labels", {"a": "b"}),
        ({"part": {"name": "a"}}, "part", Part(name="a")),
        # Null is absent, at every depth.
        ({"text": None}, "text", ""),
        ({"someNumber": None}, "some_number", 7),
        ({"parts": None}, "parts", ()),
        ({"labels": None}, "labels", {}),
        ({"part": None}, "part", Part()),
        ({"part": {"name": None}}, "part", Part()),
        ({"parts": [{"name": None}]}, "parts", (Part(),)),
        # Bounds, lengths and what is required are for the API server to enforce.
        ({"someNumber": 1000}, "some_number", 1000),
        ({"someNumber": -1}, "some_number", -1),
        ({"NEEDED": ""}, "needed", ""),
        ({"parts": [{}, {}, {}]}, "parts", (Part(), Part(), Part())),
        # Unknown fields are ignored; our own spelling of a field is unknown to Kubernetes, too.
        ({"unheardOf": 1}, "text", ""),
        ({"some_number": 3}, "some_number", 7),
        ({"part": {"name": "a", "more": {}}}, "part", Part(name="a")),
    ],
)
def test_decoding(manifest: dict[str, Any], field: str, value: object) -> None:
    assert getattr(Thing.parse(manifest), field) == value


@pytest.mark.parametrize(
    ("manifest", "where"),
    [
        ({"text": 1}, ("text",)),
        ({"text": True}, ("text",)),
        ({"text": ["x"]}, ("text",)),
        ({"someNumber": "3"}, ("someNumber",)),
        ({"someNumber": 3.0}, ("someNumber",)),
        ({"someNumber": True}, ("someNumber",)),
        ({"flag": "true"}, ("flag",)),
        ({"flag": 1}, ("flag",)),
        ({"parts": "x"}, ("parts",)),
        ({"parts": {"name": "x"}}, ("parts",)),
        ({"parts": [{"name": 1}]}, ("parts", 0, "name")),
        ({"texts": "abc"}, ("texts",)),
        ({"texts": ["a", 1]}, ("texts", 1)),
        ({"texts": ["a", None]}, ("texts", 1)),
        ({"labels": {"a": 1}}, ("labels", "a")),
        ({"labels": ["a"]}, ("labels",)),
        ({"part": "x"}, ("part",)),
        ({"part": []}, ("part",)),
    ],
)
def test_a_wrong_type_is_no_object(manifest: dict[str, Any], where: tuple[object, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        Thing.parse(manifest)
    assert [error["loc"] for error in caught.value.errors()] == [where]


def test_any_mapping_is_decoded() -> None:
    manifest = UserDict({"part": UserDict({"name": "a"}), "text": None})
    assert Thing.parse(manifest) == Thing(part=Part(name="a"))


def test_models_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Thing.parse({}).text = "other"  # type: ignore[misc] # what the test is about


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("text", {"type": "string", "description": "A text."}),
        ("someNumber", {"type": "integer", "minimum": 1, "maximum": 9, CRD_DEFAULT: 7}),
        ("NEEDED", {"type": "string", "minLength": 1, CRD_REQUIRED: True}),
        ("texts", {"x-kubernetes-list-type": "atomic", "items": {"type": "string"}}),
        ("parts", {"maxItems": 2, "items": {"$ref": "#/$defs/Part"}}),
    ],
)
def test_fields_declare_their_schema(field: str, expected: dict[str, Any]) -> None:
    assert expected.items() <= shown(field).items()


def test_only_what_is_declared_is_a_default_or_required() -> None:
    assert CRD_DEFAULT not in shown("text")
    assert CRD_REQUIRED not in shown("text")
    assert "x-kubernetes-list-type" not in shown("parts")


def test_an_expression_carries_its_message() -> None:
    assert cel("self > 0", "must be positive") == {
        "rule": "self > 0",
        "message": "must be positive",
    }

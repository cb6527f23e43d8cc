"""The frozen base of every model, and how a field says what its CRD schema looks like.

Decoding enforces types only, as Go's JSON decoder does: a string is never an integer, null counts
as absent, unknown fields are ignored. Bounds, enums, patterns and CEL rules are schema: the API
server enforces them before anybody else sees an object, and a stored object that violates a newer
schema must still be readable.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, Strict, model_validator
from pydantic.alias_generators import to_camel
from pydantic.config import JsonDict

T = TypeVar("T")

Items = Annotated[tuple[T, ...], Strict(False)]
"""A list in JSON, a tuple here: models are frozen."""

CRD_DEFAULT: Final = "x-crd-default"
"""Schema key under which a field declares the default that the API server fills in."""

CRD_REQUIRED: Final = "x-crd-required"
"""Schema key by which a field says that the schema requires it."""


class Model(BaseModel):
    """An immutable piece of an API object."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        alias_generator=to_camel,
        strict=True,
        use_attribute_docstrings=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, data: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
        if isinstance(data, Mapping):
            return {key: value for key, value in data.items() if value is not None}
        return data

    @classmethod
    def parse(cls, manifest: Mapping[str, Any]) -> Self:
        """Decode JSON data; fields go by their JSON names only.

        Raises:
            pydantic.ValidationError: a field has the wrong type.
        """
        return cls.model_validate(manifest, by_alias=True, by_name=False)


def schema(value: Any = None, /, *, alias: str | None = None, **keywords: Any) -> Any:  # noqa: ANN401 - stands in for Field
    """Declare an optional field.

    Args:
        value: what the field holds when it is absent.
        alias: its JSON name where that is not the camelCase of its own.
        keywords: OpenAPI keywords of its schema; underscores stand for hyphens, `default` is what
            the API server fills in.
    """
    return Field(value, alias=alias, json_schema_extra=_keywords(keywords))


def required(value: Any, /, *, alias: str | None = None, **keywords: Any) -> Any:  # noqa: ANN401 - stands in for Field
    """Declare a field that the schema requires.

    Go decodes an absent field to its zero value, and so do we: `value` is what it holds then.
    Other arguments as in `schema`.
    """
    return Field(value, alias=alias, json_schema_extra=_keywords(keywords) | {CRD_REQUIRED: True})


def cel(rule: str, message: str) -> JsonDict:
    """Return a validation rule in the Common Expression Language (KEP-2876)."""
    return {"rule": rule, "message": message}


def _keywords(keywords: Mapping[str, Any]) -> dict[str, Any]:
    named = {
        key.replace("_", "-") if key.startswith("x_") else key: value
        for key, value in keywords.items()
    }
    if "default" in named:
        named[CRD_DEFAULT] = named.pop("default")
    return named

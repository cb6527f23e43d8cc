"""Check manifests against the schemas of our CRDs, as the API server does. Pure.

jsonschema walks; what Kubernetes adds to JSON Schema (validation rules, unknown fields), or means
otherwise (Go's regular expressions), is told to it here.
"""

import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from metallb_cli.findings import Level
from metallb_cli.metadata import ANYTHING, FORMATS, METADATA, WORDING
from metallb_cli.paths import path_of
from metallb_cli.validations import holds
from metallb_crds.registry import Kind
from metallb_crds.structural import structural_schema
from metallb_kube.printing import clipped

Schema = Mapping[str, Any]

UNKNOWN_FIELD: Final = "schema-unknown-field"
REQUIRED: Final = "schema-required"
TYPE: Final = "schema-type"
VALUE: Final = "schema-value"
VALIDATION: Final = "schema-validation"

_CEL: Final = "x-kubernetes-validations"
_VALUE_CHARACTERS: Final = 60
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, default=str)
_TYPES: Final[Mapping[str, str]] = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
}
_BARE: Final[Mapping[str, re.Pattern[str]]] = {
    "integer": re.compile(r'" *[+-]?\d+ *"'),
    "number": re.compile(r'" *[+-]?\d+(\.\d+)? *"'),
    "boolean": re.compile(r'" *(true|false|yes|no|on|off) *"', re.IGNORECASE),
}
"""Texts, as JSON has them, that are something else without their quotes."""
_RULES: Final[Mapping[str, str]] = {
    "type": TYPE,
    "anyOf": TYPE,
    "required": REQUIRED,
    "properties": UNKNOWN_FIELD,
    _CEL: VALIDATION,
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that the schema does not allow."""

    rule: str
    path: str
    message: str
    level: Level = Level.ERROR


def problems(manifest: Mapping[str, Any], row: Kind) -> Iterator[Problem]:
    """Yield what the API server would refuse or drop of a manifest, for its schema alone.

    `status` is not looked at: the API server ignores it when an object is created.

    Args:
        manifest: decoded, without nulls.
        row: the kind and version that the manifest names.
    """
    return against(manifest, _schema_of(row))


def against(manifest: Mapping[str, Any], schema: Schema) -> Iterator[Problem]:
    """Yield what a structural schema does not allow of a manifest."""
    validator = _Validator(schema, format_checker=FORMATS)
    for error in validator.iter_errors(manifest):
        yield _problem(error)


@cache
def _schema_of(row: Kind) -> Schema:
    schema = structural_schema(row.model)
    schema["properties"]["metadata"] = METADATA
    if "status" in schema["properties"]:
        schema["properties"]["status"] = ANYTHING
    return schema


def _problem(error: ValidationError) -> Problem:
    rule = _RULES.get(str(error.validator), VALUE)
    level = Level.WARNING if rule == UNKNOWN_FIELD else Level.ERROR
    path = path_of(error.absolute_path)
    write = _MESSAGES.get(str(error.validator))
    # Whatever stands where a password belongs may be one.
    hidden = "password" in path.lower()
    value = "" if not write else "the value" if hidden else _shown(error.instance)
    message = write(value, error.validator_value) if write else error.message
    return Problem(rule, path, message, level)


def _shown(value: object) -> str:
    # Part by part: a value that many things are wrong with may be a whole file.
    text = ""
    for part in _ENCODER.iterencode(value):
        text += part
        if len(text) > _VALUE_CHARACTERS:
            break
    return clipped(text, _VALUE_CHARACTERS)


def _remedy(value: str, wanted: str) -> str:
    """Return how a scalar becomes what it should be: YAML reads `yes` as no text, "5" as text."""
    if wanted == "string":
        return "; put it in quotes" if value[0] not in '{["' else ""
    bare = _BARE.get(wanted)
    return "; take the quotes off" if bare and bare.fullmatch(value) else ""


_MESSAGES: Final[Mapping[str, Callable[[str, Any], str]]] = {
    "type": lambda value, wanted: f"{value} is not {_TYPES[wanted]}{_remedy(value, wanted)}",
    "anyOf": lambda value, _: f"{value} is neither a whole number nor text",
    "enum": lambda value, words: f"{value} is none of {', '.join(map(str, words))}",
    "minimum": lambda value, bound: f"{value} is less than {bound}",
    "maximum": lambda value, bound: f"{value} is greater than {bound}",
    "minLength": lambda value, bound: f"{value} has fewer than {bound} characters",
    "maxLength": lambda value, bound: f"{value} has more than {bound} characters",
    "minItems": lambda _, bound: f"the list has fewer than {bound} entries",
    "maxItems": lambda _, bound: f"the list has more than {bound} entries",
    "pattern": lambda value, pattern: f"{value} does not match {pattern}",
    "format": lambda value, name: f"{value} is no {WORDING[name]}",
}


def _properties(
    validator: Any,  # noqa: ANN401 - made at run time, no class to name
    properties: Mapping[str, Schema],
    instance: object,
    schema: Schema,
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    for name, below in properties.items():
        if name in instance:
            yield from validator.descend(instance[name], below, path=name, schema_path=name)
    if not schema.get("x-kubernetes-preserve-unknown-fields"):
        for name in instance:
            if name not in properties:
                yield ValidationError(_unknown(name, properties), path=[name])


def _unknown(name: str, properties: Mapping[str, Schema]) -> str:
    by_lower = {known.lower(): known for known in properties}
    near = difflib.get_close_matches(name.lower(), by_lower, n=1)
    hint = f"did you mean {by_lower[near[0]]!r}?" if near else f"known are {_listed(properties)}"
    return f"there is no field {name!r} here, and what it says has no effect; {hint}"


def _listed(properties: Mapping[str, Schema]) -> str:
    return ", ".join(sorted(properties))


def _required(
    _validator: object, names: list[str], instance: object, _schema: Schema
) -> Iterator[ValidationError]:
    for name in names:
        if isinstance(instance, dict) and name not in instance:
            yield ValidationError("is required and missing", path=[name])


def _validations(
    _validator: object, rules: list[Mapping[str, str]], instance: object, _schema: Schema
) -> Iterator[ValidationError]:
    for rule in rules:
        if not holds(rule["rule"], instance):
            yield ValidationError(rule["message"])


def _pattern(
    _validator: object, pattern: str, instance: object, _schema: Schema
) -> Iterator[ValidationError]:
    # In Go `$` is the end alone, not also before a last newline, and `\w` is ASCII.
    exact = f"{pattern.removesuffix('$')}\\Z" if pattern.endswith("$") else pattern
    if isinstance(instance, str) and not re.search(exact, instance, re.ASCII):
        yield ValidationError("does not match")


_Validator: Final = extend(  # type: ignore[no-untyped-call] # untyped in the stubs
    Draft202012Validator,
    {
        "properties": _properties,
        "required": _required,
        "pattern": _pattern,
        _CEL: _validations,
    },
)

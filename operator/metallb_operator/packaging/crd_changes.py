"""What of a CRD's change breaks objects that are stored, or clients of the release before. Pure.

The rules are those of OLM v1, which refuses an upgrade that breaks one (operator-controller 1.11.0,
internal/operator-controller/rukpak/preflights/crdupgradesafety): the scope stays, a stored version
and every field stay, nothing becomes required, of another type, narrower, or of another default.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

Document = Mapping[str, Any]

_LOWER: Final = ("minimum", "minLength", "minItems", "minProperties")
_UPPER: Final = ("maximum", "maxLength", "maxItems", "maxProperties")


def breaking(old: Document, new: Document) -> Iterator[str]:
    """Yield what breaks, each a sentence with the version and the path of the field.

    Args:
        old: a CustomResourceDefinition of the release before.
        new: the same one now.
    """
    name, before, after = old["metadata"]["name"], old["spec"], new["spec"]
    if before["scope"] != after["scope"]:
        yield f"{name}: the scope was {before['scope']} and is {after['scope']}"
    versions = {version["name"]: version for version in after["versions"]}
    for version in before["versions"]:
        where = f"{name} {version['name']}"
        if version["name"] not in versions:
            yield f"{where}: the version is gone"
            continue
        found = _schema(version), _schema(versions[version["name"]])
        for problem in _schema_changes(*found, ""):
            yield f"{where}: {problem}"


def _schema(version: Document) -> Document:
    found: Document = version.get("schema", {}).get("openAPIV3Schema", {})
    return found


def _schema_changes(old: Document, new: Document, path: str) -> Iterator[str]:
    where = path or "the object"
    if old.get("type") != new.get("type"):
        yield f"{where} was of type {old.get('type')} and is of {new.get('type')}"
    if old.get("default") != new.get("default"):
        yield f"the default of {where} was {old.get('default')!r} and is {new.get('default')!r}"
    for field in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
        yield f"{_below(path, field)} has become required"
    yield from _enum_changes(old, new, where)
    yield from _bound_changes(old, new, where)
    fields: Mapping[str, Document] = new.get("properties", {})
    for field, schema in old.get("properties", {}).items():
        if field not in fields:
            yield f"{_below(path, field)} is gone"
        else:
            yield from _schema_changes(schema, fields[field], _below(path, field))
    for key, suffix in (("items", "[]"), ("additionalProperties", "[*]")):
        if isinstance(old.get(key), dict) and isinstance(new.get(key), dict):
            yield from _schema_changes(old[key], new[key], path + suffix)


def _below(path: str, field: str) -> str:
    return f"{path}.{field}".removeprefix(".")


def _enum_changes(old: Document, new: Document, where: str) -> Iterator[str]:
    before: Sequence[Any] | None = old.get("enum")
    after: Sequence[Any] | None = new.get("enum")
    if after is None:
        return
    if before is None:
        yield f"{where} has become one of {', '.join(map(str, after))}"
        return
    for value in before:
        if value not in after:
            yield f"{where} can no longer be {value}"


def _bound_changes(old: Document, new: Document, where: str) -> Iterator[str]:
    for bounds, sign in ((_LOWER, 1), (_UPPER, -1)):
        for bound in bounds:
            before, after = old.get(bound), new.get(bound)
            if after is not None and (before is None or sign * after > sign * before):
                yield f"{bound} of {where} was {before} and is {after}"

"""Models, CRDs, examples and the words of conditions say the same thing."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, get_args

import pytest
import yaml
from jsonschema import Draft202012Validator

from metallb_cli.documents import read
from metallb_crds.base import Model
from metallb_crds.docs import EXAMPLES, reference
from metallb_crds.generate import files
from metallb_crds.registry import KINDS, Kind, model_for
from metallb_operator.conditions import Reason, Truth, Type

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "crds"
CONDITION: Final = re.compile(r"\[\?\(@\.type=='(\w+)'\)\]")
every_kind = pytest.mark.parametrize("row", KINDS, ids=lambda row: f"{row.kind}-{row.version}")


@cache
def definition(row: Kind) -> dict[str, Any]:
    return dict(yaml.load((FOLDER / f"{row.crd_name}.yaml").read_text(), yaml.CSafeLoader))


def version(row: Kind) -> dict[str, Any]:
    """Return what the committed CRD says of one version."""
    versions = definition(row)["spec"]["versions"]
    (found,) = (one for one in versions if one["name"] == row.version)
    return dict(found)


def schema(row: Kind) -> dict[str, Any]:
    return dict(version(row)["schema"]["openAPIV3Schema"])


def below(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields of an object, or of what a list or a map holds."""
    while "properties" not in node:
        node = node.get("items") or node.get("additionalProperties") or {"properties": {}}
    return dict(node["properties"])


def schema_fields(node: Mapping[str, Any], path: str = "") -> Iterator[str]:
    for name, child in below(node).items():
        yield f"{path}.{name}"
        yield from schema_fields(child, f"{path}.{name}")


def model_fields(model: type[Model], path: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        here = f"{path}.{field.alias or name}"
        yield here
        for part in models_in(field.annotation):
            yield from model_fields(part, here)


def models_in(annotation: Any) -> Iterator[type[Model]]:  # noqa: ANN401 - a type of any form
    if isinstance(annotation, type) and issubclass(annotation, Model):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def documents(*paths: Path) -> Iterator[dict[str, Any]]:
    for path in paths:
        for document in read(path.read_text(), path.name):
            yield dict(document.manifest)


OURS: Final = [
    pytest.param(path, id=str(path.relative_to(EXAMPLES)))
    for path in sorted(EXAMPLES.rglob("*.yaml"))
    if any(d["apiVersion"].partition("/")[0].endswith("metallb.io") for d in documents(path))
]


def test_the_committed_files_are_the_generated_ones() -> None:
    assert {path.name: path.read_text() for path in FOLDER.glob("*.yaml")} == files()


def test_the_reference_is_current() -> None:
    examples = {path.name: path.read_text() for path in EXAMPLES.glob("*.yaml")}
    assert (ROOT / "docs" / "api.md").read_text() == reference(KINDS, examples)


@every_kind
def test_models_and_schemas_have_the_same_fields(row: Kind) -> None:
    # The API server owns metadata, and every object has apiVersion and kind.
    modelled = {name for name in model_fields(row.model) if not name.startswith(".metadata")}
    described = set(schema_fields(schema(row))) - {".apiVersion", ".kind", ".metadata"}
    assert modelled == described


@every_kind
def test_columns_show_fields_that_exist(row: Kind) -> None:
    fields = {*schema_fields(schema(row)), ".metadata.creationTimestamp"}
    shown = [column["jsonPath"] for column in version(row).get("additionalPrinterColumns", [])]
    assert {CONDITION.sub("", path) for path in shown} <= fields


def test_columns_show_conditions_that_exist() -> None:
    paths = [column.json_path for row in KINDS for column in row.columns]
    assert {kind for path in paths for kind in CONDITION.findall(path)} <= set(Type)


@pytest.mark.parametrize(
    ("field", "words"),
    [("reason", tuple(Reason)), ("type", tuple(Type))],
    ids=["reason", "type"],
)
def test_words_of_conditions_match_the_schema(field: str, words: tuple[str, ...]) -> None:
    pattern = metallb_condition()[field]["pattern"]
    assert [word for word in words if not re.fullmatch(pattern, word)] == []


def test_truths_of_conditions_are_those_of_the_schema() -> None:
    assert set(metallb_condition()["status"]["enum"]) == set(Truth)


def metallb_condition() -> Mapping[str, Any]:
    (row,) = (row for row in KINDS if row.kind == "MetalLB")
    return below(below(below(schema(row))["status"])["conditions"])


def test_both_versions_of_a_peer_are_field_compatible() -> None:
    old, new = (types(schema(row)) for row in KINDS if row.kind == "BGPPeer")
    assert old.items() <= new.items()


def types(node: Mapping[str, Any]) -> dict[str, str]:
    return {
        path: child["type"]
        for name, value in below(node).items()
        for path, child in [(name, value), *nested(name, value)]
    }


def nested(path: str, node: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, child in below(node).items():
        yield f"{path}.{name}", child
        yield from nested(f"{path}.{name}", child)


@every_kind
def test_the_parent_of_the_applyset_says_so(row: Kind) -> None:
    """As KEP-3659 asks of the CRD of a parent."""
    labels = definition(row)["metadata"]["labels"]
    is_parent = labels.get("applyset.kubernetes.io/is-parent-type") == "true"
    assert is_parent is (row.kind == "MetalLB")


def test_there_is_an_example_of_every_kind() -> None:
    found = {
        (path.stem, document["kind"], document["apiVersion"])
        for path in EXAMPLES.glob("*.yaml")
        for document in documents(path)
    }
    stored = [row for row in KINDS if row.storage]
    assert found == {(row.kind.lower(), row.kind, row.model.api_version) for row in stored}


@pytest.mark.parametrize("path", OURS)
def test_examples_are_valid(path: Path) -> None:
    for document in documents(path):
        (row,) = (r for r in KINDS if (r.model.api_version, r.kind) == head(document))
        Draft202012Validator(schema(row)).validate(document)


@pytest.mark.parametrize("path", OURS)
def test_examples_can_be_read_and_hold_no_unknown_field(path: Path) -> None:
    for document in documents(path):
        model = model_for(*head(document))
        assert model is not None
        known = model.parse(document).model_dump(mode="json", by_alias=True)
        assert missing(document, known | {"apiVersion": "", "kind": ""}) == []


def head(document: Mapping[str, Any]) -> tuple[str, str]:
    return document["apiVersion"], document["kind"]


def missing(given: Any, known: Any, path: str = "") -> list[str]:  # noqa: ANN401 - whatever JSON holds
    """Return the fields of a document that decoding it has lost."""
    if isinstance(given, dict):
        lost = [f"{path}.{name}" for name in given if name not in known]
        return lost + [
            field
            for name in given.keys() & known.keys()
            for field in missing(given[name], known[name], f"{path}.{name}")
        ]
    if isinstance(given, list):
        pairs = zip(given, known, strict=True)
        return [field for one, other in pairs for field in missing(one, other, f"{path}[]")]
    return []

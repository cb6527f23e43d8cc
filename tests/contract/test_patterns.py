"""CRD, rules and the chart's values agree about what images, registries and names look like."""

from collections.abc import Iterator
from typing import Any, Final

import orjson
import pytest
from jsonschema import Draft202012Validator

from metallb_cli.schema import against
from metallb_crds.operator_v1beta1 import CLASS_PATTERN, MetalLB
from metallb_crds.patterns import IMAGE, NAME, REGISTRY, optional
from metallb_crds.structural import structural_schema
from metallb_operator.chart import FOLDER
from support.judging import judge
from support.samples import metallb

FIELDS: Final = {
    "images.registry": ("images.registry", REGISTRY),
    "images.controller": ("images.controller", IMAGE),
    "images.speaker": ("images.speaker", IMAGE),
    "images.frr": ("images.frr images.frrK8sFrr", IMAGE),
    "images.frrK8s": ("images.frrK8s", IMAGE),
    "images.pullSecrets[]": ("images.pullSecrets[]", NAME),
    "controllerConfig.priorityClassName": ("controller.priorityClassName", NAME),
    "controllerConfig.runtimeClassName": ("controller.runtimeClassName", NAME),
    "speakerConfig.priorityClassName": ("speaker.priorityClassName", NAME),
    "speakerConfig.runtimeClassName": ("speaker.runtimeClassName", NAME),
    "frrk8sConfig.namespace": ("frrK8s.namespace", NAME),
    "loadBalancerClass": ("loadBalancerClass", CLASS_PATTERN),
}
"""Fields of the spec, the chart's values that they become, and the pattern of what is given."""

CRD: Final = structural_schema(MetalLB)
VALUES: Final[dict[str, Any]] = orjson.loads((FOLDER / "values.schema.json").read_bytes())
TEXTS: Final = (
    "a",
    "a.b-c",
    "registry.example:5000/a/b__c",
    "registry.example:5000/a/b:v1",
    "quay.io/metallb/speaker:v0.16.1",
    f"quay.io/metallb/speaker@sha256:{'0' * 64}",
    "A",
    "-a",
    "a-",
    "a..b",
    "a b",
    "a\n",
    "x\n---\nkind: Pod",
    "https://x",
    "a: b",
    '"',
    "é",
    "a/é:٣",
    "{{",
    "a" * 300,
    "a" * 600,
)
PAIRS: Final = [(field, text) for field in FIELDS for text in TEXTS]


def part(schema: Any, path: str) -> Any:  # noqa: ANN401 - JSON
    """The schema of a field."""
    for step in path.split("."):
        schema = schema["properties"][step.removesuffix("[]")]
        schema = schema["items"] if step.endswith("[]") else schema
    return schema


def values_of(field: str) -> Iterator[Any]:
    return (part(VALUES, path) for path in FIELDS[field][0].split())


def of_the_crd(field: str) -> Any:  # noqa: ANN401 - JSON
    return part(CRD["properties"]["spec"], field)


@pytest.mark.parametrize("field", FIELDS)
def test_patterns_are_the_same_wherever_they_stand(field: str) -> None:
    pattern = FIELDS[field][1]
    same = {pattern, optional(pattern)}
    assert of_the_crd(field)["pattern"] in same
    for there in values_of(field):
        assert there["pattern"] in same
        assert there.get("maxLength") == of_the_crd(field).get("maxLength")


def spec_with(field: str, text: str) -> dict[str, Any]:
    made: Any = text
    for step in reversed(field.split(".")):
        name = step.removesuffix("[]")
        made = {name: [made] if step.endswith("[]") else made}
    return dict(made)


@pytest.mark.parametrize(("field", "text"), PAIRS)
def test_crd_and_values_let_the_same_pass(field: str, text: str) -> None:
    wrong = list(against(text, of_the_crd(field)))
    for there in values_of(field):
        assert bool(wrong) == bool(list(against(text, there)))
        # helm's validator agrees with ours about everything but a last line break.
        assert text == "a\n" or Draft202012Validator(there).is_valid(text) != bool(wrong)


@pytest.mark.parametrize(
    ("field", "text"), [(field, text) for field, text in PAIRS if field != "loadBalancerClass"]
)
def test_rules_refuse_what_the_patterns_do_not_match(field: str, text: str) -> None:
    schema = of_the_crd(field)
    without_bound = schema if FIELDS[field][1] is NAME else {**schema, "maxLength": 10_000}
    path = f"spec.{field.replace('[]', '[0]')}"
    denied = {
        one.path
        for one in judge(metallb(**spec_with(field, text)))
        if one.rule in {"metallb-images", "metallb-names"}
    }
    assert (path in denied) == bool(list(against(text, without_bound)))

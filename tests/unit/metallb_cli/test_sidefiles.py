"""Files that stand beside objects: templates of charts, patches of kustomizations."""

import pytest

from metallb_cli.inputs import Text
from metallb_cli.sidefiles import PATCH, TEMPLATE, is_meant, is_template, side_files

KUSTOMIZATION = "patches: [{path: a.yaml}, {patch: '- op: remove'}]"


def found(**files: str) -> list[Text]:
    return [
        Text(name.replace("__", "/") + ".yaml", text, found=True) for name, text in files.items()
    ]


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        ([], {}),
        (found(pool="kind: IPAddressPool"), {}),
        # A chart, and only its templates.
        (
            found(
                lb__Chart="name: lb", lb__templates__a="x", lb__templates__b__c="x", lb__values=""
            ),
            {"lb/templates/a.yaml": TEMPLATE, "lb/templates/b/c.yaml": TEMPLATE},
        ),
        (found(templates__a="x", other__Chart="name: lb"), {}),
        (found(Chart="name: lb", templates__a="x"), {"templates/a.yaml": TEMPLATE}),
        (found(o__kustomization=KUSTOMIZATION, o__a="x", a="x"), {"o/a.yaml": PATCH}),
        (
            found(
                o__kustomization="patchesStrategicMerge: [../p/a.yaml, ./b.yaml]",
                p__a="x",
                o__b="x",
            ),
            {"p/a.yaml": PATCH, "o/b.yaml": PATCH},
        ),
        (
            found(kustomization="patchesJson6902: [{target: {kind: A}, path: a.yaml}]", a="x"),
            {"a.yaml": PATCH},
        ),
        # Nothing that names a file, or no YAML at all.
        (found(kustomization="patches: a.yaml", a="x"), {}),
        (found(kustomization="patches: [1, null, {path: 2}]", a="x"), {}),
        (found(kustomization="patchesStrategicMerge: ['a\n.yaml', '']", a="x"), {}),
        (found(kustomization="[a", a="x"), {}),
        (found(kustomization="- a", a="x"), {}),
        (found(kustomization="", a="x"), {}),
        # What is named by hand is an object.
        ([Text("kustomization.yaml", KUSTOMIZATION), Text("a.yaml", "x")], {}),
    ],
)
def test_side_files(texts: list[Text], why: dict[str, str]) -> None:
    assert side_files(texts) == why


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("apiVersion: v1", True),
        ("a: 1\n  kind: Pool", True),
        ('{"kind": "Pool"', True),
        ("a: metallb.io", True),
        ("a: [", False),
        ("on: push\njobs: {a: [", False),
        ("mankind: [", False),
        ("", False),
    ],
)
def test_what_was_to_be_an_object(text: str, meant: bool) -> None:  # noqa: FBT001 - a row of a table
    assert is_meant(text) is meant


@pytest.mark.parametrize(
    ("text", "template"),
    [("a: {{ b }}", True), ("{% if a %}", True), ("<%= a %>", True), ("a: {b: {c: 1}}", False)],
)
def test_templates(text: str, template: bool) -> None:  # noqa: FBT001 - a row of a table
    assert is_template(text) is template

"""Objects are read as kubectl reads them, and every field is found again in the text."""

import pytest

from metallb_cli.documents import Document, UnusableInputError, read

POOL = """\
# a comment
apiVersion: metallb.io/v1beta1
kind: IPAddressPool
metadata:
  name: first
  labels: {"a.b/c": yes}
spec:
  addresses:
    - 10.0.0.0/24
    - "10.0.1.0/24"
"""


def one(text: str) -> Document:
    (document,) = read(text, "file.yaml")
    return document


def test_reads_an_object() -> None:
    assert one(POOL).manifest == {
        "apiVersion": "metallb.io/v1beta1",
        "kind": "IPAddressPool",
        "metadata": {"name": "first", "labels": {"a.b/c": True}},
        "spec": {"addresses": ["10.0.0.0/24", "10.0.1.0/24"]},
    }


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        ("", 2, 1),
        ("kind", 3, 7),
        ("metadata.name", 5, 9),
        ('metadata.labels["a.b/c"]', 6, 21),
        ("spec", 8, 3),
        ("spec.addresses", 9, 5),
        ("spec.addresses[0]", 9, 7),
        ("spec.addresses[1]", 10, 7),
        # The nearest parent stands in for what is not there.
        ("spec.addresses[2]", 9, 5),
        ("spec.autoAssign", 8, 3),
        ("status.conditions[0].type", 2, 1),
    ],
)
def test_finds_a_field(path: str, line: int, column: int) -> None:
    position = one(POOL).position(path)
    assert (position.source, position.line, position.column) == ("file.yaml", line, column)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("value: 1234:1", "1234:1"),
        ("value: '5'", "5"),
        ('value: "yes"', "yes"),
        ("value: !!str 5", "5"),
        ("value: |\n  5", "5"),
        ("value: 5", 5),
        ("value: ", None),
        ("value: &a {b: 1}\nother: *a", {"b": 1}),
        ("base: &a {b: 1, c: 1}\nvalue: {<<: *a, c: 2}", {"b": 1, "c": 2}),
        ('{"value": [1, {"a": null}]}', [1, {"a": None}]),
    ],
)
def test_values(text: str, value: object) -> None:
    text = text if text.startswith("{") else f"kind: Thing\n{text}"
    text = text.replace('{"value"', '{"kind": "Thing", "value"')
    assert one(text).manifest["value"] == value


@pytest.mark.parametrize(
    ("key", "read_as"), [("on", "true"), ("no", "false"), ("5", "5"), ("~", "null"), ("a", "a")]
)
def test_keys_become_text(key: str, read_as: str) -> None:
    assert list(one(f"kind: Thing\nspec: {{{key}: x}}").manifest["spec"]) == [read_as]


def test_several_documents_and_lists() -> None:
    text = """\
---
---
kind: One
---
kind: ThingList
items:
  - kind: Two
    metadata: {name: two}
  - kind: Three
...
---
# nothing
"""
    documents = list(read(text, "x"))
    assert [document.manifest["kind"] for document in documents] == ["One", "Two", "Three"]
    assert documents[1].position("metadata.name").line == 8


def test_an_empty_text_holds_nothing() -> None:
    assert list(read("", "x")) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: [", "x:1:8: "),
        ("a: b: c", "x:1:5: mapping values are not allowed in this context"),
        ("kind: A\n---\n- a\n- b", "x:3:1: is no Kubernetes object: it has no `kind`"),
        ("metadata: {name: a}", "x:1:1: is no Kubernetes object"),
        ("just text", "x:1:1: is no Kubernetes object"),
        ("kind: A\nspec:\n  a: 1\n  b: 2\n  a: 3", "x:5:3: the key 'a' stands here twice"),
        ("kind: A\nspec: *nowhere", "x:2:7: the alias *nowhere stands for nothing; write &nowhere"),
        ("kind: A\x00", "x:1:8: the character U+0000 is not allowed in YAML; remove it"),
    ],
)
def test_unusable_input_names_the_place(text: str, message: str) -> None:
    with pytest.raises(UnusableInputError) as caught:
        list(read(text, "x"))
    assert message in str(caught.value)

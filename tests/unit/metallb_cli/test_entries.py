"""Documents become entries: what is looked at, where it is, and what would arrive."""

from typing import Any

import pytest

from metallb_cli.documents import read
from metallb_cli.entries import Entry, entries

POOL = "apiVersion: metallb.io/v1beta1\nkind: IPAddressPool\n"


def made(*texts: str) -> list[Entry]:
    documents = [doc for text in texts for doc in read(text, "file.yaml")]
    return list(entries(documents, "metallb-system"))


@pytest.mark.parametrize(
    ("head", "looked_at"),
    [
        ("apiVersion: metallb.io/v1beta1\nkind: IPAddressPool", True),
        ("apiVersion: metallb.io/v9\nkind: NoSuchKind", True),
        ("apiVersion: frrk8s.metallb.io/v1beta1\nkind: FRRConfiguration", True),
        ("apiVersion: v1\nkind: Node", True),
        ("apiVersion: v1\nkind: Secret", True),
        ("apiVersion: v1\nkind: ConfigMap", False),
        ("apiVersion: serving.knative.dev/v1\nkind: Service", False),
        ("apiVersion: apps/v1\nkind: Deployment", False),
        ("kind: IPAddressPool", True),
        ("apiVersion: 5\nkind: IPAddressPool", True),
        ("kind: Service", False),
        # In no group of ours, and meant for us; Calico has peers of its own.
        ("apiVersion: metallb.universe.tf/v1beta1\nkind: L2Advertisement", True),
        ("apiVersion: metallb/v1beta1\nkind: IPAddressPool", True),
        ("apiVersion: metalb.io/v1beta1\nkind: BGPPeer", True),
        ("apiVersion: projectcalico.org/v3\nkind: BGPPeer", False),
        ("apiVersion: metallb.example/v1\nkind: Other", False),
    ],
)
def test_what_is_looked_at(head: str, looked_at: bool) -> None:  # noqa: FBT001 - a table's column
    assert bool(made(head)) is looked_at


@pytest.mark.parametrize(
    ("text", "namespace", "name"),
    [
        (POOL + "metadata: {name: a}", "metallb-system", "a"),
        (POOL + "metadata: {name: a, namespace: b}", "b", "a"),
        (POOL + "metadata: {name: a, namespace: }", "metallb-system", "a"),
        (POOL + "metadata: {generateName: a-}", "metallb-system", "a-00001"),
        (POOL + "metadata: {generateName: a-, name: b}", "metallb-system", "b"),
        (POOL + "metadata: {generateName: 5}", "metallb-system", ""),
        (POOL + "metadata: text", "", ""),
        (POOL, "metallb-system", ""),
        ("apiVersion: v1\nkind: Node\nmetadata: {name: a}", "", "a"),
        (
            "apiVersion: frrk8s.metallb.io/v1beta1\nkind: FRRNodeState\nmetadata: {name: a}",
            "",
            "a",
        ),
    ],
)
def test_where_and_how_it_is_called(text: str, namespace: str, name: str) -> None:
    (entry,) = made(text)
    assert (entry.namespace, entry.name) == (namespace, name)


def test_generated_names_differ() -> None:
    found = made(*[POOL + "metadata: {generateName: a-}"] * 2)
    assert [entry.name for entry in found] == ["a-00001", "a-00002"]


@pytest.mark.parametrize(
    ("written", "arrives"),
    [
        ("{a: null, b: 1}", {"b": 1}),
        ("{a: [null, {b: null}]}", {"a": [None, {}]}),
        ("{a: 1.0, b: 1.5, c: true}", {"a": 1, "b": 1.5, "c": True}),
    ],
)
def test_what_arrives(written: str, arrives: dict[str, Any]) -> None:
    (entry,) = made(POOL + f"spec: {written}")
    assert repr(entry.manifest["spec"]) == repr(arrives)


def test_versions_of_a_kind_are_the_same_object() -> None:
    old, new = made(
        *(
            f"apiVersion: metallb.io/{version}\nkind: BGPPeer\nmetadata: {{name: a}}"
            for version in ("v1beta1", "v1beta2")
        )
    )
    assert old.identity == new.identity

"""Identities of manifests, and the order in which kinds are applied and deleted."""

from typing import Any

import pytest

from metallb_kube.objects import ObjectRef, ref_of, resource_version
from metallb_kube.ordering import apply_order, apply_rank, delete_order


def manifest(kind: str, name: str = "a", namespace: str | None = "ns") -> dict[str, Any]:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata}


@pytest.mark.parametrize(
    ("given", "expected", "text"),
    [
        (manifest("Pod"), ObjectRef("v1", "Pod", "ns", "a"), "Pod ns/a"),
        (manifest("Node", "n", None), ObjectRef("v1", "Node", None, "n"), "Node n"),
        (
            {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "namespace": ""}},
            ObjectRef("v1", "Node", None, "n"),
            "Node n",
        ),
    ],
)
def test_ref_of_a_manifest(given: dict[str, Any], expected: ObjectRef, text: str) -> None:
    assert ref_of(given) == expected
    assert str(expected) == text


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, "apiVersion"),
        ({"apiVersion": "v1"}, "kind"),
        ({"apiVersion": "v1", "kind": "Pod"}, "metadata.name"),
        ({"apiVersion": "v1", "kind": "Pod", "metadata": None}, "metadata.name"),
        ({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": ""}}, "metadata.name"),
        ({"apiVersion": 1, "kind": "Pod", "metadata": {"name": "a"}}, "apiVersion"),
    ],
)
def test_an_incomplete_manifest_names_what_is_missing(given: dict[str, Any], missing: str) -> None:
    with pytest.raises(ValueError, match=missing):
        ref_of(given)


def test_references_sort_with_and_without_namespace() -> None:
    refs = [ref_of(manifest("Pod", "b")), ref_of(manifest("Pod", "z", None))]
    assert [ref.name for ref in sorted(refs)] == ["z", "b"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, ""), ({"metadata": None}, ""), ({"metadata": {"resourceVersion": "7"}}, "7")],
)
def test_resource_version(given: dict[str, Any], expected: str) -> None:
    assert resource_version(given) == expected


def test_what_others_refer_to_is_applied_first_and_deleted_last() -> None:
    kinds = [
        "ValidatingWebhookConfiguration",
        "DaemonSet",
        "Deployment",
        "Secret",
        "RoleBinding",
        "Role",
        "ServiceAccount",
        "CustomResourceDefinition",
        "Namespace",
    ]
    ordered = [m["kind"] for m in apply_order(manifest(kind) for kind in kinds)]
    assert ordered == kinds[::-1]
    refs = [ref_of(manifest(kind)) for kind in kinds[::-1]]
    assert [ref.kind for ref in delete_order(refs)] == kinds


def test_equal_ranks_keep_a_stable_order_by_identity() -> None:
    shuffled = [manifest("Secret", "b"), manifest("ConfigMap", "c"), manifest("Secret", "a")]
    names = [m["metadata"]["name"] for m in apply_order(shuffled)]
    assert names == [m["metadata"]["name"] for m in apply_order(shuffled[::-1])] == ["c", "a", "b"]


def test_an_unknown_kind_goes_with_the_pods() -> None:
    assert apply_rank("Gizmo") == apply_rank("Pod") > apply_rank("Deployment")

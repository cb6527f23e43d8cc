"""Membership as KEP-3659 has it."""

from importlib.metadata import version
from typing import Any

import pytest

from metallb_kube.objects import ObjectRef
from metallb_operator.applyset import (
    ID_LABEL,
    KINDS_ANNOTATION,
    PART_OF_LABEL,
    TOOLING_ANNOTATION,
    applyset_id,
    group_kind,
    is_member,
    parent_patch,
    recorded_kinds,
)

PARENT = ObjectRef("metallb.io/v1beta1", "MetalLB", "metallb-system", "metallb")
ID = "applyset-yi6iIUvQhcQnb00yKptmaS-S5Lyxt_w33q1X4cbwtKU-v1"


def test_ids_are_those_that_kubectl_gives() -> None:
    # The example of Kubernetes' reference (labels and annotations) is of this parent.
    example = "applyset-0eFHV8ySqp7XoShsGvyWFQD3s96yqwHmzc4e0HR1dsY-v1"
    assert applyset_id(ObjectRef("v1", "Secret", "test", "my-set")) == example


def test_an_id_never_changes() -> None:
    assert applyset_id(PARENT) == ID


@pytest.mark.parametrize(
    "other",
    [
        ObjectRef("metallb.io/v1beta1", "MetalLB", "metallb-system", "other"),
        ObjectRef("metallb.io/v1beta1", "MetalLB", "other", "metallb"),
        ObjectRef("metallb.io/v1beta1", "Other", "metallb-system", "metallb"),
        ObjectRef("other.io/v1beta1", "MetalLB", "metallb-system", "metallb"),
        ObjectRef("v1", "ConfigMap", None, "metallb"),
    ],
)
def test_another_parent_has_another_id(other: ObjectRef) -> None:
    assert applyset_id(other) != ID


def test_a_new_version_of_the_parents_kind_changes_nothing() -> None:
    newer = ObjectRef("metallb.io/v1", "MetalLB", "metallb-system", "metallb")
    assert applyset_id(newer) == ID


def test_an_id_is_a_label_value() -> None:
    assert len(ID) <= 63


@pytest.mark.parametrize(
    ("metadata", "member"),
    [
        ({"labels": {PART_OF_LABEL: ID}}, True),
        ({"labels": {PART_OF_LABEL: "applyset-other-v1"}}, False),
        ({"labels": {"app": "metallb"}}, False),
        ({"labels": None}, False),
        ({}, False),
    ],
)
def test_membership_is_the_label(metadata: dict[str, Any], member: bool) -> None:  # noqa: FBT001 - a row of a table
    assert is_member({"metadata": metadata}, ID) is member


@pytest.mark.parametrize(
    ("api_version", "kind", "text"),
    [
        ("v1", "ConfigMap", "ConfigMap"),
        ("apps/v1", "DaemonSet", "DaemonSet.apps"),
        ("networking.k8s.io/v1", "NetworkPolicy", "NetworkPolicy.networking.k8s.io"),
    ],
)
def test_kinds_are_written_with_their_group(api_version: str, kind: str, text: str) -> None:
    assert group_kind(ObjectRef(api_version, kind, "a", "b")) == text


@pytest.mark.parametrize(
    ("annotations", "kinds"),
    [
        (None, set()),
        ({}, set()),
        ({KINDS_ANNOTATION: ""}, set()),
        ({KINDS_ANNOTATION: "ConfigMap,DaemonSet.apps"}, {"ConfigMap", "DaemonSet.apps"}),
    ],
)
def test_recorded_kinds(annotations: dict[str, str] | None, kinds: set[str]) -> None:
    assert recorded_kinds({"metadata": {"annotations": annotations}}) == kinds


def parent(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    tooling = f"metallb-operator/v{version('metallb-operator')}"
    metadata = {
        "uid": "1",
        "labels": {ID_LABEL: ID, "theirs": "yes"},
        "annotations": {
            TOOLING_ANNOTATION: tooling,
            KINDS_ANNOTATION: "ConfigMap,Secret",
            "theirs": "yes",
        },
    }
    return {"metadata": {**metadata, **changes}}


def test_a_parent_as_it_should_be_is_not_patched() -> None:
    assert parent_patch(parent(), PARENT, ["Secret", "ConfigMap"]) is None


@pytest.mark.parametrize(
    ("found", "kinds"),
    [
        (parent(), ["ConfigMap"]),
        (parent(), ["ConfigMap", "DaemonSet.apps", "Secret"]),
        (parent(labels={}), ["ConfigMap", "Secret"]),
        (parent(labels={ID_LABEL: "applyset-other-v1"}), ["ConfigMap", "Secret"]),
        (parent(annotations=None), ["ConfigMap", "Secret"]),
        (
            parent(annotations={TOOLING_ANNOTATION: "kubectl/v1", KINDS_ANNOTATION: "ConfigMap"}),
            ["ConfigMap"],
        ),
        ({"metadata": {"uid": "1"}}, []),
    ],
)
def test_a_patch_makes_it_the_parent_and_touches_nothing_else(
    found: dict[str, Any], kinds: list[str]
) -> None:
    patch = parent_patch(found, PARENT, kinds)
    assert patch == {
        "metadata": {
            "uid": "1",
            "labels": {ID_LABEL: ID},
            "annotations": {
                TOOLING_ANNOTATION: f"metallb-operator/v{version('metallb-operator')}",
                KINDS_ANNOTATION: ",".join(sorted(kinds)),
            },
        }
    }

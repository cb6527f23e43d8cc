"""Metadata, selectors and conditions, and the patterns of conditions."""

import re

import pytest

from metallb_crds.config_v1beta1 import IPAddressPool
from metallb_crds.meta import (
    REASON_PATTERN,
    TYPE_PATTERN,
    Condition,
    LabelSelector,
    LabelSelectorRequirement,
    ObjectMeta,
    OwnerReference,
)


def test_metadata_is_read_as_the_api_server_writes_it() -> None:
    stored = {
        "name": "n",
        "namespace": "ns",
        "labels": {"a": "b"},
        "annotations": {"c": "d"},
        "generation": 3,
        "uid": "u",
        "resourceVersion": "17",
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "deletionTimestamp": None,
        "finalizers": ["f"],
        "ownerReferences": [
            {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "v", "controller": True}
        ],
        "managedFields": [{"manager": "kubectl"}],
    }
    assert IPAddressPool.parse({"metadata": stored}).metadata == ObjectMeta(
        name="n",
        namespace="ns",
        labels={"a": "b"},
        annotations={"c": "d"},
        generation=3,
        uid="u",
        resource_version="17",
        creation_timestamp="2026-01-01T00:00:00Z",
        deletion_timestamp=None,
        finalizers=("f",),
        owner_references=(
            OwnerReference(api_version="v1", kind="Pod", name="p", uid="v", controller=True),
        ),
    )


def test_absent_metadata_is_empty() -> None:
    metadata = IPAddressPool.parse({}).metadata
    assert (metadata.name, metadata.labels, metadata.deletion_timestamp) == ("", {}, None)


def test_selectors() -> None:
    read = LabelSelector.parse(
        {
            "matchLabels": {"a": "b"},
            "matchExpressions": [{"key": "c", "operator": "In", "values": ["d", "e"]}],
        }
    )
    expression = LabelSelectorRequirement(key="c", operator="In", values=("d", "e"))
    assert read == LabelSelector(match_labels={"a": "b"}, match_expressions=(expression,))


def test_conditions() -> None:
    read = Condition.parse(
        {
            "type": "Available",
            "status": "True",
            "reason": "AsExpected",
            "message": "",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
    )
    assert (read.last_transition_time, read.observed_generation) == ("2026-01-01T00:00:00Z", None)


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        (REASON_PATTERN, "AsExpected", True),
        (REASON_PATTERN, "A", True),
        (REASON_PATTERN, "a_b:c,d", True),
        (REASON_PATTERN, "", False),
        (REASON_PATTERN, "1st", False),
        (REASON_PATTERN, "As Expected", False),
        (REASON_PATTERN, "AsExpected.", False),
        (REASON_PATTERN, "AsExpected:", False),
        (TYPE_PATTERN, "Available", True),
        (TYPE_PATTERN, "example.com/Available", True),
        (TYPE_PATTERN, "a-b.c_d", True),
        (TYPE_PATTERN, "", False),
        (TYPE_PATTERN, "-a", False),
        (TYPE_PATTERN, "Example.com/Available", False),
        (TYPE_PATTERN, "a/b/c", False),
    ],
)
def test_patterns(pattern: str, text: str, matches: bool) -> None:  # noqa: FBT001 - a table's column
    assert bool(re.fullmatch(pattern, text)) is matches

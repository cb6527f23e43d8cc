"""How an object of somebody else becomes ours as a whole."""

from typing import Any

import pytest

from metallb_operator.applyset import HASH_ANNOTATION, PART_OF_LABEL
from metallb_operator.plan import members
from metallb_operator.takeover import ownership, replacement

DECLARED: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "controller", "namespace": "n", "labels": {"app": "metallb"}},
    "spec": {"strategy": {"type": "Recreate"}},
}
MEMBER = members([DECLARED], "applyset-ours-v1")[0]


def found(**metadata: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "controller",
            "namespace": "n",
            "uid": "1",
            "resourceVersion": "7",
            "labels": {"theirs": "yes"},
            "ownerReferences": [{"uid": "2"}],
            **metadata,
        },
        "spec": {"replicas": 3, "strategy": {"type": "RollingUpdate"}},
        "status": {"replicas": 3},
    }


class TestReplacement:
    def test_is_what_is_declared_for_this_version_and_nothing_else(self) -> None:
        assert replacement(MEMBER, found()) == {
            **DECLARED,
            "metadata": {
                **DECLARED["metadata"],
                "annotations": {},
                "uid": "1",
                "resourceVersion": "7",
            },
        }

    def test_is_no_member_yet(self) -> None:
        metadata = replacement(MEMBER, found())["metadata"]
        assert PART_OF_LABEL not in metadata["labels"]
        assert HASH_ANNOTATION not in metadata["annotations"]

    @pytest.mark.parametrize("finalizers", [["a/b"], ["a/b", "c/d"]])
    def test_keeps_finalizers(self, finalizers: list[str]) -> None:
        body = replacement(MEMBER, found(finalizers=finalizers))
        assert body["metadata"]["finalizers"] == finalizers

    def test_leaves_the_declaration_alone(self) -> None:
        before = str(MEMBER)
        replacement(MEMBER, found(finalizers=["a/b"]))
        assert str(MEMBER) == before


def entry(manager: str, fields: dict[str, Any], **more: str) -> dict[str, Any]:
    return {"manager": manager, "operation": "Update", "fieldsV1": fields, **more}


SPEC: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
OWNED = {
    "nobody's": (None, {}),
    "one writer's": ([entry("kubectl", SPEC)], SPEC),
    "two writers'": (
        [
            entry("kubectl", {"f:spec": {"f:replicas": {}, "f:template": {"f:spec": {"f:a": {}}}}}),
            entry("helm", {"f:spec": {"f:template": {"f:spec": {"f:b": {}}}}, "f:data": {}}),
        ],
        {
            "f:spec": {"f:replicas": {}, "f:template": {"f:spec": {"f:a": {}, "f:b": {}}}},
            "f:data": {},
        },
    ),
    "items of lists": (
        [
            entry("kubectl", {'k:{"name":"a"}': {".": {}, "f:image": {}}}),
            entry("helm", {'k:{"name":"a"}': {"f:args": {}}, 'k:{"name":"b"}': {".": {}}}),
        ],
        {'k:{"name":"a"}': {".": {}, "f:image": {}, "f:args": {}}, 'k:{"name":"b"}': {".": {}}},
    ),
    "all but finalizers": (
        [entry("kubectl", {"f:metadata": {"f:finalizers": {".": {}}, "f:labels": {"f:a": {}}}})],
        {"f:metadata": {"f:labels": {"f:a": {}}}},
    ),
    "an entry without fields": ([{"manager": "x"}, entry("kubectl", SPEC)], SPEC),
}


@pytest.mark.parametrize(("entries", "fields"), OWNED.values(), ids=OWNED)
def test_ownership_of_everything_written_becomes_one_managers(
    entries: list[dict[str, Any]] | None, fields: dict[str, Any]
) -> None:
    patch = ownership(found(managedFields=entries), "metallb-operator")
    ours = {
        "manager": "metallb-operator",
        "operation": "Apply",
        "apiVersion": "apps/v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    assert patch == {"metadata": {"uid": "1", "managedFields": [ours]}}


def test_subresources_stay_with_their_owners() -> None:
    status = entry("kube-controller-manager", {"f:status": {}}, subresource="status")
    scale = entry("autoscaler", SPEC, subresource="scale")
    patch = ownership(found(managedFields=[status, entry("kubectl", {}), scale]), "us")
    ours, *others = patch["metadata"]["managedFields"]
    assert others == [status, scale]
    assert ours["fieldsV1"] == {}

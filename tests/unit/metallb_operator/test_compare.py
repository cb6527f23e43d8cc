"""What counts as "as declared", after everything that the API server does to an object."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metallb_operator.compare import ABSENT, Difference, differences, fingerprint, normalised

FIELD_REF = {"fieldRef": {"fieldPath": "spec.nodeName"}}


def pod(**spec: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"spec": {"template": {"spec": spec}}}


def container(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return pod(containers=[{"name": "main", **fields}])


AS_DECLARED = {
    "fields of others": ({"spec": {"a": 1}}, {"spec": {"a": 1, "b": 2}, "status": {}}),
    "labels of others": (
        {"metadata": {"labels": {"a": "1"}}},
        {"metadata": {"labels": {"a": "1", "b": "2"}, "uid": "x"}},
    ),
    "a container of others": (
        container(image="x"),
        pod(containers=[{"name": "mesh"}, {"name": "main", "image": "x", "resources": {}}]),
    ),
    "variables of others, in another order": (
        container(env=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]),
        container(env=[{"name": "B", "value": "2"}, {"name": "C"}, {"name": "A", "value": "1"}]),
    ),
    "the default protocol of a port": (
        container(ports=[{"containerPort": 80}]),
        container(ports=[{"containerPort": 80, "protocol": "TCP", "hostPort": 80}]),
    ),
    "the same port twice, TCP and UDP": (
        container(
            ports=[
                {"containerPort": 80, "protocol": "UDP", "name": "u"},
                {"containerPort": 80, "protocol": "TCP", "name": "t"},
            ]
        ),
        container(
            ports=[
                {"containerPort": 80, "protocol": "TCP", "name": "t"},
                {"containerPort": 80, "protocol": "UDP", "name": "u"},
            ]
        ),
    ),
    "ports of a Service": (
        {"spec": {"ports": [{"port": 80, "name": "a"}]}},
        {"spec": {"ports": [{"port": 80, "name": "a", "protocol": "TCP", "targetPort": 80}]}},
    ),
    "defaults of a reference": (
        container(env=[{"name": "A", "valueFrom": FIELD_REF}]),
        container(
            env=[
                {
                    "name": "A",
                    "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName", "apiVersion": "v1"}},
                }
            ]
        ),
    ),
    "defaults of a resource reference": (
        container(
            env=[
                {
                    "name": "A",
                    "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": 0}},
                }
            ]
        ),
        container(
            env=[
                {
                    "name": "A",
                    "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "0"}},
                }
            ]
        ),
    ),
    "the default protocol inside of a rule": (
        {"spec": {"ingress": [{"ports": [{"port": 80}]}]}},
        {"spec": {"ingress": [{"ports": [{"port": 80, "protocol": "TCP"}]}]}},
    ),
    "the default life of a projected token": (
        pod(
            volumes=[
                {
                    "name": "v",
                    "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]},
                }
            ]
        ),
        pod(
            volumes=[
                {
                    "name": "v",
                    "projected": {
                        "sources": [
                            {"serviceAccountToken": {"path": "token", "expirationSeconds": 3600}}
                        ],
                        "defaultMode": 420,
                    },
                }
            ]
        ),
    ),
    "quantities written otherwise": (
        container(resources={"requests": {"cpu": 0.5, "memory": "1024Mi"}, "limits": {"cpu": 1}}),
        container(resources={"requests": {"cpu": "500m", "memory": "1Gi"}, "limits": {"cpu": "1"}}),
    ),
    "the size of a volume": (
        pod(volumes=[{"name": "v", "emptyDir": {"sizeLimit": "1024Ki"}}]),
        pod(volumes=[{"name": "v", "emptyDir": {"sizeLimit": "1Mi"}}]),
    ),
    "finalizers of others": (
        {"metadata": {"finalizers": ["a"]}},
        {"metadata": {"finalizers": ["b", "a"]}},
    ),
    "groups of alerts of others": (
        {"spec": {"groups": [{"name": "ours", "rules": [{"alert": "A"}]}]}},
        {"spec": {"groups": [{"name": "theirs"}, {"name": "ours", "rules": [{"alert": "A"}]}]}},
    ),
    "where a monitor looks besides": (
        {"spec": {"namespaceSelector": {"matchNames": ["a"]}}},
        {"spec": {"namespaceSelector": {"matchNames": ["a"], "any": False}}},
    ),
}


@pytest.mark.parametrize(("wanted", "found"), AS_DECLARED.values(), ids=AS_DECLARED)
def test_as_declared(wanted: dict[str, Any], found: dict[str, Any]) -> None:
    assert differences(wanted, found) == ()


OTHERWISE = {
    "a value": ({"spec": {"a": 1}}, {"spec": {"a": 2}}, "spec.a"),
    "a field": ({"spec": {"a": 1}}, {"spec": {}}, "spec.a"),
    "null": ({"spec": {"a": 1}}, {"spec": {"a": None}}, "spec.a"),
    "a map that is none": ({"spec": {"a": {"b": 1}}}, {"spec": {"a": "b"}}, "spec.a"),
    "true for one": ({"a": 1}, {"a": True}, "a"),
    "zero for false": ({"a": False}, {"a": 0}, "a"),
    "a number for its text": ({"a": 80}, {"a": "80"}, "a"),
    "an image": (
        container(image="x:1"),
        container(image="x:2"),
        "spec.template.spec.containers[main].image",
    ),
    "a container": (
        container(image="x"),
        pod(containers=[{"name": "other"}]),
        "spec.template.spec.containers[main]",
    ),
    "no list at all": (container(), pod(containers=None), "spec.template.spec.containers[main]"),
    "a port": (
        container(ports=[{"containerPort": 80, "protocol": "UDP"}]),
        container(ports=[{"containerPort": 80, "protocol": "TCP"}]),
        "spec.template.spec.containers[main].ports[80/UDP]",
    ),
    "an argument": (
        container(args=["--a", "--b"]),
        container(args=["--a", "--b", "--c"]),
        "spec.template.spec.containers[main].args",
    ),
    "the order of arguments": (
        container(args=["--a", "--b"]),
        container(args=["--b", "--a"]),
        "spec.template.spec.containers[main].args",
    ),
    "a toleration more": (
        pod(tolerations=[{"key": "a"}]),
        pod(tolerations=[{"key": "a"}, {"key": "b"}]),
        "spec.template.spec.tolerations",
    ),
    "a field inside of a toleration": (
        pod(tolerations=[{"key": "a"}]),
        pod(tolerations=[{"key": "a", "effect": "NoExecute"}]),
        "spec.template.spec.tolerations",
    ),
    "another node selected": (
        pod(nodeSelector={"a": "1"}),
        pod(nodeSelector={"a": "1", "b": "1"}),
        "spec.template.spec.nodeSelector",
    ),
    "a selector": (
        {"spec": {"selector": {"matchLabels": {"a": "1"}}}},
        {"spec": {"selector": {"matchLabels": {"a": "1", "b": "2"}}}},
        "spec.selector",
    ),
    "everybody instead of somebody": (
        {"spec": {"podSelector": {"matchLabels": {"a": "1"}}}},
        {"spec": {"podSelector": {}}},
        "spec.podSelector",
    ),
    "another reference": (
        container(env=[{"name": "A", "valueFrom": FIELD_REF}]),
        container(env=[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]),
        "spec.template.spec.containers[main].env[A].valueFrom.fieldRef",
    ),
    "a quantity": (
        container(resources={"requests": {"cpu": "500m"}}),
        container(resources={"requests": {"cpu": "50m"}}),
        "spec.template.spec.containers[main].resources.requests.cpu",
    ),
    "no quantity at all": (
        container(resources={"requests": {"cpu": "500m"}}),
        container(resources={}),
        "spec.template.spec.containers[main].resources.requests",
    ),
    "one quantity of two": (
        container(resources={"requests": {"cpu": "500m"}}),
        container(resources={"requests": {"memory": "1Gi"}}),
        "spec.template.spec.containers[main].resources.requests.cpu",
    ),
    "another volume": (
        pod(volumes=[{"name": "v", "emptyDir": {}}]),
        pod(volumes=[{"name": "v", "hostPath": {"path": "/"}}]),
        "spec.template.spec.volumes[v].emptyDir",
    ),
    "a rule": (
        {"spec": {"ingress": [{"ports": [{"port": 80}]}]}},
        {"spec": {"ingress": [{"ports": [{"port": 80, "protocol": "UDP"}]}]}},
        "spec.ingress",
    ),
    "a finalizer": (
        {"metadata": {"finalizers": ["a"]}},
        {"metadata": {"finalizers": ["b"]}},
        "metadata.finalizers",
    ),
    "an alert": (
        {"spec": {"groups": [{"name": "ours", "rules": [{"alert": "A"}]}]}},
        {"spec": {"groups": [{"name": "ours", "rules": []}]}},
        "spec.groups[ours].rules",
    ),
    "a label": (
        {"metadata": {"labels": {"a": "1"}}},
        {"metadata": {"labels": {"a": "2"}}},
        "metadata.labels.a",
    ),
}


@pytest.mark.parametrize(("wanted", "found", "path"), OTHERWISE.values(), ids=OTHERWISE)
def test_otherwise(wanted: dict[str, Any], found: dict[str, Any], path: str) -> None:
    assert [difference.path for difference in differences(wanted, found)] == [path]


def test_every_field_that_differs_is_named_with_both_values() -> None:
    found = differences({"spec": {"a": 1, "b": {"c": 2}}}, {"spec": {"a": 3, "b": {}}})
    assert found == (Difference("spec.a", 1, 3), Difference("spec.b.c", 2, ABSENT))


@pytest.mark.parametrize(
    ("difference", "text"),
    [
        (Difference("spec.a", 1, 3), "spec.a is 3, not 1"),
        (Difference("spec.a", "x", ABSENT), "spec.a is absent, not 'x'"),
        (Difference("spec.a", {"b": [True]}, None), 'spec.a is null, not {"b": [true]}'),
        (
            Difference("a", "y" * 100, "x"),
            "a is 'x', not '" + "y" * 76 + "...",
        ),
    ],
)
def test_a_difference_reads_as_a_sentence(difference: Difference, text: str) -> None:
    assert str(difference) == text


NORMALISED = {
    "nulls": ({"a": None, "b": {"c": None}}, {}),
    "empty maps and lists": ({"a": {}, "b": [], "c": {"d": {"e": {}}}}, {}),
    "what becomes empty": ({"resources": {"limits": {"cpu": None}}}, {}),
    "zeros that are not stored": ({"hostNetwork": False, "readOnly": False, "hostPort": 0}, {}),
    "empty texts that are not stored": ({"priorityClassName": ""}, {}),
    "falsehoods that are": (
        {"readOnlyRootFilesystem": False, "replicas": 0, "optional": False},
        {"readOnlyRootFilesystem": False, "replicas": 0, "optional": False},
    ),
    "a volume": ({"emptyDir": {}}, {"emptyDir": {}}),
    "who selects everything": (
        {"podSelector": {}, "namespaceSelector": {}, "labelSelector": {"matchLabels": {}}},
        {"podSelector": {}, "namespaceSelector": {}, "labelSelector": {}},
    ),
    "values that people choose": (
        {"data": {"a": "", "readOnly": ""}, "annotations": {"value": "", "gone": None}},
        {"data": {"a": "", "readOnly": ""}, "annotations": {"value": ""}},
    ),
    "a free map without anything": ({"labels": {"a": None}, "data": {}}, {}),
    "items of lists": (
        {"tolerations": [{"key": "", "operator": "Exists", "effect": ""}, {}]},
        {"tolerations": [{"operator": "Exists"}, {}]},
    ),
    "texts": ({"args": ["", "a"]}, {"args": ["", "a"]}),
}


@pytest.mark.parametrize(("manifest", "stored"), NORMALISED.values(), ids=NORMALISED)
def test_what_is_not_stored_is_not_declared(
    manifest: dict[str, Any], stored: dict[str, Any]
) -> None:
    assert normalised(manifest) == stored


def test_normalising_leaves_its_argument_alone() -> None:
    manifest = {"a": None, "b": [{"c": None}]}
    normalised(manifest)
    assert manifest == {"a": None, "b": [{"c": None}]}


QUANTITIES = [
    ("1", 1),
    ("1000m", "1"),
    ("0.1", "100m"),
    ("1k", "1000"),
    ("1e3", "1k"),
    ("1Ki", 1024),
    ("1.5Gi", "1536Mi"),
    ("1E", "1000P"),
    ("1Ei", "1024Pi"),
    ("100n", "0.1u"),
]


@pytest.mark.parametrize(("one", "other"), QUANTITIES)
def test_equal_quantities(one: object, other: object) -> None:
    assert differences({"limits": {"x": one}}, {"limits": {"x": other}}) == ()


@pytest.mark.parametrize(
    ("one", "other"), [("1", "1m"), ("1M", "1Mi"), ("1G", "1M"), ("some", "others"), ("1q", "1")]
)
def test_different_quantities(one: object, other: object) -> None:
    assert differences({"limits": {"x": one}}, {"limits": {"x": other}}) != ()


def test_what_is_no_quantity_equals_itself() -> None:
    assert differences({"limits": {"x": "many"}}, {"limits": {"x": "many"}}) == ()


names = st.sampled_from(["a", "b", "c", "d"])
scalars = st.one_of(st.none(), st.booleans(), st.integers(-1, 2), st.sampled_from(["", "x"]))
maps = st.dictionaries(names, st.text("xyz", max_size=2), max_size=3)
quantities = st.dictionaries(
    names, st.builds(lambda n: (f"{n}000m", str(n)), st.integers(0, 9)), max_size=2
)
containers: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"name": names},
    optional={
        "image": st.sampled_from(["", "x", "y"]),
        "args": st.lists(st.sampled_from(["", "--a", "--b"]), max_size=2),
        "env": st.lists(
            st.fixed_dictionaries({"name": names, "value": st.sampled_from(["", "1"])}),
            max_size=3,
            unique_by=lambda item: str(item["name"]),
        ),
        "ports": st.lists(
            st.fixed_dictionaries({"containerPort": st.integers(1, 3)}),
            max_size=2,
            unique_by=lambda item: int(item["containerPort"]),
        ),
        "securityContext": st.dictionaries(names, scalars, max_size=2),
        "resources": st.fixed_dictionaries({"limits": quantities}),
    },
)
manifests: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "metadata": st.fixed_dictionaries({"name": names}, optional={"labels": maps}),
        "spec": st.fixed_dictionaries(
            {
                "containers": st.lists(
                    containers, max_size=3, unique_by=lambda item: str(item["name"])
                )
            },
            optional={
                "replicas": st.integers(0, 2),
                "hostNetwork": st.booleans(),
                "nodeSelector": maps,
                "tolerations": st.lists(maps, max_size=2),
                "strategy": st.dictionaries(names, scalars, max_size=2),
            },
        ),
    }
)


def written(value: Any, canonical: int = 0) -> Any:  # noqa: ANN401 - JSON
    """Spell the pairs of equal quantities one way or the other."""
    if isinstance(value, tuple):
        return value[canonical]
    if isinstance(value, Mapping):
        return {key: written(item, canonical) for key, item in value.items()}
    return [written(item, canonical) for item in value] if isinstance(value, list) else value


def stored(value: Any, key: str = "") -> Any:  # noqa: ANN401 - JSON
    """Do to a value what an API server and other writers may do to it."""
    if isinstance(value, list):
        items = [stored(item) for item in value]
        return [*reversed(items), {"name": "theirs"}] if key in {"containers", "env"} else items
    if not isinstance(value, Mapping):
        return value
    kept = {name: stored(item, name) for name, item in value.items()}
    if "containerPort" in kept:
        return {**kept, "protocol": "TCP"}
    if key in {"metadata", "spec", "labels", "strategy", "securityContext"}:
        return {**kept, "theirs": "x"}
    return kept


@given(manifests)
def test_whatever_is_declared_is_found_in_what_is_stored(manifest: dict[str, Any]) -> None:
    wanted = normalised(written(manifest))
    assert differences(wanted, stored(normalised(written(manifest, canonical=1)))) == ()


@given(manifests)
def test_normalising_twice_is_normalising_once(manifest: dict[str, Any]) -> None:
    once = normalised(written(manifest))
    assert normalised(once) == once


@given(manifests, manifests)
def test_two_declarations_that_satisfy_each_other_are_equal_but_for_quantities_and_order(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    first, second = (normalised(written(manifest)) for manifest in (one, other))
    if not differences(first, second) and not differences(second, first):
        assert in_order(first) == in_order(second)


def in_order(manifest: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
    def sort(value: Any, key: str = "") -> Any:  # noqa: ANN401 - JSON
        if isinstance(value, list):
            items = [sort(item) for item in value]
            return sorted(items, key=json.dumps) if key in {"containers", "env", "ports"} else items
        if isinstance(value, dict):
            return {name: sort(value[name], name) for name in sorted(value)}
        return value

    return sort(manifest)


def shuffled(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, Mapping):
        return {key: shuffled(value[key]) for key in reversed(list(value))}
    return [shuffled(item) for item in value] if isinstance(value, list) else value


@given(manifests)
def test_a_fingerprint_does_not_depend_on_the_order_of_keys(manifest: dict[str, Any]) -> None:
    assert fingerprint(written(manifest)) == fingerprint(shuffled(written(manifest)))


@given(manifests, manifests)
def test_different_manifests_have_different_fingerprints(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    first, second = written(one), written(other)
    alike = json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)
    assert (fingerprint(first) == fingerprint(second)) == alike


def test_a_fingerprint_is_the_same_in_every_process() -> None:
    assert fingerprint({"b": [1, None], "a": "ä"}) == "847d613442ae70ec"

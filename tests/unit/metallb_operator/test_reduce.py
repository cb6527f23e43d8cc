"""What is kept of an object that is watched, and above all what is not."""

import json
from typing import Any

import pytest

from metallb_operator.reduce import reduced

SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {
        "name": "s",
        "namespace": "n",
        "uid": "1",
        "labels": {"a": "b"},
        "annotations": {
            "kubectl.kubernetes.io/last-applied-configuration": '{"data":{"key":"c2VjcmV0"}}',
            "kept": "yes",
        },
        "managedFields": [{"manager": "kubectl"}],
    },
    "type": "Opaque",
    "data": {"key": "c2VjcmV0", "other": "b3RoZXI="},
}


def changed(manifest: dict[str, Any], **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {**manifest, **fields}


def test_no_value_of_a_secret_is_kept_wherever_it_stands() -> None:
    text = json.dumps(reduced(SECRET))
    assert "c2VjcmV0" not in text
    assert "b3RoZXI=" not in text


def test_everything_else_of_a_secret_is() -> None:
    kept = reduced(SECRET)
    assert kept["metadata"] == {
        "name": "s",
        "namespace": "n",
        "uid": "1",
        "labels": {"a": "b"},
        "annotations": {"kept": "yes"},
    }
    assert (kept["type"], kept["data"].keys()) == ("Opaque", {"key", "other"})


@pytest.mark.parametrize(
    ("data", "same"),
    [
        ({"key": "c2VjcmV0", "other": "b3RoZXI="}, True),
        ({"other": "b3RoZXI=", "key": "c2VjcmV0"}, True),
        ({"key": "b3RoZXI=", "other": "b3RoZXI="}, False),
        ({"key": "c2VjcmV0"}, False),
        (None, False),
    ],
)
def test_another_value_of_a_secret_is_seen(data: dict[str, str] | None, same: bool) -> None:  # noqa: FBT001 - a row of a table
    assert (reduced(changed(SECRET, data=data)) == reduced(SECRET)) is same


def node(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "n", "labels": {"a": "b"}, "resourceVersion": "1", "annotations": {}},
        "spec": {"podCIDR": "10.0.0.0/24", "taints": [{"key": "t", "effect": "NoSchedule"}]},
        "status": {
            "images": [{"names": ["x"]}],
            "conditions": [
                {"type": "MemoryPressure", "status": "False"},
                {"type": "Ready", "status": "True", "lastHeartbeatTime": "now"},
            ],
        },
        **fields,
    }


def test_of_a_node_labels_taints_and_readiness_are_kept() -> None:
    assert reduced(node()) == {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "n", "labels": {"a": "b"}},
        "spec": {"taints": [{"key": "t", "effect": "NoSchedule"}]},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }


def test_a_heartbeat_is_no_change() -> None:
    ready = {"type": "Ready", "status": "True", "lastHeartbeatTime": "later"}
    later = node(
        status={"conditions": [ready]}, metadata={**node()["metadata"], "resourceVersion": "2"}
    )
    assert reduced(later) == reduced(node())


@pytest.mark.parametrize(
    "change",
    [
        {"spec": {}},
        {"spec": {**node()["spec"], "unschedulable": True}},
        {"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}},
        {"status": {}},
        {"metadata": {"name": "n"}},
    ],
)
def test_what_decides_where_pods_run_is_a_change(change: dict[str, Any]) -> None:
    assert reduced(node(**change)) != reduced(node())


@pytest.mark.parametrize("bare", [{"spec": None, "status": None}, {"status": {"conditions": None}}])
def test_a_node_may_lack_anything(bare: dict[str, Any]) -> None:
    assert reduced(node(**bare))["status"] == {"conditions": []}


def test_of_a_pod_spec_and_managed_fields_are_left_out() -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "uid": "1", "annotations": {"a": "b"}, "managedFields": [{}]},
        "spec": {"nodeName": "n", "containers": [{"name": "c", "env": [{"name": "a"}]}]},
        "status": {"phase": "Running"},
    }
    assert reduced(pod) == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "uid": "1"},
        "spec": {"nodeName": "n"},
        "status": {"phase": "Running"},
    }


def test_of_a_speaker_is_kept_how_it_speaks() -> None:
    backend = {"name": "METALLB_BGP_TYPE", "value": "frr"}
    env = [{"name": "METALLB_HOST", "value": "10.0.0.1"}, backend]
    speaker = {"name": "speaker", "image": "i", "args": ["--log-level=info"], "env": env}
    spec = {"nodeName": "n", "containers": [speaker, {"name": "frr"}]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}
    kept = reduced(pod)
    assert kept["spec"] == {"nodeName": "n", "containers": [{"env": [backend], "args": []}]}
    assert reduced(kept) == kept


def test_of_anything_else_only_the_managed_fields_go() -> None:
    metadata = {"name": "c", "annotations": {"a": "b"}, "resourceVersion": "1"}
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "b"}}
    assert reduced({**config, "metadata": {**metadata, "managedFields": [{}]}}) == config


def test_reducing_twice_changes_only_digests() -> None:
    for manifest in (node(), changed(SECRET, data=None)):
        assert reduced(reduced(manifest)) == reduced(manifest)

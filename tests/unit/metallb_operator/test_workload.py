"""What is read of somebody's workload."""

from typing import Any

import pytest

from metallb_operator.workload import workload_of


def manifest(*containers: dict[str, Any], kind: str = "DaemonSet", **pod: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    template = {"metadata": {"labels": {"app": "pods"}}, "spec": {"containers": containers, **pod}}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": "w", "namespace": "n", "uid": "u", "labels": {"app": "own", "a": "b"}},
        "spec": {"template": template, "replicas": 2},
    }


@pytest.mark.parametrize(
    ("image", "programs"),
    [
        ("quay.io/metallb/speaker:v0.16.1", {"speaker", "metallb/speaker"}),
        ("registry:5000/metallb/speaker", {"speaker", "metallb/speaker"}),
        ("registry:5000/speaker@sha256:0", {"speaker", "registry:5000/speaker"}),
        ("kube-vip", {"kube-vip"}),
        ("", {""}),
    ],
)
def test_images_are_known_by_their_last_parts(image: str, programs: set[str]) -> None:
    assert workload_of(manifest({"image": image})).programs == programs


@pytest.mark.parametrize(
    ("port", "host_network", "taken"),
    [
        ({"containerPort": 7946}, False, set()),
        ({"containerPort": 7946}, True, {7946}),
        ({"containerPort": 80, "hostPort": 7946}, False, {7946}),
    ],
)
def test_ports_of_the_node(port: dict[str, int], host_network: bool, taken: set[int]) -> None:  # noqa: FBT001 - a row of a table
    found = workload_of(manifest({"ports": [port]}, hostNetwork=host_network))
    assert found.ports == taken


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        (["--mode=ipvs"], "ipvs"),
        (["-mode=ipvs"], "ipvs"),
        (["--mode"], "true"),
        (["--moderate=x", "mode=x"], None),
    ],
)
def test_flags(arguments: list[str], value: str | None) -> None:
    found = workload_of(manifest({"command": ["program"]}, {"args": arguments}))
    assert found.flag("mode") == value


def test_the_environment_is_what_is_given_literally() -> None:
    variables = [{"name": "a", "value": "b"}, {"name": "c", "valueFrom": {"fieldRef": {}}}]
    assert workload_of(manifest({"env": variables})).environment == {"a": "b"}


def test_of_a_variable_from_a_configmap_it_is_kept_where_its_value_stands() -> None:
    here = {"configMapKeyRef": {"name": "settings", "key": "mode"}}
    long = {"configMapKeyRef": {"name": "settings", "key": "x" * 300}}
    elsewhere = {"secretKeyRef": {"name": "settings", "key": "mode"}}
    sources = {"a": here, "b": long, "c": elsewhere}
    variables = [{"name": name, "valueFrom": found} for name, found in sources.items()]
    assert workload_of(manifest({"env": variables})).borrowed == {"a": ("settings", "mode")}


def test_of_what_is_too_long_to_be_looked_for_nothing_is_kept() -> None:
    long = "x" * 1_400_000
    found = workload_of(
        manifest(
            {
                "image": long,
                "command": ["sh", "-c", long],
                "args": [f"--flag={long}", long],
                "env": [{"name": "a", "value": long}, {"name": long, "value": "a"}],
            }
        )
    )
    assert (found.images, found.arguments, found.environment) == ((), ("-c",), {})
    assert found.weight < 1000


@pytest.mark.parametrize(
    ("kind", "status", "ready"),
    [
        ("Deployment", {"readyReplicas": 2, "replicas": 3}, 2),
        ("DaemonSet", {"numberReady": 1, "desiredNumberScheduled": 3}, 1),
        ("Deployment", {}, 0),
    ],
)
def test_ready_pods_are_those_its_controller_counts(
    kind: str, status: dict[str, int], ready: int
) -> None:
    assert workload_of({**manifest(kind=kind), "status": status}).ready == ready


def test_labels_of_pods_count_before_its_own_and_only_deployments_have_replicas() -> None:
    found = workload_of(manifest())
    assert (str(found), found.uid, found.replicas) == ("DaemonSet n/w", "u", 1)
    assert found.labels == {"app": "pods", "a": "b"}
    assert workload_of(manifest(kind="Deployment")).replicas == 2

"""The table of kinds and their paths."""

import pytest

from metallb_kube.errors import UnknownKindError
from metallb_kube.resources import RESOURCES, resource_for


@pytest.mark.parametrize(
    ("api_version", "kind", "namespace", "name", "path"),
    [
        ("v1", "Pod", "ns", "a", "/api/v1/namespaces/ns/pods/a"),
        ("v1", "Pod", "ns", None, "/api/v1/namespaces/ns/pods"),
        ("v1", "Pod", None, None, "/api/v1/pods"),
        ("v1", "Node", None, "n", "/api/v1/nodes/n"),
        ("v1", "Node", "ignored", "n", "/api/v1/nodes/n"),
        ("apps/v1", "DaemonSet", "ns", "s", "/apis/apps/v1/namespaces/ns/daemonsets/s"),
        (
            "metallb.io/v1beta2",
            "BGPPeer",
            "ns",
            "p",
            "/apis/metallb.io/v1beta2/namespaces/ns/bgppeers/p",
        ),
        (
            "frrk8s.metallb.io/v1beta1",
            "FRRNodeState",
            None,
            "n1",
            "/apis/frrk8s.metallb.io/v1beta1/frrnodestates/n1",
        ),
        ("v1", "Secret", "ns", "a/../b", "/api/v1/namespaces/ns/secrets/a%2F..%2Fb"),
    ],
)
def test_paths(
    api_version: str, kind: str, namespace: str | None, name: str | None, path: str
) -> None:
    assert resource_for(api_version, kind).path(namespace, name) == path


def test_a_namespaced_object_needs_its_namespace() -> None:
    with pytest.raises(ValueError, match="Pod a needs a namespace"):
        resource_for("v1", "Pod").path(None, "a")


@pytest.mark.parametrize(("api_version", "kind"), [("v1", "Gizmo"), ("apps/v2", "Deployment")])
def test_an_unknown_kind_is_an_error_of_its_own(api_version: str, kind: str) -> None:
    with pytest.raises(UnknownKindError, match=kind):
        resource_for(api_version, kind)


def test_rows_are_unique_and_findable() -> None:
    keys = [(resource.api_version, resource.kind) for resource in RESOURCES]
    assert len(set(keys)) == len(keys)
    assert [resource_for(*key) for key in keys] == list(RESOURCES)

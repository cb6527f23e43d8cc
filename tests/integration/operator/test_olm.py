"""What OLM is told, in the object and with the rights that it gives an operator for that."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from cluster import Cluster
from support.operating import NAMESPACE, Operating, operating
from support.waiting import wait_for

NAME: Final = "metallb-operator.v0"
_TEXTS: Final = ("type", "status", "reason", "message", "lastTransitionTime")
_CONDITIONS: Final[dict[str, Any]] = {
    "type": "array",
    "items": {
        "type": "object",
        "required": list(_TEXTS),
        "properties": {
            **{name: {"type": "string"} for name in _TEXTS},
            "reason": {"type": "string", "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"},
        },
    },
}
DEFINITION: Final[dict[str, Any]] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "operatorconditions.operators.coreos.com"},
    "spec": {
        "group": "operators.coreos.com",
        "scope": "Namespaced",
        "names": {"kind": "OperatorCondition", "plural": "operatorconditions"},
        "versions": [
            {
                "name": "v2",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {
                                    "conditions": _CONDITIONS,
                                    "overrides": _CONDITIONS,
                                },
                            }
                        },
                    }
                },
            }
        ],
    },
}
OVERRIDE: Final = {
    "type": "Upgradeable",
    "status": "True",
    "reason": "Accepted",
    "message": "by hand",
    "lastTransitionTime": "2026-01-01T00:00:00Z",
}
VERSIONS: Final[dict[str, Any]] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "clusterserviceversions.operators.coreos.com"},
    "spec": {
        "group": "operators.coreos.com",
        "scope": "Namespaced",
        "names": {"kind": "ClusterServiceVersion", "plural": "clusterserviceversions"},
        "versions": [
            {
                "name": "v1alpha1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object"}},
            }
        ],
    },
}
VERSION: Final[dict[str, Any]] = {
    "apiVersion": "operators.coreos.com/v1alpha1",
    "kind": "ClusterServiceVersion",
    "metadata": {"name": NAME, "namespace": NAMESPACE},
}
CERTIFICATE: Final = "metallb-webhooks-service-cert"
CONDITION: Final[dict[str, Any]] = {
    "apiVersion": "operators.coreos.com/v2",
    "kind": "OperatorCondition",
    "metadata": {"name": NAME, "namespace": NAMESPACE},
    "spec": {"overrides": [OVERRIDE]},
}
ROLE: Final[dict[str, Any]] = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "Role",
    "metadata": {"name": NAME, "namespace": NAMESPACE},
    "rules": [
        {
            "apiGroups": ["operators.coreos.com"],
            "resources": ["operatorconditions"],
            "resourceNames": [NAME],
            "verbs": ["get", "update", "patch"],
        }
    ],
}
BINDING: Final[dict[str, Any]] = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "RoleBinding",
    "metadata": {"name": NAME, "namespace": NAMESPACE},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": NAME},
    "subjects": [
        {"kind": "ServiceAccount", "name": "metallb-operator", "namespace": NAMESPACE},
    ],
}


@pytest.fixture
def managed(own_cluster: Cluster, tmp_path: Path) -> Iterator[Operating]:
    """An operator as OLM runs it."""
    definitions = [one["metadata"]["name"] for one in (DEFINITION, VERSIONS)]
    own_cluster.apply(DEFINITION, VERSIONS)
    own_cluster.kubectl("wait", "--for=condition=Established", "crd", *definitions)
    own_cluster.apply(CONDITION, ROLE, BINDING)
    with operating(own_cluster, tmp_path, environment={"OPERATOR_CONDITION_NAME": NAME}) as running:
        running.wait_ready()
        yield running
        running.delete()
    own_cluster.kubectl("delete", "crd", *definitions)
    own_cluster.kubectl("delete", "role,rolebinding", NAME, "-n", NAMESPACE)


def _wait_told(operator: Operating, status: str, reason: str) -> None:
    def is_told() -> bool:
        spec = (operator.cluster.get("operatorcondition", NAME, NAMESPACE) or {})["spec"]
        assert spec["overrides"] == [OVERRIDE]
        found = {c["type"]: (c["status"], c["reason"]) for c in spec.get("conditions", ())}
        return operator.alive() and found == {"Upgradeable": (status, reason)}

    wait_for(f"OLM is told {status}, {reason}", is_told)


def test_olm_knows_when_the_operator_must_not_be_replaced(managed: Operating) -> None:
    managed.create(bgpBackend="native")
    managed.wait_condition("Available", "True")
    _wait_told(managed, "True", "AsExpected")
    managed.create(bgpBackend="native", paused=True)
    _wait_told(managed, "False", "Paused")
    managed.delete()
    _wait_told(managed, "True", "AsExpected")
    assert "OLM cannot be told" not in managed.process.log.read_text()


def test_the_certificate_outlives_the_version_that_it_was_made_for(managed: Operating) -> None:
    """As OLM makes it, and the garbage collector judges it."""
    cluster = managed.cluster
    cluster.apply(VERSION, _deployment())
    version = cluster.get("clusterserviceversion", NAME, NAMESPACE) or {}
    owner = {key: version[key] for key in ("apiVersion", "kind")}
    owner |= {key: version["metadata"][key] for key in ("name", "uid")}
    metadata = {"name": CERTIFICATE, "namespace": NAMESPACE, "ownerReferences": [owner]}
    cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})
    wait_for(
        "the Deployment owns the Secret, too",
        lambda: _owners(managed) == {"ClusterServiceVersion", "Deployment"},
    )
    cluster.kubectl("delete", "clusterserviceversion", NAME, "-n", NAMESPACE)
    wait_for("the version counts no more", lambda: _owners(managed) == {"Deployment"}, seconds=90)
    cluster.kubectl("delete", "deployment", "metallb-webhooks", "-n", NAMESPACE)
    wait_for(
        "the Secret goes with the last of its owners",
        lambda: cluster.get("secret", CERTIFICATE, NAMESPACE) is None,
        seconds=30,
    )


def _owners(operator: Operating) -> set[str]:
    found = operator.cluster.get("secret", CERTIFICATE, NAMESPACE) or {"metadata": {}}
    return {owner["kind"] for owner in found["metadata"].get("ownerReferences", ())}


def _deployment(name: str = "metallb-webhooks") -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": name}
    container = {"name": "webhooks", "image": "example.test/webhooks:1"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def test_policies_of_our_own_pods_are_applied_where_olm_left_them_out(managed: Operating) -> None:
    cluster = managed.cluster
    owner = _deployment("metallb-operator")
    owner["metadata"]["labels"] = {"olm.managed": "true"}
    cluster.kubectl("delete", "networkpolicies", *_POLICIES, "-n", NAMESPACE, "--ignore-not-found")
    cluster.apply(owner)
    wait_for("both policies", lambda: _has_policies(managed), seconds=60)
    cluster.kubectl("delete", "networkpolicy", _POLICIES[0], "-n", NAMESPACE)
    wait_for("it is back", lambda: _has_policies(managed), seconds=60)
    cluster.kubectl("delete", "deployment", "metallb-operator", "-n", NAMESPACE)
    wait_for(
        "they go with the operator",
        lambda: not any(cluster.get("networkpolicy", name, NAMESPACE) for name in _POLICIES),
        seconds=60,
    )


_POLICIES: Final = ("metallb-operator", "metallb-webhooks")


def _has_policies(operator: Operating) -> bool:
    found = [operator.cluster.get("networkpolicy", name, NAMESPACE) for name in _POLICIES]
    return operator.alive() and all(found)

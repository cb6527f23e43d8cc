from collections.abc import Mapping
from typing import Any

import pytest

from metallb_crds.backend import Backend
from metallb_crds.operator_v1beta1 import MetalLBSpec
from metallb_operator.releases import RELEASES, Release, release_for
from metallb_operator.values import values

OLD, NEW = release_for("0.15.3"), release_for("0.16.1")
REQUESTS = {"requests": {"cpu": "20m", "memory": "64Mi"}}


def made(
    spec: dict[str, Any] | None = None,
    release: Release = NEW,
    images: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    return values(MetalLBSpec.parse(spec or {}), release, Backend.FRR_K8S, images or {})


def at(value: Any, path: str) -> Any:  # noqa: ANN401 - JSON
    for key in path.split("."):
        value = value[key]
    return value


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("backend", "frr-k8s"),
        ("logLevel", "info"),
        ("loadBalancerClass", ""),
        ("rbac", {"create": False}),
        ("serviceAccounts", {"create": False}),
        ("secrets", {"create": False}),
        ("images.registry", ""),
        ("images.pullPolicy", "IfNotPresent"),
        ("images.pullSecrets", []),
        ("controller.resources", REQUESTS),
        ("controller.tolerations", []),
        ("controller.nodeSelector", {}),
        ("speaker.resources", REQUESTS),
        ("speaker.priorityClassName", "system-node-critical"),
        (
            "speaker.updateStrategy",
            {
                "type": "RollingUpdate",
                "maxUnavailable": 1,
                "sessionTimeoutSeconds": 30,
                "minReadySeconds": 0,
            },
        ),
        ("speaker.ignoreExcludeLB", False),
        ("speaker.bgpDebounceTimeout", 0),
        ("memberlist", {"enabled": True, "bindPort": 7946, "wanConfig": False}),
        ("excludeInterfaces", {"enabled": True, "patterns": []}),
        ("frrK8s", {"namespace": "", "alwaysBlock": []}),
        ("tls", {"minVersion": "", "cipherSuites": [], "curvePreferences": []}),
        ("monitoring.serviceMonitor", {"enabled": False}),
        ("monitoring.podMonitor", {"enabled": False}),
        ("monitoring.prometheusRule", {"enabled": False}),
        ("networkPolicies.enabled", True),
        ("networkPolicies.defaultDeny", False),
        ("networkPolicies.apiServerPorts", [6443, 443]),
        ("legacy", False),
    ],
)
def test_what_was_not_given_is_filled_in(path: str, expected: object) -> None:
    assert at(made(), path) == expected


@pytest.mark.parametrize(
    ("spec", "path", "expected"),
    [
        # Groups that are given, and say nothing, change nothing.
        ({"controllerConfig": {}}, "controller.resources", REQUESTS),
        ({"controllerConfig": {"resources": {}}}, "controller.resources", REQUESTS),
        ({"speakerConfig": {}}, "speaker.priorityClassName", "system-node-critical"),
        ({"images": {}}, "images.pullPolicy", "IfNotPresent"),
        ({"memberlist": {}}, "memberlist.bindPort", 7946),
        ({"networkPolicies": {}}, "networkPolicies.apiServerPorts", [6443, 443]),
        (
            {"networkPolicies": {"apiServerPorts": []}},
            "networkPolicies.apiServerPorts",
            [6443, 443],
        ),
        ({"updateStrategy": {}}, "speaker.updateStrategy.type", "RollingUpdate"),
        ({"metrics": {}}, "ports.metrics", 9120),
        ({"metrics": {"podMonitor": {}}}, "monitoring.podMonitor", {}),
        # What is given is passed on as it is, without what was not.
        (
            {"controllerTolerations": [{"key": "a", "operator": "Exists"}]},
            "controller.tolerations",
            [{"key": "a", "operator": "Exists"}],
        ),
        (
            {"speakerConfig": {"affinity": {"podAffinity": {}}}},
            "speaker.affinity",
            {"podAffinity": {}},
        ),
        (
            {"controllerConfig": {"resources": {"limits": {"cpu": 1, "memory": "1Gi"}}}},
            "controller.resources",
            {"limits": {"cpu": 1, "memory": "1Gi"}},
        ),
        (
            {"updateStrategy": {"speaker": {"maxUnavailable": "25%"}}},
            "speaker.updateStrategy.maxUnavailable",
            "25%",
        ),
        ({"frrk8sConfig": {"alwaysBlock": ["b", " a "]}}, "frrK8s.alwaysBlock", ["a", "b"]),
        (
            {"tls": {"cipherSuites": ["B", "A"]}},
            "tls.cipherSuites",
            ["B", "A"],  # in the order of preference
        ),
        (
            {"metrics": {"serviceMonitor": {"enabled": True, "labels": {"a": "b"}}}},
            "monitoring.serviceMonitor",
            {"enabled": True, "labels": {"a": "b"}},
        ),
    ],
)
def test_spec_becomes_values(spec: dict[str, Any], path: str, expected: object) -> None:
    assert at(made(spec), path) == expected


@pytest.mark.parametrize(
    ("release", "spec", "expected"),
    [
        (NEW, {}, (9120, 17472)),
        (NEW, {"metrics": {"port": 9999}}, (9999, 17472)),
        (OLD, {}, (7472, 7472)),
        (OLD, {"metrics": {"port": 9999}}, (9999, 9999)),
    ],
)
def test_health_of_a_legacy_release_moves_with_its_metrics(
    release: Release, spec: dict[str, Any], expected: tuple[int, int]
) -> None:
    ports = made(spec, release)["ports"]
    assert (ports["metrics"], ports["health"]) == expected
    assert made(spec, release)["legacy"] == release.legacy


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.version)
def test_images_are_those_of_the_release(release: Release) -> None:
    images = made({}, release)["images"]
    assert images["controller"] == release.images["controller"]
    assert images["speaker"] == release.images["speaker"]
    assert images["frr"] == release.images["frr"]
    assert images["frrK8s"] == release.images["frr-k8s"]
    assert images["frrK8sFrr"] == release.images["frr-k8s-frr"]


@pytest.mark.parametrize(
    ("given", "replaced", "key", "expected"),
    [
        ({"controller": "own/c:1"}, {}, "controller", "own/c:1"),
        ({"controller": "own/c:1"}, {"controller": "mirror/c:1"}, "controller", "own/c:1"),
        ({}, {"controller": "mirror/c:1"}, "controller", "mirror/c:1"),
        ({}, {"frr-k8s": "mirror/k:1"}, "frrK8s", "mirror/k:1"),
        # One image of FRR is meant wherever FRR runs, unless the other one is named.
        ({"frr": "own/f:1"}, {}, "frrK8sFrr", "own/f:1"),
        ({}, {"frr": "mirror/f:1"}, "frr", "mirror/f:1"),
        ({}, {"frr": "mirror/f:1"}, "frrK8sFrr", "mirror/f:1"),
        ({}, {"frr": "mirror/f:1", "frr-k8s-frr": "mirror/f:2"}, "frrK8sFrr", "mirror/f:2"),
        ({}, {"frr-k8s-frr": "mirror/f:2"}, "frr", NEW.images["frr"]),
    ],
)
def test_images_of_the_object_come_before_those_of_the_operator(
    given: dict[str, str], replaced: dict[str, str], key: str, expected: str
) -> None:
    assert made({"images": given}, NEW, replaced)["images"][key] == expected


def test_operators_images_are_for_the_default_release_only() -> None:
    replaced = {"controller": "mirror/controller:v0.16.1", "frr": "mirror/frr:10.5.3"}
    assert made({}, OLD, replaced)["images"] == made({}, OLD)["images"]


@pytest.mark.parametrize("backend", list(Backend))
def test_backend_is_always_said(backend: Backend) -> None:
    assert values(MetalLBSpec(), NEW, backend, {})["backend"] == backend.value

"""Each field, with each backend and release: it changes the manifests, or its user is warned."""

from collections.abc import Mapping
from functools import reduce
from typing import Any, Final

import pytest

from metallb_crds.operator_v1beta1 import MetalLB
from metallb_webhooks.rules.base import Severity
from support.judging import judge
from support.rendering import BACKENDS, RELEASES, render
from support.samples import NAMESPACE

AFFINITY: Final = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "edge", "operator": "Exists"}]}]
        }
    }
}
TOLERATION: Final = {"key": "edge", "operator": "Exists"}
ON: Final = {"enabled": True}
FIELDS: Final[Mapping[str, Any]] = {
    "logLevel": "debug",
    "nodeSelector": {"edge": "true"},
    "speakerTolerations": [TOLERATION],
    "controllerTolerations": [TOLERATION],
    "controllerNodeSelector": {"infra": "true"},
    "loadBalancerClass": "example.com/metallb",
    **{
        f"{component}Config.{field}": value
        for component in ("controller", "speaker")
        for field, value in (
            ("priorityClassName", "high"),
            ("runtimeClassName", "crun"),
            ("annotations", {"a": "b"}),
            ("affinity", AFFINITY),
            ("resources", {"limits": {"memory": "1Gi"}}),
        )
    },
    "frrk8sConfig.alwaysBlock": ["192.0.2.0/24"],
    "frrk8sConfig.namespace": "routers",
    "images.registry": "mirror.example",
    "images.controller": "a.example/controller:v1.0.0",
    "images.speaker": "a.example/speaker:v1.0.0",
    "images.frr": "a.example/frr:v1.0.0",
    "images.frrK8s": "a.example/frr-k8s:v1.0.0",
    "images.pullPolicy": "Always",
    "images.pullSecrets": ["pull"],
    "updateStrategy.speaker.type": "OnDelete",
    "updateStrategy.speaker.maxUnavailable": 2,
    "updateStrategy.speaker.minReadySeconds": 15,
    "ignoreExcludeLB": True,
    "excludeInterfaces.enabled": False,
    "excludeInterfaces.patterns": ["^bond"],
    "memberlist.enabled": False,
    "memberlist.bindPort": 7950,
    "memberlist.wanConfig": True,
    "bgpDebounceTimeout": 500,
    "metrics.port": 9300,
    "metrics.serviceMonitor": ON,
    "metrics.podMonitor": ON,
    "metrics.prometheusRule": ON,
    "tls.minVersion": "VersionTLS12",
    "tls.curvePreferences": ["29"],
    "networkPolicies.enabled": False,
    "networkPolicies.defaultDeny": True,
    "networkPolicies.apiServerPorts": [16443],
}
OFF: Final[Mapping[str, Any]] = {
    "memberlist.enabled": False,
    "excludeInterfaces.enabled": False,
    "networkPolicies.enabled": False,
    "updateStrategy.speaker.type": "OnDelete",
}
SWITCHED: Final[Mapping[str, Any]] = {
    path: value
    for path, value in {
        **FIELDS,
        "metrics.serviceMonitor.labels": {"a": "b"},
        "metrics.podMonitor.interval": "30s",
        "metrics.prometheusRule.labels": {"a": "b"},
    }.items()
    if path.split(".")[0] in {"memberlist", "excludeInterfaces", "networkPolicies"}
    or path.startswith("updateStrategy.")
    or path.count(".") > 1
}
"""Fields that do nothing once others are `OFF`."""


def spec(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a spec from values by path."""
    return reduce(_merged, (_nested(path.split("."), fields[path]) for path in fields), {})


def _nested(parts: list[str], value: Any) -> Any:  # noqa: ANN401 - JSON
    return {parts[0]: _nested(parts[1:], value)} if parts else value


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    merged = {
        key: _merged(one[key], value)
        if isinstance(one.get(key), dict) and isinstance(value, dict)
        else value
        for key, value in other.items()
    }
    return {**one, **merged}


def chosen(backend: str, release: str) -> dict[str, Any]:
    external = {"frrk8sConfig": {"namespace": "elsewhere"}} if "external" in backend else {}
    return {"bgpBackend": backend, "version": release, **external}


def warned(fields: Mapping[str, Any], backend: str, release: str) -> set[str]:
    """Return the fields of which their user is told that they do nothing."""
    manifest = {
        "metadata": {"name": "metallb", "namespace": NAMESPACE},
        "spec": _merged(chosen(backend, release), spec(fields)),
    }
    found = judge(MetalLB.parse(manifest))
    assert {finding.severity for finding in found} <= {Severity.WARN}, found
    return {f.path.removeprefix("spec.") for f in found if "has no effect" in f.message}


def alone(backend: str, release: str) -> dict[str, Any]:
    """Return those of all fields that do something by themselves with this backend and release."""
    idle = {path for path in FIELDS if warned({path: FIELDS[path]}, backend, release)}
    return {path: value for path, value in FIELDS.items() if path not in idle}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_warned_of_changes_nothing(backend: str, release: str) -> None:
    working = alone(backend, release)
    idle = {path: FIELDS[path] for path in FIELDS if path not in working}
    assert idle
    given = _merged(chosen(backend, release), spec(idle))
    assert render(given, backend, release) == render({}, backend, release)


# What each does with frr-k8s is in test_chart_fields.
@pytest.mark.parametrize("path", FIELDS)
@pytest.mark.parametrize("backend", ["native", "frr"])
def test_what_is_not_warned_of_changes_something(backend: str, path: str) -> None:
    changed = render(spec({path: FIELDS[path]}), backend) != render({}, backend)
    assert changed is (path in alone(backend, "0.16.1"))


def test_what_is_switched_off_is_warned_of_and_changes_nothing() -> None:
    both = {**SWITCHED, **OFF}
    assert warned(both, "frr-k8s", "0.16.1") == SWITCHED.keys() - OFF.keys()
    assert render(spec(both)) == render(spec(OFF))


@pytest.mark.parametrize(
    ("release", "backend", "idle"),
    [
        ("0.16.1", "frr-k8s", {"frrk8sConfig.namespace"}),
        ("0.16.1", "frr-k8s-external", {"images.frr", "images.frrK8s", "bgpDebounceTimeout"}),
        ("0.15.3", "frr", {"bgpDebounceTimeout", "tls.minVersion", "tls.curvePreferences"}),
    ],
)
def test_what_does_nothing(release: str, backend: str, idle: set[str]) -> None:
    assert FIELDS.keys() - alone(backend, release).keys() >= idle

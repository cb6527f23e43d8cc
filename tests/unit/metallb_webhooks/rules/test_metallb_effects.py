"""What is warned of because it does nothing, and which ports of nodes exclude each other."""

from typing import Any

import pytest

from metallb_crds.backend import Backend
from metallb_operator.preflight import host_ports
from metallb_operator.releases import RELEASES, Release
from metallb_webhooks.rules.base import Severity
from metallb_webhooks.rules.metallbports import METRICS_PORTS, fixed_ports
from support.judging import by_rule, judge
from support.rendering import intent
from support.samples import metallb

EXTERNAL = {"bgpBackend": "frr-k8s-external", "frrk8sConfig": {"namespace": "x"}}
NATIVE = {"bgpBackend": "native"}
OLD = {"version": "0.15.3"}
OFF = {"enabled": False}


def strategy(kind: str) -> dict[str, Any]:
    return {"updateStrategy": {"speaker": {"type": kind, "maxUnavailable": 2}}}


@pytest.mark.parametrize(
    ("spec", "path", "why"),
    [
        (NATIVE | {"images": {"frr": "f:1"}}, "images.frr", "with the backend native"),
        (EXTERNAL | {"images": {"frr": "f:1"}}, "images.frr", "change bgpBackend"),
        ({"bgpBackend": "frr", "images": {"frrK8s": "k:1"}}, "images.frrK8s", "the backend frr"),
        (NATIVE | {"bgpDebounceTimeout": 9}, "bgpDebounceTimeout", "the backend native"),
        (EXTERNAL | {"bgpDebounceTimeout": 9}, "bgpDebounceTimeout", "frr-k8s-external"),
        (OLD | {"bgpDebounceTimeout": 9}, "bgpDebounceTimeout", "on MetalLB 0.15.3"),
        (OLD | {"tls": {"minVersion": "VersionTLS12"}}, "tls.minVersion", "change version"),
        (OLD | {"tls": {"curvePreferences": ["29"]}}, "tls.curvePreferences", "MetalLB 0.15.3"),
        (
            strategy("OnDelete"),
            "updateStrategy.speaker.maxUnavailable",
            "unless updateStrategy.speaker.type is RollingUpdate",
        ),
        (
            {"excludeInterfaces": OFF | {"patterns": ["("]}},
            "excludeInterfaces.patterns",
            "unless excludeInterfaces.enabled is true",
        ),
        ({"memberlist": OFF | {"bindPort": 7947}}, "memberlist.bindPort", "set that, or remove it"),
        ({"memberlist": OFF | {"wanConfig": True}}, "memberlist.wanConfig", "memberlist.enabled"),
        (
            {"networkPolicies": OFF | {"defaultDeny": True}},
            "networkPolicies.defaultDeny",
            "networkPolicies.enabled",
        ),
        (
            {"networkPolicies": OFF | {"apiServerPorts": [6443]}},
            "networkPolicies.apiServerPorts",
            "networkPolicies.enabled",
        ),
        *(
            (
                {"metrics": {name: {field: value}}},
                f"metrics.{name}.{field}",
                f"unless metrics.{name}.enabled is true",
            )
            for name, field, value in (
                ("serviceMonitor", "labels", {"a": "b"}),
                ("serviceMonitor", "interval", "30s"),
                ("podMonitor", "interval", "30s"),
                ("prometheusRule", "labels", {"a": "b"}),
            )
        ),
    ],
)
def test_what_does_nothing_is_warned_of(spec: dict[str, Any], path: str, why: str) -> None:
    [finding] = by_rule("metallb-without-effect", judge(metallb(**spec)))
    assert finding.severity is Severity.WARN
    assert finding.path == f"spec.{path}"
    assert why in finding.message


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"images": {"frr": "f:1", "frrK8s": "k:1"}, "bgpDebounceTimeout": 9},
        {"bgpBackend": "frr", "images": {"frr": "f:1"}, "bgpDebounceTimeout": 9},
        {"tls": {"minVersion": "VersionTLS12", "curvePreferences": ["29"]}},
        strategy("RollingUpdate"),
        strategy(""),
        {"excludeInterfaces": {"patterns": ["x"]}},
        {"memberlist": {"bindPort": 7947, "wanConfig": True}},
        {"networkPolicies": {"defaultDeny": True, "apiServerPorts": [6443]}},
        {"metrics": {"podMonitor": {"enabled": True, "interval": "30s", "labels": {"a": "b"}}}},
        {"memberlist": OFF},
        # Nobody knows what a release that there is not would do.
        {"version": "9", "bgpDebounceTimeout": 9},
    ],
)
def test_what_does_something_is_not(spec: dict[str, Any]) -> None:
    assert by_rule("metallb-without-effect", judge(metallb(**spec))) == []


@pytest.mark.parametrize(
    ("spec", "path", "told"),
    [
        ({"metrics": {"port": 17472}}, "metrics.port", "the speakers' health probe"),
        ({"metrics": {"port": 9140}}, "metrics.port", "frr-k8s' metrics"),
        ({"metrics": {"port": 7572}}, "metrics.port", "frr-k8s' health probe"),
        ({"bgpBackend": "frr", "metrics": {"port": 9121}}, "metrics.port", "FRR's metrics"),
        (OLD | {"metrics": {"port": 7573}}, "metrics.port", "FRR's metrics"),
        ({"memberlist": {"bindPort": 9141}}, "memberlist.bindPort", "FRR's metrics"),
        ({"memberlist": {"bindPort": 9120}}, "memberlist.bindPort", "another metrics.port"),
        (OLD | {"memberlist": {"bindPort": 7472}}, "memberlist.bindPort", "for their metrics"),
    ],
)
def test_a_port_that_is_taken_is_refused(spec: dict[str, Any], path: str, told: str) -> None:
    [finding] = by_rule("metallb-port-conflict", judge(metallb(**spec)))
    assert (finding.severity, finding.path) == (Severity.DENY, f"spec.{path}")
    assert told in finding.message


@pytest.mark.parametrize(
    "spec",
    [
        NATIVE | {"metrics": {"port": 9140}},
        {"metrics": {"port": 9121}},
        OLD | {"metrics": {"port": 17472}},
        OLD | {"metrics": {"port": 9120}},
        EXTERNAL | {"memberlist": {"bindPort": 9140}},
        {"memberlist": OFF | {"bindPort": 9120}},
        {"version": "9", "metrics": {"port": 17472}},
    ],
)
def test_a_port_that_is_free_is_not(spec: dict[str, Any]) -> None:
    assert by_rule("metallb-port-conflict", judge(metallb(**spec))) == []


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.version)
@pytest.mark.parametrize("backend", Backend)
def test_ports_are_those_of_the_operator(release: Release, backend: Backend) -> None:
    found = set(host_ports(intent({}, backend.value, release.version).values))
    chosen = {METRICS_PORTS[release.version], 7946}
    assert found == set(fixed_ports(release.version, backend)) | chosen

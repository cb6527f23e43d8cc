"""The chart as the operator renders it: golden files, and what holds of every rendering."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from metallb_kube.objects import ref_of
from metallb_operator.chartobjects import meant
from support.golden import assert_golden
from support.rendering import BACKENDS, EVERYTHING, RELEASES, intent, render, render_values
from support.samples import NAMESPACE

RENDERINGS = [
    pytest.param(spec, backend, release, id=f"{backend}-{release}-{name}")
    for backend in BACKENDS
    for release in RELEASES
    for name, spec in (
        ("defaults", {}),
        ("everything", EVERYTHING),
        ("pods-scraped", {"metrics": {"podMonitor": {"enabled": True}}}),
        ("least", {"memberlist": {"enabled": False}, "excludeInterfaces": {"enabled": False}}),
    )
]
every_rendering = pytest.mark.parametrize(("spec", "backend", "release"), RENDERINGS)
MADE_BY_THE_OPERATOR = {"Secret/metallb-memberlist", "Secret/frr-k8s-webhook-server-cert"}
OPTIONAL = {"ConfigMap/metallb-memberlist-config"}
UNPROBED = {"reloader", "frr-metrics", "frr-status"}

FLAGS = {
    ("controller/controller", "0.15.3"): "port log-level webhook-mode lb-class tls-min-version "
    "tls-cipher-suites",
    ("controller/controller", "0.16.1"): "port log-level webhook-mode lb-class tls-min-version "
    "tls-cipher-suites tls-curve-preferences health-probe-port metrics-cert-dir",
    ("speaker/speaker", "0.15.3"): "port log-level lb-class ml-wan-config ignore-exclude-lb "
    "frrk8s-namespace host",
    ("speaker/speaker", "0.16.1"): "port log-level lb-class ml-wan-config ignore-exclude-lb "
    "frrk8s-namespace tls-min-version tls-cipher-suites tls-curve-preferences health-probe-port "
    "metrics-cert-dir bgp-debounce-timeout",
    ("speaker/frr-metrics", "0.15.3"): "metrics-port metrics-path host",
    ("speaker/frr-metrics", "0.16.1"): "metrics-port metrics-path metrics-bind-address "
    "tls-min-version tls-cipher-suites tls-curve-preferences",
    ("frr-k8s/controller", "0.15.3"): "node-name namespace pod-name log-level always-block "
    "metrics-bind-address",
    ("frr-k8s/controller", "0.16.1"): "node-name namespace pod-name log-level always-block "
    "metrics-bind-address health-probe-bind-address bgp-debounce-timeout tls-min-version "
    "tls-cipher-suites tls-curve-preferences metrics-cert-dir",
    ("frr-k8s/frr-metrics", "0.15.3"): "metrics-port metrics-path metrics-bind-address",
    ("frr-k8s/frr-metrics", "0.16.1"): "metrics-port metrics-path metrics-bind-address "
    "tls-min-version tls-cipher-suites tls-curve-preferences",
    ("frr-k8s/frr-status", "0.15.3"): "node-name namespace pod-name log-level poll-interval",
    ("frr-k8s/frr-status", "0.16.1"): "node-name namespace pod-name log-level poll-interval",
    ("statuscleaner/statuscleaner", "0.15.3"): "webhook-port log-level namespace "
    "disable-cert-rotation",
    ("statuscleaner/statuscleaner", "0.16.1"): "webhook-port log-level namespace "
    "disable-cert-rotation frrk8s-selector tls-min-version tls-cipher-suites "
    "tls-curve-preferences",
}
"""What each program understands, by the release that it is part of; another flag ends it."""


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("backend", BACKENDS)
def test_defaults_render_as_kept(backend: str, release: str) -> None:
    text = yaml.dump_all(
        render({}, backend, release).manifests, Dumper=_Readable, sort_keys=False, width=120
    )
    assert_golden(f"rendered/{backend}-{release}.yaml", text)


@every_rendering
def test_programs_are_given_flags_that_their_release_knows(
    spec: dict[str, Any], backend: str, release: str
) -> None:
    for path, container in render(spec, backend, release).containers():
        given = {arg.removeprefix("--").partition("=")[0] for arg in container.get("args", ())}
        known = set(FLAGS.get((path, release), "").split())
        assert given <= known, f"{path} of {release} would end with {given - known}"


@every_rendering
def test_containers_ask_for_resources_and_are_confined(
    spec: dict[str, Any], backend: str, release: str
) -> None:
    for path, container in render(spec, backend, release).containers():
        assert {"cpu", "memory"} <= set(container["resources"]["requests"]), path
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"], path
        assert security["allowPrivilegeEscalation"] is False, path
        assert {"MKNOD", "ALL"} & set(security["capabilities"]["drop"]), path
        assert "privileged" not in security, path


@every_rendering
def test_pods_make_no_system_call_that_the_runtime_does_not_let_through(
    spec: dict[str, Any], backend: str, release: str
) -> None:
    for workload in render(spec, backend, release).workloads():
        security = workload["spec"]["template"]["spec"]["securityContext"]
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    for path, container in render(spec, backend, release).containers():
        assert "seccompProfile" not in container["securityContext"], path


@every_rendering
def test_containers_say_in_their_status_why_they_end(
    spec: dict[str, Any], backend: str, release: str
) -> None:
    for path, container in render(spec, backend, release).containers():
        assert container["terminationMessagePolicy"] == "FallbackToLogsOnError", path


@every_rendering
def test_containers_are_probed_where_they_listen(
    spec: dict[str, Any], backend: str, release: str
) -> None:
    rendered = render(spec, backend, release)
    for path, container in rendered.containers(init=False):
        workload, _, name = path.partition("/")
        if name in UNPROBED:
            continue
        beside = [c for p, c in rendered.containers(init=False) if p.startswith(f"{workload}/")]
        listening = {arg for c in beside for arg in c.get("args", ())}
        declared = {port["name"]: port["containerPort"] for port in container.get("ports", ())}
        for probe in ("livenessProbe", *(() if name == "frr" else ("readinessProbe",))):
            port = container[probe]["httpGet"]["port"]
            number = declared.get(port, port)
            assert any(re.search(rf"port=.*\b{number}$|address=.*:{number}$", a) for a in listening)


@every_rendering
def test_images_are_pinned(spec: dict[str, Any], backend: str, release: str) -> None:
    for path, container in render(spec, backend, release).containers():
        image = container["image"]
        assert re.fullmatch(r".+/[^:@/]+:v?[0-9]+\.[0-9]+\.[0-9]+", image), f"{path}: {image}"


@every_rendering
def test_selectors_select_what_is_rendered(
    spec: dict[str, Any], backend: str, release: str
) -> None:
    rendered = render(spec, backend, release)
    labels = [w["spec"]["template"]["metadata"]["labels"] for w in rendered.workloads()]
    for workload, template in zip(rendered.workloads(), labels, strict=True):
        own = workload["spec"]["selector"]["matchLabels"]
        assert [other for other in labels if own.items() <= other.items()] == [template]
    services = rendered.of_kind("Service")
    for service in services:
        assert any(service["spec"]["selector"].items() <= other.items() for other in labels)
    for monitor in rendered.of_kind("ServiceMonitor", "PodMonitor"):
        selected = monitor["spec"]["selector"]["matchLabels"]
        targets = labels if monitor["kind"] == "PodMonitor" else _labels(services)
        assert len([t for t in targets if selected.items() <= t.items()]) == 1
    for policy in rendered.of_kind("NetworkPolicy"):
        selected = policy["spec"]["podSelector"].get("matchLabels", {})
        assert any(selected.items() <= other.items() for other in labels)


@every_rendering
def test_monitors_name_ports_that_containers_have(
    spec: dict[str, Any], backend: str, release: str
) -> None:
    rendered = render(spec, backend, release)
    for monitor in rendered.of_kind("ServiceMonitor", "PodMonitor"):
        pods = rendered.template(monitor["metadata"]["name"])["spec"]["containers"]
        there = {port["name"]: port["containerPort"] for c in pods for port in c.get("ports", ())}
        endpoints = monitor["spec"].get("endpoints") or monitor["spec"]["podMetricsEndpoints"]
        assert {endpoint["port"] for endpoint in endpoints} <= set(there)
    for service in rendered.of_kind("Service"):
        component = service["spec"]["selector"]["component"]
        pods = rendered.template(component)["spec"]["containers"]
        there = {port["name"]: port["containerPort"] for c in pods for port in c.get("ports", ())}
        for port in service["spec"]["ports"]:
            assert there[port["targetPort"]] == port["port"]


@every_rendering
def test_policies_let_through_what_is_asked_from_outside(
    spec: dict[str, Any], backend: str, release: str
) -> None:
    rendered = render(spec, backend, release)
    confined = [p for p in rendered.of_kind("NetworkPolicy") if p["spec"]["podSelector"]]
    for policy in confined:
        (container,) = rendered.template(policy["metadata"]["name"])["spec"]["containers"]
        declared = {port["name"]: port["containerPort"] for port in container["ports"]}
        probed = {container[p]["httpGet"]["port"] for p in ("livenessProbe", "readinessProbe")}
        wanted = set(declared.values()) | {declared.get(port, port) for port in probed}
        (ingress,) = policy["spec"]["ingress"]
        assert {port["port"] for port in ingress["ports"]} == wanted
        (egress,) = policy["spec"]["egress"]
        assert egress["ports"]


@every_rendering
def test_policies_are_for_pods_with_a_network_of_their_own(
    spec: dict[str, Any], backend: str, release: str
) -> None:
    rendered = render(spec, backend, release)
    own = {
        workload["metadata"]["name"]
        for workload in rendered.workloads()
        if not workload["spec"]["template"]["spec"].get("hostNetwork")
    }
    policies = {p["metadata"]["name"] for p in rendered.of_kind("NetworkPolicy")}
    assert policies - {"default-deny"} == own


@every_rendering
def test_accounts_are_among_those_installed_beforehand(
    spec: dict[str, Any], backend: str, release: str
) -> None:
    rendered = render(spec, backend, release)
    installed = {m["metadata"]["name"] for m in render_values({}).of_kind("ServiceAccount")}
    used = {w["spec"]["template"]["spec"]["serviceAccountName"] for w in rendered.workloads()}
    asked = {
        secret["metadata"]["annotations"]["kubernetes.io/service-account.name"]
        for secret in rendered.of_kind("Secret")
    }
    assert used | asked <= installed


@every_rendering
def test_volumes_are_there_and_used(spec: dict[str, Any], backend: str, release: str) -> None:
    rendered = render(spec, backend, release)
    there = rendered.names | MADE_BY_THE_OPERATOR
    for workload in rendered.workloads():
        pod = workload["spec"]["template"]["spec"]
        volumes = {volume["name"]: volume for volume in pod.get("volumes") or ()}
        containers = [*pod.get("initContainers", ()), *pod["containers"]]
        mounted = {m["name"] for c in containers for m in c.get("volumeMounts") or ()}
        assert set(volumes) == mounted
        sources = {_source(volume) for volume in volumes.values()} - {""}
        assert sources - OPTIONAL <= there


@every_rendering
def test_no_port_of_a_node_is_claimed_twice(
    spec: dict[str, Any], backend: str, release: str
) -> None:
    claimed = [
        (port["hostPort"], port.get("protocol", "TCP"))
        for _, container in render(spec, backend, release).containers()
        for port in container.get("ports", ())
        if "hostPort" in port
    ]
    assert len(claimed) == len(set(claimed))


@every_rendering
def test_objects_belong_to_metallb_and_to_its_namespace(
    spec: dict[str, Any], backend: str, release: str
) -> None:
    for manifest in render(spec, backend, release).manifests:
        assert manifest["metadata"]["namespace"] == "metallb-system"
        assert manifest["metadata"]["labels"]["app"] == "metallb"


@every_rendering
def test_nothing_is_rendered_that_is_installed_beforehand(
    spec: dict[str, Any], backend: str, release: str
) -> None:
    kinds = {manifest["kind"] for manifest in render(spec, backend, release).manifests}
    assert not kinds & {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}
    assert not kinds & {"ServiceAccount", "CustomResourceDefinition", "Namespace"}


def test_objects_that_are_let_through_are_those_that_are_rendered() -> None:
    specs = ({}, EVERYTHING, {"metrics": {"podMonitor": {"enabled": True}}})
    rendered = [render(s, b, r) for s in specs for b in BACKENDS for r in RELEASES]
    found = {ref_of(manifest) for one in rendered for manifest in one.manifests}
    values = intent({}).values
    assert found == meant(values, NAMESPACE)
    # With helm and without the operator there are more.
    alone = {ref_of(manifest) for manifest in render_values({}).manifests}
    assert alone <= meant({}, NAMESPACE)
    assert alone | found == meant({}, NAMESPACE)


def _labels(manifests: tuple[Mapping[str, Any], ...]) -> list[dict[str, str]]:
    return [manifest["metadata"]["labels"] for manifest in manifests]


def _source(volume: Mapping[str, Any]) -> str:
    if "configMap" in volume:
        return f"ConfigMap/{volume['configMap']['name']}"
    return f"Secret/{volume['secret']['secretName']}" if "secret" in volume else ""


class _Readable(yaml.SafeDumper):
    """Writes texts of several lines as such."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002 - as inherited
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Readable.add_representer(str, _text)

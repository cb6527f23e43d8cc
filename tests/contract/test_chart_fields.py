"""Every field of a MetalLB object's spec, and what it does to the manifests."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel

from metallb_crds.core import Affinity, ResourceRequirements
from metallb_crds.operator_v1beta1 import MetalLBSpec
from metallb_webhooks.registries import pulled
from support.rendering import Rendered, render

Look = Callable[[Rendered], Any]
DIGEST = f"sha256:{0:064}"
LEAVES = (Affinity, ResourceRequirements)
WITHOUT_MANIFESTS = {
    "image",  # deprecated
    "bgpBackend",  # chooses what is rendered: golden files
    "version",  # the same
    "frrk8sConfig.secretPassthrough",  # refused: no release can do it
    "podSecurity.manageNamespaceLabels",  # done by the operator itself
    "upgrade.progressDeadlineSeconds",
    "upgrade.rollbackOnFailure",
    "upgrade.prePullImages",
    "uninstall.timeoutSeconds",
    "admission.deny",
    "paused",
}
AFFINITY = {
    "nodeAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "edge", "operator": "Exists"}]}]
        }
    }
}
RESOURCES = {"limits": {"memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "128Mi"}}
TOLERATION = {"key": "edge", "operator": "Equal", "value": "yes", "effect": "NoExecute"}


class Row(NamedTuple):
    """A spec, and what a look at the manifests finds."""

    spec: dict[str, Any]
    look: Look
    finds: Any
    backend: str = "frr-k8s"
    release: str = "0.16.1"


def flag(container: str, name: str) -> Look:
    return lambda r: [a for a in r.args(container) if a.partition("=")[0] == f"--{name}"]


def env(container: str, name: str) -> Look:
    return lambda r: r.env(container).get(name)


def pod(workload: str, key: str) -> Look:
    return lambda r: r.template(workload)["spec"].get(key)


def resources(container: str) -> Look:
    return lambda r: r.container(container)["resources"]


def annotation(workload: str, key: str) -> Look:
    return lambda r: r.template(workload)["metadata"].get("annotations", {}).get(key)


def image(container: str) -> Look:
    return lambda r: r.container(container)["image"]


def images(r: Rendered) -> set[str]:
    return {container["image"].rpartition("/")[0] for _, container in r.containers()}


def key(name: str, *path: str) -> Look:
    def look(r: Rendered) -> Any:  # noqa: ANN401 - JSON
        found: Any = r.object(name)
        for part in path:
            found = found[part]
        return found

    return look


def has(name: str) -> Look:
    return lambda r: sorted({name} & r.names)


def labels(name: str, *chosen: str) -> Look:
    return lambda r: {key: r.object(name)["metadata"]["labels"][key] for key in chosen}


def tolerations(workload: str) -> Look:
    return lambda r: r.template(workload)["spec"]["tolerations"][-1]


def config(which: str, **values: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {f"{which}Config": values}


def endpoints(kind: str) -> Look:
    def look(r: Rendered) -> Any:  # noqa: ANN401 - JSON
        spec = r.object(f"{kind}/speaker")["spec"]
        return [e["interval"] for e in spec.get("endpoints") or spec["podMetricsEndpoints"]]

    return look


def excluded(r: Rendered) -> list[str]:
    text = r.object("ConfigMap/metallb-excludel2")["data"]["excludel2.yaml"]
    return [line.strip(" -") for line in text.splitlines() if "bond" in line]


def mounts(r: Rendered) -> set[str]:
    return {mount["name"] for mount in r.container("speaker/speaker")["volumeMounts"] or ()}


DENY = {"networkPolicies": {"defaultDeny": True}}
ROWS = [
    *(
        Row({"logLevel": "debug"}, flag(container, "log-level"), ["--log-level=debug"])
        for container in (
            "controller/controller",
            "speaker/speaker",
            "frr-k8s/controller",
            "frr-k8s/frr-status",
            "statuscleaner/statuscleaner",
        )
    ),
    Row(
        {"loadBalancerClass": "a.b/c"},
        flag("controller/controller", "lb-class"),
        ["--lb-class=a.b/c"],
    ),
    Row({"loadBalancerClass": "a.b/c"}, flag("speaker/speaker", "lb-class"), ["--lb-class=a.b/c"]),
    Row({}, flag("speaker/speaker", "lb-class"), []),
    # Scheduling.
    *(
        Row(
            {"nodeSelector": {"edge": "true"}},
            pod(workload, "nodeSelector"),
            {"edge": "true", "kubernetes.io/os": "linux"},
        )
        for workload in ("speaker", "frr-k8s")
    ),
    Row(
        {"nodeSelector": {"edge": "true"}},
        pod("controller", "nodeSelector"),
        {"kubernetes.io/os": "linux"},
    ),
    Row(
        {"nodeSelector": {"kubernetes.io/os": "linux"}},
        pod("speaker", "nodeSelector"),
        {"kubernetes.io/os": "linux"},
    ),
    *(
        Row(
            {"controllerNodeSelector": {"infra": "true"}},
            pod(workload, "nodeSelector"),
            {"infra": "true", "kubernetes.io/os": "linux"},
        )
        for workload in ("controller", "statuscleaner")
    ),
    *(
        Row({"speakerTolerations": [TOLERATION]}, tolerations(workload), TOLERATION)
        for workload in ("speaker", "frr-k8s")
    ),
    Row({"speakerTolerations": [TOLERATION]}, pod("controller", "tolerations"), None),
    *(
        Row({"controllerTolerations": [TOLERATION]}, pod(workload, "tolerations"), [TOLERATION])
        for workload in ("controller", "statuscleaner")
    ),
    # How pods run.
    Row({}, pod("controller", "priorityClassName"), None),
    Row(
        config("controller", priorityClassName="high"),
        pod("controller", "priorityClassName"),
        "high",
    ),
    Row({}, pod("speaker", "priorityClassName"), "system-node-critical"),
    *(
        Row(config("speaker", priorityClassName="high"), pod(workload, "priorityClassName"), "high")
        for workload in ("speaker", "frr-k8s")
    ),
    Row(
        config("controller", runtimeClassName="crun"), pod("controller", "runtimeClassName"), "crun"
    ),
    *(
        Row(config("speaker", runtimeClassName="crun"), pod(workload, "runtimeClassName"), "crun")
        for workload in ("speaker", "frr-k8s")
    ),
    Row(config("controller", annotations={"a": "b"}), annotation("controller", "a"), "b"),
    Row(config("speaker", annotations={"a": "b"}), annotation("speaker", "a"), "b"),
    Row(config("speaker", annotations={"a": "b"}), annotation("frr-k8s", "a"), None),
    Row(config("controller", affinity=AFFINITY), pod("controller", "affinity"), AFFINITY),
    *(
        Row(config("speaker", affinity=AFFINITY), pod(workload, "affinity"), AFFINITY)
        for workload in ("speaker", "frr-k8s")
    ),
    Row(config("controller", resources=RESOURCES), resources("controller/controller"), RESOURCES),
    *(
        Row(config("speaker", resources=RESOURCES), resources(container), RESOURCES)
        for container in ("speaker/speaker", "frr-k8s/controller")
    ),
    # frr-k8s.
    Row(
        {"frrk8sConfig": {"alwaysBlock": ["2001:db8::/32", " 192.0.2.0/24"]}},
        flag("frr-k8s/controller", "always-block"),
        ["--always-block=192.0.2.0/24,2001:db8::/32"],
    ),
    Row(
        {"frrk8sConfig": {"namespace": "routers"}},
        flag("speaker/speaker", "frrk8s-namespace"),
        ["--frrk8s-namespace=routers"],
        "frr-k8s-external",
    ),
    Row({"frrk8sConfig": {"namespace": "x"}}, flag("speaker/speaker", "frrk8s-namespace"), []),
    # Images.
    Row(
        {"images": {"registry": "mirror.example/a"}},
        images,
        {"mirror.example/a/metallb", "mirror.example/a/frrouting"},
    ),
    Row(
        {"images": {"controller": "a.example/c:v1.0.0"}},
        image("controller/controller"),
        "a.example/c:v1.0.0",
    ),
    Row(
        {"images": {"controller": "c:v1", "registry": "r"}},
        image("controller/controller"),
        "r/c:v1",
    ),
    Row(
        {"images": {"controller": "localhost/c", "registry": "r"}},
        image("controller/controller"),
        "r/c",
    ),
    Row(
        {"images": {"controller": f"a:5000/c@{DIGEST}", "registry": "r/"}},
        image("controller/controller"),
        f"r/c@{DIGEST}",
    ),
    Row(
        {"images": {"controller": "x/c:v1", "registry": "r"}},
        image("controller/controller"),
        "r/x/c:v1",
    ),
    Row(
        {"images": {"speaker": "a.example/s:v1.0.0"}},
        image("speaker/speaker"),
        "a.example/s:v1.0.0",
    ),
    Row(
        {"images": {"speaker": "a.example/s:v1.0.0"}},
        image("speaker/cp-metrics"),
        "a.example/s:v1.0.0",
        "frr",
    ),
    Row(
        {"images": {"frr": "a.example/f:v1.0.0"}}, image("speaker/frr"), "a.example/f:v1.0.0", "frr"
    ),
    *(
        Row(
            {"images": {"frr": "a.example/f:v1.0.0"}},
            image(f"frr-k8s/{name}"),
            "a.example/f:v1.0.0",
        )
        for name in ("frr", "reloader", "frr-metrics", "frr-status", "cp-frr-files")
    ),
    *(
        Row({"images": {"frrK8s": "a.example/k:v1.0.0"}}, image(name), "a.example/k:v1.0.0")
        for name in ("frr-k8s/controller", "frr-k8s/cp-status", "statuscleaner/statuscleaner")
    ),
    Row(
        {"images": {"pullPolicy": "Always"}},
        lambda r: {container["imagePullPolicy"] for _, container in r.containers()},
        {"Always"},
    ),
    *(
        Row(
            {"images": {"pullSecrets": ["a", "b"]}},
            pod(workload, "imagePullSecrets"),
            [{"name": "a"}, {"name": "b"}],
        )
        for workload in ("controller", "speaker", "frr-k8s", "statuscleaner")
    ),
    # Replacement.
    *(
        Row(
            {"updateStrategy": {"speaker": {"type": "OnDelete"}}},
            key(f"DaemonSet/{name}", "spec", "updateStrategy"),
            {"type": "OnDelete"},
        )
        for name in ("speaker", "frr-k8s")
    ),
    *(
        Row(
            {"updateStrategy": {"speaker": {"maxUnavailable": number}}},
            key(f"DaemonSet/{name}", "spec", "updateStrategy", "rollingUpdate"),
            {"maxUnavailable": number},
        )
        for name in ("speaker", "frr-k8s")
        for number in (3, "25%")
    ),
    *(
        Row(
            {"updateStrategy": {"speaker": {"minReadySeconds": 15}}},
            key(f"DaemonSet/{name}", "spec", "minReadySeconds"),
            15,
        )
        for name in ("speaker", "frr-k8s")
    ),
    Row(
        {"updateStrategy": {"speaker": {"sessionTimeoutSeconds": 60}}},
        key("ConfigMap/frr-k8s-frr-startup", "data", "session-timeout"),
        "60",
    ),
    Row({}, key("ConfigMap/frr-k8s-frr-startup", "data", "session-timeout"), "30"),
    # Announcing.
    Row(
        {"ignoreExcludeLB": True},
        flag("speaker/speaker", "ignore-exclude-lb"),
        ["--ignore-exclude-lb"],
    ),
    Row({}, flag("speaker/speaker", "ignore-exclude-lb"), []),
    Row({"excludeInterfaces": {"enabled": False}}, has("ConfigMap/metallb-excludel2"), []),
    Row(
        {"excludeInterfaces": {"enabled": False}},
        lambda r: mounts(r) & {"excluded-interfaces"},
        set(),
    ),
    Row({}, lambda r: mounts(r) & {"excluded-interfaces"}, {"excluded-interfaces"}),
    Row({"excludeInterfaces": {"patterns": [r'^bond"\d$']}}, excluded, [r'"^bond\"\\d$"']),
    Row({"memberlist": {"enabled": False}}, env("speaker/speaker", "METALLB_ML_BIND_ADDR"), None),
    Row(
        {"memberlist": {"enabled": False}},
        lambda r: list(r.ports("speaker/speaker")),
        ["metricshttps"],
    ),
    Row(
        {"memberlist": {"enabled": False}},
        lambda r: mounts(r) & {"memberlist", "memberlist-config"},
        set(),
    ),
    Row({"memberlist": {"bindPort": 7950}}, env("speaker/speaker", "METALLB_ML_BIND_PORT"), "7950"),
    Row(
        {"memberlist": {"bindPort": 7950}},
        lambda r: r.ports("speaker/speaker"),
        {"metricshttps": 9120, "memberlist-tcp": 7950, "memberlist-udp": 7950},
    ),
    Row(
        {"memberlist": {"wanConfig": True}},
        flag("speaker/speaker", "ml-wan-config"),
        ["--ml-wan-config"],
    ),
    Row(
        {"bgpDebounceTimeout": 500},
        flag("frr-k8s/controller", "bgp-debounce-timeout"),
        ["--bgp-debounce-timeout=500"],
    ),
    Row(
        {"bgpDebounceTimeout": 500},
        env("speaker/speaker", "METALLB_BGP_DEBOUNCE_TIMEOUT"),
        "500",
        "frr",
    ),
    Row(
        {"bgpDebounceTimeout": 500},
        env("speaker/speaker", "METALLB_BGP_DEBOUNCE_TIMEOUT"),
        None,
        "frr",
        "0.15.3",
    ),
    # Monitoring.
    *(
        Row({"metrics": {"port": 9999}}, flag(container, "port"), ["--port=9999"])
        for container in ("controller/controller", "speaker/speaker")
    ),
    Row(
        {"metrics": {"port": 9999}},
        lambda r: r.ports("controller/controller"),
        {"metricshttps": 9999},
    ),
    Row(
        {"metrics": {"port": 9999}},
        lambda r: r.container("speaker/speaker")["livenessProbe"]["httpGet"]["port"],
        9999,
        "native",
        "0.15.3",
    ),
    *(
        Row(
            {"metrics": {name[0].lower() + name[1:]: {"enabled": True}}},
            has(f"{name}/{component}"),
            [f"{name}/{component}"],
            backend,
        )
        for name in ("ServiceMonitor", "PodMonitor")
        for backend, component in (
            ("native", "controller"),
            ("native", "speaker"),
            ("frr-k8s", "frr-k8s"),
        )
    ),
    Row(
        {"metrics": {"serviceMonitor": {"enabled": True}}},
        has("Service/frr-k8s-metrics"),
        [],
        "native",
    ),
    Row(
        {"metrics": {"serviceMonitor": {"enabled": True}}},
        has("Service/frr-k8s-metrics"),
        ["Service/frr-k8s-metrics"],
    ),
    Row({}, has("ServiceMonitor/speaker"), []),
    *(
        Row(
            {
                "metrics": {
                    name[0].lower() + name[1:]: {
                        "enabled": True,
                        "labels": {"release": "p", "app": "x"},
                    }
                }
            },
            labels(f"{name}/speaker", "release", "app", "component"),
            {"release": "p", "app": "x", "component": "speaker"},
        )
        for name in ("ServiceMonitor", "PodMonitor")
    ),
    *(
        Row(
            {"metrics": {name[0].lower() + name[1:]: {"enabled": True, "interval": "30s"}}},
            endpoints(name),
            ["30s"],
        )
        for name in ("ServiceMonitor", "PodMonitor")
    ),
    Row(
        {"metrics": {"prometheusRule": {"enabled": True}}},
        has("PrometheusRule/metallb"),
        ["PrometheusRule/metallb"],
    ),
    Row(
        {"metrics": {"prometheusRule": {"enabled": True, "labels": {"role": "alerts"}}}},
        lambda r: r.object("PrometheusRule/metallb")["metadata"]["labels"]["role"],
        "alerts",
    ),
    # TLS: of every program that serves it.
    *(
        Row({"tls": {field: value}}, flag(container, name), [f"--{name}={text}"], backend)
        for field, value, name, text in (
            ("minVersion", "VersionTLS12", "tls-min-version", "VersionTLS12"),
            ("cipherSuites", ["A", "B"], "tls-cipher-suites", "A,B"),
            ("curvePreferences", ["29", "23"], "tls-curve-preferences", "29,23"),
        )
        for container, backend in (
            ("controller/controller", "native"),
            ("speaker/speaker", "native"),
            ("speaker/frr-metrics", "frr"),
            ("frr-k8s/controller", "frr-k8s"),
            ("frr-k8s/frr-metrics", "frr-k8s"),
            ("statuscleaner/statuscleaner", "frr-k8s"),
        )
    ),
    # Policies.
    Row({}, has("NetworkPolicy/controller"), ["NetworkPolicy/controller"]),
    Row({}, has("NetworkPolicy/default-deny"), []),
    Row(
        {"networkPolicies": {"enabled": False, "defaultDeny": True}},
        lambda r: r.of_kind("NetworkPolicy"),
        (),
    ),
    Row(
        DENY,
        key("NetworkPolicy/default-deny", "spec"),
        {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    ),
    Row(
        {"networkPolicies": {"apiServerPorts": [16443]}},
        key("NetworkPolicy/controller", "spec", "egress"),
        [{"ports": [{"protocol": "TCP", "port": 16443}]}],
    ),
    Row(
        {},
        key("NetworkPolicy/controller", "spec", "egress"),
        [{"ports": [{"protocol": "TCP", "port": 6443}, {"protocol": "TCP", "port": 443}]}],
    ),
]


@pytest.mark.parametrize(
    "row", ROWS, ids=[f"{i}-{'-'.join(row.spec)}" for i, row in enumerate(ROWS)]
)
def test_field_does_what_it_says(row: Row) -> None:
    assert row.look(render(row.spec, row.backend, row.release)) == row.finds


def test_every_field_of_the_spec_has_a_row() -> None:
    tested = {path for row in ROWS for path in _given(row.spec)}
    assert set(_fields(MetalLBSpec)) - tested == WITHOUT_MANIFESTS


def _given(spec: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    known = set(_fields(MetalLBSpec))
    for name, value in spec.items():
        path = prefix + name
        if path in known:
            yield path
        elif isinstance(value, dict):
            yield from _given(value, f"{path}.")


def _fields(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for field in model.model_fields.values():
        path = f"{prefix}{field.alias}"
        part = _model(field.annotation)
        if part is None or part in LEAVES:
            yield path
        else:
            yield from _fields(part, f"{path}.")


def _model(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401 - any annotation
    candidates = (annotation, *getattr(annotation, "__args__", ()))
    found = [c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)]
    plain = not hasattr(annotation, "__origin__") or type(None) in annotation.__args__
    return found[0] if found and plain else None


@pytest.mark.parametrize("registry", ["", "mirror.example/x", "mirror.example:5000/", "plain"])
@pytest.mark.parametrize(
    "own", ["quay.io/a/b:v1", "localhost/a:v1", "h:5000/a:v1", "a/b:v1", "a:v1"]
)
def test_what_is_pulled_is_what_was_judged(registry: str, own: str) -> None:
    images = {"speaker": own, **({"registry": registry} if registry else {})}
    found = render({"images": images}, "native").container("speaker/speaker")["image"]
    assert found == pulled(own, registry)

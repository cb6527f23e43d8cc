"""What MetalLB's and frr-k8s' own charts get wrong must not be wrong here: one test each."""

import json
from typing import Any

import pytest

from metallb_crds.generate import crds
from metallb_operator.chart import FOLDER
from support.rendering import BACKENDS, EVERYTHING, RELEASES, Rendered, render, render_values

ALONE = {"rbac": {"create": True}, "serviceAccounts": {"create": True}, "secrets": {"create": True}}
every_backend = pytest.mark.parametrize("backend", BACKENDS)
every_release = pytest.mark.parametrize("release", RELEASES)


def scraped(kind: str, backend: str = "frr-k8s", release: str = "0.16.1") -> Rendered:
    return render({"metrics": {kind: {"enabled": True}}}, backend, release)


@every_backend
@every_release
def test_defaults_render(backend: str, release: str) -> None:
    assert {"Deployment/controller", "DaemonSet/speaker"} <= render({}, backend, release).names


def test_controller_may_look_itself_up_whatever_becomes_of_speakers() -> None:
    role = render_values(ALONE).object("Role/controller")
    assert {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]} in role["rules"]


@pytest.mark.parametrize("kind", ["serviceMonitor", "podMonitor"])
def test_monitors_scrape_with_a_token_that_is_there(kind: str) -> None:
    rendered = scraped(kind)
    secret = rendered.object("Secret/metrics-reader")
    assert secret["type"] == "kubernetes.io/service-account-token"
    for monitor in rendered.of_kind("ServiceMonitor", "PodMonitor"):
        for endpoint in monitor["spec"].get("endpoints") or monitor["spec"]["podMetricsEndpoints"]:
            assert endpoint["scheme"] == "https"
            assert endpoint["tlsConfig"] == {"insecureSkipVerify": True}
            credentials = endpoint["authorization"]["credentials"]
            assert credentials == {"name": secret["metadata"]["name"], "key": "token"}


def test_owner_of_the_token_may_read_metrics() -> None:
    installed = render_values(ALONE)
    account = scraped("podMonitor").object("Secret/metrics-reader")["metadata"]["annotations"][
        "kubernetes.io/service-account.name"
    ]
    binding = installed.object("ClusterRoleBinding/metallb-system:metrics-reader")
    role = installed.object(f"ClusterRole/{binding['roleRef']['name']}")
    assert binding["subjects"][0]["name"] == account
    assert role["rules"] == [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}]


@pytest.mark.parametrize("kind", ["serviceMonitor", "podMonitor"])
def test_monitors_of_a_legacy_release_scrape_plain_http(kind: str) -> None:
    rendered = scraped(kind, release="0.15.3")
    assert "Secret/metrics-reader" not in rendered.names
    (endpoint, *_) = _endpoints(rendered, "frr-k8s")
    assert set(endpoint) == {"port", "path", "honorLabels"}


def test_metrics_of_a_legacy_frr_k8s_leave_the_node_only_when_they_are_scraped() -> None:
    quiet, loud = render({}, version="0.15.3"), scraped("podMonitor", release="0.15.3")
    for container in ("frr-k8s/controller", "frr-k8s/frr-metrics"):
        assert any("bind-address=127.0.0.1" in arg for arg in quiet.args(container))
        assert any("bind-address=0.0.0.0" in arg for arg in loud.args(container))


@pytest.mark.parametrize("workload", ["controller", "speaker"])
def test_port_of_probes_is_passed_to_the_process(workload: str) -> None:
    values = {"ports": {"health": 18000}, "secrets": {"create": False}}
    container = render_values(values).container(f"{workload}/{workload}")
    assert "--health-probe-port=18000" in container["args"]
    assert container["livenessProbe"]["httpGet"]["port"] == 18000


@pytest.mark.parametrize(
    ("alert", "metrics"),
    [
        ("MetalLBBGPSessionDown", ["metallb_bgp_session_up", "frrk8s_bgp_session_up"]),
        ("MetalLBBFDSessionDown", ["metallb_bfd_session_up", "frrk8s_bfd_session_up"]),
        (
            "MetalLBConfigurationRefused",
            ["metallb_k8s_client_config_stale_bool", "frrk8s_k8s_client_config_stale_bool"],
        ),
        (
            "MetalLBConfigurationMissing",
            ["metallb_k8s_client_config_loaded_bool", "frrk8s_k8s_client_config_loaded_bool"],
        ),
        ("MetalLBControllerAbsent", ['deployment="controller"', 'namespace="metallb-system"']),
        ("MetalLBSpeakersAbsent", ['daemonset=~"speaker|frr-k8s"']),
        ("MetalLBPoolExhausted", ["metallb_allocator_addresses_in_use_total"]),
        ("MetalLBPoolNearlyExhausted", ["metallb_allocator_addresses_total"]),
    ],
)
def test_alerts_watch_every_backend(alert: str, metrics: list[str]) -> None:
    rendered = render({"metrics": {"prometheusRule": {"enabled": True}}})
    (group,) = rendered.object("PrometheusRule/metallb")["spec"]["groups"]
    (rule,) = [rule for rule in group["rules"] if rule["alert"] == alert]
    assert all(metric in rule["expr"] for metric in metrics)
    assert rule["for"]
    assert set(rule["annotations"]) == {"summary", "description"}


def test_scrape_interval_is_a_duration() -> None:
    rendered = render({"metrics": {"podMonitor": {"enabled": True, "interval": "1m30s"}}})
    assert {endpoint["interval"] for endpoint in _endpoints(rendered, "speaker")} == {"1m30s"}


@every_backend
def test_no_custom_resource_definition_can_be_lost_with_the_chart(backend: str) -> None:
    values = {**ALONE, "backend": backend, "frrK8s": {"namespace": "elsewhere"}}
    assert not render_values(values).of_kind("CustomResourceDefinition")
    assert not (FOLDER / "crds").exists()


@every_backend
def test_no_webhook_is_left_without_a_server(backend: str) -> None:
    values = {**ALONE, "backend": backend, "frrK8s": {"namespace": "elsewhere"}}
    rendered = render_values(values)
    assert not rendered.of_kind("ValidatingWebhookConfiguration")
    assert "--webhook-mode=disabled" in rendered.args("controller/controller")


@pytest.mark.parametrize(
    ("workload", "seconds"), [("speaker", 2), ("controller", 2), ("frr-k8s", 10)]
)
def test_pods_have_time_to_say_goodbye(workload: str, seconds: int) -> None:
    assert render({}).template(workload)["spec"]["terminationGracePeriodSeconds"] == seconds


def test_there_are_never_two_allocators() -> None:
    spec = render({}).object("Deployment/controller")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


@pytest.mark.parametrize(
    ("workload", "backend", "changed"),
    [
        ("speaker", "native", {"excludeInterfaces": {"patterns": ["^bond"]}}),
        ("speaker", "frr", {"legacy": True}),
        ("frr-k8s", "frr-k8s", {"legacy": True}),
    ],
)
def test_pods_restart_when_what_they_read_once_changes(
    workload: str, backend: str, changed: dict[str, Any]
) -> None:
    def checksums(values: dict[str, Any]) -> set[str]:
        rendered = render_values({"backend": backend, "secrets": {"create": False}, **values})
        annotations = rendered.template(workload)["metadata"]["annotations"]
        return {v for k, v in annotations.items() if k.startswith("checksum/")}

    assert checksums({}) == checksums({"logLevel": "debug"})
    assert checksums({}) != checksums(changed)


@every_release
def test_memberlist_key_is_never_made_by_the_controller(release: str) -> None:
    environment = render({}, "native", release).env("controller/controller")
    assert not {"METALLB_ML_SECRET_NAME", "METALLB_DEPLOYMENT"} & set(environment)


def test_everybody_who_serves_metrics_may_authenticate_who_asks() -> None:
    rendered = render_values(ALONE)
    for account in ("controller", "speaker", "frr-k8s-daemon"):
        rules = rendered.object(f"ClusterRole/metallb-system:{account}")["rules"]
        reviewed = {r for rule in rules if rule["verbs"] == ["create"] for r in rule["resources"]}
        assert {"tokenreviews", "subjectaccessreviews"} <= reviewed


def test_speakers_meet_speakers_of_their_own_kind_only() -> None:
    rendered = render({})
    chosen = dict(
        label.split("=")
        for label in rendered.env("speaker/speaker")["METALLB_ML_LABELS"].split(",")
    )
    assert chosen == rendered.object("DaemonSet/speaker")["spec"]["selector"]["matchLabels"]


def test_permissions_are_enumerated_and_touch_no_definitions() -> None:
    for role in render_values(ALONE).of_kind("Role", "ClusterRole"):
        for rule in role["rules"]:
            assert "*" not in json.dumps(rule)
            forbidden = {"apiextensions.k8s.io", "admissionregistration.k8s.io"}
            assert not forbidden & set(rule.get("apiGroups", ()))


@pytest.mark.parametrize(
    ("role", "group", "resource", "verbs"),
    [
        ("ClusterRole/metallb-system:controller", "", "services", "get list watch"),
        ("ClusterRole/metallb-system:controller", "", "services/status", "update"),
        ("ClusterRole/metallb-system:controller", "", "nodes", ""),
        ("Role/controller", "", "secrets", ""),
        ("Role/controller", "apps", "deployments", ""),
        ("Role/controller", "metallb.io", "ipaddresspools", "get list watch"),
        ("Role/controller", "metallb.io", "ipaddresspools/status", "update"),
        ("Role/speaker", "", "pods", "get list"),
        ("Role/speaker", "", "secrets", "get list watch"),
        ("Role/speaker", "metallb.io", "bgppeers", "get list watch"),
        ("Role/speaker", "metallb.io", "servicebgpstatuses", "create delete get list patch watch"),
        ("Role/speaker", "metallb.io", "servicebgpstatuses/status", "patch"),
        (
            "ClusterRole/metallb-system:speaker",
            "metallb.io",
            "servicel2statuses",
            "create delete get list patch watch",
        ),
        (
            "ClusterRole/metallb-system:speaker",
            "metallb.io",
            "configurationstates",
            "create get list patch watch",
        ),
        (
            "ClusterRole/metallb-system:speaker",
            "frrk8s.metallb.io",
            "frrconfigurations",
            "create delete get list update watch",
        ),
        ("ClusterRole/metallb-system:speaker", "", "endpoints", ""),
        ("ClusterRole/metallb-system:frr-k8s-daemon", "", "nodes", "get list watch"),
        (
            "ClusterRole/metallb-system:frr-k8s-daemon",
            "frrk8s.metallb.io",
            "frrnodestates",
            "create delete get list watch",
        ),
        (
            "ClusterRole/metallb-system:frr-k8s-daemon",
            "frrk8s.metallb.io",
            "frrnodestates/status",
            "update",
        ),
        ("Role/frr-k8s-daemon", "", "secrets", "get list watch"),
    ],
)
def test_permissions_are_those_the_code_uses(
    role: str, group: str, resource: str, verbs: str
) -> None:
    rules = render_values(ALONE).object(role)["rules"]
    granted = {
        verb
        for rule in rules
        if group in rule.get("apiGroups", ()) and resource in rule.get("resources", ())
        for verb in rule["verbs"]
    }
    assert granted == set(verbs.split())


def test_no_role_grants_what_is_cluster_scoped() -> None:
    cluster_scoped = {
        definition["spec"]["names"]["plural"]
        for definition in crds().values()
        if definition["spec"]["scope"] == "Cluster"
    } | {"nodes", "namespaces", "tokenreviews", "subjectaccessreviews"}
    for role in render_values(ALONE).of_kind("Role"):
        granted = {resource for rule in role["rules"] for resource in rule["resources"]}
        assert not granted & cluster_scoped, role["metadata"]["name"]


def test_speakers_are_the_last_to_be_evicted() -> None:
    rendered = render({})
    for workload in ("speaker", "frr-k8s"):
        pod = rendered.template(workload)["spec"]
        assert pod["priorityClassName"] == "system-node-critical"


def test_passwords_are_referred_to_by_no_flag_that_ends_the_speaker() -> None:
    for release in RELEASES:
        rendered = render(EVERYTHING, "frr-k8s-external", release)
        assert not [arg for arg in rendered.args("speaker/speaker") if "passthrough" in arg]


def test_memberlist_tuning_is_the_administrators_and_optional() -> None:
    volumes = render({}).template("speaker")["spec"]["volumes"]
    (tuning,) = [volume for volume in volumes if volume["name"] == "memberlist-config"]
    assert tuning["configMap"] == {"name": "metallb-memberlist-config", "optional": True}


@every_release
def test_statuscleaner_needs_no_port_of_its_node_and_can_be_replaced(release: str) -> None:
    deployment = render({}, version=release).object("Deployment/statuscleaner")
    pod = deployment["spec"]["template"]["spec"]
    assert "hostNetwork" not in pod
    assert not [port for c in pod["containers"] for port in c["ports"] if "hostPort" in port]
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}


def test_statuscleaner_is_selected_by_more_than_a_generic_label() -> None:
    selector = render({}).object("Deployment/statuscleaner")["spec"]["selector"]["matchLabels"]
    assert selector == {"app": "metallb", "component": "statuscleaner"}


@every_release
def test_statuscleaner_finds_the_pods_of_frr_k8s(release: str) -> None:
    rendered = render({}, version=release)
    labels = rendered.template("frr-k8s")["metadata"]["labels"]
    assert labels["app.kubernetes.io/component"] == "frr-k8s"
    assert not [a for a in rendered.args("statuscleaner/statuscleaner") if "selector" in a]


@pytest.mark.parametrize("backend", ["frr", "frr-k8s"])
def test_frr_keeps_no_capability_it_has_no_use_for(backend: str) -> None:
    workload = "speaker" if backend == "frr" else "frr-k8s"
    rendered = render({}, backend)
    capabilities = rendered.container(f"{workload}/frr")["securityContext"]["capabilities"]
    assert set(capabilities["add"]) == {"NET_ADMIN", "NET_RAW", "NET_BIND_SERVICE", "SYS_ADMIN"}
    assert {"MKNOD", "SETFCAP", "SYS_CHROOT", "AUDIT_WRITE"} <= set(capabilities["drop"])
    for name in ("reloader", "frr-metrics"):
        beside = rendered.container(f"{workload}/{name}")["securityContext"]["capabilities"]
        assert "NET_RAW" in beside["drop"]
        assert "add" not in beside


def test_reloader_can_write_where_its_script_does() -> None:
    mounts = {m["mountPath"] for m in render({}).container("frr-k8s/reloader")["volumeMounts"]}
    assert {"/etc/frr", "/etc/frr_reloader", "/var/run/frr", "/var/log/frr", "/tmp"} <= mounts  # noqa: S108 - a path in a container


@pytest.mark.parametrize("backend", ["frr", "frr-k8s"])
def test_log_of_frr_is_what_its_container_prints(backend: str) -> None:
    workload, name = (
        ("speaker", "frr-startup") if backend == "frr" else ("frr-k8s", "frr-k8s-frr-startup")
    )
    old, new = render({}, backend, "0.15.3"), render({}, backend, "0.16.1")
    assert "tail -F /etc/frr/frr.log" in old.container(f"{workload}/frr")["command"][-1]
    assert "log file /etc/frr/frr.log" in old.object(f"ConfigMap/{name}")["data"]["frr.conf"]
    assert "log stdout" in new.object(f"ConfigMap/{name}")["data"]["frr.conf"]


@pytest.mark.parametrize("backend", ["frr", "frr-k8s"])
@every_release
def test_frr_is_probed_on_loopback_whatever_the_family_of_the_node(
    backend: str, release: str
) -> None:
    workload = "speaker" if backend == "frr" else "frr-k8s"
    asked = render({}, backend, release).container(f"{workload}/frr")["livenessProbe"]["httpGet"]
    assert asked["host"] == "127.0.0.1"
    assert asked["scheme"] == ("HTTP" if release == "0.15.3" else "HTTPS")


@pytest.mark.parametrize("backend", ["frr", "frr-k8s"])
@every_release
def test_frr_is_ready_when_its_sessions_are_up(backend: str, release: str) -> None:
    """Whatever it waits for, a pod is not restarted for it: only for bgpd that does not run."""
    workload, name = (
        ("speaker", "frr-startup") if backend == "frr" else ("frr-k8s", "frr-k8s-frr-startup")
    )
    longest = {"updateStrategy": {"speaker": {"sessionTimeoutSeconds": 120}}}
    rendered = render(longest, backend, release)
    startup = rendered.object(f"ConfigMap/{name}")["data"]
    container = rendered.container(f"{workload}/frr")
    probe = container["startupProbe"]
    folder, _, script = probe["exec"]["command"][-1].rpartition("/")
    assert startup[script].startswith("#!/bin/sh\n")
    mounts = {mount["mountPath"]: mount for mount in container["volumeMounts"]}
    assert {folder, "/var/run/frr"} <= set(mounts)
    assert mounts["/etc/frr_reloader"]["readOnly"]
    assert (
        probe["failureThreshold"] * probe["periodSeconds"] >= int(startup["session-timeout"]) + 30
    )


@pytest.mark.parametrize("backend", ["frr", "frr-k8s"])
def test_time_for_sessions_restarts_nothing(backend: str) -> None:
    changed = {"updateStrategy": {"speaker": {"sessionTimeoutSeconds": 60, "minReadySeconds": 5}}}
    before, after = render({}, backend), render(changed, backend)
    assert before.manifests != after.manifests
    assert [w["spec"]["template"] for w in before.workloads()] == [
        w["spec"]["template"] for w in after.workloads()
    ]


@pytest.mark.parametrize(("release", "host"), [("0.15.3", None), ("0.16.1", "127.0.0.1")])
def test_speaker_is_probed_on_the_address_it_listens_on(release: str, host: str | None) -> None:
    container = render({}, "native", release).container("speaker/speaker")
    assert container["livenessProbe"]["httpGet"].get("host") == host
    listens = "METALLB_HOST" in {entry["name"] for entry in container["env"]}
    assert listens == (host is None)


def test_controller_is_probed_on_its_own_address() -> None:
    container = render({}, "native").container("controller/controller")
    assert "host" not in container["livenessProbe"]["httpGet"]


def test_two_backends_use_no_object_of_one_name_for_different_things() -> None:
    frr, frr_k8s = render({}, "frr").names, render({}, "frr-k8s").names
    assert not {n for n in frr & frr_k8s if "startup" in n}


def _endpoints(rendered: Rendered, component: str) -> list[dict[str, Any]]:
    (monitor,) = [
        m
        for m in rendered.of_kind("ServiceMonitor", "PodMonitor")
        if m["metadata"]["name"] == component
    ]
    return list(monitor["spec"].get("endpoints") or monitor["spec"]["podMetricsEndpoints"])

"""What is in MetalLB's way is told; another MetalLB is held against, and replaced where wanted."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from cluster import Cluster
from metallb_kube.objects import Manifest
from metallb_operator.namespacelabels import LEVELS
from metallb_operator.preflight import ENFORCE
from support.installed import by_chart, by_manifests
from support.operating import NAMESPACE, Operating
from support.waiting import wait_for


def configmap(name: str, namespace: str, **data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": data,
    }


def kube_proxy(strict: str) -> dict[str, Any]:
    text = f"kind: KubeProxyConfiguration\nmode: ipvs\nipvs: {{strictARP: {strict}}}\n"
    return configmap("kube-proxy", "kube-system", **{"config.conf": text})


L2 = {
    "apiVersion": "metallb.io/v1beta1",
    "kind": "L2Advertisement",
    "metadata": {"name": "all", "namespace": NAMESPACE},
}


@pytest.fixture
def stored(own_cluster: Cluster) -> Iterator[list[Manifest]]:
    """Objects that are deleted again in the end."""
    objects: list[Manifest] = []
    yield objects
    for manifest in objects:
        metadata = manifest["metadata"]
        where = ["-n", metadata["namespace"], "--ignore-not-found"]
        own_cluster.kubectl("delete", manifest["kind"], metadata["name"], *where)


def store(cluster: Cluster, stored: list[Manifest], *manifests: Manifest) -> None:
    for manifest in manifests:
        cluster.apply(manifest)
        stored.append(manifest)


def run(cluster: Cluster, stored: list[Manifest], *workloads: Manifest) -> None:
    """Store workloads and wait for their pods: without one that is ready they count for nothing."""
    store(cluster, stored, *workloads)
    for one in workloads:
        name, namespace = one["metadata"]["name"], one["metadata"]["namespace"]
        where = (f"{one['kind'].lower()}/{name}", "-n", namespace, "--timeout=60s")
        cluster.kubectl("rollout", "status", *where)


def test_a_kube_proxy_that_answers_arp_is_told_until_it_is_put_right(
    operator: Operating, stored: list[Manifest]
) -> None:
    old = configmap("config", NAMESPACE, config="address-pools: []")
    store(operator.cluster, stored, kube_proxy("false"), old)
    operator.create(bgpBackend="native")
    warned = operator.wait_condition("PreflightPassed", "True", "PreflightWarnings")
    assert "kubectl metallb migrate" in warned["message"]
    # Nobody announces by layer 2 yet; whoever does so makes it a problem.
    store(operator.cluster, stored, L2)
    found = operator.wait_condition("PreflightPassed", "False", "PreflightFailed")
    assert (
        "ConfigMap kube-system/kube-proxy: the mode is ipvs without strictARP" in found["message"]
    )
    assert "L2Advertisement all" in found["message"]
    operator.wait_condition("Available", "True")
    events = operator.cluster.get("events", namespace=NAMESPACE) or {}
    assert "PreflightPassedPreflightFailed" in {event["reason"] for event in events["items"]}
    operator.cluster.apply(kube_proxy("true"))
    operator.create(bgpBackend="native", logLevel="debug")
    operator.wait_condition("PreflightPassed", "True")


def namespace_labels(cluster: Cluster) -> dict[str, str]:
    found = cluster.get("namespace", NAMESPACE) or {}
    return dict(found["metadata"]["labels"])


def test_labels_that_refuse_speakers_are_told_and_replaced_where_that_is_asked_for(
    operator: Operating,
) -> None:
    operator.create(bgpBackend="native")
    operator.wait_condition("PreflightPassed", "True")
    operator.cluster.kubectl("label", "--overwrite", "namespace", NAMESPACE, f"{ENFORCE}=baseline")
    found = operator.wait_condition("PreflightPassed", "False")
    assert f"{ENFORCE} is baseline" in found["message"]
    assert namespace_labels(operator.cluster)[ENFORCE] == "baseline"
    operator.create(bgpBackend="native", podSecurity={"manageNamespaceLabels": True})
    operator.wait_condition("PreflightPassed", "True")
    operator.wait_condition("Degraded", "False")
    assert LEVELS.items() <= namespace_labels(operator.cluster).items()


def annotate(operator: Operating, value: str) -> None:
    annotation = {"metadata": {"annotations": {"metallb.io/adopt": value}}}
    operator.cluster.kubectl(
        "patch", "metallb", "metallb", "-n", NAMESPACE, "--type=merge", "-p", json.dumps(annotation)
    )


def test_another_controller_holds_everything_until_it_may_be_replaced(
    operator: Operating, stored: list[Manifest]
) -> None:
    theirs = [by_chart("controller"), by_chart("speaker", environment={"METALLB_BGP_TYPE": "frr"})]
    run(operator.cluster, stored, *theirs)
    operator.create()
    found = operator.wait_condition("Degraded", "True", "OtherInstallation")
    assert "Deployment metallb-system/metallb-controller" in found["message"]
    assert operator.operands() == {}
    start = operator.cluster.audit_position()
    annotate(operator, "true")
    operator.wait_condition("Available", "True")
    for manifest in theirs:
        where = (manifest["kind"], manifest["metadata"]["name"], NAMESPACE)
        wait_for(f"{where[1]} is gone", lambda where=where: operator.cluster.get(*where) is None)  # type: ignore[misc] # a lambda has no annotations
    operator.wait_condition("Degraded", "False")
    # The backend that ran is kept, for nobody chose another one.
    assert (operator.cluster.get("metallb", "metallb", NAMESPACE) or {})["status"][
        "backend"
    ] == "frr"
    assert written(operator.cluster, start) == [
        ("delete", "metallb-controller"),
        ("patch", "controller"),
        ("patch", "speaker"),
        ("delete", "metallb-speaker"),
    ]


def backend(operator: Operating) -> str:
    found = operator.cluster.get("metallb", "metallb", NAMESPACE) or {}
    return str(found["status"]["backend"])


def written(cluster: Cluster, start: int) -> list[tuple[str, str]]:
    """What the operator has done to workloads, each thing once."""
    found = [
        (event["verb"], event["objectRef"]["name"])
        for event in cluster.audit(start)
        if event["user"]["username"].endswith(":metallb-operator")
        and event["verb"] in {"create", "update", "patch", "delete"}
        and event["objectRef"]["resource"] in {"deployments", "daemonsets"}
    ]
    return list(dict.fromkeys(found))


def test_an_installation_that_comes_back_is_told(
    operator: Operating, stored: list[Manifest]
) -> None:
    """As Flux and Argo CD have it: what is deleted is made anew."""
    operator.create(bgpBackend="native")
    annotate(operator, "true")
    operator.wait_condition("Available", "True")
    theirs = by_chart("controller")
    for _ in range(2):
        store(operator.cluster, stored, theirs)
        where = ("Deployment", "metallb-controller", NAMESPACE)
        wait_for("it is gone", lambda where=where: operator.cluster.get(*where) is None)  # type: ignore[misc] # a lambda has no annotations
    found = operator.wait_condition("Degraded", "True", "OtherInstallation")
    assert "Deployment metallb-system/metallb-controller again after it was" in found["message"]
    assert operator.conditions()["Available"]["status"] == "True"
    # Without consent nothing is deleted any more, and there is nothing to tell.
    annotate(operator, "false")
    operator.wait_condition("Degraded", "False")


def test_another_controller_in_another_namespace_is_left_alone(
    operator: Operating, stored: list[Manifest]
) -> None:
    other = by_chart("controller", namespace="default")
    run(operator.cluster, stored, other)
    operator.create(bgpBackend="native")
    annotate(operator, "true")
    found = operator.wait_condition("Degraded", "True", "OtherInstallation")
    assert "Deployment default/metallb-controller" in found["message"]
    assert operator.operands() == {}
    assert operator.cluster.get("deployment", "metallb-controller", "default") is not None


def test_a_rival_elsewhere_stops_no_repair_and_can_be_ignored(
    operator: Operating, stored: list[Manifest]
) -> None:
    rival = by_chart("controller", namespace="default")
    operator.create(bgpBackend="native")
    operator.wait_condition("Available", "True")
    # The cluster is looked at anew when the object changes.
    run(operator.cluster, stored, rival)
    operator.create(bgpBackend="native", logLevel="debug")
    warned = operator.wait_condition("PreflightPassed", "True", "PreflightWarnings")
    assert "ours is repaired and upgraded all the same" in warned["message"]
    operator.cluster.kubectl("delete", "deployment", "controller", "-n", NAMESPACE)
    operator.wait_operand("Deployment", "controller", "--log-level=debug")
    operator.delete()
    operator.create(bgpBackend="native")
    held = operator.wait_condition("Degraded", "True", "OtherInstallation")
    value = held["message"].partition('metallb.io/ignore-installations: "')[2].partition('"')[0]
    assert value == "default/metallb-controller"
    ignoring = f"metallb.io/ignore-installations={value}"
    operator.cluster.kubectl("annotate", "metallb", "metallb", "-n", NAMESPACE, ignoring)
    operator.wait_condition("Available", "True")


def test_manifests_are_taken_over_with_the_backend_that_runs(
    operator: Operating, stored: list[Manifest]
) -> None:
    parts = [by_manifests("controller"), by_manifests("speaker", METALLB_BGP_TYPE="native")]
    for part in parts:
        selector = {"matchLabels": part["metadata"]["labels"]}
        part["spec"]["selector"] = selector
        part["spec"]["template"]["metadata"]["labels"] = selector["matchLabels"]
    store(operator.cluster, stored, *parts)
    operator.create()
    operator.wait_condition("Available", "True")
    operator.wait_condition("Progressing", "False")
    found = operator.conditions()["PreflightPassed"]
    assert "backend native is kept" in found["message"]
    assert backend(operator) == "native"

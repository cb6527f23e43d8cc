"""What preflight says of a cluster."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml

from cluster.binaries import binary
from metallb_crds.backend import Backend
from metallb_operator.chart import FOLDER, Chart
from metallb_operator.installations import Ignoring
from metallb_operator.intent import Intent, intent_of
from metallb_operator.namespacelabels import LEVELS, labelled
from metallb_operator.packaging.clusterserviceversion import MIN_KUBERNETES
from metallb_operator.packaging.install import namespace
from metallb_operator.preflight import (
    CHECKS,
    ENFORCE,
    EXCLUDED,
    OLDEST_KUBERNETES,
    Facts,
    Survey,
    _speaker_pod,
    host_ports,
    preflight,
)
from metallb_operator.settings import Settings
from metallb_operator.workload import Workload, workload_of
from support.installed import by_chart, other_operator
from support.observed import node
from support.operating import metallb
from support.samples import NAMESPACE

IPVS = {"config.conf": "kind: KubeProxyConfiguration\nmode: ipvs"}
NODES = (node("n1"), node("n2", disk="ssd"))


def intent(backend: str = "native", **spec: Any) -> Intent:  # noqa: ANN401 - whatever JSON holds
    found = intent_of(metallb(bgpBackend=backend, **spec), Settings(namespace=NAMESPACE))
    assert isinstance(found, Intent)
    return found


SOUND = Facts(
    intent=intent(),
    default_backend=Backend.FRR_K8S,
    namespace=NAMESPACE,
    survey=Survey(kubernetes=35),
    labels={ENFORCE: "privileged"},
    nodes=NODES,
)


def surveyed(**fields: Any) -> Facts:  # noqa: ANN401 - whatever a Survey holds
    return replace(SOUND, survey=replace(SOUND.survey, **fields))


def said(facts: Facts) -> dict[str, tuple[bool, str]]:
    """What checks have found, by their ids: whether it is grave, and the text."""
    outcome = preflight(facts)
    assert outcome.done
    texts = [(True, text) for text in outcome.problems]
    texts += [(False, text) for text in outcome.warnings]
    return {text.rpartition("[")[2].rstrip("]"): (grave, text) for grave, text in texts}


def daemonset(*ports: int, program: str = "x/exporter", **placing: Any) -> Workload:  # noqa: ANN401 - whatever JSON holds
    return Workload(
        "DaemonSet", "other", "w", images=(program,), ports=frozenset(ports), placing=placing
    )


def with_workloads(*workloads: Workload, **spec: Any) -> Facts:  # noqa: ANN401 - whatever JSON holds
    return replace(SOUND, workloads=workloads, intent=intent(**spec))


EXTERNAL: dict[str, Any] = {
    "backend": "frr-k8s-external",
    "frrk8sConfig": {"namespace": "frr-k8s-system"},
}
FRR_K8S = Workload("DaemonSet", "frr-k8s-system", "frr-k8s", images=("x/y",))


@pytest.mark.parametrize(
    "facts",
    [
        with_workloads(FRR_K8S, **EXTERNAL),
        with_workloads(replace(FRR_K8S, name="w", images=("x/frr-k8s",)), **EXTERNAL),
        with_workloads(backend="frr-k8s"),
        with_workloads(backend="native"),
        replace(
            with_workloads(**EXTERNAL),
            survey=Survey(unread={"DaemonSets of other namespaces": "forbidden"}),
        ),
    ],
)
def test_an_frr_k8s_that_is_there_or_cannot_be_seen_is_not_missed(facts: Facts) -> None:
    assert "external-frr-k8s" not in said(facts)


CALICO_BORROWED = {"CALICO_NETWORKING_BACKEND": ("settings", "backend")}


def test_of_a_sound_cluster_nothing_is_said() -> None:
    assert said(SOUND) == {}


@pytest.mark.parametrize(
    ("facts", "check", "grave", "named"),
    [
        (surveyed(kubernetes=29), "kubernetes-version", True, "1.29"),
        (
            replace(surveyed(kubernetes=36), intent=intent(version="0.15.3")),
            "kubernetes-version",
            True,
            "MetalLB 0.15.3",
        ),
        (
            replace(surveyed(kube_proxy=IPVS), l2=("all",)),
            "strict-arp",
            True,
            "L2Advertisement all",
        ),
        (replace(SOUND, labels={}), "pod-security", False, "has no label pod-security.kube"),
        (replace(SOUND, labels={ENFORCE: "baseline"}), "pod-security", True, "is baseline"),
        (replace(SOUND, labels={ENFORCE: "restricted"}), "pod-security", True, "kubectl label"),
        (with_workloads(daemonset(7946)), "host-ports", True, "7946 (speakers finding each other)"),
        (with_workloads(daemonset(17472)), "host-ports", True, "on n1, n2"),
        (
            with_workloads(replace(daemonset(7946), namespace=NAMESPACE)),
            "host-ports",
            True,
            "DaemonSet metallb-system/w takes host port 7946",
        ),
        (
            with_workloads(replace(daemonset(9120), kind="Deployment")),
            "host-ports",
            False,
            "Deployment other/w",
        ),
        (surveyed(webhooks=("metallb-webhook-configuration",)), "old-webhooks", True, "delete"),
        (
            with_workloads(daemonset(program="x/calico/node")),
            "other-bgp",
            False,
            "DaemonSet other/w speaks BGP",
        ),
        (
            with_workloads(replace(daemonset(program="x/calico/node"), borrowed=CALICO_BORROWED)),
            "other-bgp",
            False,
            "may speak BGP (by key backend of ConfigMap other/settings, which is not read)",
        ),
        (with_workloads(**EXTERNAL), "external-frr-k8s", False, "in namespace frr-k8s-system"),
        (
            with_workloads(replace(FRR_K8S, namespace="elsewhere"), **EXTERNAL),
            "external-frr-k8s",
            False,
            "spec.frrk8sConfig.namespace",
        ),
        (
            with_workloads(replace(FRR_K8S, kind="Deployment"), **EXTERNAL),
            "external-frr-k8s",
            False,
            "backend frr-k8s, which brings its own",
        ),
        (
            with_workloads(daemonset(program="rancher/klipper-lb")),
            "other-allocators",
            False,
            "spec.loadBalancerClass",
        ),
        (
            with_workloads(workload_of(by_chart("controller", namespace="x"))),
            "other-installation",
            True,
            "Deployment x/metallb-controller",
        ),
        (
            with_workloads(other_operator()),
            "other-installation",
            True,
            "delete Deployment metallb-system/metallb-operator-controller-manager first",
        ),
        (
            replace(
                with_workloads(workload_of(by_chart("controller", namespace="x"))), installed=True
            ),
            "other-installation",
            False,
            "ours is repaired and upgraded all the same",
        ),
        (
            replace(SOUND, ignoring=Ignoring(wrong=("controller",))),
            "ignored-installations",
            False,
            "annotation metallb.io/ignore-installations: 'controller' is no namespace/name",
        ),
        (
            replace(SOUND, ignoring=Ignoring(frozenset({"tenant/controler"}))),
            "ignored-installations",
            False,
            "tenant/controler is no DaemonSet or Deployment that looks like MetalLB",
        ),
        (
            surveyed(omitted=("Deployment tenant/x",)),
            "not-checked",
            False,
            "not checked: Deployment tenant/x, for their ports",
        ),
        (
            replace(SOUND, old_configurations=("lb-metallb",)),
            "old-configuration",
            False,
            "ConfigMap metallb-system/lb-metallb configures MetalLB before 0.13",
        ),
        (surveyed(unread={"ConfigMap x": "forbidden"}), "not-checked", False, "ConfigMap x"),
        (replace(SOUND, intent=intent(backend="")), "", False, ""),
        (
            replace(SOUND, intent=intent(backend=""), default_backend=Backend.FRR),
            "kept-backend",
            False,
            "backend frr-k8s is kept",
        ),
    ],
)
def test_what_is_found(facts: Facts, check: str, grave: bool, named: str) -> None:  # noqa: FBT001 - a row of a table
    found = said(facts)
    assert found.keys() == ({check} if check else set())
    if check:
        assert found[check][0] is grave
        assert named in found[check][1]


@pytest.mark.parametrize(
    "facts",
    [
        surveyed(kubernetes=None),
        surveyed(kubernetes=30),
        replace(surveyed(kubernetes=35), intent=intent(version="0.15.3")),
        # Nobody announces anything by layer 2.
        surveyed(kube_proxy=IPVS),
        replace(SOUND, l2=("all",)),
        replace(SOUND, labels=None),
        replace(SOUND, labels={}, admitted=True),
        replace(SOUND, labels={}, intent=intent(podSecurity={"manageNamespaceLabels": True})),
        # On nodes without a speaker.
        with_workloads(daemonset(7946, nodeSelector={"disk": "ssd"}), nodeSelector={"disk": "no"}),
        # Ports that this backend, or this object, does not use.
        with_workloads(daemonset(9121, 9140, 8080)),
        with_workloads(daemonset(7946), memberlist={"enabled": False}),
        with_workloads(daemonset(7946), memberlist={"bindPort": 7947}),
        # Our own; what else is in the namespace is a stranger.
        with_workloads(replace(daemonset(7946), namespace=NAMESPACE, name="speaker")),
        # Each Service is for one controller.
        with_workloads(daemonset(program="rancher/klipper-lb"), loadBalancerClass="a.b/c"),
        # It does not run, or is none.
        with_workloads(replace(other_operator(), ready=0)),
        replace(
            with_workloads(workload_of(by_chart("controller", namespace="x"))),
            ignoring=Ignoring(frozenset({"x/metallb-controller"})),
        ),
    ],
)
def test_what_is_no_reason_to_say_anything(facts: Facts) -> None:
    assert said(facts) == {}


def test_webhooks_that_another_installation_still_serves_are_not_left_over() -> None:
    facts = replace(
        surveyed(webhooks=("metallb-webhook-configuration",)),
        workloads=(workload_of(by_chart("controller")),),
    )
    assert said(facts).keys() == {"other-installation"}


@pytest.mark.parametrize(
    ("nodes", "spec", "found"),
    [
        ((node("n1", **{EXCLUDED: ""}), node("n2")), {}, (False, "n1 has the label")),
        ((node("n1", **{EXCLUDED: ""}),), {}, (True, "every node with a speaker has")),
        ((node("n1", **{EXCLUDED: "true"}),), {"ignoreExcludeLB": True}, None),
        ((node("n1", **{EXCLUDED: "", "a": "b"}), node("n2")), {"nodeSelector": {"a": "c"}}, None),
    ],
)
def test_nodes_excluded_by_label(
    nodes: tuple[Mapping[str, Any], ...], spec: dict[str, Any], found: tuple[bool, str] | None
) -> None:
    told = said(replace(SOUND, nodes=nodes, intent=intent(**spec))).get("excluded-nodes")
    if found is None or told is None:
        assert told is found
    else:
        assert told[0] is found[0]
        assert told[1].startswith(found[1])


@pytest.mark.parametrize(
    ("taint", "tolerations", "told"),
    [
        ("gpu=yes:NoSchedule", [], True),
        ("gpu=yes:NoSchedule", [{"key": "gpu", "operator": "Exists"}], False),
        ("node-role.kubernetes.io/control-plane:NoSchedule", [], False),
        ("node.kubernetes.io/not-ready:NoSchedule", [], False),
    ],
)
def test_nodes_left_out_for_their_taints(
    taint: str,
    tolerations: list[dict[str, str]],
    told: bool,  # noqa: FBT001 - a row of a table
) -> None:
    facts = replace(
        SOUND,
        nodes=(node("n1"), node("n2", taints=[taint])),
        intent=intent(speakerTolerations=tolerations),
    )
    found = said(facts)
    assert ("tainted-nodes" in found) is told
    if told:
        assert f"n2 ({taint})" in found["tainted-nodes"][1]


@pytest.mark.parametrize("version", ["0.15.3", "0.16.1"])
@pytest.mark.parametrize("backend", ["native", "frr", "frr-k8s"])
async def test_ports_of_nodes_are_those_of_the_chart(backend: str, version: str) -> None:
    asked = intent(backend, version=version)
    rendered = await Chart(binary("helm")).render(asked.values, namespace=NAMESPACE)
    taken = set().union(*(workload_of(m).ports for m in rendered if m["kind"] == "DaemonSet"))
    assert taken <= host_ports(asked.values).keys()


async def test_nodes_are_those_that_the_chart_selects() -> None:
    asked = intent(nodeSelector={"a": "b"}, speakerTolerations=[{"operator": "Exists"}])
    rendered = await Chart(binary("helm")).render(asked.values, namespace=NAMESPACE)
    speaker = next(m for m in rendered if m["metadata"]["name"] == "speaker")
    placing = workload_of(speaker).placing
    found = _speaker_pod(asked.values)
    assert {key: found[key] for key in placing if key != "tolerations"} | {
        "tolerations": sorted(found["tolerations"], key=str)
    } == {**placing, "tolerations": sorted(placing["tolerations"], key=str)}


def test_ids_are_unique_and_summaries_are_sentences_without_a_stop() -> None:
    assert len({check.id for check in CHECKS}) == len(CHECKS)
    assert all(check.summary[0].isupper() and check.summary[-1] != "." for check in CHECKS)


def test_the_oldest_kubernetes_is_that_of_the_bundle_and_of_the_chart() -> None:
    assert f"1.{OLDEST_KUBERNETES}.0" == MIN_KUBERNETES
    chart = yaml.safe_load((FOLDER / "Chart.yaml").read_text())
    assert chart["kubeVersion"] == f">= {MIN_KUBERNETES}-0"


def test_the_namespace_is_labelled_as_the_install_manifest_has_it() -> None:
    assert LEVELS.items() <= namespace()["metadata"]["labels"].items()
    assert labelled("x")["metadata"] == {"name": "x", "labels": LEVELS}

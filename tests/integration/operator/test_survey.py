"""A survey reads what it may, and notes what it may not."""

from typing import Any

from cluster import Cluster
from metallb_kube.client import KubeClient
from metallb_operator.conflicts import speaks_bgp
from metallb_operator.survey import _Reader


def workload(name: str, **port: int) -> dict[str, Any]:
    labels = {"app": name}
    container = {"name": name, "image": f"x/{name}:1", "ports": [{"containerPort": 1, **port}]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }


async def test_a_survey_keeps_what_may_get_in_the_way(cluster: Cluster) -> None:
    for found in (workload("exporter", hostPort=7946), workload("kube-router"), workload("web")):
        cluster.apply(found)
    async with KubeClient.connect(cluster.kubeconfig) as client:
        survey = await _Reader(client).read()
    assert survey.unread == {}
    assert survey.kubernetes is not None
    assert survey.kubernetes >= 30
    kept = {one.name for one in survey.workloads if one.namespace == "default"}
    assert kept >= {"exporter", "kube-router"}
    assert "web" not in kept


async def test_calicos_settings_are_read_where_its_node_agent_refers_to_them(
    cluster: Cluster,
) -> None:
    source = {"configMapKeyRef": {"name": "calico-config", "key": "calico_backend"}}
    agent = workload("calico/node")
    (container,) = agent["spec"]["template"]["spec"]["containers"]
    container["env"] = [{"name": "CALICO_NETWORKING_BACKEND", "valueFrom": source}]
    place = {"name": "calico-node", "namespace": "kube-system"}
    settings = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {**place, "name": "calico-config"},
        "data": {"calico_backend": "vxlan"},
    }
    template = agent["spec"]["template"]
    template["metadata"]["labels"] = {"app": "calico-node"}
    agent["spec"]["selector"] = {"matchLabels": {"app": "calico-node"}}
    container["name"] = "calico-node"
    for manifest in (settings, {**agent, "metadata": place}):
        cluster.apply(manifest)
    async with KubeClient.connect(cluster.kubeconfig) as client:
        survey = await _Reader(client).read()
    cluster.kubectl("delete", "daemonset", "calico-node", "-n", "kube-system")
    cluster.kubectl("delete", "configmap", "calico-config", "-n", "kube-system")
    (found,) = [one for one in survey.workloads if one.name == "calico-node"]
    assert survey.calico == {"calico_backend": "vxlan"}
    assert not speaks_bgp(found, survey.settings)


async def test_what_cannot_be_read_is_noted_with_its_reason(cluster: Cluster) -> None:
    powerless = cluster.service_account_kubeconfig("default", "default")
    async with KubeClient.connect(powerless) as client:
        survey = await _Reader(client).read()
    assert survey.kubernetes is not None
    assert survey.workloads == ()
    assert survey.unread.keys() == {
        "ConfigMap kube-system/kube-proxy",
        "ConfigMap kube-system/cilium-config",
        "DaemonSets of other namespaces",
        "Deployments of other namespaces",
        "ValidatingWebhookConfiguration metallb-webhook-configuration",
        "ValidatingWebhookConfiguration frr-k8s-validating-webhook-configuration",
    }
    assert all("forbidden" in why for why in survey.unread.values())

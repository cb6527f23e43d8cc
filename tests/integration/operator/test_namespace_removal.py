"""`kubectl delete namespace` with everything in it: it ends, and leaves nothing that refuses."""

from pathlib import Path

from cluster import Cluster
from support.admitting import admitting
from support.operating import NAMESPACE, operating
from support.waiting import wait_for

POOL = {
    "apiVersion": "metallb.io/v1beta1",
    "kind": "IPAddressPool",
    "metadata": {"name": "first", "namespace": NAMESPACE},
    "spec": {"addresses": ["198.51.100.0/28"]},
}
PROFILE = {
    "apiVersion": "metallb.io/v1beta1",
    "kind": "BFDProfile",
    "metadata": {"name": "first", "namespace": NAMESPACE},
    "spec": {},
}


def owners(cluster: Cluster) -> list[str]:
    found = cluster.get("validatingwebhookconfiguration", "metallb-webhooks") or {}
    references = found["metadata"].get("ownerReferences", ())
    return [f"{owner['kind']} {owner['name']}" for owner in references]


def test_a_namespace_goes_with_the_object_and_the_webhook_configuration(tmp_path: Path) -> None:
    with (
        Cluster.start(nodes=1) as cluster,
        admitting(cluster, tmp_path) as admission,
        operating(cluster, tmp_path) as operator,
    ):
        operator.wait_ready()
        operator.create(bgpBackend="frr")
        operator.wait_condition("Available", "True")
        cluster.apply(POOL, PROFILE)
        wait_for("the owner", lambda: owners(cluster) == [f"Namespace {NAMESPACE}"], seconds=30)
        # What GitOps tools take off comes back.
        unowned = '{"metadata":{"ownerReferences":null}}'
        which = ("validatingwebhookconfiguration", "metallb-webhooks")
        cluster.kubectl("patch", *which, "--type=merge", "-p", unowned)
        wait_for("the owner again", lambda: owners(cluster) != [], seconds=30)
        # The orderly removal would take longer than that, and its own time is two minutes.
        cluster.kubectl("delete", "namespace", NAMESPACE, "--timeout=60s")
        wait_for("its end", lambda: cluster.get(*which) is None, seconds=60)
        told = operator.process.tail(100)
        assert f"MetalLB {NAMESPACE}/metallb is let go" in told
        # Nobody refuses anything now: the next installation begins where this one did.
        for replica in admission.replicas:
            replica.process.kill()
        cluster.kubectl("create", "namespace", NAMESPACE)
        cluster.apply(POOL)

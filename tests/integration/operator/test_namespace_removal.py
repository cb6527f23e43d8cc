"""`kubectl delete namespace` with everything in it: it ends, and leaves nothing that refuses."""

from pathlib import Path

import pytest

from cluster import Cluster
from support.admitting import admitting
from support.operating import INSTALL, NAMESPACE, operating
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


@pytest.mark.parametrize(
    "what",
    [("namespace", NAMESPACE), ("-f", str(INSTALL))],
    ids=["the namespace", "the whole manifest"],
)
def test_a_namespace_goes_with_the_object_and_the_webhook_configuration(
    what: tuple[str, ...], tmp_path: Path
) -> None:
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
        # Of CustomResourceDefinitions the API server deletes a few at a time, each in some seconds.
        cluster.kubectl("delete", *what, "--ignore-not-found", "--timeout=400s", seconds=420)
        wait_for("its end", lambda: cluster.get(*which) is None, seconds=60)
        told = operator.process.tail(100)
        assert f"MetalLB {NAMESPACE}/metallb is let go" in told
        if "namespace" not in what:
            return
        # Nobody refuses anything now: the next installation begins where this one did.
        for replica in admission.replicas:
            replica.process.kill()
        cluster.kubectl("create", "namespace", NAMESPACE)
        cluster.apply(POOL)

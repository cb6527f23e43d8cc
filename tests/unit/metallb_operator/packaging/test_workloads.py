"""The two Deployments."""

from typing import Any

import pytest

from metallb_operator.packaging.workloads import SERVING_CERTS, operator, webhooks
from metallb_operator.settings import LEASE_NAME
from metallb_webhooks.settings import Settings


def test_olm_mounts_the_certificate_where_webhooks_look_for_it() -> None:
    [container] = webhooks(mounted_certificate=True)["spec"]["template"]["spec"]["containers"]
    assert container["args"] == [f"--tls-dir={SERVING_CERTS}"]


def test_without_olm_webhooks_make_their_own() -> None:
    [container] = webhooks()["spec"]["template"]["spec"]["containers"]
    assert "args" not in container


def test_a_process_knows_its_pod_and_its_namespace() -> None:
    address = {"POD_IP": "status.podIP"}
    for deployment, more in ((operator(), {}), (webhooks(), address)):
        [container] = deployment["spec"]["template"]["spec"]["containers"]
        paths = {e["name"]: e["valueFrom"]["fieldRef"]["fieldPath"] for e in container["env"]}
        assert paths == {"POD_NAME": "metadata.name", "POD_NAMESPACE": "metadata.namespace"} | more


@pytest.mark.parametrize("deployment", [operator(), webhooks()], ids=["operator", "webhooks"])
def test_an_update_starts_the_new_before_it_stops_the_old(deployment: dict[str, object]) -> None:
    spec = deployment["spec"]
    assert isinstance(spec, dict)
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_webhooks_have_the_time_to_drain() -> None:
    grace = webhooks()["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    settings = Settings("metallb-system")
    assert grace > settings.quiet_seconds + settings.drain_seconds


def test_the_account_is_called_as_the_process_and_its_lease() -> None:
    assert operator()["spec"]["template"]["spec"]["serviceAccountName"] == LEASE_NAME
    assert webhooks()["spec"]["template"]["spec"]["serviceAccountName"] == "metallb-webhooks"


@pytest.mark.parametrize("deployment", [operator(), webhooks()], ids=["operator", "webhooks"])
def test_pods_leave_a_lost_node_soon_and_are_in_no_group_of_roots(
    deployment: dict[str, Any],
) -> None:
    pod = deployment["spec"]["template"]["spec"]
    left = {(one["key"], one["effect"]): one["tolerationSeconds"] for one in pod["tolerations"]}
    assert left == {
        ("node.kubernetes.io/not-ready", "NoExecute"): 30,
        ("node.kubernetes.io/unreachable", "NoExecute"): 30,
    }
    [container] = pod["containers"]
    assert container["securityContext"]["runAsGroup"] == 65532
    # OpenShift refuses a user that it has not chosen, and containerd a pod's group without a user.
    assert {"runAsUser", "runAsGroup"}.isdisjoint(pod["securityContext"])
    assert "runAsUser" not in container["securityContext"]

"""What is stored is judged continuously, and told at the MetalLB object and at the bad one."""

from pathlib import Path
from typing import Any

from cluster import Cluster
from support.operating import NAMESPACE, Operating, operating
from support.waiting import wait_for


def pool(name: str, addresses: str) -> dict[str, Any]:
    return {
        "apiVersion": "metallb.io/v1beta1",
        "kind": "IPAddressPool",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"addresses": [addresses]},
    }


def test_what_admission_never_saw_is_named_until_it_is_repaired(operator: Operating) -> None:
    # No webhook is installed on this cluster: whatever the schema takes is stored.
    operator.cluster.apply(pool("one", "192.0.2.0/24"), pool("two", "192.0.2.128/25"))
    try:
        operator.create(bgpBackend="native")
        told = operator.wait_condition("ConfigurationValid", "False", "InvalidConfiguration")
        assert "IPAddressPool one: spec.addresses[0]" in told["message"]
        assert "[pool-overlap]" in told["message"]
        wait_for("an Event at the pool", lambda: _events(operator, "two"), seconds=10)
        operator.cluster.apply(pool("two", "198.51.100.0/24"))
        operator.wait_condition("ConfigurationValid", "True")
    finally:
        operator.cluster.kubectl("delete", "ipaddresspool", "one", "two", "-n", NAMESPACE)


def _events(operator: Operating, name: str) -> list[str]:
    found = operator.cluster.get("events", namespace=NAMESPACE) or {}
    return [
        event["message"]
        for event in found.get("items", ())
        if event["involvedObject"].get("name") == name and event["reason"] == "InvalidConfiguration"
    ]


BROKEN: dict[str, Any] = {
    "apiVersion": "admissionregistration.k8s.io/v1",
    "kind": "ValidatingWebhookConfiguration",
    "metadata": {"name": "broken"},
    "webhooks": [
        {
            "name": "pools.example.test",
            "clientConfig": {"service": {"name": "nobody", "namespace": NAMESPACE}},
            "rules": [
                {
                    "apiGroups": ["metallb.io"],
                    "apiVersions": ["v1beta1"],
                    "operations": ["CREATE"],
                    "resources": ["ipaddresspools"],
                }
            ],
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }
    ],
}


def test_admission_that_stops_working_is_told_with_the_failing_link(
    own_cluster: Cluster, tmp_path: Path
) -> None:
    try:
        with operating(own_cluster, tmp_path) as operator:
            operator.wait_ready()
            operator.create(bgpBackend="native")
            operator.wait_condition("Available", "True")
            operator.wait_condition("Degraded", "False")
            own_cluster.apply(BROKEN)
            told = operator.wait_condition("Degraded", "True", "AdmissionFailed")
            assert (
                "the Service that the webhook configuration names does not exist"
                in (told["message"])
            )
            assert operator.wait_condition("Available", "True")
            own_cluster.kubectl("delete", "validatingwebhookconfiguration", "broken")
            operator.wait_condition("Degraded", "False")
            told = operator.wait_condition("ConfigurationValid", "True", "ConfigurationWarnings")
            assert "no webhook is asked" in told["message"]
            operator.delete()
    finally:
        own_cluster.try_kubectl("delete", "validatingwebhookconfiguration", "broken")

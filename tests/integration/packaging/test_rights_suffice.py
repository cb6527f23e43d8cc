"""Both processes at work under their own accounts are never refused anything."""

import json
from collections.abc import Iterator

import pytest

from cluster import Cluster
from demo.manifests import ACCEPTED, METALLB, REFUSED
from demo.stage import Stage, product
from metallb_operator.packaging.image import NAMESPACE
from support.waiting import wait_for

PREFIX = f"system:serviceaccount:{NAMESPACE}:metallb-"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Installed from the manifest, and busy: something of everything has happened."""
    with Cluster.start(nodes=1) as running, product(running, tmp_path_factory.mktemp("logs")) as up:
        running.kubectl("apply", "-f", "-", input=METALLB)
        wait_for("MetalLB is available", lambda: available(up), seconds=60)
        for text in ACCEPTED.values():
            running.kubectl("apply", "-f", "-", input=text)
        for text in REFUSED.values():
            assert up.try_kubectl("apply", "-f", "-", stdin=text).returncode
        running.kubectl("delete", "daemonset", "speaker", "-n", NAMESPACE)
        wait_for("the speakers are back", lambda: up.get("daemonset", "speaker"))
        running.kubectl("delete", "metallb", "metallb", "-n", NAMESPACE, "--timeout=60s")
        yield up
        # Nobody is left to drain for.
        for process in up.webhooks:
            process.kill()


def available(stage: Stage) -> bool:
    return bool(stage.condition("Available").get("status") == "True")


def test_nothing_that_our_processes_ask_for_is_forbidden(stage: Stage) -> None:
    forbidden = {
        f"{event['user']['username']}: {event['verb']} {event['requestURI']}"
        for event in stage.cluster.audit()
        if event["user"]["username"].startswith(PREFIX)
        # Not every 403: the operator's probe of admission is answered by a webhook's denial.
        and event.get("annotations", {}).get("authorization.k8s.io/decision") == "forbid"
    }
    assert forbidden == set()


def test_both_processes_are_seen_in_the_audit_log(stage: Stage) -> None:
    seen = {event["user"]["username"] for event in stage.cluster.audit()}
    assert {f"{PREFIX}operator", f"{PREFIX}webhooks"} <= seen


def test_processes_only_read_secrets_of_their_own_namespace(stage: Stage) -> None:
    places = {
        event["objectRef"].get("namespace", "every namespace")
        for event in stage.cluster.audit()
        if event["user"]["username"].startswith(PREFIX)
        and event.get("objectRef", {}).get("resource") == "secrets"
    }
    assert places == {NAMESPACE}


def test_what_is_left_after_a_removal_is_what_the_manifest_holds(stage: Stage) -> None:
    kinds = "daemonsets,deployments,configmaps,services,networkpolicies"
    found = json.loads(stage.cluster.kubectl("get", kinds, "-n", NAMESPACE, "-o", "json"))
    names = {f"{item['kind']} {item['metadata']['name']}" for item in found["items"]}
    assert names == {
        "ConfigMap kube-root-ca.crt",
        "NetworkPolicy metallb-operator",
        "NetworkPolicy metallb-webhooks",
        "Service metallb-webhooks",
    }

"""A MetalLB object in, a running MetalLB out, kept so, and gone without a trace."""

import json
from collections import Counter
from typing import Any

import pytest

from cluster import Cluster
from support.operating import NAMESPACE, Operating
from support.waiting import wait_for

NATIVE = {
    ("ConfigMap", "metallb-excludel2"),
    ("DaemonSet", "speaker"),
    ("Deployment", "controller"),
    ("NetworkPolicy", "controller"),
    ("Secret", "metallb-memberlist"),
}
FRR_K8S = NATIVE | {
    ("ConfigMap", "frr-k8s-frr-startup"),
    ("DaemonSet", "frr-k8s"),
    ("Deployment", "statuscleaner"),
    ("NetworkPolicy", "statuscleaner"),
    ("Secret", "frr-k8s-webhook-server-cert"),
}


@pytest.mark.parametrize(
    ("backend", "objects"),
    [("native", NATIVE), ("frr-k8s", FRR_K8S), ("frr", NATIVE | {("ConfigMap", "frr-startup")})],
)
def test_an_object_becomes_an_installation_and_leaves_nothing_behind(
    operator: Operating, backend: str, objects: set[tuple[str, str]]
) -> None:
    start = operator.cluster.audit_position()
    operator.create(bgpBackend=backend)
    operator.wait_condition("Available", "True", "AsExpected")
    operator.wait_condition("Progressing", "False")
    assert operator.operands().keys() == objects
    written = Counter(one["objectRef"]["resource"] for one in _writes(operator, start))
    del written["events"]
    # Besides each object once: the finalizer, and the status a few times on the way.
    assert written.pop("metallbs") <= 8
    assert written == Counter(f"{kind.lower()}s".replace("ys", "ies") for kind, _ in objects)
    status = (operator.cluster.get("metallb", "metallb", NAMESPACE) or {})["status"]
    assert (status["backend"], status["version"]) == (backend, "0.16.1")
    assert {c["name"]: (c["desired"], c["ready"]) for c in status["components"]}["speaker"] == (
        3,
        3,
    )
    operator.delete()
    assert operator.operands() == {}
    assert operator.cluster.get("crd", "ipaddresspools.metallb.io") is not None


EDITS: list[tuple[str, str, dict[str, Any]]] = [
    ("Deployment", "controller", {"spec": {"replicas": 0}}),
    (
        "DaemonSet",
        "speaker",
        {
            "spec": {
                "template": {
                    "spec": {"containers": [{"name": "speaker", "image": "example.test/other"}]}
                }
            }
        },
    ),
    ("ConfigMap", "metallb-excludel2", {"data": {"excludel2.yaml": "nothing"}}),
    ("NetworkPolicy", "controller", {"spec": {"policyTypes": ["Egress"]}}),
]


def test_whatever_is_deleted_or_edited_is_put_right_and_foreign_fields_are_left_alone(
    operator: Operating,
) -> None:
    operator.create(bgpBackend="frr-k8s")
    operator.wait_condition("Available", "True")
    for kind, name in sorted(FRR_K8S):
        before = operator.operands()[kind, name]["metadata"]["uid"]
        operator.cluster.kubectl("delete", kind, name, "-n", NAMESPACE, "--wait=false")

        def is_back(kind: str = kind, name: str = name, before: str = before) -> bool:
            found = operator.operands().get((kind, name))
            return found is not None and found["metadata"]["uid"] != before

        wait_for(f"{kind} {name} is back", is_back, seconds=5)
    operator.wait_condition("Available", "True")
    for kind, name, patch in EDITS:
        wanted = _spec(operator, kind, name)
        _patch(operator.cluster, kind, name, patch)
        wait_for(
            f"{kind} {name} is put right",
            lambda kind=kind, name=name, wanted=wanted: _spec(operator, kind, name) == wanted,  # type: ignore[misc] # a lambda has no annotations
            seconds=5,
        )
    restarted = {"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}
    template = {"spec": {"template": {"metadata": {"annotations": restarted}}}}
    _patch(operator.cluster, "Deployment", "controller", template)
    operator.wait_condition("Available", "True")
    annotations = _spec(operator, "Deployment", "controller")["spec"]["template"]["metadata"]
    assert restarted.items() <= annotations["annotations"].items()
    assert "metallb_operator_drift_repaired_total" in operator.probe("/metrics")[1]


def test_what_breaks_later_is_told_as_long_as_it_lasts(operator: Operating) -> None:
    operator.create(bgpBackend="native")
    operator.wait_condition("Available", "True")
    operator.wait_condition("Progressing", "False")
    selected = ["-n", NAMESPACE, "-l", "app.kubernetes.io/component=speaker"]
    pod = operator.cluster.kubectl("get", "pods", *selected, "-o", "name").split()[0]
    ended = {"exitCode": 2, "reason": "Error", "message": "no such interface"}
    crashing = {"waiting": {"reason": "CrashLoopBackOff"}}
    running = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
    _fares(operator, pod, "False", {"state": crashing, "lastState": {"terminated": ended}})
    told = operator.wait_condition("Degraded", "True", "ContainerCrashing")
    name = pod.removeprefix("pod/")
    assert f"pod {name} on node-" in told["message"]
    assert "it keeps ending: exit code 2 (Error): no such interface" in told["message"]
    operator.wait_condition("Available", "False", "ComponentsNotReady")
    _fares(operator, pod, "True", {"state": running, "lastState": {}})
    operator.wait_condition("Available", "True")
    operator.wait_condition("Degraded", "False")


def _fares(operator: Operating, pod: str, ready: str, container: dict[str, Any]) -> None:
    """Say of a pod and its container what a kubelet would."""
    known = {"name": "speaker", "image": "i", "imageID": "", "restartCount": 3}
    status = {
        "conditions": [{"type": "Ready", "status": ready}],
        "containerStatuses": [known | container | {"ready": ready == "True"}],
    }
    patch = json.dumps({"status": status})
    where = ["-n", NAMESPACE, "--subresource=status", "--type=strategic"]
    operator.cluster.kubectl("patch", pod, *where, "-p", patch)


def _spec(operator: Operating, kind: str, name: str) -> dict[str, Any]:
    found = operator.operands()[kind, name]
    return {key: found[key] for key in ("spec", "data") if key in found}


def _patch(cluster: Cluster, kind: str, name: str, patch: dict[str, Any]) -> None:
    cluster.kubectl("patch", kind, name, "-n", NAMESPACE, "-p", json.dumps(patch))


def test_an_object_that_becomes_invalid_changes_nothing_and_says_so(operator: Operating) -> None:
    operator.create(bgpBackend="native")
    operator.wait_condition("Available", "True")
    before = {key: item["metadata"]["uid"] for key, item in operator.operands().items()}
    operator.create(bgpBackend="bird")
    degraded = operator.wait_condition("Degraded", "True", "InvalidSpec")
    assert "'bird' is no backend" in degraded["message"]
    assert operator.conditions()["Available"]["status"] == "True"
    assert {key: item["metadata"]["uid"] for key, item in operator.operands().items()} == before
    operator.create(bgpBackend="native")
    operator.wait_condition("Degraded", "False")


def test_what_was_applied_before_is_repaired_while_the_object_is_invalid(
    operator: Operating,
) -> None:
    operator.create(bgpBackend="native")
    operator.wait_condition("Available", "True")
    operator.create(bgpBackend="bird")
    operator.wait_condition("Degraded", "True", "InvalidSpec")
    controller = ("deployment", "controller", "-n", NAMESPACE)
    operator.cluster.kubectl("delete", *controller)
    wait_for(
        "the controller is back",
        lambda: operator.cluster.get("deployment", "controller", NAMESPACE) is not None,
    )
    operator.wait_condition("Available", "True")
    # A process that has never seen a valid object cannot repair, and does not say that all is well.
    operator.process.stop()
    operator.cluster.kubectl("delete", *controller)
    operator.process.start()
    found = operator.wait_condition("Available", "False", "ComponentMissing")
    assert "Deployment controller: it does not exist" in found["message"]
    degraded = operator.wait_condition("Degraded", "True", "InvalidSpec")
    assert "until then Deployment controller is not made anew" in degraded["message"]
    operator.create(bgpBackend="native")
    operator.wait_condition("Available", "True")


@pytest.mark.parametrize(
    ("name", "namespace", "reason"),
    [("other", NAMESPACE, "WrongName"), ("metallb", "default", "WrongNamespace")],
)
def test_an_object_that_is_not_the_one_says_why(
    operator: Operating, name: str, namespace: str, reason: str
) -> None:
    operator.create(name, namespace)
    found = wait_for("a status", lambda: operator.conditions(name, namespace), seconds=10)
    assert found["Degraded"]["reason"] == reason
    assert operator.operands() == {}
    # Nothing holds it up: it has no finalizer of ours.
    operator.cluster.kubectl("delete", "metallb", name, "-n", namespace, "--timeout=5s")


def test_an_object_at_rest_costs_no_write_and_no_helm_run(operator: Operating) -> None:
    operator.create()
    operator.wait_condition("Progressing", "False")
    operator.wait_condition("PreflightPassed", "True")
    # On this cluster no webhook is installed, which the probe of admission finds out.
    operator.wait_condition("ConfigurationValid", "True", "ConfigurationWarnings")
    _look_again(operator, "first")  # looks follow each other: what was to be told is told now
    runs = _metric(operator, "metallb_operator_helm_runs")
    start = operator.cluster.audit_position()
    _look_again(operator, "second")
    assert _metric(operator, "metallb_operator_helm_runs") == runs
    assert [one["requestURI"] for one in _writes(operator, start)] == []
    assert [one["requestURI"] for one in _asked(operator, start) if _is_of_a_look(one)] == []


def _writes(operator: Operating, start: int) -> list[dict[str, Any]]:
    """Return what the operator has written since then, less its Lease."""
    verbs = {"create", "update", "patch", "delete"}
    return [event for event in _asked(operator, start) if event["verb"] in verbs]


def _asked(operator: Operating, start: int) -> list[dict[str, Any]]:
    """Return what the operator has asked since then, less its Lease and dry runs."""
    once = {event["auditID"]: event for event in operator.cluster.audit(start)}
    return [
        event
        for event in once.values()
        if event["user"]["username"].endswith(":metallb-operator")
        and (event.get("objectRef") or {}).get("resource") != "leases"
        and "dryRun" not in event["requestURI"]
    ]


def _is_of_a_look(event: dict[str, Any]) -> bool:
    """Watches, and the survey of the whole cluster, go on by themselves."""
    return event["verb"] != "watch" and f"/namespaces/{NAMESPACE}/" in event["requestURI"]


def _look_again(operator: Operating, note: str) -> None:
    """Bring about another look by something that changes nothing of ours."""
    looks = _metric(operator, "metallb_operator_reconcile_seconds_count")
    patch = {"metadata": {"annotations": {"example.test/note": note}}}
    _patch(operator.cluster, "ConfigMap", "metallb-excludel2", patch)
    wait_for(
        "another look",
        lambda: _metric(operator, "metallb_operator_reconcile_seconds_count") > looks,
    )


def _metric(operator: Operating, name: str) -> float:
    text = operator.probe("/metrics")[1]
    return next(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))

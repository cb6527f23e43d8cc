"""Another backend, another release: the new one is up before the old one goes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from support.operating import NAMESPACE, Operating, service
from support.waiting import wait_for

HOSTNAME = "kubernetes.io/hostname"


def configuration(name: str, node: str, namespace: str = NAMESPACE) -> dict[str, Any]:
    return {
        "apiVersion": "frrk8s.metallb.io/v1beta1",
        "kind": "FRRConfiguration",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"nodeSelector": {"matchLabels": {HOSTNAME: node}}},
    }


STATE = {
    "apiVersion": "frrk8s.metallb.io/v1beta1",
    "kind": "FRRNodeState",
    "metadata": {"name": "node-1"},
}


def test_a_backend_is_switched_there_and_back(operator: Operating) -> None:
    operator.create(bgpBackend="native")
    operator.wait_condition("Progressing", "False")
    start = operator.cluster.audit_position()
    operator.create(bgpBackend="frr-k8s")
    _arrives(operator, backend="frr-k8s")
    assert _in_order(operator, start, ("daemonsets", "frr-k8s"), ("daemonsets", "speaker"))
    # As a speaker would write it, and as somebody else would.
    operator.cluster.apply(configuration("metallb-node-1", "node-1"))
    operator.cluster.apply(configuration("mine", "node-1"), STATE)
    start = operator.cluster.audit_position()
    operator.create(bgpBackend="native")
    _arrives(operator, backend="native")
    assert ("DaemonSet", "frr-k8s") not in operator.operands()
    assert _configurations(operator) == ["mine"]
    steps = [
        ("patch", "daemonsets", "speaker"),
        ("delete", "frrconfigurations", "metallb-node-1"),
        # From here on its controller replaces pods again.
        ("patch", "daemonsets", "speaker"),
        ("delete", "daemonsets", "frr-k8s"),
        ("delete", "frrnodestates", "node-1"),
        ("delete", "deployments", "statuscleaner"),
    ]
    assert [write for write in _writes(operator, start) if write in steps] == steps
    operator.cluster.kubectl("delete", "frrconfiguration", "mine", "-n", NAMESPACE)


PEER = {
    "apiVersion": "metallb.io/v1beta2",
    "kind": "BGPPeer",
    "metadata": {"name": "router", "namespace": NAMESPACE},
    "spec": {"myASN": 64512, "peerASN": 64513, "peerAddress": "192.0.2.1"},
}


def test_the_next_node_changes_its_backend_when_the_one_before_has_its_sessions(
    operator: Operating,
) -> None:
    operator.cluster.apply(PEER)
    operator.create(bgpBackend="native")
    operator.wait_condition("Progressing", "False")
    former = {pod["metadata"]["uid"] for pod in _speakers(operator)}
    operator.create(bgpBackend="frr-k8s")
    done: list[str] = []
    for left in (2, 1):
        node = wait_for("the next node", lambda: _next(operator, former, done))
        _waits(operator, f"node {node}: its speaker has told frr-k8s nothing")
        _asks(operator, node)
        _waits(operator, f"node {node}: sessions with 192.0.2.1 are not reported up")
        assert len([p for p in _speakers(operator) if p["metadata"]["uid"] in former]) == left
        _establishes(operator, node)
        done.append(node)
    # Nobody waits for the last one.
    _arrives(operator, backend="frr-k8s")
    speaker = operator.operands()["DaemonSet", "speaker"]
    assert speaker["spec"]["updateStrategy"]["type"] == "RollingUpdate"
    assert "metallb.io/handover" not in speaker["metadata"]["annotations"]
    operator.cluster.kubectl("delete", "bgppeer", "router", "-n", NAMESPACE)
    operator.cluster.kubectl("delete", "bgpsessionstates", "--all", "-n", NAMESPACE)


def _speakers(operator: Operating) -> list[dict[str, Any]]:
    found = operator.cluster.get("pods", namespace=NAMESPACE) or {}
    return [p for p in found["items"] if p["metadata"]["labels"].get("component") == "speaker"]


def _next(operator: Operating, former: set[str], done: list[str]) -> str:
    """Return the node that has a new speaker and had none before; "" while there is none."""
    # One that is not scheduled yet has no node.
    new = {
        p["spec"].get("nodeName", "")
        for p in _speakers(operator)
        if p["metadata"]["uid"] not in former
    }
    return next(iter(new - {"", *done}), "")


def _waits(operator: Operating, text: str) -> None:
    wait_for(text, lambda: text in operator.conditions()["Progressing"]["message"])


def _asks(operator: Operating, node: str) -> None:
    neighbors = [{"address": "192.0.2.1", "asn": 64513}]
    asked = configuration(f"metallb-{node}", node)
    asked["spec"]["bgp"] = {"routers": [{"asn": 64512, "neighbors": neighbors}]}
    operator.cluster.apply(asked)


def _establishes(operator: Operating, node: str) -> None:
    api = {"apiVersion": "frrk8s.metallb.io/v1beta1", "kind": "BGPSessionState"}
    operator.cluster.apply({**api, "metadata": {"name": f"{node}-1", "namespace": NAMESPACE}})
    status = {"node": node, "peer": "192.0.2.1", "vrf": "", "bgpStatus": "Established"}
    where = ["bgpsessionstate", f"{node}-1", "-n", NAMESPACE, "--subresource=status"]
    text = json.dumps({"status": {**status, "bfdStatus": "N/A"}})
    operator.cluster.kubectl("patch", *where, "--type=merge", "-p", text)


ABROAD = "frr-k8s-system"


def test_what_speakers_wrote_for_another_frr_k8s_goes_when_that_is_left(
    operator: Operating,
) -> None:
    for namespace in (ABROAD, "elsewhere"):
        operator.cluster.apply(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        )
    external = {"bgpBackend": "frr-k8s-external", "frrk8sConfig": {"namespace": ABROAD}}
    operator.create(**external)
    _arrives(operator, backend="frr-k8s-external")
    # As a speaker would write them, for our frr-k8s and for another one, and as others would.
    for namespace in (NAMESPACE, ABROAD, "elsewhere"):
        operator.cluster.apply(configuration("metallb-node-1", "node-1", namespace))
    operator.cluster.apply(configuration("mine", "node-1", ABROAD))
    operator.create(**external, logLevel="debug")
    wait_for("nothing is left for ours", lambda: _configurations(operator) == [])
    assert _configurations(operator, ABROAD) == ["metallb-node-1", "mine"]
    operator.create(bgpBackend="native")
    wait_for("nothing is left abroad", lambda: _configurations(operator, ABROAD) == ["mine"])
    wait_for("nothing is owed any more", lambda: not _noted(operator))
    assert _configurations(operator, "elsewhere") == ["metallb-node-1"]
    operator.cluster.kubectl("delete", "namespace", ABROAD, "elsewhere", "--wait=false")


def test_a_release_is_changed_there_and_back_controller_first(operator: Operating) -> None:
    operator.create(bgpBackend="native", version="0.15.3")
    _arrives(operator, version="0.15.3")
    for version in ("0.16.1", "0.15.3"):
        start = operator.cluster.audit_position()
        operator.create(bgpBackend="native", version=version)
        _arrives(operator, version=version)
        assert _in_order(operator, start, ("deployments", "controller"), ("daemonsets", "speaker"))
        for kind, name in (("Deployment", "controller"), ("DaemonSet", "speaker")):
            assert _image(operator, kind, name) == f"quay.io/metallb/{name}:v{version}"


def test_what_is_asked_for_during_a_pause_is_said_to_run_once_it_does(operator: Operating) -> None:
    operator.create(bgpBackend="native", version="0.15.3")
    _arrives(operator, version="0.15.3")
    operator.create(bgpBackend="native", version="0.16.1", paused=True)
    operator.wait_condition("Progressing", "False", "Paused")
    status = (operator.cluster.get("metallb", "metallb", NAMESPACE) or {})["status"]
    assert status["version"] == "0.15.3"
    assert _image(operator, "DaemonSet", "speaker") == "quay.io/metallb/speaker:v0.15.3"
    operator.create(bgpBackend="native", version="0.16.1")
    _arrives(operator, version="0.16.1")


def test_a_release_that_ignores_what_is_stored_waits_until_that_is_accepted(
    operator: Operating,
) -> None:
    advertised = {
        "apiVersion": "metallb.io/v1beta1",
        "kind": "L2Advertisement",
        "metadata": {"name": "web", "namespace": NAMESPACE},
        "spec": {"serviceSelectors": [{"matchLabels": {"app": "web"}}]},
    }
    operator.create(bgpBackend="native", version="0.16.1")
    _arrives(operator, version="0.16.1")
    operator.cluster.apply(advertised)
    start = operator.cluster.audit_position()
    operator.create(bgpBackend="native", version="0.15.3")
    told = operator.wait_condition("Degraded", "True", "DowngradeBlocked")
    assert "L2Advertisement 'web'" in told["message"]
    assert {resource for _, resource, _ in _writes(operator, start)} <= {"events", "metallbs"}
    accepted = "metallb.io/allow-downgrade=0.15.3"
    operator.cluster.kubectl("annotate", "metallb", "metallb", "-n", NAMESPACE, accepted)
    _arrives(operator, version="0.15.3")
    operator.cluster.kubectl("delete", "l2advertisement", "web", "-n", NAMESPACE)


def test_addresses_of_services_are_compared_when_the_controller_was_replaced(
    operator: Operating,
) -> None:
    service(operator.cluster, "kept", "192.0.2.1")
    service(operator.cluster, "moved", "192.0.2.2")
    operator.create(bgpBackend="native", version="0.15.3")
    _arrives(operator, version="0.15.3")
    operator.create(bgpBackend="native", version="0.16.1")
    told = _event(operator, "AddressesKept")
    assert told["message"].endswith("the addresses of 2 Services are as before")
    written = ("configmap", "metallb-operator-addresses", NAMESPACE)
    # Without pods of the release the comparison cannot come before the change.
    rule = "!object.spec.containers.exists(c, c.image.endsWith(':v0.15.3'))"
    probe = "--image=example.test/probe:v0.15.3"
    with _unwanted(operator, rule, "0.15.3 waits", probe):
        operator.create(bgpBackend="native", version="0.15.3")
        wait_for("addresses are written down", lambda: operator.cluster.get(*written))
        service(operator.cluster, "moved", "192.0.2.3")
    told = _event(operator, "AddressesChanged")
    assert told["type"] == "Warning"
    assert "default/moved has 192.0.2.3 in place of 192.0.2.2" in told["message"]
    assert "kept" not in told["message"].partition(":")[2]
    wait_for("it is forgotten", lambda: operator.cluster.get(*written) is None)
    operator.cluster.kubectl("delete", "service", "kept", "moved", "-n", "default")


def _event(operator: Operating, reason: str) -> dict[str, Any]:
    """Wait for an Event of this reason about the present object, and of none before it."""

    def found() -> dict[str, Any] | None:
        operator.alive()
        about = (operator.cluster.get("metallb", "metallb", NAMESPACE) or {})["metadata"]["uid"]
        events = (operator.cluster.get("events", namespace=NAMESPACE) or {}).get("items", ())
        ours = (one for one in events if one["involvedObject"].get("uid") == about)
        return next((one for one in ours if one["reason"] == reason), None)

    return wait_for(f"an Event {reason}", found, seconds=60)


def test_removal_takes_what_speakers_wrote(operator: Operating) -> None:
    operator.create(bgpBackend="frr-k8s")
    operator.wait_condition("Available", "True")
    operator.cluster.apply(configuration("metallb-node-2", "node-2"), STATE)
    start = operator.cluster.audit_position()
    operator.delete()
    assert _configurations(operator) == []
    assert operator.cluster.get("frrnodestate", "node-1") is None
    written = _writes(operator, start)
    config = ("delete", "frrconfigurations", "metallb-node-2")
    assert written.index(("delete", "daemonsets", "speaker")) < written.index(config)
    assert written.index(config) < written.index(("delete", "daemonsets", "frr-k8s"))


@contextmanager
def _unwanted(operator: Operating, rule: str, message: str, probe: str) -> Iterator[None]:
    """Have pods refused for a while.

    Args:
        operator: where.
        rule: CEL that must be true of a pod.
        message: what is said otherwise.
        probe: options of `kubectl run` for a pod that is refused.
    """
    name = "unwanted"
    pods = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["CREATE"],
        "resources": ["pods"],
    }
    policy: dict[str, Any] = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "matchConstraints": {"resourceRules": [pods]},
            "validations": [{"expression": rule, "message": message}],
        },
    }
    binding: dict[str, Any] = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"]},
    }
    operator.cluster.apply(policy, binding)
    try:
        tried = ["run", "probe", "-n", NAMESPACE, "--dry-run=server", *probe.split()]
        wait_for(
            "the policy is in force",
            lambda: message in operator.cluster.try_kubectl(*tried).stderr,
        )
        yield
    finally:
        kinds = "validatingadmissionpolicy,validatingadmissionpolicybinding"
        operator.cluster.kubectl("delete", kinds, name)


PULLER = ("daemonsets", "metallb-image-prepull")


def test_nothing_is_replaced_before_its_images_are_on_the_nodes(operator: Operating) -> None:
    spec = {"bgpBackend": "native", "upgrade": {"prePullImages": True}}
    operator.create(**spec, version="0.15.3")
    _arrives(operator, version="0.15.3")
    start = operator.cluster.audit_position()
    pulls = "has(c.command) && c.command[0] == '/metallb-image-prepull'"
    rule = f"!object.spec.containers.exists(c, {pulls})"
    probe = "--image=example.test/probe --command -- /metallb-image-prepull"
    with _unwanted(operator, rule, "nothing is pulled yet", probe):
        operator.create(**spec, version="0.16.1")
        told = operator.wait_condition("Progressing", "True", "Upgrading")
        assert "waits: images are on 0 of 3 nodes, not on node-1, node-2, node-3" in told["message"]
        told = operator.wait_condition("Degraded", "True", "PodsRefused")
        assert "DaemonSet metallb-image-prepull: its pods are refused" in told["message"]
        assert "nothing is pulled yet" in told["message"]
        operator.wait_condition("Available", "True")
        operator.wait_condition("Upgradeable", "False")
        status = (operator.cluster.get("metallb", "metallb", NAMESPACE) or {})["status"]
        assert status["version"] == "0.15.3"
        assert _image(operator, "Deployment", "controller") == "quay.io/metallb/controller:v0.15.3"
    _arrives(operator, version="0.16.1")
    wait_for("what pulls goes", lambda: ("delete", *PULLER) in _writes(operator, start))
    workloads = {"deployments", "daemonsets"}
    assert [one for one in _writes(operator, start) if one[1] in workloads] == [
        ("patch", *PULLER),
        ("patch", "deployments", "controller"),
        ("patch", "daemonsets", "speaker"),
        ("delete", *PULLER),
    ]


def test_an_image_that_cannot_be_pulled_costs_nothing(operator: Operating) -> None:
    upgrade = {"prePullImages": True, "progressDeadlineSeconds": 30, "rollbackOnFailure": True}
    operator.create(bgpBackend="native", version="0.15.3", upgrade=upgrade)
    _arrives(operator, version="0.15.3")
    start = operator.cluster.audit_position()
    images = {"speaker": "missing.test/speaker:v0.16.1"}
    operator.create(bgpBackend="native", version="0.16.1", upgrade=upgrade, images=images)
    cause = "image missing.test/speaker:v0.16.1 cannot be pulled: it does not exist"
    told = operator.wait_condition("Degraded", "True", "ImagePullFailed")
    assert "DaemonSet metallb-image-prepull: pod metallb-image-prepull-" in told["message"]
    assert cause in told["message"]
    operator.wait_condition("Available", "True")
    told = operator.wait_condition("Degraded", "True", "RolledBack")
    assert "the upgrade to 0.16.1 was given up and 0.15.3 runs" in told["message"]
    assert cause in told["message"]
    _arrives(operator, version="0.15.3")
    wait_for("what pulls goes", lambda: ("delete", *PULLER) in _writes(operator, start))
    workloads = {"deployments", "daemonsets"}
    assert [one for one in _writes(operator, start) if one[1] in workloads] == [
        ("patch", *PULLER),
        ("delete", *PULLER),
    ]


def test_an_upgrade_that_fails_is_given_up_until_the_spec_changes(operator: Operating) -> None:
    operator.create(bgpBackend="native", version="0.15.3")
    _arrives(operator, version="0.15.3")
    upgrade = {"progressDeadlineSeconds": 30, "rollbackOnFailure": True}
    rule = "!object.spec.containers.exists(c, c.image.endsWith(':v0.16.1'))"
    probe = "--image=example.test/probe:v0.16.1"
    with _unwanted(operator, rule, "0.16.1 is not wanted here", probe):
        # Images of the new release are no images of the old one.
        images = {"speaker": "example.test/speaker:v0.16.1"}
        operator.create(bgpBackend="native", version="0.16.1", upgrade=upgrade, images=images)
        told = operator.wait_condition("Degraded", "True", "RolledBack")
        assert "the upgrade to 0.16.1 was given up and 0.15.3 runs" in told["message"]
        assert "0.16.1 is not wanted here" in told["message"]
        operator.wait_condition("Available", "True")
        assert _image(operator, "DaemonSet", "speaker") == "quay.io/metallb/speaker:v0.15.3"
        assert _image(operator, "Deployment", "controller") == "quay.io/metallb/controller:v0.15.3"
    operator.create(bgpBackend="native", version="0.16.1", logLevel="debug")
    _arrives(operator, version="0.16.1")
    operator.wait_condition("Degraded", "False")


def _image(operator: Operating, kind: str, name: str) -> str:
    template = operator.operands()[kind, name]["spec"]["template"]
    return str(template["spec"]["containers"][0]["image"])


def _arrives(operator: Operating, **status: str) -> None:
    def is_there() -> bool:
        found = (operator.cluster.get("metallb", "metallb", NAMESPACE) or {}).get("status", {})
        return operator.alive() and status.items() <= found.items()

    wait_for(f"{status}", is_there, seconds=60)
    operator.wait_condition("Progressing", "False")
    operator.wait_condition("Available", "True")


def _writes(operator: Operating, start: int) -> list[tuple[str, str, str]]:
    """Return verb, resource and name of the operator's writes, in the order of their answers."""
    return [
        (event["verb"], event["objectRef"]["resource"], event["objectRef"].get("name", ""))
        for event in operator.cluster.audit(start)
        if event["user"]["username"].endswith(":metallb-operator")
        and event["verb"] in {"create", "patch", "delete"}
    ]


def _in_order(
    operator: Operating, start: int, first: tuple[str, str], second: tuple[str, str]
) -> bool:
    """Whether the first was written, and acted upon by its controller, before the second was."""
    seen = [
        ((event["objectRef"]["resource"], event["objectRef"].get("name")), event)
        for event in operator.cluster.audit(start)
        if event.get("objectRef")
    ]

    def written(wanted: tuple[str, str]) -> int:
        return next(
            place
            for place, (what, event) in enumerate(seen)
            if what == wanted
            and event["verb"] == "patch"
            and event["user"]["username"].endswith(":metallb-operator")
        )

    between = seen[written(first) : written(second)]
    return any(
        what == first and event["objectRef"].get("subresource") == "status"
        for what, event in between
    )


def _noted(operator: Operating) -> bool:
    found = operator.cluster.get("metallb", "metallb", NAMESPACE) or {}
    return "metallb.io/frr-k8s-namespaces" in found["metadata"]["annotations"]


def _configurations(operator: Operating, namespace: str = NAMESPACE) -> list[str]:
    found = operator.cluster.get("frrconfigurations", namespace=namespace) or {}
    return [item["metadata"]["name"] for item in found.get("items", ())]

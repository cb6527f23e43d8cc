"""Nodes, workloads, pods and Events as an API server has them, from the fields that matter."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from metallb_kube.objects import Manifest, ref_of
from metallb_operator.observation import Observation
from support.samples import NAMESPACE

NOW: Final = datetime(2026, 8, 1, 12, 0, tzinfo=UTC)
DAY: Final = 86400


def ago(seconds: float) -> str:
    """Return the time so long before NOW, as the API server writes it."""
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def ready_condition(truth: bool, since: float) -> dict[str, str]:  # noqa: FBT001 - a status in two words
    """Return the condition Ready of a pod or node."""
    return {"type": "Ready", "status": str(truth), "lastTransitionTime": ago(since)}


def node(
    name: str,
    *,
    ready: bool = True,
    since: float = DAY,
    taints: Iterable[str] = (),
    **labels: str,
) -> dict[str, Any]:
    """Return a Node.

    Args:
        name: its name.
        ready: whether it is Ready.
        since: for how many seconds.
        taints: "key=value:Effect" or "key:Effect".
        labels: besides the one of its operating system.
    """
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/os": "linux", **labels}},
        "spec": {"taints": [taint(text) for text in taints]},
        "status": {"conditions": [ready_condition(ready, since)]},
    }


def taint(text: str) -> dict[str, str]:
    """Return a taint from "key=value:Effect" or "key:Effect"."""
    key, _, effect = text.partition(":")
    key, _, value = key.partition("=")
    return {"key": key, "effect": effect} | ({"value": value} if value else {})


def workload(
    kind: str,
    name: str,
    *,
    status: Mapping[str, Any] | None = None,
    pod: Mapping[str, Any] | None = None,
    generation: int = 1,
    age: float = DAY,
    **spec: Any,  # noqa: ANN401 - whatever JSON holds
) -> dict[str, Any]:
    """Return a workload; without a status its controller has not seen it yet.

    Args:
        kind: Deployment or DaemonSet.
        name: its name, and that of its container.
        status: as its controller wrote it.
        pod: the pod spec, besides the container.
        generation: of the spec.
        age: for how many seconds it exists.
        spec: the rest of the spec.
    """
    template = {"spec": {"containers": [{"name": name, "image": image(name)}], **(pod or {})}}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "uid": uid(name),
            "generation": generation,
            "creationTimestamp": ago(age),
        },
        "spec": {"selector": {"matchLabels": {"component": name}}, "template": template, **spec},
        "status": dict(status or {}),
    }


def image(name: str) -> str:
    """Return the image of a component."""
    return f"quay.io/metallb/{name}:v0.16.1"


def uid(name: str) -> str:
    """Return the uid of an object."""
    return f"uid-of-{name}"


def deployment(name: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    """Return a Deployment of one replica that its controller is done with."""
    status = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1}
    given: dict[str, Any] = {"replicas": 1, "status": status}
    return workload("Deployment", name, **(given | changes))


def daemonset(name: str, nodes: int = 3, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    """Return a DaemonSet that has the current template on so many nodes."""
    status = {
        "observedGeneration": 1,
        "desiredNumberScheduled": nodes,
        "updatedNumberScheduled": nodes,
    }
    given: dict[str, Any] = {"status": status}
    return workload("DaemonSet", name, **(given | changes))


def pod(
    component: str,
    where: str = "",
    *containers: Mapping[str, Any],
    ready: bool = True,
    since: float = DAY - 60,
    age: float = DAY,
    started: bool = True,
    **status: Any,  # noqa: ANN401 - whatever JSON holds
) -> dict[str, Any]:
    """Return a pod of a component, named after its node.

    Args:
        component: the workload's name.
        where: its node; "" if none was chosen yet.
        containers: statuses.
        ready: whether it is Ready.
        since: for how many seconds it is, or is not.
        age: for how many seconds it exists.
        started: whether a kubelet has taken it.
        status: other fields of the status.
    """
    conditions = [ready_condition(ready, since)] if started else []
    found: dict[str, Any] = {"phase": "Running" if ready else "Pending"} | status
    found["conditions"] = [*conditions, *found.get("conditions", ())]
    if started:
        found["startTime"] = ago(age)
    if containers:
        found["containerStatuses"] = list(containers)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{component}-{where or 'x'}",
            "namespace": NAMESPACE,
            "uid": uid(f"{component}-{where or 'x'}"),
            "labels": {"component": component},
            "ownerReferences": [{"uid": uid(component)}],
            "creationTimestamp": ago(age),
        },
        "spec": {"nodeName": where} if where else {},
        "status": found,
    }


def fresh(
    component: str,
    where: str,
    *containers: Mapping[str, Any],
    **more: Any,  # noqa: ANN401 - whatever JSON holds
) -> dict[str, Any]:
    """Return a pod that has come up 20 seconds ago and is not ready yet."""
    return pod(component, where, *containers, **({"ready": False, "since": 20, "age": 20} | more))


def running(
    name: str,
    *,
    ready: bool = False,
    since: float = 15,
    restarts: int = 0,
    ended: Any = None,  # noqa: ANN401 - whatever JSON holds
) -> dict[str, Any]:
    """Return the status of a container that runs."""
    return _container(name, {"running": {"startedAt": ago(since)}}, restarts, ended, ready=ready)


def waiting(
    name: str,
    reason: str,
    message: str = "",
    *,
    restarts: int = 0,
    ended: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the status of a container that waits."""
    state = {"waiting": {"reason": reason, "message": message}}
    return _container(name, state, restarts, ended)


def terminated(
    name: str, end: Mapping[str, Any], *, restarts: int = 0, ready: bool = False
) -> dict[str, Any]:
    """Return the status of a container that has just ended."""
    return _container(name, {"terminated": dict(end)}, restarts, None, ready=ready)


def end(
    code: int = 1, reason: str = "Error", message: str = "", since: float = 5
) -> dict[str, Any]:
    """Return how a container ended."""
    return {"exitCode": code, "reason": reason, "message": message, "finishedAt": ago(since)}


def looping(name: str, code: int = 2, said: str = "") -> dict[str, Any]:
    """Return the status of a container in a crash loop, while it waits."""
    ended = end(code, message=said)
    return waiting(name, "CrashLoopBackOff", "back-off 40s restarting", restarts=3, ended=ended)


def _container(
    name: str,
    state: Mapping[str, Any],
    restarts: int,
    ended: Mapping[str, Any] | None,
    *,
    ready: bool = False,
) -> dict[str, Any]:
    return {
        "name": name,
        "image": image(name),
        "ready": ready,
        "restartCount": restarts,
        "state": dict(state),
        "lastState": {"terminated": dict(ended)} if ended else {},
    }


def warning(
    kind: str, name: str, reason: str, message: str, *, first: float = 60, last: float = 5
) -> dict[str, Any]:
    """Return an Event about an object, told first and last so many seconds ago."""
    return {
        "involvedObject": {"kind": kind, "name": name, "uid": uid(name)},
        "reason": reason,
        "message": message,
        "firstTimestamp": ago(first),
        "lastTimestamp": ago(last),
    }


def observation(
    *objects: Manifest,
    nodes: Iterable[Manifest] = (),
    pods: Iterable[Manifest] = (),
    warnings: Iterable[Manifest] = (),
    accounts: Iterable[str] | None = None,
) -> Observation:
    """Return what was seen."""
    return Observation(
        {ref_of(found): found for found in objects},
        tuple(pods),
        tuple(nodes),
        tuple(warnings),
        None if accounts is None else frozenset(accounts),
    )

"""Have every node pull new images before anything is replaced. Pure.

A DaemonSet has a container for each image, on the nodes of the speakers. Nothing of an image is
run: the command is one that no image has. A kubelet pulls before it tries to start, so that a
container which could not be started, or was, has its image on the node (Kubernetes documentation,
"Container states"; reasons as in `podtroubles`).
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_operator import pods as podlist
from metallb_operator.fields import at, name_of, text_at
from metallb_operator.nodes import meant_for
from metallb_operator.observation import Observation
from metallb_operator.podtroubles import of_pod
from metallb_operator.troubles import Kind
from metallb_operator.wording import listed

NAME: Final = "metallb-image-prepull"

_COMMAND: Final = "/metallb-image-prepull"
_SPEAKER: Final = ("DaemonSet", "speaker")
_WORKLOADS: Final = frozenset({"DaemonSet", "Deployment"})
_PENDING: Final = frozenset({"", "ContainerCreating", "PodInitializing"})
_LABELS: Final[Mapping[str, str]] = {"app": "metallb", "component": "image-prepull"}
# Where the speakers run, and as which user images are pulled there.
_PLACED: Final = (
    "nodeSelector",
    "tolerations",
    "affinity",
    "imagePullSecrets",
    "priorityClassName",
    "runtimeClassName",
)


def puller(wanted: Iterable[Manifest], observed: Mapping[ObjectRef, Manifest]) -> Manifest | None:
    """Return the DaemonSet that pulls; None while there is nothing to pull, or nothing to lose.

    It has all images that are wanted, so that it stays the same while one workload after the
    other gets its own.

    Args:
        wanted: what the chart rendered.
        observed: what is there.
    """
    workloads = [one for one in wanted if one["kind"] in _WORKLOADS]
    speaker = next((one for one in workloads if (one["kind"], name_of(one)) == _SPEAKER), None)
    if speaker is None or ref_of(speaker) not in observed:
        return None
    images = {image for one in workloads for image in _images(one)}
    running = {
        image
        for one in workloads
        if ref_of(one) in observed
        for image in _images(observed[ref_of(one)])
    }
    return _daemonset(speaker, sorted(images)) if images - running else None


def _images(workload: Manifest) -> Iterator[str]:
    pod = at(workload, "spec", "template", "spec") or {}
    for container in (*(pod.get("initContainers") or ()), *(pod.get("containers") or ())):
        yield text_at(container, "image")


def _daemonset(speaker: Manifest, images: Iterable[str]) -> Manifest:
    pod = speaker["spec"]["template"]["spec"]
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {
            "name": NAME,
            "namespace": speaker["metadata"]["namespace"],
            "labels": dict(_LABELS),
        },
        "spec": {
            "selector": {"matchLabels": dict(_LABELS)},
            "updateStrategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": "100%"},
            },
            "template": {
                "metadata": {"labels": dict(_LABELS)},
                "spec": {
                    **{key: pod[key] for key in _PLACED if key in pod},
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "terminationGracePeriodSeconds": 0,
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": 65534,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [_container(image) for image in images],
                },
            },
        },
    }


def _container(image: str) -> dict[str, Any]:
    return {
        "name": _name(image),
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": [_COMMAND],
        "resources": {"requests": {"cpu": "1m", "memory": "1Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def _name(image: str) -> str:
    """Return a container's name that tells images apart, whatever template its pod is of."""
    return f"image-{hashlib.sha256(image.encode()).hexdigest()[:12]}"


def unpulled(wanted: Iterable[Manifest], seen: Observation) -> str:
    """Return what the pulling of images still waits for; "" for nothing.

    Args:
        wanted: what there should be; the puller is among it while images are to be pulled.
        seen: the cluster.
    """
    made = next((one for one in wanted if (one["kind"], name_of(one)) == ("DaemonSet", NAME)), None)
    if made is None:
        return ""
    pod = made["spec"]["template"]["spec"]
    nodes = meant_for(pod, seen.nodes).ready
    found = seen.objects.get(ref_of(made))
    pods = podlist.owned(found, seen.pods) if found else ()
    names = frozenset(container["name"] for container in pod["containers"])
    lacking = sorted(nodes - {podlist.node_of(one) for one in pods if _has_pulled(one, names)})
    if not lacking:
        return ""
    text = f"images are on {len(nodes) - len(lacking)} of {len(nodes)} nodes, not on"
    return "; ".join([f"{text} {listed(lacking)}", *_troubles(pods, frozenset(lacking))])


def _has_pulled(pod: Manifest, names: frozenset[str]) -> bool:
    pulled = {
        text_at(status, "name")
        for status in at(pod, "status", "containerStatuses") or ()
        if _is_there(status)
    }
    return names <= pulled


def _is_there(status: Manifest) -> bool:
    """Whether a container's image is on the node: it was pulled before anything else failed."""
    waiting = at(status, "state", "waiting")
    if waiting is None:
        return bool(at(status, "state"))
    return text_at(waiting, "reason") not in _PENDING and not _cannot_be_pulled(status)


def _cannot_be_pulled(status: Manifest) -> bool:
    found = of_pod({"metadata": {"name": ""}, "status": {"containerStatuses": [status]}})
    return any(trouble.kind is Kind.IMAGE for trouble in found)


def _troubles(pods: Iterable[Manifest], lacking: frozenset[str]) -> Iterator[str]:
    """Yield the first reason why an image cannot be had."""
    for pod in pods:
        if podlist.node_of(pod) in lacking:
            for trouble in of_pod(pod):
                if trouble.kind is Kind.IMAGE:
                    yield f"{trouble.where}: {trouble.message}"
                    return

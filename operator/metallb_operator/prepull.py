"""Have every node pull new images before anything is replaced. Pure.

A DaemonSet has a container for each image, on the nodes of the speakers. Nothing of an image is
run: the command is one that no image has. `pulling` tells how far it is.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_operator.fields import at, name_of, text_at

NAME: Final = "metallb-image-prepull"

_COMMAND: Final = "/metallb-image-prepull"
_SPEAKER: Final = ("DaemonSet", "speaker")
_WORKLOADS: Final = frozenset({"DaemonSet", "Deployment"})
_LABELS: Final[Mapping[str, str]] = {"app": "metallb", "component": "image-prepull"}
# Where the speakers run, and as whom: a ServiceAccount may bring pull secrets, and the right to be
# there at all (OpenShift's security context constraints).
_PLACED: Final = (
    "serviceAccountName",
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

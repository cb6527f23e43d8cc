"""How far the pulling of images is before anything is replaced, and what holds it up. Pure.

A kubelet pulls before it tries to start, so that a container which could not be started, or was,
has its image on the node (Kubernetes documentation, "Container states"; reasons as in
`podtroubles`).
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from metallb_kube.objects import Manifest, ref_of
from metallb_operator import pods as podlist
from metallb_operator.changes import changed
from metallb_operator.component import Component
from metallb_operator.fields import at, count_at, name_of, text_at, time_of
from metallb_operator.heldup import of_missing, of_pods
from metallb_operator.nodes import meant_for
from metallb_operator.observation import Observation
from metallb_operator.podtroubles import of_pod
from metallb_operator.prepull import NAME
from metallb_operator.troubles import Kind, Trouble, grouped, in_order, told
from metallb_operator.wording import listed

_PENDING: Final = frozenset({"", "ContainerCreating", "PodInitializing"})
# What comes after the pull; these pods are not to run.
_INTENDED: Final = frozenset({Kind.CRASH, Kind.CONFIGURATION, Kind.UNREADY})
_FIRST_BACK_OFF: Final = timedelta(seconds=10)
_LONGEST_BACK_OFF: Final = timedelta(seconds=300)


def pulling(wanted: Iterable[Manifest], seen: Observation) -> Component | None:
    """Return how far the DaemonSet is that pulls; None if there is none to be.

    Args:
        wanted: what there should be; the puller is among it while images are to be pulled.
        seen: the cluster.

    Returns:
        Ready counts the nodes that have every image, waiting names those that have not. Nodes
        that are NotReady are not waited for.
    """
    made = next((one for one in wanted if (one["kind"], name_of(one)) == ("DaemonSet", NAME)), None)
    if made is None:
        return None
    pod = made["spec"]["template"]["spec"]
    nodes = meant_for(pod, seen.nodes).ready
    found = seen.objects.get(ref_of(made))
    pods = podlist.owned(found, seen.pods) if found else ()
    names = frozenset(container["name"] for container in pod["containers"])
    lacking = nodes - {podlist.node_of(one) for one in pods if _has_pulled(one, names)}
    return Component(
        NAME,
        "DaemonSet",
        len(nodes),
        ready=len(nodes) - len(lacking),
        present=found is not None,
        waiting=tuple(sorted(lacking)),
        troubles=in_order(_troubles(found, pods, lacking, seen)) if found else (),
        progressed=max(_progress(found, pods), default=None) if found else None,
    )


def awaited(component: Component | None) -> str:
    """Return what the pulling of images still waits for; "" for nothing."""
    if component is None or not component.waiting:
        return ""
    count = f"images are on {component.ready} of {component.desired} nodes"
    text = f"{count}, not on {listed(component.waiting)}"
    telling = [trouble for trouble in component.troubles if not trouble.kind.is_normal]
    return f"{text}; {told(grouped(telling)[0])}" if telling else text


def _has_pulled(pod: Manifest, names: frozenset[str]) -> bool:
    return names <= {text_at(status, "name") for status in _statuses([pod]) if _is_there(status)}


def _is_there(status: Manifest) -> bool:
    """Whether a container's image is on the node: it was pulled before anything else failed."""
    waiting = at(status, "state", "waiting")
    if waiting is None:
        return bool(at(status, "state"))
    return text_at(waiting, "reason") not in _PENDING and not _cannot_be_pulled(status)


def _cannot_be_pulled(status: Manifest) -> bool:
    found = of_pod({"metadata": {"name": ""}, "status": {"containerStatuses": [status]}})
    return any(trouble.kind is Kind.IMAGE for trouble in found)


def _troubles(
    found: Manifest, pods: tuple[Manifest, ...], lacking: frozenset[str], seen: Observation
) -> Iterator[Trouble]:
    here = lacking | {""}
    waiting = [pod for pod in pods if podlist.node_of(pod) in here]
    without = lacking - {podlist.node_of(pod) for pod in waiting}
    yield from of_missing(found, pods, seen, missing=bool(without))
    for trouble in of_pods(found, waiting, seen):
        if trouble.kind not in _INTENDED:
            yield trouble


def _progress(found: Manifest, pods: Iterable[Manifest]) -> Iterator[datetime]:
    """Yield when pulling began, and when each image was there."""
    times = [changed(found), *map(_pulled_at, _statuses(pods))]
    return (time for time in times if time)


def _statuses(pods: Iterable[Manifest]) -> Iterator[Manifest]:
    return (s for pod in pods for s in at(pod, "status", "containerStatuses") or ())


def _pulled_at(status: Manifest) -> datetime | None:
    """Return when a container was first tried to be started; None where that does not show.

    Only its last end is written down: what the kubelet has waited in between, twice as long each
    time, is taken off (Kubernetes documentation, "Container restart policy").
    """
    if started := time_of(text_at(status, "state", "running", "startedAt")):
        return started
    ended = at(status, "state", "terminated") or at(status, "lastState", "terminated")
    last = time_of(text_at(ended, "finishedAt"))
    return last - _waited(count_at(status, "restartCount")) if last else None


def _waited(restarts: int) -> timedelta:
    growing = min(restarts, 5)  # 10, 20, 40, 80, 160 seconds
    return _FIRST_BACK_OFF * ((1 << growing) - 1) + _LONGEST_BACK_OFF * (restarts - growing)

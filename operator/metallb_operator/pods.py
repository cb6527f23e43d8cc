"""Which pods are a workload's, and what they say of its state. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from metallb_kube.objects import Manifest
from metallb_operator.fields import at, condition_of, is_terminating, text_at, time_of

_ADMISSION: Final = timedelta(seconds=2)
"""A kubelet that takes a pod says at once that it is not ready; seconds are cut off in between."""


def selected(workload: Manifest, pods: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """Return the pods that a workload's selector selects and that are to stay."""
    return tuple(pod for pod in _all(workload, pods) if not is_terminating(pod))


def leaving(workload: Manifest, pods: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """Return the pods that a workload's selector selects and that are to go."""
    return tuple(pod for pod in _all(workload, pods) if is_terminating(pod))


def _all(workload: Manifest, pods: Iterable[Manifest]) -> Iterator[Manifest]:
    labels = at(workload, "spec", "selector", "matchLabels") or {}
    return (p for p in pods if labels.items() <= (at(p, "metadata", "labels") or {}).items())


def owned(workload: Manifest, pods: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """Return the pods of this incarnation; those of a deleted one may be around still."""
    uid = text_at(workload, "metadata", "uid")
    return tuple(
        pod
        for pod in selected(workload, pods)
        if any(owner.get("uid") == uid for owner in at(pod, "metadata", "ownerReferences") or ())
    )


def node_of(pod: Manifest) -> str:
    """Return the node a pod is on; "" before one was chosen."""
    return text_at(pod, "spec", "nodeName")


def is_ready(pod: Manifest) -> bool:
    """Return whether a pod is Ready."""
    return bool(condition_of(pod, "Ready").get("status") == "True")


def has_failed(pod: Manifest) -> bool:
    """Return whether a pod is over; whoever made it makes another one."""
    return text_at(pod, "status", "phase") == "Failed"


def is_starting(pod: Manifest, node: Manifest | None) -> bool:
    """Return whether a pod is not ready only because it, or its node, has just come up.

    That is: it has never been ready, or lost that before its node became Ready again.
    """
    lost = _changed(pod)
    began = time_of(text_at(pod, "status", "startTime")) or _created(pod)
    if lost is None or began is None or lost <= began + _ADMISSION:
        return True
    back = _changed(node) if node else None
    return back is not None and back >= lost


def last_ready(pods: Iterable[Manifest]) -> datetime | None:
    """Return when a pod became ready last, of those that are; None without one."""
    times = (_changed(pod) for pod in pods if is_ready(pod))
    return max((time for time in times if time), default=None)


def youngest(pods: Iterable[Manifest]) -> datetime | None:
    """Return when the youngest pod was created; None without one."""
    return max((time for pod in pods if (time := _created(pod))), default=None)


def _changed(found: Mapping[str, object]) -> datetime | None:
    return time_of(text_at(condition_of(found, "Ready"), "lastTransitionTime"))


def _created(pod: Manifest) -> datetime | None:
    return time_of(text_at(pod, "metadata", "creationTimestamp"))

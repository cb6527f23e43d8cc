"""Why a pod is not ready, by its own status. Pure.

Sources: Kubernetes API reference, PodStatus and ContainerStatus; the reasons of waiting
containers are those of the kubelet (`pkg/kubelet/container`, `pkg/kubelet/images`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from metallb_kube.objects import Manifest
from metallb_operator.fields import at, condition_of, count_at, name_of, text_at, time_of
from metallb_operator.pods import is_starting
from metallb_operator.remedies import ended, not_pulled, not_scheduled, with_remedy
from metallb_operator.troubles import Kind, Trouble
from metallb_operator.wording import last_words, stable

_WAITING: Final[Mapping[str, Kind]] = {
    "ErrImagePull": Kind.IMAGE,
    "ImagePullBackOff": Kind.IMAGE,
    "InvalidImageName": Kind.IMAGE,
    "ErrImageNeverPull": Kind.IMAGE,
    "ImageInspectError": Kind.IMAGE,
    "RegistryUnavailable": Kind.IMAGE,
    "SignatureValidationFailed": Kind.IMAGE,
    "CrashLoopBackOff": Kind.CRASH,
    "RunContainerError": Kind.CRASH,
    "StartError": Kind.CRASH,
    "PostStartHookError": Kind.CRASH,
    "CreateContainerConfigError": Kind.CONFIGURATION,
    "CreateContainerError": Kind.CONFIGURATION,
    "PreCreateHookError": Kind.CONFIGURATION,
}
_BACK_OFF: Final = re.compile(r'^Back-off pulling image "[^"]*"(: )?(ErrImagePull: )?')
_ENDINGS_OF_A_LOOP: Final = 2
"""A container that has ended once may have been too early; the second time it is a loop."""


def of_pod(pod: Manifest) -> tuple[Trouble, ...]:
    """Return what holds a pod up: nothing for one that is ready, something for any other."""
    if condition_of(pod, "Ready").get("status") == "True":
        return ()
    found = (*_scheduling(pod), *_failure(pod)) or (*_containers(pod),)
    return found or _unready(pod)


def of_leaving(pod: Manifest) -> Trouble:
    """Return what a pod holds up that is being deleted: its successor waits for its end.

    It counts from when the pod had to be gone, which is what deletionTimestamp says: the grace
    period is part of it (Kubernetes API reference, ObjectMeta).
    """
    due = time_of(text_at(pod, "metadata", "deletionTimestamp"))
    text = (
        "it is being deleted and has not ended, and the next pod waits for that; if its node is "
        "gone, delete the Node, else delete the pod by `kubectl delete pod --force`"
    )
    return Trouble(
        Kind.LEAVING,
        where(pod),
        text,
        since=due,
        certain=False,
        at_first="it is being deleted, and the next pod waits for that",
    )


def _scheduling(pod: Manifest) -> Iterator[Trouble]:
    scheduled = condition_of(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        text = not_scheduled(stable(str(scheduled.get("message") or "no node takes it")))
        since = time_of(str(scheduled.get("lastTransitionTime")))
        yield Trouble(Kind.UNSCHEDULABLE, where(pod), text, since=since, certain=False)


def _failure(pod: Manifest) -> Iterator[Trouble]:
    if text_at(pod, "status", "phase") != "Failed":
        return
    reason = text_at(pod, "status", "reason") or "it failed"
    text = stable(text_at(pod, "status", "message"))
    # Such a pod is replaced, by one of another name: the name would be new at every look.
    node = text_at(pod, "spec", "nodeName")
    place = f"a pod on {node}" if node else "a pod"
    message = f"{reason}: {text}" if text else reason
    yield Trouble(Kind.FAILED, place, message, since=_began(pod), certain=False)


def _containers(pod: Manifest) -> Iterator[Trouble]:
    for status in at(pod, "status", "initContainerStatuses") or ():
        if at(status, "state", "terminated", "exitCode") != 0:
            yield from _container(pod, status)
    for status in at(pod, "status", "containerStatuses") or ():
        yield from _container(pod, status)


def _container(pod: Manifest, status: Manifest) -> Iterator[Trouble]:
    waiting = at(status, "state", "waiting") or {}
    kind = _WAITING.get(waiting.get("reason", ""))
    message = str(waiting.get("message") or "")
    name = text_at(status, "name")
    if kind is Kind.IMAGE:
        yield _unpulled(pod, status, _BACK_OFF.sub("", message))
    elif kind is Kind.CONFIGURATION:
        text = message or str(waiting.get("reason"))
        yield Trouble(kind, where(pod), stable(text), name)
    elif kind is Kind.CRASH or _has_ended(pod, status):
        yield _ended(pod, status, message)


def _has_ended(pod: Manifest, status: Manifest) -> bool:
    """Whether a container is not ready because it ended, and not for another reason since."""
    if status.get("ready") or not _end(status):
        return False
    started = time_of(text_at(status, "state", "running", "startedAt"))
    lost = time_of(text_at(condition_of(pod, "Ready"), "lastTransitionTime"))
    # What was ready in its present run has got over its end.
    return started is None or lost is None or lost <= started


def _ended(pod: Manifest, status: Manifest, message: str) -> Trouble:
    """Return trouble that stays the same while a container waits, runs and ends again."""
    name, end = text_at(status, "name"), _end(status)
    runs = at(status, "state", "running") is not None
    endings = count_at(status, "restartCount") + (0 if runs else 1)
    if end and endings < _ENDINGS_OF_A_LOOP:
        text = f"it ended once and is not ready since: {_end_text(end)}"
        return Trouble(Kind.UNREADY, where(pod), text, name, _began(pod), certain=False)
    return Trouble(Kind.CRASH, where(pod), _crash_text(end, message), name)


def _unready(pod: Manifest) -> tuple[Trouble, ...]:
    """What is left when no container says what is wrong: slow to start, or failing its probe."""
    starting = next(_unfinished(pod), None)
    if starting:
        return (_normal(Kind.PENDING, pod, "it has not finished", starting),)
    statuses = at(pod, "status", "containerStatuses") or ()
    found = tuple(_slow(pod, status) for status in statuses if not status.get("ready"))
    if found:
        return found
    if statuses:
        return (_normal(Kind.UNREADY, pod, "its containers are ready, but it is not"),)
    on_node = text_at(pod, "spec", "nodeName")
    text = "its node has not started it yet" if on_node else "no node was chosen for it yet"
    return (_normal(Kind.PENDING, pod, text),)


def _unfinished(pod: Manifest) -> Iterator[str]:
    for status in at(pod, "status", "initContainerStatuses") or ():
        if not status.get("ready"):
            yield text_at(status, "name")


def _slow(pod: Manifest, status: Manifest) -> Trouble:
    name = text_at(status, "name")
    if at(status, "state", "running") is None:
        return _normal(Kind.PENDING, pod, "it is being created", name)
    text = "it runs, but its readiness probe does not succeed; its log may say why"
    trouble = _normal(Kind.UNREADY, pod, text, name)
    if not is_starting(pod, None):
        return trouble
    return replace(trouble, at_first="it runs, and its readiness probe has yet to succeed")


def _normal(kind: Kind, pod: Manifest, text: str, container: str = "") -> Trouble:
    return Trouble(kind, where(pod), text, container, _began(pod), certain=False)


def _began(pod: Manifest) -> datetime | None:
    changed = text_at(condition_of(pod, "Ready"), "lastTransitionTime")
    return time_of(changed or text_at(pod, "metadata", "creationTimestamp"))


def where(pod: Manifest) -> str:
    """Return how a pod is spoken of: by its name, and its node once it has one."""
    node = text_at(pod, "spec", "nodeName")
    return f"pod {name_of(pod)} on {node}" if node else f"pod {name_of(pod)}"


def _unpulled(pod: Manifest, status: Manifest, cause: str) -> Trouble:
    """Return trouble with an image; less than certain where only an Event can say why."""
    image, name = status.get("image") or "its image", text_at(status, "name")
    text = f"image {stable(image)} cannot be pulled"
    told = f"{text}: {not_pulled(cause)}" if cause else text
    return Trouble(Kind.IMAGE, where(pod), told, name, certain=bool(cause))


def _end(status: Manifest) -> Mapping[str, Any]:
    ended = at(status, "state", "terminated") or at(status, "lastState", "terminated")
    return ended if isinstance(ended, Mapping) else {}


def _crash_text(end: Mapping[str, Any], message: str) -> str:
    if end:
        return f"it keeps ending: {_end_text(end)}"
    # "back-off 5m0s restarting failed container=..." says nothing that stays true.
    return "it keeps ending" if message.startswith("back-off") else stable(message or "it ends")


def _end_text(end: Mapping[str, Any]) -> str:
    said = last_words(str(end.get("message") or ""))
    reason = str(end.get("reason") or "Error")
    text = f"exit code {end.get('exitCode')} ({reason})"
    return with_remedy(f"{text}: {said}" if said else text, ended(reason, said))

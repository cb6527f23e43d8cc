"""Why a pod is not ready, in one stable sentence: what its status and its events say. Pure.

Stable means: free of what changes from one look to the next (restart counts, back-off times),
or every look would be a new status.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from metallb_kube.objects import Manifest
from metallb_operator.fields import at, condition_of, count_at, name_of, text_at, time_of


class Kind(StrEnum):
    """What holds a pod up; the values are reasons of status conditions."""

    IMAGE = "ImagePullFailed"
    CRASH = "ContainerCrashing"
    CONFIGURATION = "ContainerConfigurationFailed"
    UNSCHEDULABLE = "Unschedulable"
    REFUSED = "PodsRefused"
    VOLUME = "VolumeMountFailed"
    EVICTED = "PodFailed"
    UNREADY = "ContainerNotReady"
    PENDING = "ContainerCreating"


@dataclass(frozen=True, slots=True)
class Trouble:
    """One reason why one pod, or a workload's pods, are not ready.

    Attributes:
        where: "pod speaker-x7x2p, container speaker", or the workload.
        message: a sentence, with the remedy where there is one.
        since: when it began; None where nobody wrote that down.
        certain: it will not go away by waiting a moment.
    """

    kind: Kind
    where: str
    message: str
    since: datetime | None = None
    certain: bool = True

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"

    def counts(self, now: datetime, grace: float) -> bool:
        """Return whether it is to be called trouble already, `grace` seconds into it."""
        if self.certain:
            return True
        return self.since is None or (now - self.since).total_seconds() >= grace


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
    "CreateContainerConfigError": Kind.CONFIGURATION,
    "CreateContainerError": Kind.CONFIGURATION,
    "PreCreateHookError": Kind.CONFIGURATION,
    "PostStartHookError": Kind.CRASH,
}
_PULL_HINTS: Final[Sequence[tuple[re.Pattern[str], str]]] = (
    (
        re.compile(r"not found|manifest unknown", re.IGNORECASE),
        "it does not exist; check spec.images",
    ),
    (
        re.compile(r"unauthori[sz]ed|denied|forbidden|authentication", re.IGNORECASE),
        "the registry wants credentials; set spec.images.pullSecrets",
    ),
    (
        re.compile(r"no such host|timeout|timed out|refused|unreachable|dial tcp", re.IGNORECASE),
        "the registry cannot be reached from the node; see spec.images.registry",
    ),
    (
        re.compile(r"invalid|couldn't parse", re.IGNORECASE),
        "that is no image reference; check spec.images",
    ),
)
_EVENT_KINDS: Final[Mapping[str, Kind]] = {
    "FailedCreate": Kind.REFUSED,
    "FailedMount": Kind.VOLUME,
    "FailedAttachVolume": Kind.VOLUME,
    "FailedCreatePodSandBox": Kind.PENDING,
}


def of_pod(pod: Manifest) -> tuple[Trouble, ...]:
    """Return what holds a pod up; empty for one that is ready."""
    if condition_of(pod, "Ready").get("status") == "True":
        return ()
    found = (*_scheduling(pod), *_failure(pod), *_containers(pod))
    return found or tuple(_unready(pod))


def of_workload(workload: Manifest, warnings: Iterable[Manifest]) -> tuple[Trouble, ...]:
    """Return why a workload's pods are not even created.

    Args:
        workload: a Deployment (which says so itself) or a DaemonSet (which only has events).
        warnings: Events of the namespace.
    """
    where = f"{workload.get('kind')} {name_of(workload)}"
    failure = condition_of(workload, "ReplicaFailure")
    if failure.get("status") == "True":
        since = time_of(str(failure.get("lastTransitionTime")))
        return (_refused(where, str(failure.get("message") or ""), since),)
    latest = _latest(warnings, name_of(workload), "FailedCreate")
    return (_refused(where, latest, None),) if latest else ()


def explained(trouble: Trouble, pod: Manifest, warnings: Iterable[Manifest]) -> Trouble:
    """Return the trouble as an Event about the pod explains it, where one does."""
    if trouble.kind is not Kind.PENDING:
        return trouble
    for reason, kind in _EVENT_KINDS.items():
        text = _latest(warnings, name_of(pod), reason)
        if text:
            return Trouble(kind, trouble.where, _stable(text), trouble.since, certain=False)
    return trouble


def _scheduling(pod: Manifest) -> Iterator[Trouble]:
    scheduled = condition_of(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        text = _stable(str(scheduled.get("message") or "no node takes it"))
        since = time_of(str(scheduled.get("lastTransitionTime")))
        yield Trouble(Kind.UNSCHEDULABLE, _where(pod), text, since, certain=False)


def _failure(pod: Manifest) -> Iterator[Trouble]:
    if text_at(pod, "status", "phase") == "Failed":
        reason = text_at(pod, "status", "reason") or "it failed"
        text = _stable(text_at(pod, "status", "message"))
        yield Trouble(Kind.EVICTED, _where(pod), f"{reason}: {text}" if text else reason)


def _containers(pod: Manifest) -> Iterator[Trouble]:
    for field in ("initContainerStatuses", "containerStatuses"):
        for status in at(pod, "status", field) or ():
            yield from _container(pod, status)


def _container(pod: Manifest, status: Manifest) -> Iterator[Trouble]:
    waiting = at(status, "state", "waiting") or {}
    kind = _WAITING.get(waiting.get("reason", ""))
    where = _where(pod, status)
    if kind is Kind.IMAGE:
        yield Trouble(kind, where, _pull_text(status, str(waiting.get("message") or "")))
    elif kind is Kind.CRASH:
        yield Trouble(kind, where, _crash_text(status, waiting))
    elif kind is not None:
        text = waiting.get("message") or waiting.get("reason")
        yield Trouble(kind, where, _stable(str(text)))
    elif count_at(status, "state", "terminated", "exitCode"):
        yield Trouble(Kind.CRASH, where, _crash_text(status, {}), _began(pod), certain=False)


def _unready(pod: Manifest) -> Iterator[Trouble]:
    """What is left when no container says what is wrong: slow to start, or failing its probe."""
    for status in at(pod, "status", "containerStatuses") or ():
        if status.get("ready"):
            continue
        where = _where(pod, status)
        if at(status, "state", "running") is not None:
            text = _last_end(status) or "it runs, but its readiness probe has not succeeded"
            yield Trouble(Kind.UNREADY, where, text, _began(pod), certain=False)
        else:
            text = "it is being created"
            yield Trouble(Kind.PENDING, where, text, _began(pod), certain=False)


def _began(pod: Manifest) -> datetime | None:
    changed = text_at(condition_of(pod, "Ready"), "lastTransitionTime")
    return time_of(changed or text_at(pod, "metadata", "creationTimestamp"))


def _where(pod: Manifest, status: Manifest | None = None) -> str:
    node = text_at(pod, "spec", "nodeName")
    place = f" on {node}" if node else ""
    container = f", container {status.get('name')}" if status else ""
    return f"pod {name_of(pod)}{place}{container}"


def _pull_text(status: Manifest, message: str) -> str:
    image = status.get("image") or "its image"
    hint = next((hint for pattern, hint in _PULL_HINTS if pattern.search(message)), "")
    return f"image {image} cannot be pulled" + (f": {hint}" if hint else "")


def _crash_text(status: Manifest, waiting: Mapping[str, Any]) -> str:
    text = _last_end(status)
    if text:
        return f"it keeps ending: {text}"
    message = _stable(str(waiting.get("message") or ""))
    # "back-off 5m0s restarting failed container=..." says nothing that stays true.
    return "it keeps ending" if not message or message.startswith("back-off") else message


def _last_end(status: Manifest) -> str:
    ended = at(status, "state", "terminated") or at(status, "lastState", "terminated")
    if not ended:
        return ""
    reason = ended.get("reason") or "Error"
    message = str(ended.get("message") or "").strip().splitlines()
    last = f": {message[-1]}" if message else ""
    return f"exit code {ended.get('exitCode')} ({reason}){last}"


def _refused(where: str, text: str, since: datetime | None) -> Trouble:
    return Trouble(Kind.REFUSED, where, f"its pods are refused: {_stable(text)}", since)


def _latest(warnings: Iterable[Manifest], name: str, reason: str) -> str:
    """Return the message of the youngest Event about an object by name, "" without one."""
    about = [
        event
        for event in warnings
        if text_at(event, "involvedObject", "name") == name and event.get("reason") == reason
    ]
    youngest = max(about, key=_event_time, default=None)
    return text_at(youngest, "message")


def _event_time(event: Manifest) -> str:
    return (
        text_at(event, "lastTimestamp")
        or text_at(event, "eventTime")
        or text_at(event, "metadata", "creationTimestamp")
    )


_EPHEMERAL: Final[Sequence[tuple[re.Pattern[str], str]]] = (
    (re.compile(r'pods? "[a-z0-9.-]+" is forbidden'), "forbidden"),
    (re.compile(r"Error creating: "), ""),
    (re.compile(r"\s*preemption: .*$", re.DOTALL), ""),
    (re.compile(r"\s+"), " "),
)
_LONGEST: Final = 400


def _stable(text: str) -> str:
    """Take out of a message what differs from one look to the next."""
    for pattern, replacement in _EPHEMERAL:
        text = pattern.sub(replacement, text)
    return text.strip()[:_LONGEST]

"""Kubernetes Events about what the operator sees and does. Pure.

Source: Kubernetes API reference, core/v1 Event; `kubectl describe` shows them with the object.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from metallb_kube.objects import Manifest
from metallb_operator.conditions import Reason, Transition, Truth, Type, Verdict
from metallb_operator.fields import time_text
from metallb_operator.plan import Apply, Cause, Delete, Plan
from metallb_operator.wording import clipped

COMPONENT: Final = "metallb-operator"
_PLANNED: Final = frozenset({Reason.APPLYING, Reason.ROLLING_OUT, Reason.UPGRADING})
"""What Progressing says of a change; if it does not come to its end, Degraded says so."""
_LONGEST: Final = 1024
"""What the API server accepts as an Event's message."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something worth telling.

    Attributes:
        reason: a CamelCase word for programs.
        warning: whether somebody should look at it.
    """

    reason: str
    message: str
    warning: bool = False


def of_transitions(
    transitions: Iterable[Transition], verdicts: Iterable[Verdict]
) -> Iterator[Note]:
    """Yield a note for every condition that has changed and tells something new by that.

    Upgradeable only follows from the others; what is well from the start, or not known yet, is
    no news.

    Args:
        transitions: what has changed.
        verdicts: what every condition says now.
    """
    planned = _is_planned({verdict.type: verdict for verdict in verdicts})
    for change in transitions:
        if change.type is Type.UPGRADEABLE or change.truth is Truth.UNKNOWN:
            continue
        if change.is_good and change.before is None:
            continue
        yield Note(
            f"{change.type.value}{change.reason.value}",
            f"{change.type.value} is {change.truth.value}: {change.message}",
            warning=_is_alarming(change, planned=planned),
        )


def _is_alarming(change: Transition, *, planned: bool) -> bool:
    """Whether somebody should look: not at what every installation and removal goes through."""
    if change.is_good or change.type is Type.PROGRESSING or change.reason is Reason.REMOVING:
        return False
    if change.type is not Type.AVAILABLE:
        return True
    # The one controller is away for a moment whenever it changes.
    return change.before is Truth.TRUE and not planned


def _is_planned(found: Mapping[Type, Verdict]) -> bool:
    """Whether a change is under way, and nothing is wrong."""
    progressing, degraded = found.get(Type.PROGRESSING), found.get(Type.DEGRADED)
    return (
        progressing is not None
        and progressing.truth is Truth.TRUE
        and progressing.reason in _PLANNED
        and (degraded is None or degraded.truth is not Truth.TRUE)
    )


def of_plan(plan: Plan) -> Iterator[Note]:
    """Yield a note for every write that repairs what somebody else did, or removes something."""
    for step in plan.applies:
        if step.cause.is_drift:
            yield Note("DriftRepaired", _repair(step), warning=True)
        elif step.cause is Cause.ADOPTED:
            yield Note("Adopted", f"took over {step.ref}")
    for delete in plan.deletes:
        yield Note("Pruned", _pruned(delete))


def _repair(step: Apply) -> str:
    if not step.differences:
        return f"{step.ref} was deleted and is back"
    fields = "; ".join(str(difference) for difference in step.differences[:3])
    return f"{step.ref} was edited and is restored: {fields}"


def _pruned(delete: Delete) -> str:
    why = "is made anew" if delete.replaced else "is no longer part of MetalLB"
    return f"deleted {delete.ref}, which {why}"


def event(note: Note, about: Manifest, *, namespace: str, now: datetime) -> dict[str, Any]:
    """Return the Event that tells a note about an object, to be created."""
    metadata = about["metadata"]
    moment = time_text(now)
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{metadata['name']}.", "namespace": namespace},
        "involvedObject": {
            "apiVersion": about["apiVersion"],
            "kind": about["kind"],
            "name": metadata["name"],
            "namespace": metadata.get("namespace"),
            "uid": metadata.get("uid"),
        },
        "type": "Warning" if note.warning else "Normal",
        "reason": note.reason[:128],
        "message": clipped(note.message, _LONGEST),
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
        "reportingInstance": COMPONENT,
        "firstTimestamp": moment,
        "lastTimestamp": moment,
        "count": 1,
    }

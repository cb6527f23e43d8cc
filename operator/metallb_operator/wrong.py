"""What is wrong at one moment, the most telling first, and since when it may be called so. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from metallb_operator.component import Component
from metallb_operator.conditions import Reason, Truth, Type
from metallb_operator.fields import time_of
from metallb_operator.situation import Limits, Problem, Situation
from metallb_operator.troubles import Trouble, grouped, told
from metallb_operator.wording import listed

_GROUPS_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Clock:
    """How long what has lasted, against how long it may.

    Attributes:
        started: since when something is under way; None if nothing was until now.
        progressed: the last time that something came nearer to what is declared.
        now: the time, with a time zone.
    """

    started: datetime | None
    progressed: datetime | None
    limits: Limits
    now: datetime

    @property
    def is_overdue(self) -> bool:
        """Whether what is under way has come no nearer for longer than it may."""
        if self.started is None:
            return False
        since = max(self.started, self.progressed or self.started)
        return (self.now - since).total_seconds() >= self.limits.progress

    def counts(self, trouble: Trouble) -> bool:
        """Return whether something that holds pods up has to be called trouble by now."""
        if trouble.certain:
            return True
        if trouble.kind.is_normal:
            return self.is_overdue or trouble.lasts(self.now, self.limits.progress)
        return trouble.lasts(self.now, self.limits.grace)


def clock_of(
    situation: Situation, previous: Mapping[str, Any], limits: Limits, now: datetime
) -> Clock:
    """Read from the stored status since when something is under way.

    While paused nothing is: then it counts since when MetalLB is not available. What progresses
    anywhere counts everywhere: speakers that waited for frr-k8s are not late when it is their turn.
    """
    under_way, value = (
        (Type.AVAILABLE, Truth.FALSE) if situation.paused else (Type.PROGRESSING, Truth.TRUE)
    )
    stored = condition(previous, under_way)
    started = (
        time_of(str(stored.get("lastTransitionTime"))) if stored.get("status") == value else None
    )
    times = [component.progressed for component in situation.workloads if component.progressed]
    return Clock(started, max(times, default=None), limits, now)


def condition(status: Mapping[str, Any], kind: Type) -> Mapping[str, Any]:
    """Return one condition of a stored status; empty where it is not set."""
    found = status.get("conditions") or ()
    return next((c for c in found if c.get("type") == kind.value), {})


def troubles_of(component: Component, clock: Clock) -> tuple[Trouble, ...]:
    """Return what holds a component up and has to be called trouble by now."""
    return tuple(trouble for trouble in component.troubles if clock.counts(trouble))


def wrong(situation: Situation, clock: Clock) -> Iterator[Problem]:
    """Yield what is wrong, the most telling first."""
    yield from (*situation.problems, *situation.beside)
    if situation.removing is not None:
        return  # what is being taken down need not be well
    for component in situation.workloads:
        yield from _held_up(component, clock)
    if clock.is_overdue:
        yield from _overdue(situation, clock.limits)
    for component in situation.components:
        yield from _standing(component, paused=situation.paused)


def _held_up(component: Component, clock: Clock) -> Iterator[Problem]:
    groups = grouped(troubles_of(component, clock))
    for group in groups[:_GROUPS_SHOWN]:
        text = f"{component.kind} {component.name}: {told(group)}"
        yield Problem(Reason(group[0].kind.value), text)
    if len(groups) > _GROUPS_SHOWN:
        more = f"{component.kind} {component.name}: {len(groups) - _GROUPS_SHOWN} more troubles"
        yield Problem(Reason(groups[-1][0].kind.value), more)


def _overdue(situation: Situation, limits: Limits) -> Iterator[Problem]:
    late = [component for component in situation.components if component.moves]
    for component in late:
        text = f"not done after {limits.progress:.0f} s: {component}"
        yield Problem(Reason.PROGRESS_DEADLINE_EXCEEDED, text)
    if situation.waiting and not late:
        text = f"not done after {limits.progress:.0f} s: {listed(situation.waiting)}"
        yield Problem(Reason.OBJECT_HELD, text)


def _standing(component: Component, *, paused: bool) -> Iterator[Problem]:
    if not component.present and paused:
        text = f"{component}; it is made anew once spec.paused is false"
        yield Problem(Reason.COMPONENT_MISSING, text)
    if component.nowhere:
        yield Problem(Reason.NO_MATCHING_NODE, str(component))
    if component.lost:
        text = f"{component.kind} {component.name} has no pod on nodes that are NotReady"
        remedy = "repair them, or delete the Nodes that are gone"
        yield Problem(Reason.NODES_NOT_READY, f"{text}: {listed(component.lost)}; {remedy}")

"""What the status says: from everything known at one moment to conditions and components. Pure.

Nothing here asks the cluster; a row of the truth table is one `Situation`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from metallb_operator.conditions import Reason, Truth, Type, Verdict, merged
from metallb_operator.fields import at, time_of
from metallb_operator.rollout import Component, listed
from metallb_operator.troubles import Kind, Trouble

# What is normal while pods start; trouble only when it lasts beyond the deadline.
_STARTING: Final = frozenset({Kind.PENDING, Kind.UNREADY})


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong, and what to do about it."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of a check that is a condition of its own.

    Attributes:
        done: whether it could be made.
        problems: what is wrong; each a sentence.
        warnings: what is legal, and harmful.
    """

    done: bool = False
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that the status is made of.

    Attributes:
        generation: of the MetalLB object.
        version: MetalLB release that is installed; "" if none is.
        backend: BGP backend that is installed.
        components: every workload that there should be.
        problems: what keeps the operator from making the object true.
        writing: objects that have just been written, or still have to be.
        waiting: steps that are put off, and why.
        removing: what is still there of an installation that is being removed; None if it is not.
        paused: the operator leaves everything as it is.
        upgrading: "0.15.3 -> 0.16.1" while a change of release is under way.
        preflight: the cluster.
        configuration: everything stored, by the rules of admission.
    """

    generation: int
    version: str = ""
    backend: str = ""
    components: tuple[Component, ...] = ()
    problems: tuple[Problem, ...] = ()
    writing: int = 0
    waiting: tuple[str, ...] = ()
    removing: tuple[str, ...] | None = None
    paused: bool = False
    upgrading: str = ""
    preflight: Checked = Checked()
    configuration: Checked = Checked()


@dataclass(frozen=True, slots=True)
class Limits:
    """How long what may last, in seconds."""

    grace: float
    progress: float


def judge(
    situation: Situation, previous: Mapping[str, Any], *, limits: Limits, now: datetime
) -> tuple[Verdict, ...]:
    """Return what every condition says.

    Args:
        situation: what is known.
        previous: the status as it is stored; how long progress has lasted is read from it.
        limits: how long what may last.
        now: the time, with a time zone.
    """
    overdue = _overdue(situation, previous, limits, now)
    degraded = _degraded(situation, overdue, limits, now)
    progressing = _progressing(situation)
    return (
        _available(situation),
        progressing,
        degraded,
        _upgradeable(situation, progressing, degraded),
        _checked(Type.PREFLIGHT_PASSED, situation.preflight, Reason.PREFLIGHT_FAILED),
        _checked(Type.CONFIGURATION_VALID, situation.configuration, Reason.INVALID_CONFIGURATION),
    )


def status(
    situation: Situation,
    verdicts: tuple[Verdict, ...],
    previous: Mapping[str, Any],
    now: datetime,
) -> dict[str, Any]:
    """Return the status as it is to be stored."""
    return {
        "observedGeneration": situation.generation,
        "version": situation.version,
        "backend": situation.backend,
        "components": [_row(component) for component in situation.components],
        "conditions": merged(
            verdicts,
            previous.get("conditions") or (),
            generation=situation.generation,
            now=now,
        ),
    }


def _row(component: Component) -> dict[str, Any]:
    return {
        "name": component.name,
        "kind": component.kind,
        "desired": component.desired,
        "updated": component.updated,
        "ready": component.ready,
        "image": component.image,
        "message": "" if component.settled and not component.lost else component.message,
    }


def _available(situation: Situation) -> Verdict:
    if situation.removing is not None:
        return Verdict(Type.AVAILABLE, Truth.FALSE, Reason.REMOVING, "MetalLB is being removed")
    if not situation.components:
        why = "; ".join(problem.message for problem in situation.problems)
        text = f"MetalLB is not installed: {why}" if why else "MetalLB is not installed yet"
        return Verdict(Type.AVAILABLE, Truth.FALSE, Reason.NOT_INSTALLED, text)
    lacking = [component for component in situation.components if not component.serves]
    if not lacking:
        text = "; ".join(_sentence(component) for component in situation.components)
        return Verdict(Type.AVAILABLE, Truth.TRUE, Reason.AS_EXPECTED, text)
    text = "; ".join(_sentence(component) for component in lacking)
    return Verdict(Type.AVAILABLE, Truth.FALSE, _lack(lacking[0]), text)


def _lack(component: Component) -> Reason:
    if not component.present:
        return Reason.COMPONENT_MISSING
    return Reason.NO_MATCHING_NODE if component.nowhere else Reason.COMPONENTS_NOT_READY


def _sentence(component: Component) -> str:
    return f"{component.kind} {component.name}: {component.message}"


def _progressing(situation: Situation) -> Verdict:
    def verdict(truth: Truth, reason: Reason, text: str) -> Verdict:
        return Verdict(Type.PROGRESSING, truth, reason, text)

    if situation.removing is not None:
        left = listed(situation.removing) or "nothing"
        return verdict(Truth.TRUE, Reason.REMOVING, f"still there: {left}")
    if situation.paused:
        text = "spec.paused is true: nothing is changed or repaired"
        return verdict(Truth.FALSE, Reason.PAUSED, text)
    if situation.upgrading:
        text = "; ".join((f"release {situation.upgrading}", *situation.waiting))
        return verdict(Truth.TRUE, Reason.UPGRADING, text)
    moving = [component for component in situation.components if _moves(component)]
    if moving:
        text = "; ".join(_sentence(component) for component in moving)
        return verdict(Truth.TRUE, Reason.ROLLING_OUT, text)
    if situation.waiting:
        return verdict(Truth.TRUE, Reason.APPLYING, "; ".join(situation.waiting))
    return verdict(Truth.FALSE, Reason.AS_EXPECTED, "everything is as declared")


def _moves(component: Component) -> bool:
    return component.present and not component.nowhere and not component.settled


def _overdue(
    situation: Situation, previous: Mapping[str, Any], limits: Limits, now: datetime
) -> tuple[Component, ...]:
    """Return the components whose rollout has lasted longer than it may."""
    conditions = previous.get("conditions") or ()
    progressing: Mapping[str, Any] = next(
        (c for c in conditions if c.get("type") == Type.PROGRESSING.value), {}
    )
    if progressing.get("status") != Truth.TRUE.value:
        return ()
    started = time_of(str(progressing.get("lastTransitionTime")))
    if started is None:
        return ()
    return tuple(
        component
        for component in situation.components
        if _moves(component)
        and (now - max(started, component.progressed or started)).total_seconds() >= limits.progress
    )


def _degraded(
    situation: Situation, overdue: tuple[Component, ...], limits: Limits, now: datetime
) -> Verdict:
    found = list(_wrong(situation, overdue, limits, now))
    if not found:
        text = "nothing is wrong"
        return Verdict(Type.DEGRADED, Truth.FALSE, Reason.AS_EXPECTED, text)
    messages = dict.fromkeys(problem.message for problem in found)
    return Verdict(Type.DEGRADED, Truth.TRUE, found[0].reason, "; ".join(messages))


def _wrong(
    situation: Situation, overdue: tuple[Component, ...], limits: Limits, now: datetime
) -> Iterator[Problem]:
    """Yield what is wrong, the most telling first."""
    yield from situation.problems
    if situation.removing is not None:
        return  # what is being taken down need not be well
    for component in situation.components:
        for trouble in component.troubles:
            if _counts(trouble, late=component in overdue, limits=limits, now=now):
                yield Problem(Reason(trouble.kind.value), _trouble(component, trouble))
    for component in overdue:
        yield Problem(
            Reason.PROGRESS_DEADLINE_EXCEEDED,
            f"not done after {limits.progress:.0f} s: {_sentence(component)}",
        )
    for component in situation.components:
        yield from _standing(component, paused=situation.paused)


def _standing(component: Component, *, paused: bool) -> Iterator[Problem]:
    if not component.present and paused:
        yield Problem(Reason.COMPONENT_MISSING, _sentence(component))
    if component.nowhere:
        yield Problem(Reason.NO_MATCHING_NODE, _sentence(component))
    if component.lost:
        text = f"{component.kind} {component.name} has no pod on nodes that are NotReady"
        yield Problem(Reason.NODES_NOT_READY, f"{text}: {listed(component.lost)}")
    if component.present and component.desired == 0 and not component.per_node:
        text = f"{component.kind} {component.name} is scaled to 0"
        yield Problem(Reason.COMPONENTS_NOT_READY, text)


def _counts(trouble: Trouble, *, late: bool, limits: Limits, now: datetime) -> bool:
    if trouble.kind in _STARTING:
        return late
    return trouble.counts(now, limits.grace)


def _trouble(component: Component, trouble: Trouble) -> str:
    return f"{component.kind} {component.name}: {trouble}"


def _upgradeable(situation: Situation, progressing: Verdict, degraded: Verdict) -> Verdict:
    def no(reason: Reason, text: str) -> Verdict:
        return Verdict(Type.UPGRADEABLE, Truth.FALSE, reason, text)

    if progressing.truth is Truth.TRUE:
        return no(Reason.PROGRESSING, f"wait until this is done: {progressing.message}")
    if degraded.truth is Truth.TRUE:
        return no(Reason.DEGRADED, f"repair this first: {degraded.message}")
    if situation.paused:
        return no(Reason.PAUSED, "spec.paused is true: an upgrade would not reach MetalLB")
    if situation.preflight.problems:
        text = "; ".join(situation.preflight.problems)
        return no(Reason.PREFLIGHT_FAILED, f"repair this first: {text}")
    text = "a new version can be installed"
    return Verdict(Type.UPGRADEABLE, Truth.TRUE, Reason.AS_EXPECTED, text)


def _checked(kind: Type, checked: Checked, failed: Reason) -> Verdict:
    if not checked.done:
        return Verdict(kind, Truth.UNKNOWN, Reason.NOT_CHECKED, "not checked yet")
    if checked.problems:
        return Verdict(kind, Truth.FALSE, failed, "; ".join(checked.problems))
    if checked.warnings:
        text = "; ".join(checked.warnings)
        return Verdict(kind, Truth.TRUE, Reason.CONFIGURATION_WARNINGS, text)
    return Verdict(kind, Truth.TRUE, Reason.AS_EXPECTED, "nothing is wrong")


def is_current(previous: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Return whether the stored status says all that already, so that nothing need be written."""
    return all(_bare(at(previous, key)) == _bare(value) for key, value in wanted.items())


def _bare(value: Any) -> Any:  # noqa: ANN401 - JSON
    # An absent field and an empty one are the same to a reader.
    return value or None

"""What the status says: from everything known at one moment to conditions and components. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from metallb_operator.component import Component
from metallb_operator.conditions import LONGEST_MESSAGE, Reason, Truth, Type, Verdict, merged
from metallb_operator.fields import at
from metallb_operator.situation import Checked, Limits, Situation
from metallb_operator.wording import clipped, listed
from metallb_operator.wrong import Clock, clock_of, condition, troubles_of, wrong

UPGRADEABLE: Final = Verdict(
    Type.UPGRADEABLE, Truth.TRUE, Reason.AS_EXPECTED, "a new version can be installed"
)


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
    clock = clock_of(situation, previous, limits, now)
    degraded = _degraded(situation, clock)
    progressing = _progressing(situation)
    was_available = condition(previous, Type.AVAILABLE).get("status") == Truth.TRUE.value
    available = _available(situation, clock, was_available=was_available)
    return (
        available,
        progressing,
        degraded,
        _upgradeable(situation, available, progressing, degraded),
        _preflight(situation.preflight),
        _configuration(situation.configuration),
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
    well = component.settled and not component.lost and not component.outdated
    return {
        "name": component.name,
        "kind": component.kind,
        "desired": component.desired,
        "updated": component.updated,
        "ready": component.ready,
        "image": component.image,
        "message": "" if well else clipped(component.message, LONGEST_MESSAGE),
    }


def _available(situation: Situation, clock: Clock, *, was_available: bool) -> Verdict:
    def verdict(truth: Truth, reason: Reason, text: str) -> Verdict:
        return Verdict(Type.AVAILABLE, truth, reason, text)

    if situation.removing is not None:
        return verdict(Truth.FALSE, Reason.REMOVING, "MetalLB is being removed")
    if situation.unseen:
        text = f"that is not known: {listed(situation.unseen)} cannot be read"
        return verdict(Truth.UNKNOWN, Reason.NOT_OBSERVED, text)
    if not situation.components:
        why = "; ".join(problem.message for problem in situation.problems)
        text = f"MetalLB is not installed: {why}" if why else "MetalLB is not installed yet"
        return verdict(Truth.FALSE, Reason.NOT_INSTALLED, text)
    lacking = [
        component
        for component in situation.components
        if not component.serves and not (was_available and _is_being_replaced(component, clock))
    ]
    text = "; ".join(map(str, lacking or situation.components))
    if lacking:
        return verdict(Truth.FALSE, _lack(lacking[0]), text)
    return verdict(Truth.TRUE, Reason.AS_EXPECTED, text)


def _is_being_replaced(component: Component, clock: Clock) -> bool:
    """Whether it lacks no more than a rollout takes away for a moment, or a new node brings."""
    stuck = clock.is_overdue or troubles_of(component, clock)
    return component.present and component.nearly_serves and not stuck


def _lack(component: Component) -> Reason:
    if not component.present:
        return Reason.COMPONENT_MISSING
    if component.nowhere:
        return Reason.NO_MATCHING_NODE
    return Reason.COMPONENTS_NOT_READY if component.unready else Reason.NODES_NOT_READY


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
        parts = (f"release {situation.upgrading}", *situation.waiting, *situation.handover)
        text = "; ".join(parts)
        return verdict(Truth.TRUE, Reason.UPGRADING, text)
    moving = [component for component in situation.components if component.moves]
    if moving:
        rolls = any(component.starting or not component.rolled for component in moving)
        reason = Reason.ROLLING_OUT if rolls else Reason.COMPONENTS_NOT_READY
        text = "; ".join((*map(str, moving), *situation.handover))
        return verdict(Truth.TRUE, reason, text)
    return _pending(situation)


def _pending(situation: Situation) -> Verdict:
    """Return whether something is still to be written that no workload shows."""
    missing = [str(component) for component in situation.components if not component.present]
    if situation.problems:
        first = situation.problems[0]
        text = f"nothing goes on before this is repaired: {first.message}"
        return Verdict(Type.PROGRESSING, Truth.FALSE, first.reason, text)
    if situation.waiting or missing:
        text = "; ".join((*situation.waiting, *missing))
        return Verdict(Type.PROGRESSING, Truth.TRUE, Reason.APPLYING, text)
    by_hand = [str(component) for component in situation.components if component.outdated]
    text = "; ".join(("everything that is declared is applied", *by_hand))
    return Verdict(Type.PROGRESSING, Truth.FALSE, Reason.AS_EXPECTED, text)


def _degraded(situation: Situation, clock: Clock) -> Verdict:
    found = list(wrong(situation, clock))
    if not found:
        text = "nothing is wrong"
        return Verdict(Type.DEGRADED, Truth.FALSE, Reason.AS_EXPECTED, text)
    messages = dict.fromkeys(problem.message for problem in found)
    return Verdict(Type.DEGRADED, Truth.TRUE, found[0].reason, "; ".join(messages))


def _upgradeable(
    situation: Situation, available: Verdict, progressing: Verdict, degraded: Verdict
) -> Verdict:
    def no(reason: Reason, text: str) -> Verdict:
        return Verdict(Type.UPGRADEABLE, Truth.FALSE, reason, text)

    if progressing.truth is Truth.TRUE:
        return no(Reason.PROGRESSING, f"wait until this is done: {progressing.message}")
    # No upgrade makes it worse that a node is away, and in a large cluster one often is.
    away = available.truth is Truth.TRUE and degraded.reason is Reason.NODES_NOT_READY
    if degraded.truth is Truth.TRUE and not away:
        return no(Reason.DEGRADED, f"repair this first: {degraded.message}")
    if situation.paused:
        return no(Reason.PAUSED, "spec.paused is true: an upgrade would not reach MetalLB")
    if situation.preflight.problems:
        text = "; ".join(situation.preflight.problems)
        return no(Reason.PREFLIGHT_FAILED, f"repair this first: {text}")
    return UPGRADEABLE


def _preflight(checked: Checked) -> Verdict:
    truth, text = _outcome(checked)
    reason = _reason(checked, Reason.PREFLIGHT_FAILED, Reason.PREFLIGHT_WARNINGS)
    return Verdict(Type.PREFLIGHT_PASSED, truth, reason, text)


def _configuration(checked: Checked) -> Verdict:
    truth, text = _outcome(checked)
    reason = _reason(checked, Reason.INVALID_CONFIGURATION, Reason.CONFIGURATION_WARNINGS)
    return Verdict(Type.CONFIGURATION_VALID, truth, reason, text)


def _outcome(checked: Checked) -> tuple[Truth, str]:
    if not checked.done:
        return Truth.UNKNOWN, "not checked yet"
    truth = Truth.FALSE if checked.problems else Truth.TRUE
    return truth, "; ".join((*checked.problems, *checked.warnings)) or "nothing is wrong"


def _reason(checked: Checked, failed: Reason, warned: Reason) -> Reason:
    if not checked.done:
        return Reason.NOT_CHECKED
    if checked.problems:
        return failed
    return warned if checked.warnings else Reason.AS_EXPECTED


def is_current(previous: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Return whether the stored status says all that already, so that nothing need be written."""
    return all(_bare(at(previous, key)) == _bare(value) for key, value in wanted.items())


def _bare(value: Any) -> Any:  # noqa: ANN401 - JSON
    # An absent field and an empty one are the same to a reader.
    return value or None

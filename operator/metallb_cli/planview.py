"""A plan as people and programs read it. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson

from metallb_cli import printed
from metallb_cli.planned import Planned
from metallb_kube.objects import ObjectRef
from metallb_operator.compare import ABSENT, Difference
from metallb_operator.plan import Apply, Cause, Plan

_NEW: Final = frozenset({Cause.CREATED, Cause.RESTORED})
_SIGNS: Final = {"create": "+", "change": "~", "delete": "-", "replace": "-", "wait": "."}


@dataclass(frozen=True, slots=True)
class Change:
    """One object that would change.

    Attributes:
        action: create, change, delete, replace (deleted to be created anew) or wait.
        why: the cause of a write, or what a write waits for.
        differences: the fields that would change.
    """

    action: str
    ref: ObjectRef
    why: str = ""
    differences: tuple[Difference, ...] = ()


def changes(plan: Plan) -> tuple[Change, ...]:
    """Return everything that would change, in the order in which it would."""
    return (
        *map(_applied, plan.applies),
        *(Change("replace" if d.replaced else "delete", d.ref) for d in plan.deletes),
        *(Change("wait", held.ref, held.reason) for held in plan.held),
    )


def text(planned: Planned, namespace: str) -> Iterator[str]:
    """Yield the lines that tell people of a plan."""
    found = changes(planned.plan)
    what = f"MetalLB {planned.version} with backend {planned.backend} in namespace {namespace}"
    if planned.paused:
        yield "spec.paused is true: the operator does none of this until it is removed"
    if planned.rolled_back:
        yield planned.rolled_back
    yield f"{what}: {_summary(found) or 'nothing would change'}"
    for change in found:
        yield ""
        yield from _lines(change)


def json(planned: Planned, namespace: str) -> str:
    """Return a plan as JSON text."""
    document = {
        "version": planned.version,
        "backend": planned.backend,
        "namespace": namespace,
        "paused": planned.paused,
        "rolledBack": planned.rolled_back,
        "changes": [_entry(change) for change in changes(planned.plan)],
        "unchanged": len(planned.plan.unchanged),
    }
    return printed.as_json(document)


def _applied(step: Apply) -> Change:
    if step.cause in _NEW:
        return Change("create", step.ref)
    return Change("change", step.ref, step.cause.value, step.differences)


def _summary(found: Iterable[Change]) -> str:
    counts = dict.fromkeys(_SIGNS, 0)
    for change in found:
        counts[change.action] += 1
    return ", ".join(f"{count} to {action}" for action, count in counts.items() if count)


def _lines(change: Change) -> Iterator[str]:
    why = f" ({change.why})" if change.why else ""
    yield f"{_SIGNS[change.action]} {change.action} {change.ref}{why}"
    for difference in change.differences:
        yield f"    {difference.path}"
        if not _is_secret(change):
            yield from _values(difference)


def _values(difference: Difference) -> Iterator[str]:
    if difference.found is not ABSENT:
        yield f"    - {_shown(difference.found)}"
    if difference.wanted is not ABSENT:
        yield f"    + {_shown(difference.wanted)}"


def _shown(value: Any) -> str:  # noqa: ANN401 - JSON
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _entry(change: Change) -> dict[str, Any]:
    ref = change.ref
    return {
        "action": change.action,
        "apiVersion": ref.api_version,
        "kind": ref.kind,
        "namespace": ref.namespace,
        "name": ref.name,
        "why": change.why,
        "differences": [_field(change, difference) for difference in change.differences],
    }


def _field(change: Change, difference: Difference) -> dict[str, Any]:
    values = {} if _is_secret(change) else {"found": difference.found, "wanted": difference.wanted}
    present = {key: value for key, value in values.items() if value is not ABSENT}
    return {"path": difference.path, **present}


def _is_secret(change: Change) -> bool:
    return change.ref.kind == "Secret"

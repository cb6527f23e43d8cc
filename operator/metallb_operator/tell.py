"""Judge a situation and tell the world: the end of every look, and of every step of a removal."""

from collections.abc import Iterable

from metallb_crds.operator_v1beta1 import MetalLBSpec
from metallb_kube.objects import Manifest
from metallb_operator import events, status
from metallb_operator.conditions import Type, Verdict, transitions
from metallb_operator.events import Note
from metallb_operator.intent import misplaced
from metallb_operator.settings import Settings
from metallb_operator.situation import Limits, Situation
from metallb_operator.tools import Tools
from metallb_operator.wrong import clock_of


async def tell(
    metallb: Manifest,
    situation: Situation,
    tools: Tools,
    *,
    spec: MetalLBSpec | None = None,
    notes: Iterable[Note] = (),
) -> tuple[Verdict, ...]:
    """Write status and Events where they are news, and return what the conditions say.

    Args:
        metallb: the object as stored.
        situation: everything known.
        tools: what to work with.
        spec: the object's own limits; None where it cannot be read.
        notes: what is worth an Event besides conditions that have changed.
    """
    stored = tools.reporter.latest(metallb)
    now = tools.now()
    limits = _limits(spec, tools.settings)
    verdicts = status.judge(situation, stored, limits=limits, now=now)
    changed = transitions(verdicts, stored.get("conditions") or ())
    changes = events.of_transitions(changed, verdicts)
    wanted = status.status(situation, verdicts, stored, now)
    await tools.reporter.report(metallb, wanted, [*notes, *changes], now)
    if misplaced(metallb, tools.settings.namespace) is None:
        tools.metrics.judged(verdicts)
        upgradeable = next(one for one in verdicts if one.type is Type.UPGRADEABLE)
        await tools.tell_olm(upgradeable, now)
    return verdicts


def is_overdue(
    metallb: Manifest, situation: Situation, tools: Tools, spec: MetalLBSpec | None
) -> bool:
    """Tell whether what is under way has made no progress for longer than it may."""
    limits = _limits(spec, tools.settings)
    return clock_of(situation, tools.reporter.latest(metallb), limits, tools.now()).is_overdue


def _limits(spec: MetalLBSpec | None, settings: Settings) -> Limits:
    given = spec.upgrade.progress_deadline_seconds if spec and spec.upgrade else None
    return Limits(settings.grace_seconds, given or settings.progress_deadline_seconds)

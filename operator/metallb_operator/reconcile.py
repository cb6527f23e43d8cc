"""One look at a MetalLB object: gather, decide, act, report."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from metallb_kube.errors import KubeError
from metallb_kube.objects import Manifest, ref_of
from metallb_operator import (
    addressnote,
    blind,
    events,
    identities,
    pauses,
    problems,
    reinstalling,
    staging,
)
from metallb_operator.applyset import applyset_id
from metallb_operator.compare import fingerprint
from metallb_operator.component import Component
from metallb_operator.conditions import Truth, Type, Verdict
from metallb_operator.desired import Desired, desired
from metallb_operator.downgrade import downgrade
from metallb_operator.errors import OperatorError
from metallb_operator.events import Note
from metallb_operator.execute import Outcome, execute
from metallb_operator.explanations import explained_components, explained_pulling
from metallb_operator.fields import at, count_at, text_at
from metallb_operator.handover import Step, overdue_notes, pacing
from metallb_operator.installations import adopting, keeping
from metallb_operator.intent import Intent, intent_of, misplaced
from metallb_operator.leftovers import written_in
from metallb_operator.memberlist import inherited_ref
from metallb_operator.namespacelabels import label
from metallb_operator.nodestates import forget_nodes, is_writing
from metallb_operator.observation import Observation
from metallb_operator.plan import Plan, make_plan
from metallb_operator.pulling import awaited
from metallb_operator.releases import release_for
from metallb_operator.replacing import hand_over
from metallb_operator.rollback import arrival, given_up, instead, is_wanted, rollback_of
from metallb_operator.rollout import components
from metallb_operator.settings import Settings
from metallb_operator.situation import Checked, Problem, Situation
from metallb_operator.standing import standing
from metallb_operator.tell import is_overdue, tell
from metallb_operator.tools import Memory, Rendered, Tools
from metallb_operator.withdrawal import is_owed, remember, withdraw
from metallb_operator.wording import clipped, listed

logger = logging.getLogger(__name__)

_LONGEST_CAUSE: Final = 300
_HANDOVER_SECONDS: Final = 2.0
"""Nobody tells when sessions come up, or their time is over."""


@dataclass(frozen=True, slots=True)
class _Look:
    """What one look came to."""

    components: tuple[Component, ...] = ()
    problems: tuple[Problem, ...] = ()
    beside: tuple[Problem, ...] = ()
    pulling: Component | None = None
    plan: Plan = field(default_factory=Plan)
    outcome: Outcome = field(default_factory=Outcome)
    intent: Intent | None = None
    handover: Step = field(default_factory=Step)


async def reconcile(metallb: Manifest, memory: Memory, tools: Tools) -> float:
    """Make a MetalLB object come true as far as possible now, and say in its status how far.

    Args:
        metallb: the object as stored.
        memory: of this object; changed in place.
        tools: what to work with.

    Returns:
        After how many seconds to look again, if nothing happens before.
    """
    problem = misplaced(metallb, tools.settings.namespace)
    look = _Look(problems=(problem,)) if problem else await _serve(metallb, memory, tools)
    situation = _situation(metallb, look, tools, served=problem is None)
    arrived = _arrived(look)
    addresses = await addressnote.compare(tools) if arrived else None
    verdicts = await tell(
        metallb,
        situation,
        tools,
        spec=look.intent.metallb.spec if look.intent else None,
        notes=(*_notes(look, addresses), *_overdue(look, memory)),
    )
    if arrived:
        await addressnote.forget(tools)
        await _note_arrival(metallb, arrived, tools)
    await _give_up(metallb, look, situation, verdicts, tools)
    return _pause(look, memory, verdicts, tools.settings)


async def _serve(metallb: Manifest, memory: Memory, tools: Tools) -> _Look:
    await tools.survey(metallb)
    asked = _intended(metallb, tools.observer.observation(), tools)
    found = asked if isinstance(asked, Problem) else await _rendered(asked, tools)
    if not isinstance(found, Problem):
        return await _install(metallb, found, memory, tools)
    if memory.applied is None or at(metallb, "spec", "paused") is True:
        return _leave_alone(metallb, found, tools)
    # What cannot be had keeps nobody from what was had before.
    look = await _install(metallb, memory.applied, memory, tools)
    text = f"{found.message}; until then what was applied before is kept, and repaired"
    problem = replace(found, message=text)
    return replace(look, problems=(problem, *look.problems), intent=None)


async def _rendered(intent: Intent, tools: Tools) -> Rendered | Problem:
    try:
        manifests = await tools.chart.render(intent.values, namespace=tools.settings.namespace)
    except OperatorError as error:
        return Problem(error.reason, str(error))
    return Rendered(intent, manifests)


async def _install(metallb: Manifest, rendered: Rendered, memory: Memory, tools: Tools) -> _Look:
    intent = rendered.intent
    applyset = applyset_id(ref_of(metallb))
    seen = tools.observer.observation()  # helm may have run meanwhile
    try:
        gossip_key = await _gossip_key(seen, tools)
    except KubeError as error:
        return _leave_alone(metallb, problems.of_error(error, "reading the speakers' key"), tools)
    wanted = desired(
        pacing(rendered.manifests, seen),
        intent,
        seen.objects,
        applyset=applyset,
        namespace=tools.settings.namespace,
        now=tools.now(),
        gossip_key=gossip_key,
    )
    if intent.metallb.spec.paused:
        return _Look(await explained_components(wanted.manifests, tools), intent=intent)
    found = components(wanted.manifests, seen)
    adoption = tools.adoption(metallb, seen, found)
    if adoption.problem:
        return _leave_alone(metallb, adoption.problem, tools)
    unlabelled = await _label(intent, tools)
    unnoted = await remember(metallb, intent, tools)
    owed = is_owed(intent, tools)
    pulled = await explained_pulling(wanted.manifests, seen, tools)
    unpulled = awaited(pulled)
    plan = _plan(wanted, found, applyset, memory, tools, owed=owed, unpulled=unpulled)
    plan = adopting(plan, adoption)
    outcome = await _carry_out(plan, metallb, intent, tools)
    tools.metrics.executed(plan, outcome)
    tools.observer.learn(outcome.stored, outcome.deleted)
    if not outcome.failures:
        memory.applied = rendered
        memory.replaced = reinstalling.replaced(memory.replaced, metallb, adoption, tools.now())
    if not outcome.failures and not plan.held:
        memory.settled = _declaration(wanted)
    as_before = not outcome.stored and not outcome.deleted
    look = _Look(
        await explained_components(wanted.manifests, tools, found if as_before else None),
        (*unlabelled, *unnoted, *problems.of_failures(outcome.failures)),
        reinstalling.problems(memory.replaced),
        pulled,
        plan,
        outcome,
        intent,
    )
    if outcome.failures:
        return look
    step, unreplaced = await hand_over(metallb, wanted, intent, plan, tools)
    beside = await withdraw(metallb, intent, plan, tools, arrived=_arrived(look) is not None)
    return replace(look, problems=(*look.problems, *unreplaced, *beside), handover=step)


async def _gossip_key(seen: Observation, tools: Tools) -> str:
    """Return the key of the speakers that MetalLB's manifests have installed; "" if none have."""
    ref = inherited_ref(tools.settings.namespace, seen.objects.keys())
    found = await tools.client.get(ref) if ref else None
    return text_at(found or {}, "data", "secretkey")


async def _carry_out(plan: Plan, metallb: Manifest, intent: Intent, tools: Tools) -> Outcome:
    """Do what a plan says, and first what cannot be done any more after it."""
    unprepared = await addressnote.write_down(metallb, plan, tools)
    if not written_in(intent, tools.settings.namespace):
        unprepared += await forget_nodes(plan.deletes, tools)
    if unprepared:
        return Outcome(failures=unprepared)
    return await execute(plan, tools.client, parent=metallb, parent_ref=ref_of(metallb))


def _intended(metallb: Manifest, seen: Observation, tools: Tools) -> Intent | Problem:
    """Return what is to run, or why it must not."""
    acted_upon = instead(metallb, rollback_of(metallb))
    intent = intent_of(acted_upon, keeping(tools.settings, metallb, seen.objects))
    if isinstance(intent, Problem):
        return intent
    running = str(tools.reporter.latest(metallb).get("version") or "")
    return downgrade(metallb, running, intent.release, tools.configured()) or intent


async def _label(intent: Intent, tools: Tools) -> tuple[Problem, ...]:
    asked = intent.metallb.spec.pod_security
    if not (asked and asked.manage_namespace_labels):
        return ()
    problem = await label(tools.client, tools.settings.namespace, tools.labels())
    return (problem,) if problem else ()


def _leave_alone(metallb: Manifest, problem: Problem, tools: Tools) -> _Look:
    """What cannot be had changes nothing: what runs goes on, and what is gone is missed."""
    found = standing(metallb, tools.reporter.latest(metallb), tools.observer.observation())
    missing = [f"{one.kind} {one.name}" for one in found if not one.present]
    if missing:
        text = f"{problem.message}; until then {listed(missing)} is not made anew"
        problem = replace(problem, message=text)
    return _Look(found, (problem,))


def _plan(
    wanted: Desired,
    found: tuple[Component, ...],
    applyset: str,
    memory: Memory,
    tools: Tools,
    *,
    owed: bool,
    unpulled: str,
) -> Plan:
    seen = tools.observer.observation()
    return make_plan(
        wanted.manifests,
        seen.objects,
        applyset=applyset,
        create_only=wanted.create_only,
        holds=staging.holds(
            wanted.manifests,
            seen.objects,
            found,
            applyset,
            owed=owed,
            unpulled=unpulled,
            writing=is_writing(seen),
        ),
        settled=memory.settled == _declaration(wanted),
    )


def _declaration(wanted: Desired) -> str:
    """Return what stands for everything declared; Secrets made once are not declared."""
    declared = [m for m in wanted.manifests if ref_of(m) not in wanted.create_only]
    return fingerprint({"objects": declared})


def _situation(metallb: Manifest, look: _Look, tools: Tools, *, served: bool) -> Situation:
    stored = tools.reporter.latest(metallb)
    arrived = _arrived(look)
    seen = tools.observer.observation()
    return Situation(
        generation=count_at(metallb, "metadata", "generation"),
        version=arrived.release.version if arrived else str(stored.get("version") or ""),
        backend=arrived.backend.value if arrived else str(stored.get("backend") or ""),
        components=look.components,
        pulling=look.pulling,
        problems=look.problems,
        beside=(*look.beside, *(_beside(metallb, tools) if served else ())),
        waiting=tuple(dict.fromkeys(held.reason for held in look.plan.held)),
        unseen=tuple(sorted(tools.observer.refused)),
        paused=bool(look.intent and look.intent.metallb.spec.paused),
        handover=(*look.handover.waiting, *look.handover.overdue),
        upgrading=_upgrade(stored, look),
        preflight=tools.preflight(metallb, seen) if served else Checked(),
        configuration=_configuration(tools) if served else Checked(),
    )


def _notes(look: _Look, addresses: Note | None) -> tuple[Note, ...]:
    done = events.of_plan(look.plan) if not look.outcome.failures else ()
    return (*done, addresses) if addresses else tuple(done)


def _overdue(look: _Look, memory: Memory) -> tuple[Note, ...]:
    """Return what is told of nodes that are waited for no longer, once."""
    found = tuple(overdue_notes(look.handover, memory.overdue))
    memory.overdue = frozenset(look.handover.overdue)
    return found


def _beside(metallb: Manifest, tools: Tools) -> tuple[Problem, ...]:
    abandoned = rollback_of(metallb)
    found = (abandoned.problem if abandoned else None, tools.admission().problem)
    unseen = blind.problems(tools.observer.refused)
    unknown = identities.missing(tools.observer.observation())
    return (*unseen, *unknown, *(problem for problem in found if problem))


def _configuration(tools: Tools) -> Checked:
    checked, warning = tools.configuration(), tools.admission().warning
    if not checked.done or not warning:
        return checked
    return replace(checked, warnings=(warning, *checked.warnings))


def _arrived(look: _Look) -> Intent | None:
    """Return what runs, if that is what is asked for; None while the operator may not act."""
    if look.intent is None or look.intent.metallb.spec.paused:
        return None
    complete = not look.outcome.failures and not look.plan.held
    settled = all(component.settled or component.nowhere for component in look.components)
    return look.intent if complete and settled else None


def _upgrade(stored: Mapping[str, Any], look: _Look) -> str:
    before = str(stored.get("version") or "")
    if look.intent is None or look.intent.metallb.spec.paused:
        return ""
    if not before or before == look.intent.release.version:
        return ""
    return "" if _arrived(look) else f"{before} -> {look.intent.release.version}"


async def _note_arrival(metallb: Manifest, intent: Intent, tools: Tools) -> None:
    """Note what runs, for the day when its successor fails."""
    patch = arrival(metallb, intent)
    try:
        if patch:
            await tools.client.patch(ref_of(metallb), patch)
    except KubeError as error:
        logger.warning("what runs cannot be noted: %s", error)


async def _give_up(
    metallb: Manifest,
    look: _Look,
    situation: Situation,
    verdicts: Iterable[Verdict],
    tools: Tools,
) -> None:
    """Note that an upgrade has failed, if it has and its owner wants the old release back."""
    spec = look.intent.metallb.spec if look.intent else None
    overdue = is_overdue(metallb, situation, tools, spec)
    if look.intent is None or not is_wanted(spec, situation.upgrading, overdue=overdue):
        return
    why = next(v.message for v in verdicts if v.type is Type.DEGRADED)
    abandoned = given_up(
        metallb, look.intent.release.version, situation.version, clipped(why, _LONGEST_CAUSE)
    )
    try:
        release_for(abandoned.running)
        await tools.client.patch(ref_of(metallb), abandoned.patch)
    except (OperatorError, KubeError) as error:
        logger.warning("the upgrade cannot be given up: %s", error)


def _pause(look: _Look, memory: Memory, verdicts: Iterable[Verdict], settings: Settings) -> float:
    if look.outcome.failures:
        memory.failures += 1
        memory.spared = pauses.asked_for(look.outcome.failures)
        return pauses.grown(memory.failures, memory.spared)
    memory.failures, memory.spared = 0, 0.0
    truth = {verdict.type: verdict.truth for verdict in verdicts}
    at_rest = (
        truth[Type.PROGRESSING] is Truth.FALSE
        and truth[Type.DEGRADED] is Truth.FALSE
        and truth[Type.AVAILABLE] is Truth.TRUE
    )
    if look.handover.waiting:
        return min(_HANDOVER_SECONDS, settings.poll_seconds)
    return settings.resync_seconds if at_rest else settings.poll_seconds

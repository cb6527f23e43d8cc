"""Replace speakers one node after another while the BGP backend changes."""

from collections.abc import Mapping
from typing import Final

from metallb_crds.frrk8s_v1beta1 import BGPSessionState
from metallb_kube.errors import ForbiddenError, KubeError, NotFoundError
from metallb_kube.objects import Manifest, ObjectRef
from metallb_kube.resources import resource_for
from metallb_operator import problems
from metallb_operator.bgpsessions import Peer, Sessions, established, speaks_by
from metallb_operator.desired import Desired
from metallb_operator.execute import Failure, delete_all
from metallb_operator.fields import at
from metallb_operator.handover import (
    Patience,
    Step,
    budget,
    next_step,
    of_nodes,
    patience,
    places,
    replaced,
    speaker_of,
)
from metallb_operator.intent import Intent
from metallb_operator.leftovers import noted, written_in
from metallb_operator.plan import SPEAKER, Plan
from metallb_operator.situation import Problem
from metallb_operator.tools import Tools

_STATES: Final = resource_for(BGPSessionState.api_version, BGPSessionState.kind)


async def hand_over(
    metallb: Manifest, wanted: Desired, intent: Intent, plan: Plan, tools: Tools
) -> tuple[Step, tuple[Problem, ...]]:
    """Replace the next speakers, and have what the last ones asked of frr-k8s withdrawn.

    Args:
        metallb: the object as stored.
        wanted: what there should be.
        intent: what it is made from.
        plan: what was carried out; speakers that it holds wait for something else.
        tools: what to work with.

    Returns:
        What was decided, and what prevents it.
    """
    speaker = speaker_of(wanted.manifests)
    by = speaks_by(at(speaker, "spec", "template", "spec"))
    if speaker is None or by is None or any(_is_speaker(held.ref) for held in plan.held):
        return Step(), ()
    seen = tools.observer.observation()
    found = places(speaker, seen, tools.now())
    own = tools.settings.namespace
    written = tools.leftovers((noted(metallb) | {own}) - {written_in(intent, own)}) or ()
    _, failures = await delete_all(of_nodes(written, replaced(speaker, seen)), tools.client)
    try:
        sessions = await _sessions(written_in(intent, own), tools)
    except KubeError as error:
        return Step(), problems.of_failures((*failures, Failure(_all_states(), error)))
    step = next_step(found, by, sessions, _patience(intent), budget(speaker, len(found)))
    deleted, refused = await delete_all(step.deletes, tools.client)
    tools.observer.learn((), deleted)
    return step, problems.of_failures((*failures, *refused))


def _is_speaker(ref: ObjectRef) -> bool:
    return (ref.kind, ref.name) == SPEAKER


def _all_states() -> ObjectRef:
    return ObjectRef(BGPSessionState.api_version, BGPSessionState.kind, None, "*")


def _patience(intent: Intent) -> Patience:
    strategy = intent.values["speaker"]["updateStrategy"]
    return patience(strategy["sessionTimeoutSeconds"], strategy["minReadySeconds"])


async def _sessions(namespace: str, tools: Tools) -> Sessions:
    if not tools.has_peers():
        return Sessions(peers=False)
    asked = tools.asked_for(namespace) if namespace else None
    up = await _established(namespace, tools) if asked is not None else None
    return Sessions(wanted=asked or {}, up=up)


async def _established(namespace: str, tools: Tools) -> Mapping[str, frozenset[Peer]] | None:
    """Read which sessions of frr-k8s are up; None where there is nothing to read."""
    try:
        listing = await tools.client.list(_STATES, namespace=namespace)
    except (NotFoundError, ForbiddenError):
        return None
    return established(map(BGPSessionState.parse, listing.items))

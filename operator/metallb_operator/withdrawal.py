"""Have what speakers wrote for frr-k8s withdrawn once none of them goes by it any more."""

from metallb_kube.errors import KubeError
from metallb_kube.objects import Manifest, ref_of
from metallb_operator import problems
from metallb_operator.execute import Failure, delete_all
from metallb_operator.intent import Intent
from metallb_operator.leftovers import note, noted, written_in
from metallb_operator.plan import Plan
from metallb_operator.situation import Problem
from metallb_operator.staging import awaits_withdrawal
from metallb_operator.tools import Tools


async def remember(metallb: Manifest, intent: Intent, tools: Tools) -> tuple[Problem, ...]:
    """Note where speakers are going to write, before they do; return what prevents it.

    Args:
        metallb: the object as stored.
        intent: what is to run.
        tools: what to work with.
    """
    place = written_in(intent, tools.settings.namespace)
    return await _note(metallb, noted(metallb) | _abroad(place, tools), tools)


def is_owed(intent: Intent, tools: Tools) -> bool:
    """Tell whether our own frr-k8s has to stay: it still acts upon what speakers wrote.

    What cannot be known counts as being there.
    """
    own = tools.settings.namespace
    found = () if written_in(intent, own) == own else tools.leftovers({own})
    return found is None or bool(found)


async def withdraw(
    metallb: Manifest, intent: Intent, plan: Plan, tools: Tools, *, arrived: bool
) -> tuple[Problem, ...]:
    """Delete what speakers wrote where they do not write any more; return what prevents it.

    Args:
        metallb: the object as stored.
        intent: what is to run.
        plan: what was carried out; it may wait for nothing but this.
        tools: what to work with.
        arrived: whether everything runs as intended.
    """
    if not (arrived or awaits_withdrawal(plan.held)):
        return ()
    own = tools.settings.namespace
    place = written_in(intent, own)
    found = tools.leftovers((noted(metallb) | {own}) - {place})
    if found:
        _, failures = await delete_all(found, tools.client)
        return problems.of_failures(failures)
    if found is None or not arrived:
        return ()
    return await _note(metallb, _abroad(place, tools), tools)


def _abroad(place: str, tools: Tools) -> frozenset[str]:
    return frozenset({place} - {"", tools.settings.namespace})


async def _note(metallb: Manifest, namespaces: frozenset[str], tools: Tools) -> tuple[Problem, ...]:
    patch = note(metallb, namespaces)
    try:
        if patch:
            await tools.client.patch(ref_of(metallb), patch)
    except KubeError as error:
        return problems.of_failures((Failure(ref_of(metallb), error),))
    return ()

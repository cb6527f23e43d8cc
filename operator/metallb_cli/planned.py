"""What the operator would do now: one look at the cluster, and its own decision about it."""

from contextlib import aclosing
from dataclasses import dataclass

from metallb_crds.frrk8s_v1beta1 import FRRConfiguration
from metallb_crds.meta import Resource
from metallb_kube.client import KubeClient
from metallb_kube.errors import NotFoundError
from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_kube.resources import resource_for
from metallb_operator import staging
from metallb_operator.applyset import applyset_id
from metallb_operator.chart import Chart
from metallb_operator.desired import desired
from metallb_operator.downgrade import KINDS, downgrade
from metallb_operator.fields import at, count_at, text_at
from metallb_operator.handover import pacing
from metallb_operator.installations import adopting, adoption, keeping
from metallb_operator.intent import Intent, intent_of, misplaced
from metallb_operator.leftovers import leftovers, written_in
from metallb_operator.nodestates import is_writing
from metallb_operator.observe import observe_once
from metallb_operator.plan import Plan, make_plan
from metallb_operator.pulling import awaited, pulling
from metallb_operator.rollback import instead, rollback_of
from metallb_operator.rollout import components
from metallb_operator.settings import OBJECT_NAME, Settings
from metallb_operator.situation import Problem
from metallb_operator.tools import utc_now
from metallb_operator.workload import Workload, workload_of


class NoPlanError(Exception):
    """There is nothing to plan for, or what is asked for cannot be had; the message says why."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and for what.

    Attributes:
        paused: the operator would not carry it out.
        rolled_back: what was given up, and why; "" if the plan is for what is asked for.
    """

    version: str
    backend: str
    paused: bool
    plan: Plan
    rolled_back: str = ""


async def asked_for(client: KubeClient, namespace: str, given: Manifest | None) -> Manifest:
    """Return the MetalLB object to plan for.

    Args:
        client: reads.
        namespace: of the object.
        given: what is not applied yet; None for what is stored.

    Raises:
        NoPlanError: neither is there.
        KubeError: the stored one cannot be read.
    """
    ref = ObjectRef("metallb.io/v1beta1", "MetalLB", namespace, OBJECT_NAME)
    found = await client.get(ref)
    if given is not None:
        return as_applied(given, found) if found else given
    if found is None:
        raise NoPlanError(
            f"there is no MetalLB object {OBJECT_NAME} in namespace {namespace}; name another "
            f"namespace with --namespace, or plan for one that is not applied yet with --filename"
        )
    return found


def as_applied(given: Manifest, found: Manifest) -> Manifest:
    """Return an object as it would be stored if it was applied over another one.

    What runs, and what the operator has noted about it, is known of the stored one only; and a
    spec that is the same is no change.
    """
    annotations = [at(one, "metadata", "annotations") or {} for one in (found, given)]
    same = (given.get("spec") or {}) == (found.get("spec") or {})
    metadata = {
        **found["metadata"],
        **given["metadata"],
        "annotations": annotations[0] | annotations[1],
        "generation": count_at(found, "metadata", "generation") + (0 if same else 1),
    }
    return {**given, "metadata": metadata, "status": found.get("status") or {}}


async def planned(
    client: KubeClient, chart: Chart, settings: Settings, metallb: Manifest
) -> Planned:
    """Return what the operator would write for a MetalLB object; nothing is written.

    Args:
        client: reads.
        chart: renders.
        settings: those of the operator, as far as they matter for a plan.
        metallb: the object, stored or not.

    Raises:
        NoPlanError: it cannot be had.
        OperatorError: the chart cannot be rendered.
        KubeError: something cannot be read.
    """
    namespace = settings.namespace
    _refuse(misplaced(metallb, namespace))
    seen = await observe_once(client, namespace)
    given_up = rollback_of(metallb)
    acted_upon = instead(metallb, given_up)
    intent = _intent(acted_upon, keeping(settings, metallb, seen.objects))
    running = text_at(metallb, "status", "version")
    if downgrade(metallb, running, intent.release, None):
        configured = await _configured(client, namespace)
        _refuse(downgrade(metallb, running, intent.release, configured))
    applyset = applyset_id(ref_of(metallb))
    wanted = desired(
        pacing(await chart.render(intent.values, namespace=namespace), seen),
        intent,
        seen.objects,
        applyset=applyset,
        namespace=namespace,
        now=utc_now(),
    )
    state = components(wanted.manifests, seen)
    elsewhere = await _elsewhere(client, namespace)
    others = adoption(metallb, seen.objects, elsewhere, state, namespace=namespace)
    _refuse(others.problem)
    plan = make_plan(
        wanted.manifests,
        seen.objects,
        applyset=applyset,
        create_only=wanted.create_only,
        holds=staging.holds(
            wanted.manifests,
            seen.objects,
            state,
            applyset,
            owed=await _owed(client, intent, namespace),
            unpulled=awaited(pulling(wanted.manifests, seen)),
            writing=is_writing(seen),
        ),
    )
    return Planned(
        intent.release.version,
        intent.backend.value,
        intent.metallb.spec.paused,
        adopting(plan, others),
        given_up.problem.message if given_up else "",
    )


def _refuse(problem: Problem | None) -> None:
    if problem:
        raise NoPlanError(problem.message)


def _intent(metallb: Manifest, settings: Settings) -> Intent:
    intent = intent_of(metallb, settings)
    if isinstance(intent, Problem):
        raise NoPlanError(intent.message)
    return intent


async def _configured(client: KubeClient, namespace: str) -> tuple[Resource, ...]:
    """Return the objects whose fields a downgrade may lose."""
    found: list[Resource] = []
    for model in KINDS:
        listing = await client.list(
            resource_for(model.api_version, model.kind), namespace=namespace
        )
        found.extend(map(model.parse, listing.items))
    return tuple(found)


async def _owed(client: KubeClient, intent: Intent, namespace: str) -> bool:
    """Tell whether our own frr-k8s still acts upon what speakers wrote."""
    if written_in(intent, namespace) == namespace:
        return False
    resource = resource_for(FRRConfiguration.api_version, FRRConfiguration.kind)
    try:
        listing = await client.list(resource, namespace=namespace)
    except NotFoundError:
        return False  # there is no such kind
    return bool(leftovers(map(FRRConfiguration.parse, listing.items), {namespace}))


async def _elsewhere(client: KubeClient, namespace: str) -> tuple[Workload, ...]:
    """Return the workloads of other namespaces, where another MetalLB may be."""
    found: list[Workload] = []
    for kind in ("DaemonSet", "Deployment"):
        async with aclosing(client.pages(resource_for("apps/v1", kind))) as pages:
            async for page in pages:
                found.extend(map(workload_of, page.items))
    return tuple(one for one in found if one.namespace != namespace)

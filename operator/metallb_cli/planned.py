"""What the operator would do now: one look at the cluster, and its own decision about it."""

from dataclasses import dataclass

from metallb_crds.meta import Resource
from metallb_kube.client import KubeClient
from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_kube.resources import resource_for
from metallb_operator import staging
from metallb_operator.applyset import applyset_id
from metallb_operator.chart import Chart
from metallb_operator.desired import desired
from metallb_operator.downgrade import KINDS, downgrade
from metallb_operator.fields import text_at
from metallb_operator.installations import adopting, adoption, keeping
from metallb_operator.intent import Intent, intent_of, misplaced
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
    """

    version: str
    backend: str
    paused: bool
    plan: Plan


async def stored(client: KubeClient, namespace: str) -> Manifest:
    """Return the MetalLB object of the cluster.

    Raises:
        NoPlanError: there is none.
        KubeError: it cannot be read.
    """
    ref = ObjectRef("metallb.io/v1beta1", "MetalLB", namespace, OBJECT_NAME)
    found = await client.get(ref)
    if found is None:
        raise NoPlanError(
            f"there is no MetalLB object {OBJECT_NAME} in namespace {namespace}; name another "
            f"namespace with --namespace, or plan for one that is not applied yet with --filename"
        )
    return found


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
    acted_upon = instead(metallb, rollback_of(metallb))
    intent = _intent(acted_upon, keeping(settings, metallb, seen.objects))
    running = text_at(metallb, "status", "version")
    if downgrade(metallb, running, intent.release, None):
        configured = await _configured(client, namespace)
        _refuse(downgrade(metallb, running, intent.release, configured))
    applyset = applyset_id(ref_of(metallb))
    wanted = desired(
        await chart.render(intent.values, namespace=namespace),
        intent,
        seen.objects,
        applyset=applyset,
        namespace=namespace,
        now=utc_now(),
    )
    state = components(wanted.manifests, seen)
    elsewhere = await _elsewhere(client, namespace)
    others = adoption(
        metallb, seen.objects, elsewhere, state, applyset=applyset, namespace=namespace
    )
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
            unpulled=awaited(pulling(wanted.manifests, seen)),
            writing=is_writing(seen),
        ),
    )
    return Planned(
        intent.release.version,
        intent.backend.value,
        intent.metallb.spec.paused,
        adopting(plan, others),
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


async def _elsewhere(client: KubeClient, namespace: str) -> tuple[Workload, ...]:
    """Return the workloads of other namespaces, where another MetalLB may be."""
    found: list[Workload] = []
    for kind in ("DaemonSet", "Deployment"):
        listing = await client.list(resource_for("apps/v1", kind))
        found.extend(map(workload_of, listing.items))
    return tuple(one for one in found if one.namespace != namespace)

"""Other installations of MetalLB: recognised, and replaced in order where that is wanted. Pure.

MetalLB's manifests and the operator of its project name their workloads as we do: `takeover`
makes those ours in place. Its Helm chart names them after the release, so that they would run
beside ours: two controllers give away the same addresses, and two speakers cannot share the ports
of a node. That holds our first installation until somebody decides; what is installed already is
repaired and upgraded whatever comes beside it.

Anybody who may create workloads in some namespace can make one look like MetalLB. So one that does
not run counts for nothing, and the administrator can have others ignored by name.
"""

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from metallb_crds.backend import Backend
from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_operator.applyset import applyset_id, is_member, recorded_kinds
from metallb_operator.component import Component
from metallb_operator.conditions import Reason
from metallb_operator.fields import at, text_at
from metallb_operator.plan import Apply, Delete, Held, Plan
from metallb_operator.settings import Settings
from metallb_operator.situation import Problem
from metallb_operator.wording import listed
from metallb_operator.workload import Workload, workload_of

ADOPT_ANNOTATION: Final = "metallb.io/adopt"
IGNORE_ANNOTATION: Final = "metallb.io/ignore-installations"
"""Workloads that are no other installation, whatever they look like: namespace/name, ..."""
LEFT_OVER: Final = ("metallb-webhook-configuration", "frr-k8s-validating-webhook-configuration")
"""ValidatingWebhookConfigurations of MetalLB's manifests, its chart, and its project's operator."""

_OURS: Final = frozenset(
    {
        ("Deployment", "controller"),
        ("DaemonSet", "speaker"),
        ("DaemonSet", "frr-k8s"),
        ("Deployment", "statuscleaner"),
    }
)
_OTHER_OPERATOR: Final = "metallb-operator-controller-manager"
_OPERATORS_VARIABLES: Final = frozenset({"CONTROLLER_IMAGE", "SPEAKER_IMAGE"})
"""What that is told to install (metallb-operator, config/manager/manager.yaml)."""
_LABEL: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_PATH: Final = re.compile(rf"{_LABEL}/{_LABEL}(\.{_LABEL})*")
_NAMES_SHOWN: Final = 5


class Role(StrEnum):
    """What a workload does for MetalLB."""

    OPERATOR = "operator"
    CONTROLLER = "controller"
    SPEAKER = "speaker"
    FRR_K8S = "frr-k8s"


RIVALS: Final = (Role.OPERATOR, Role.CONTROLLER, Role.SPEAKER)
"""What there may be one of: an frr-k8s of somebody else's may be what speakers use."""


@dataclass(frozen=True, slots=True)
class Ignoring:
    """What the administrator wants ignored.

    Attributes:
        paths: namespace/name of workloads.
        wrong: what stands there instead of such.
    """

    paths: frozenset[str] = frozenset()
    wrong: tuple[str, ...] = ()


def ignoring_of(metallb: Manifest) -> Ignoring:
    """Read what the annotation of a MetalLB object lists, by commas or spaces."""
    text = text_at(metallb, "metadata", "annotations", IGNORE_ANNOTATION)
    words = dict.fromkeys(filter(None, re.split(r"[\s,]+", text)))
    paths = frozenset(word for word in words if _PATH.fullmatch(word))
    return Ignoring(paths, tuple(word for word in words if word not in paths))


@dataclass(frozen=True, slots=True)
class Adoption:
    """What follows from other installations.

    Attributes:
        problem: why nothing may be installed; None if it may.
        deletes: what of it goes now.
        held: what of it is still there, and why.
        alone: nothing of ours is written before that has gone.
        later: what of the deleted was installed after ours.
    """

    problem: Problem | None = None
    deletes: tuple[Delete, ...] = ()
    held: tuple[Held, ...] = ()
    alone: bool = False
    later: frozenset[ObjectRef] = frozenset()


def role_of(workload: Workload) -> Role | None:
    """Return what a workload does for MetalLB; None if it is no part of it, or asks for no pods.

    No name says so alone: anybody may give any.
    """
    if _is_other_operator(workload):
        return Role.OPERATOR
    # It answers admission reviews only, and gives no addresses away.
    if workload.flag("webhook-mode") == "onlywebhook" or not workload.replicas:
        return None
    part = _part(workload)
    if part == "controller" and workload.kind == "Deployment":
        return Role.CONTROLLER
    if part == "speaker" and workload.kind == "DaemonSet":
        return Role.SPEAKER
    if part == "frr-k8s" and workload.kind == "DaemonSet":
        return Role.FRR_K8S
    return None


def _is_other_operator(workload: Workload) -> bool:
    if (workload.kind, workload.name) != ("Deployment", _OTHER_OPERATOR) or not workload.replicas:
        return False
    named = any("metallb" in program for program in workload.programs)
    return named or workload.environment.keys() >= _OPERATORS_VARIABLES


def _part(workload: Workload) -> str:
    for part in ("controller", "speaker"):
        if {f"metallb/{part}", f"metallb-{part}"} & workload.programs:
            return part
    if "frr-k8s" in workload.programs:
        return "frr-k8s"
    labels = workload.labels
    if "metallb" not in {labels.get("app"), labels.get("app.kubernetes.io/name")}:
        return ""
    return labels.get("component") or labels.get("app.kubernetes.io/component") or ""


def workloads_of(observed: Mapping[ObjectRef, Manifest]) -> tuple[Workload, ...]:
    """Return the workloads among watched objects."""
    kinds = ("DaemonSet", "Deployment")
    return tuple(workload_of(found) for ref, found in observed.items() if ref.kind in kinds)


def is_ours(workload: Workload, namespace: str) -> bool:
    """Tell whether a workload is ours, or is taken over because it has our name."""
    return workload.namespace == namespace and (workload.kind, workload.name) in _OURS


def others(
    workloads: Iterable[Workload], namespace: str, ignored: Container[str] = frozenset()
) -> Mapping[Role, tuple[Workload, ...]]:
    """Return the workloads of other installations by what they do.

    Args:
        workloads: of the cluster.
        namespace: ours; what has our names in it is ours, or is taken over.
        ignored: namespace/name of those that are none.
    """
    found: dict[Role, tuple[Workload, ...]] = {}
    for workload in workloads:
        role = role_of(workload)
        if role and workload.path not in ignored and not is_ours(workload, namespace):
            found[role] = (*found.get(role, ()), workload)
    return found


def running(workloads: Iterable[Workload]) -> list[Workload]:
    """Return those that have a pod which is ready: others give no address away."""
    return [workload for workload in workloads if workload.ready > 0]


def is_installed(metallb: Manifest, observed: Mapping[ObjectRef, Manifest]) -> bool:
    """Tell whether ours was installed before, whatever is left of it.

    That is in the record of the ApplySet. A copy of the object has that, too, and neither a status
    nor members.

    Args:
        metallb: the MetalLB object as stored.
        observed: what is in its namespace.
    """
    if not recorded_kinds(metallb):
        return False
    applyset = applyset_id(ref_of(metallb))
    arrived = bool(text_at(metallb, "status", "version"))
    return arrived or any(is_member(found, applyset) for found in observed.values())


def adoption(
    metallb: Manifest,
    observed: Mapping[ObjectRef, Manifest],
    elsewhere: Iterable[Workload],
    components: Iterable[Component],
    *,
    namespace: str,
) -> Adoption:
    """Decide what other installations mean for ours.

    With consent (the annotation `metallb.io/adopt: "true"`), what is in our namespace goes: its
    controller, pods included, before ours is made, so that there are never two; its speakers when
    our controller works. Nothing is deleted in other namespaces. What is installed already is
    never held.

    Args:
        metallb: the MetalLB object.
        observed: what is in our namespace.
        elsewhere: the workloads of other namespaces.
        components: the state of ours.
        namespace: ours.
    """
    ignored = ignoring_of(metallb).paths
    here = others(workloads_of(observed), namespace, ignored)
    there = others(elsewhere, namespace, ignored)
    installed = is_installed(metallb, observed)
    if not installed and (blocking := running(_blocking(here, there))):
        return Adoption(problem=_problem(blocking))
    if is_wanted(metallb):
        order = _in_order(here, components, installed=installed)
        return replace(order, later=_later(here, workloads_of(observed), namespace))
    found = running([*here.get(Role.CONTROLLER, ()), *here.get(Role.SPEAKER, ())])
    return Adoption(problem=_problem(found) if found and not installed else None)


def is_wanted(metallb: Manifest) -> bool:
    """Whether other installations in our namespace are to be replaced."""
    return bool(at(metallb, "metadata", "annotations", ADOPT_ANNOTATION) == "true")


def _blocking(
    here: Mapping[Role, tuple[Workload, ...]], there: Mapping[Role, tuple[Workload, ...]]
) -> list[Workload]:
    """Return what no consent covers: another operator makes anew what is deleted."""
    away = (one for role in RIVALS for one in there.get(role, ()))
    return [*here.get(Role.OPERATOR, ()), *away]


def _in_order(
    here: Mapping[Role, tuple[Workload, ...]], components: Iterable[Component], *, installed: bool
) -> Adoption:
    controllers = here.get(Role.CONTROLLER, ())
    if controllers and installed:
        why = "goes: two controllers give addresses away twice"
        return Adoption(deletes=_deletes(controllers), held=_held(controllers, why))
    if controllers:
        return Adoption(
            deletes=_deletes(controllers),
            held=_held(controllers, "goes first: two controllers would give addresses away twice"),
            alone=True,
        )
    rest = (*here.get(Role.SPEAKER, ()), *here.get(Role.FRR_K8S, ()))
    ours = (c.settled for c in components if (c.kind, c.name) == ("Deployment", "controller"))
    if not any(ours):
        return Adoption(held=_held(rest, "stays until Deployment controller works"))
    return Adoption(deletes=_deletes(rest), held=_held(rest, "makes room for ours"))


def _later(
    here: Mapping[Role, tuple[Workload, ...]], all_here: Iterable[Workload], namespace: str
) -> frozenset[ObjectRef]:
    """Return what was installed after our controller, by the second that the API server writes."""
    ours = [one.created for one in all_here if is_ours(one, namespace) and _is_controller(one)]
    theirs = (one for found in here.values() for one in found)
    # Both are times in one form (RFC 3339, UTC), which sort as texts.
    return frozenset(_ref(one) for one in theirs if ours and one.created > max(ours))


def _is_controller(workload: Workload) -> bool:
    return (workload.kind, workload.name) == ("Deployment", "controller")


def _deletes(workloads: Iterable[Workload]) -> tuple[Delete, ...]:
    # Replaced: of a Deployment the deletion ends when its pods have.
    return tuple(
        Delete(_ref(one), one.uid, replaced=True) for one in workloads if not one.terminating
    )


def _held(workloads: Iterable[Workload], why: str) -> tuple[Held, ...]:
    return tuple(Held(_ref(one), f"{one} {why}") for one in workloads)


def _ref(workload: Workload) -> ObjectRef:
    return ObjectRef("apps/v1", workload.kind, workload.namespace, workload.name)


def adopting(plan: Plan, adoption: Adoption) -> Plan:
    """Return a plan with what follows from other installations in it."""
    if not adoption.alone:
        deletes = (*plan.deletes, *adoption.deletes)
        return replace(plan, deletes=deletes, held=(*plan.held, *adoption.held))
    reason = adoption.held[0].reason
    steps: tuple[Apply | Delete, ...] = (*plan.applies, *plan.deletes)
    held = (*adoption.held, *plan.held, *(Held(step.ref, reason) for step in steps))
    return replace(plan, applies=(), deletes=adoption.deletes, held=held, begun=False)


def _problem(found: Iterable[Workload]) -> Problem:
    workloads = tuple(found)
    text = f"{told(workloads)}, so that nothing is installed; {remedy(workloads)}"
    return Problem(Reason.OTHER_INSTALLATION, text)


def told(workloads: Iterable[Workload]) -> str:
    """Say which other installation there is, and how it speaks BGP."""
    known = tuple(workloads)
    backend = next((b for one in known if (b := backend_of_speaker(one))), None)
    spoken = f" (BGP backend {backend.value})" if backend else ""
    return (
        f"another installation of MetalLB is there: {_named(known)}{spoken}; two would give away "
        "the same addresses"
    )


def remedy(workloads: Iterable[Workload]) -> str:
    """Say what to do about another installation, and how to overrule that it is one."""
    known = tuple(workloads)
    return f"{_remedy(known)}; {_overruling(known)}"


def _remedy(known: tuple[Workload, ...]) -> str:
    operators = [one for one in known if role_of(one) is Role.OPERATOR]
    if operators:
        return f"delete {_named(operators)} first: it would make anew what is replaced"
    return (
        f'annotate the MetalLB object with {ADOPT_ANNOTATION}: "true" to have what is in its '
        "namespace replaced in order; remove what is in other namespaces" + _by_helm(known)
    )


def _overruling(known: tuple[Workload, ...]) -> str:
    paths = ", ".join(one.path for one in known[:_NAMES_SHOWN])
    return f'if it is none, annotate the MetalLB object with {IGNORE_ANNOTATION}: "{paths}"'


def _by_helm(workloads: Iterable[Workload]) -> str:
    """Say how the values of a Helm release become the spec of a MetalLB object."""
    for one in workloads:
        release = one.labels.get("app.kubernetes.io/instance")
        if release and one.labels.get("app.kubernetes.io/managed-by") == "Helm":
            command = f"kubectl metallb migrate --from-helm {release} --namespace {one.namespace}"
            return f"; `{command}` turns the values of the Helm release into a MetalLB object"
    return ""


def _named(workloads: Iterable[Workload]) -> str:
    return listed([str(one) for one in workloads])


def backend_of_speaker(workload: Workload) -> Backend | None:
    """Return the BGP backend that a speaker runs; None if it is no speaker, or of another kind.

    Source: MetalLB, METALLB_BGP_TYPE; without it a speaker speaks BGP itself.
    """
    if role_of(workload) is not Role.SPEAKER:
        return None
    if workload.flag("frrk8s-namespace"):
        return Backend.FRR_K8S_EXTERNAL
    chosen = workload.environment.get("METALLB_BGP_TYPE") or Backend.NATIVE.value
    return next((backend for backend in Backend if backend.value == chosen), None)


def keeping(
    settings: Settings, metallb: Manifest, observed: Mapping[ObjectRef, Manifest]
) -> Settings:
    """Return settings whose default backend is the one that runs already, if any does.

    The status tells it for what is ours already, which is where admission looks, too.

    Args:
        settings: of the process.
        metallb: the MetalLB object as stored.
        observed: what is in its namespace.
    """
    stored = at(metallb, "status", "backend")
    kept = next((backend for backend in Backend if backend.value == stored), None)
    running = (backend_of_speaker(workload) for workload in workloads_of(observed))
    found = kept or next((backend for backend in running if backend), None)
    return replace(settings, default_backend=found) if found else settings

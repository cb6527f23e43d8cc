"""How far the workloads are: against the nodes they are meant for, with names for what lacks. Pure.

The numbers of a DaemonSet's status are not enough: it leaves nodes that are NotReady out of
its desired count, and says nothing of why a pod is not ready.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Final

from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_operator.fields import (
    at,
    condition_of,
    count_at,
    is_terminating,
    name_of,
    text_at,
    time_of,
)
from metallb_operator.nodes import meant_for
from metallb_operator.observation import Observation
from metallb_operator.troubles import Trouble, explained, of_pod, of_workload

_NAMES_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Component:
    """One workload, as it is.

    Attributes:
        desired: pods that should be ready: replicas, or nodes the DaemonSet is meant for.
        updated: pods of the current template.
        ready: pods that are ready where they should be.
        image: of the first container, as applied.
        present: the workload exists.
        rolled: its controller has seen the current template and every pod has it.
        waiting: nodes that are Ready and have no ready pod.
        lost: nodes that should have a pod and are NotReady.
        left_out: selected nodes with a taint that is not tolerated, as name -> taint.
        tolerated: how many pods may be unready while the template is being rolled out.
        troubles: why pods are not ready.
        progressed: when a pod became ready last.
    """

    name: str
    kind: str
    desired: int
    updated: int = 0
    ready: int = 0
    image: str = ""
    present: bool = True
    rolled: bool = False
    waiting: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    left_out: Mapping[str, str] | None = None
    tolerated: int = 0
    troubles: tuple[Trouble, ...] = ()
    progressed: datetime | None = None

    @property
    def per_node(self) -> bool:
        """Whether it runs once a node."""
        return self.kind == "DaemonSet"

    @property
    def nowhere(self) -> bool:
        """Whether there is no node for it at all."""
        return self.present and self.per_node and self.desired == 0

    @property
    def unready(self) -> int:
        """How many pods lack that could be there: those of lost nodes do not count."""
        return max(0, self.desired - len(self.lost) - self.ready)

    @property
    def serves(self) -> bool:
        """Whether it is ready wherever it can be."""
        return self.present and self.ready > 0 and self.unready == 0

    @property
    def settled(self) -> bool:
        """Whether nothing is under way any more."""
        return self.rolled and self.serves

    @property
    def message(self) -> str:
        """Say in one sentence how it is."""
        return _sentence(self)


def components(desired: Iterable[Manifest], seen: Observation) -> tuple[Component, ...]:
    """Return the state of every workload among the desired manifests, in their order."""
    return tuple(
        _COMPONENT[ref.kind](manifest, seen.objects.get(ref), seen)
        for ref, manifest in _workloads(desired)
    )


def _workloads(desired: Iterable[Manifest]) -> list[tuple[ObjectRef, Manifest]]:
    found = [(ref_of(manifest), manifest) for manifest in desired]
    return sorted(
        ((ref, manifest) for ref, manifest in found if ref.kind in _COMPONENT),
        key=lambda pair: (pair[0].kind != "Deployment", pair[0].name),
    )


def _deployment(wanted: Manifest, found: Manifest | None, seen: Observation) -> Component:
    replicas = at(wanted, "spec", "replicas")
    desired = 1 if replicas is None else int(replicas)
    blank = Component(
        name_of(wanted), "Deployment", desired, image=_image(wanted), present=found is not None
    )
    if found is None:
        return blank
    pods = _selected(found, seen.pods)
    current = _observed(found)
    updated = count_at(found, "status", "updatedReplicas") if current else 0
    # A template that nobody has acted upon says nothing about the pods of the one before.
    ready = min(count_at(found, "status", "readyReplicas"), desired)
    return Component(
        blank.name,
        blank.kind,
        desired,
        updated=updated,
        ready=ready,
        image=blank.image,
        rolled=current and updated >= desired and count_at(found, "status", "replicas") <= desired,
        troubles=_troubles(found, pods, seen, short=ready < desired or not current),
        progressed=_progressed(pods),
    )


def _daemonset(wanted: Manifest, found: Manifest | None, seen: Observation) -> Component:
    meant = meant_for(at(wanted, "spec", "template", "spec") or {}, seen.nodes)
    blank = Component(
        name_of(wanted),
        "DaemonSet",
        len(meant.all),
        image=_image(wanted),
        present=found is not None,
        lost=tuple(sorted(meant.not_ready)),
        left_out=meant.left_out,
    )
    if found is None:
        return blank
    pods = _owned(found, seen.pods)
    ready = {text_at(pod, "spec", "nodeName") for pod in pods if _is_ready(pod)} & meant.ready
    current = _observed(found)
    waiting = meant.ready - ready
    alive = [pod for pod in pods if text_at(pod, "spec", "nodeName") not in meant.not_ready]
    return Component(
        blank.name,
        blank.kind,
        blank.desired,
        updated=count_at(found, "status", "updatedNumberScheduled") if current else 0,
        ready=len(ready),
        image=blank.image,
        rolled=current and _rolled(found),
        waiting=tuple(sorted(waiting)),
        lost=blank.lost,
        left_out=meant.left_out,
        tolerated=_max_unavailable(found, blank.desired),
        troubles=_troubles(found, alive, seen, short=bool(waiting)),
        progressed=_progressed(pods),
    )


_COMPONENT: Final = {"DaemonSet": _daemonset, "Deployment": _deployment}


def _image(workload: Manifest) -> str:
    containers = at(workload, "spec", "template", "spec", "containers")
    return text_at(containers[0], "image") if containers else ""


def _observed(workload: Manifest) -> bool:
    """Whether the workload's controller has acted upon its present generation."""
    seen = count_at(workload, "status", "observedGeneration")
    return seen > 0 and seen >= count_at(workload, "metadata", "generation")


def _rolled(daemonset: Manifest) -> bool:
    if at(daemonset, "spec", "updateStrategy", "type") == "OnDelete":
        return True  # whoever chose that rolls it by hand
    scheduled = count_at(daemonset, "status", "desiredNumberScheduled")
    return count_at(daemonset, "status", "updatedNumberScheduled") >= scheduled


def _max_unavailable(daemonset: Manifest, desired: int) -> int:
    """Resolve maxUnavailable, a number or a percentage rounded up (apps/v1)."""
    value = at(daemonset, "spec", "updateStrategy", "rollingUpdate", "maxUnavailable")
    if isinstance(value, str) and value.endswith("%"):
        return ceil(desired * int(value[:-1] or 0) / 100)
    return value if isinstance(value, int) else 1


def _selected(workload: Manifest, pods: Iterable[Manifest]) -> tuple[Manifest, ...]:
    labels = at(workload, "spec", "selector", "matchLabels") or {}
    return tuple(
        pod
        for pod in pods
        if labels.items() <= (at(pod, "metadata", "labels") or {}).items()
        and not is_terminating(pod)
    )


def _owned(workload: Manifest, pods: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """Return the pods of this incarnation; those of a deleted one may be around still."""
    uid = text_at(workload, "metadata", "uid")
    return tuple(
        pod
        for pod in _selected(workload, pods)
        if any(owner.get("uid") == uid for owner in at(pod, "metadata", "ownerReferences") or ())
    )


def _is_ready(pod: Manifest) -> bool:
    return bool(condition_of(pod, "Ready").get("status") == "True")


def _progressed(pods: Iterable[Manifest]) -> datetime | None:
    times = (
        time_of(text_at(condition_of(pod, "Ready"), "lastTransitionTime"))
        for pod in pods
        if _is_ready(pod)
    )
    return max((time for time in times if time), default=None)


def _troubles(
    workload: Manifest, pods: Sequence[Manifest], seen: Observation, *, short: bool
) -> tuple[Trouble, ...]:
    own = of_workload(workload, seen.warnings) if short else ()
    return own + tuple(
        explained(trouble, pod, seen.warnings) for pod in pods for trouble in of_pod(pod)
    )


def _sentence(component: Component) -> str:
    if not component.present:
        return f"{component.kind} {component.name} does not exist"
    if component.nowhere:
        return _nowhere(component)
    parts = [_count(component)]
    if not component.rolled:
        parts.append("the current template is being rolled out")
    if component.lost:
        parts.append(f"NotReady: {listed(component.lost)}")
    if component.waiting and not component.troubles:
        parts.append(f"not ready on {listed(component.waiting)}")
    if component.troubles:
        parts.append(str(component.troubles[0]))
    if component.left_out:
        taints = [f"{node} ({taint})" for node, taint in sorted(component.left_out.items())]
        parts.append(f"left out for their taints: {listed(taints)}")
    return "; ".join(parts)


def _count(component: Component) -> str:
    unit = "nodes" if component.per_node else "replicas"
    return f"ready on {component.ready} of {component.desired} {unit}"


def _nowhere(component: Component) -> str:
    if component.left_out:
        taints = [f"{node} ({taint})" for node, taint in sorted(component.left_out.items())]
        return (
            f"every node it selects has a taint it does not tolerate: {listed(taints)}; "
            "extend spec.speakerTolerations"
        )
    return "no node matches it; change spec.nodeSelector or label a node"


def listed(names: Sequence[str]) -> str:
    """Return names as one text, the first few of many."""
    shown = ", ".join(names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown

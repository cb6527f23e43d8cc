"""How far the workloads are: against the nodes they are meant for, with names for what lacks. Pure.

The numbers of a workload's status are not enough: a DaemonSet leaves nodes that are NotReady out
of its desired count, a Deployment counts pods of a template that is no longer wanted, and neither
says why a pod is not ready.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from math import ceil
from typing import Final

from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_operator import pods as podlist
from metallb_operator import prepull
from metallb_operator.changes import changed
from metallb_operator.component import Component
from metallb_operator.fields import at, count_at, name_of, text_at
from metallb_operator.heldup import of_missing, of_pods
from metallb_operator.nodes import is_ready, meant_for
from metallb_operator.observation import Observation
from metallb_operator.podtroubles import of_leaving
from metallb_operator.troubles import Kind, Trouble, in_order

HANDOVER_ANNOTATION: Final = "metallb.io/handover"
"""Of a DaemonSet whose pods the operator replaces itself, and why."""


def components(desired: Iterable[Manifest], seen: Observation) -> tuple[Component, ...]:
    """Return the state of every workload among the desired manifests, Deployments first."""
    nodes = {name_of(node): node for node in seen.nodes}
    return tuple(
        _COMPONENT[ref.kind](manifest, seen.objects.get(ref), seen, nodes)
        for ref, manifest in _workloads(desired)
    )


def _workloads(desired: Iterable[Manifest]) -> list[tuple[ObjectRef, Manifest]]:
    found = [(ref_of(manifest), manifest) for manifest in desired]
    # What pulls images is no part of MetalLB: nothing of it is to run.
    return sorted(
        (
            (ref, manifest)
            for ref, manifest in found
            if ref.kind in _COMPONENT and ref.name != prepull.NAME
        ),
        key=lambda pair: (pair[0].kind != "Deployment", pair[0].name),
    )


def _deployment(
    wanted: Manifest, found: Manifest | None, seen: Observation, nodes: Mapping[str, Manifest]
) -> Component:
    desired = _replicas(wanted)
    blank = Component(
        name_of(wanted), "Deployment", desired, image=_image(wanted), present=found is not None
    )
    if found is None:
        return blank
    everything = podlist.selected(found, seen.pods)
    pods = [pod for pod in everything if not podlist.has_failed(pod)]
    dead = {name for name, node in nodes.items() if not is_ready(node)}
    # Counted by pods, not by the status, which lags behind them.
    well = [pod for pod in pods if podlist.is_ready(pod) and podlist.node_of(pod) not in dead]
    unwell = [pod for pod in pods if pod not in well]
    ready = min(len(well), desired)
    current = is_observed(found)
    updated = count_at(found, "status", "updatedReplicas") if current else 0
    return replace(
        blank,
        updated=updated,
        ready=ready,
        rolled=current and updated >= desired and count_at(found, "status", "replicas") <= desired,
        starting=desired - ready if all(_is_starting(pod, nodes) for pod in unwell) else 0,
        troubles=in_order(
            [
                *_scaled(found),
                *of_missing(found, everything, seen, missing=len(pods) < desired),
                # A ReplicaSet keeps pods that have failed: history once there is another one.
                *of_pods(found, pods or everything, seen, dead),
                *_leaving(() if pods else podlist.leaving(found, seen.pods)),
            ]
        ),
        progressed=_progressed(found, pods),
    )


def _daemonset(
    wanted: Manifest, found: Manifest | None, seen: Observation, nodes: Mapping[str, Manifest]
) -> Component:
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
    everything = podlist.owned(found, seen.pods)
    here = meant.ready | {""}
    pods = [pod for pod in everything if podlist.node_of(pod) in here]
    ready = {podlist.node_of(pod) for pod in pods if podlist.is_ready(pod)} & meant.ready
    waiting = meant.ready - ready
    current = is_observed(found)
    return replace(
        blank,
        updated=count_at(found, "status", "updatedNumberScheduled") if current else 0,
        ready=len(ready),
        rolled=current and _rolled(found),
        outdated=_outdated(found) if current and _by_hand(found) else 0,
        waiting=tuple(sorted(waiting)),
        starting=_starting(waiting, pods, nodes),
        tolerated=max_unavailable(found, blank.desired),
        troubles=in_order(
            [
                *of_missing(found, everything, seen, missing=_without_pod(waiting, pods)),
                *of_pods(found, pods, seen),
                *_leaving(_in_the_way(podlist.leaving(found, seen.pods), waiting, pods)),
            ]
        ),
        progressed=_progressed(found, everything),
    )


_COMPONENT: Final = {"DaemonSet": _daemonset, "Deployment": _deployment}


def _replicas(deployment: Manifest) -> int:
    replicas = at(deployment, "spec", "replicas")
    return 1 if replicas is None else int(replicas)


def _image(workload: Manifest) -> str:
    containers = at(workload, "spec", "template", "spec", "containers")
    return text_at(containers[0], "image") if containers else ""


def is_observed(workload: Manifest) -> bool:
    """Return whether the workload's controller has acted upon its present generation."""
    seen = count_at(workload, "status", "observedGeneration")
    return seen > 0 and seen >= count_at(workload, "metadata", "generation")


def _rolled(daemonset: Manifest) -> bool:
    return _by_hand(daemonset) or not _outdated(daemonset)


def _by_hand(daemonset: Manifest) -> bool:
    """Whether somebody has chosen to replace its pods himself."""
    if HANDOVER_ANNOTATION in (at(daemonset, "metadata", "annotations") or {}):
        return False
    return bool(at(daemonset, "spec", "updateStrategy", "type") == "OnDelete")


def _outdated(daemonset: Manifest) -> int:
    scheduled = count_at(daemonset, "status", "desiredNumberScheduled")
    return max(0, scheduled - count_at(daemonset, "status", "updatedNumberScheduled"))


def max_unavailable(daemonset: Manifest, desired: int) -> int:
    """Resolve maxUnavailable, a number or a percentage rounded up (apps/v1)."""
    value = at(daemonset, "spec", "updateStrategy", "rollingUpdate", "maxUnavailable")
    if isinstance(value, str) and value.endswith("%"):
        return ceil(desired * int(value[:-1] or 0) / 100)
    return value if isinstance(value, int) else 1


def _starting(
    waiting: frozenset[str], pods: Iterable[Manifest], nodes: Mapping[str, Manifest]
) -> int:
    established = {podlist.node_of(pod) for pod in pods if not _is_starting(pod, nodes)}
    return len(waiting - established)


def _is_starting(pod: Manifest, nodes: Mapping[str, Manifest]) -> bool:
    return podlist.is_starting(pod, nodes.get(podlist.node_of(pod)))


def _without_pod(waiting: frozenset[str], pods: Iterable[Manifest]) -> bool:
    return bool(waiting - {podlist.node_of(pod) for pod in pods})


def _progressed(workload: Manifest, pods: Iterable[Manifest]) -> datetime | None:
    times = [time for time in (changed(workload), podlist.last_ready(pods)) if time]
    return max(times, default=None)


def _scaled(deployment: Manifest) -> Iterable[Trouble]:
    if _replicas(deployment) == 0:
        text = "it is scaled to 0 replicas; scale it up, or set spec.paused to false"
        yield Trouble(Kind.SCALED, "", text)


def _leaving(pods: Iterable[Manifest]) -> Iterable[Trouble]:
    return (of_leaving(pod) for pod in pods)


def _in_the_way(
    leaving: Iterable[Manifest], waiting: frozenset[str], pods: Iterable[Manifest]
) -> Iterable[Manifest]:
    """Return the pods that must go before another one comes to their nodes."""
    free = waiting - {podlist.node_of(pod) for pod in pods}
    return (pod for pod in leaving if podlist.node_of(pod) in free)

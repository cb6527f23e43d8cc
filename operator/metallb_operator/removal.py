"""In which order an installation is taken down: announcing first, allocation next. Pure.

Speakers stop announcing before the controller goes, and frr-k8s, which speaks BGP for them, stays
until they are gone, so that neighbours see withdrawn routes and not a dead session.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_operator.applyset import is_member
from metallb_operator.fields import at, is_terminating, name_of, text_at
from metallb_operator.nodes import is_ready
from metallb_operator.observation import Observation
from metallb_operator.plan import Delete, removal_key

_STAGES: Final = (
    frozenset({("DaemonSet", "speaker")}),
    frozenset({("Deployment", "controller")}),
    frozenset({("DaemonSet", "frr-k8s")}),
    frozenset({("Deployment", "statuscleaner")}),
)
"""Workloads in the order in which they go; everything else follows."""


@dataclass(frozen=True, slots=True)
class Step:
    """What to delete now.

    Attributes:
        deletes: objects to delete at once.
        waiting: what the next step waits for: names of objects and pods of this one.
        left: everything that is there still, this step's and later ones'.
        silent: no speaker is left that could announce anything, or write configuration.
    """

    deletes: tuple[Delete, ...] = ()
    waiting: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    silent: bool = False

    @property
    def is_done(self) -> bool:
        """Whether nothing is left."""
        return not self.left


def next_step(seen: Observation, applyset: str, *, hurried: bool = False) -> Step:
    """Return what to delete now, and what to wait for before the next step.

    Args:
        seen: the namespace and the nodes.
        applyset: the id that marks our own; nothing else is touched.
        hurried: the time is up: delete everything at once.
    """
    members = {ref: found for ref, found in seen.objects.items() if is_member(found, applyset)}
    pods = tuple(_pods(seen))
    left = (*(str(ref) for ref in sorted(members, key=removal_key)), *map(_pod_text, pods))
    if hurried:
        return Step(_deletes(members.items()), left, left, silent=True)
    for number, stage in enumerate(_STAGES):
        here = {ref: found for ref, found in members.items() if (ref.kind, ref.name) in stage}
        alive = [pod for pod in pods if _component(pod) in {name for _, name in stage}]
        if here or alive:
            waiting = (*map(str, sorted(here)), *map(_pod_text, alive))
            return Step(_deletes(here.items()), waiting, left, silent=number > 0)
    return Step(_deletes(members.items()), left, left, silent=True)


def _deletes(found: Iterable[tuple[ObjectRef, Manifest]]) -> tuple[Delete, ...]:
    going = (
        Delete(ref, text_at(manifest, "metadata", "uid"))
        for ref, manifest in found
        if not is_terminating(manifest)
    )
    return tuple(sorted(going, key=lambda delete: removal_key(delete.ref)))


def _pods(seen: Observation) -> Iterable[Manifest]:
    """Yield the pods of our workloads, less those of nodes that could not tell of their end."""
    ready = {name_of(node) for node in seen.nodes if is_ready(node)}
    names = {name for stage in _STAGES for _, name in stage}
    for pod in seen.pods:
        labels = at(pod, "metadata", "labels") or {}
        node = text_at(pod, "spec", "nodeName")
        if labels.get("app") == "metallb" and _component(pod) in names and node in {"", *ready}:
            yield pod


def _component(pod: Manifest) -> str:
    return text_at(pod, "metadata", "labels", "component")


def _pod_text(pod: Manifest) -> str:
    ref = ref_of(pod)
    node = text_at(pod, "spec", "nodeName")
    return f"Pod {ref.name} on {node}" if node else f"Pod {ref.name}"

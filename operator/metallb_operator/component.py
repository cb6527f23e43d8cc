"""One workload as it is, and one sentence about it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from metallb_operator.troubles import Trouble, grouped, told
from metallb_operator.wording import listed


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
        outdated: pods of an earlier template that stay until somebody deletes them (OnDelete).
        waiting: nodes that are Ready and have no ready pod.
        lost: nodes that should have a pod and are NotReady.
        left_out: selected nodes with a taint that is not tolerated, as name -> taint.
        starting: pods that are not ready only because they, or their nodes, have just come up.
        tolerated: how many pods may be away while the template is being rolled out.
        troubles: why pods are not ready, the most telling first.
        progressed: when it was created or changed, or a pod of it became ready last.
    """

    name: str
    kind: str
    desired: int
    updated: int = 0
    ready: int = 0
    image: str = ""
    present: bool = True
    rolled: bool = False
    outdated: int = 0
    waiting: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    starting: int = 0
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
    def nearly_serves(self) -> bool:
        """Whether no more pods are away than a rollout takes at a time, and only just now."""
        return self.ready > 0 and self.unready <= min(self.starting, self.tolerated)

    @property
    def moves(self) -> bool:
        """Whether it is on its way to what is declared."""
        return self.present and not self.nowhere and (not self.rolled or self.unready > 0)

    @property
    def settled(self) -> bool:
        """Whether nothing is under way any more."""
        return self.rolled and self.serves

    @property
    def message(self) -> str:
        """Say in one sentence how it is."""
        return _sentence(self)

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.message}"


def _sentence(component: Component) -> str:
    if not component.present:
        return "it does not exist"
    if component.nowhere:
        return _nowhere(component)
    parts = [_count(component)]
    if not component.rolled:
        parts.append("the current template is being rolled out")
    if component.outdated:
        parts.append(
            f"{component.outdated} pods of an earlier template run until somebody deletes them, "
            "as updateStrategy is OnDelete"
        )
    if component.lost:
        parts.append(f"NotReady: {listed(component.lost)}")
    if component.troubles:
        # Nothing here knows the time: what has lasted too long is told by the condition Degraded.
        parts.append(told(grouped(trouble.calmly for trouble in component.troubles)[0]))
    if component.left_out:
        parts.append(f"left out for their taints: {_taints(component)}")
    return "; ".join(parts)


def _count(component: Component) -> str:
    unit = "nodes" if component.per_node else "replicas"
    text = f"ready on {component.ready} of {component.desired} {unit}"
    return f"{text}, not on {listed(component.waiting)}" if component.waiting else text


def _nowhere(component: Component) -> str:
    if component.left_out:
        return (
            f"every node it selects has a taint it does not tolerate: {_taints(component)}; "
            "extend spec.speakerTolerations"
        )
    return "no node matches it; change spec.nodeSelector or label a node"


def _taints(component: Component) -> str:
    return listed([f"{node} ({taint})" for node, taint in sorted(component.left_out.items())])

"""How workloads are, with Events read where nothing else explains it: reads cost requests."""

from collections.abc import Iterable

from metallb_kube.objects import Manifest
from metallb_operator.component import Component
from metallb_operator.observation import Observation
from metallb_operator.pulling import pulling
from metallb_operator.rollout import components
from metallb_operator.tools import Tools


async def explained_components(
    manifests: Iterable[Manifest], tools: Tools, known: tuple[Component, ...] | None = None
) -> tuple[Component, ...]:
    """Return the state of the workloads.

    Args:
        manifests: with the workloads among them.
        tools: what to work with.
        known: their state, if it is known but for the Events.
    """
    workloads = tuple(manifests)
    found = known or components(workloads, tools.observer.observation())
    if all(component.serves or _explained(component) for component in found):
        return found
    return components(workloads, await tools.observer.explained())


async def explained_pulling(
    manifests: Iterable[Manifest], seen: Observation, tools: Tools
) -> Component | None:
    """Return how far images are pulled; `seen` is the cluster without Events, the rest as above."""
    workloads = tuple(manifests)
    found = pulling(workloads, seen)
    if found is None or not found.waiting or _explained(found):
        return found
    return pulling(workloads, await tools.observer.explained())


def _explained(component: Component) -> bool:
    return any(trouble.certain for trouble in component.troubles)

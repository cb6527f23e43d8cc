"""Which replica of the webhooks has to move, so that no node's loss takes all of them. Pure.

The scheduler keeps replicas apart when it places them, and looks never again: after the drain of
one of two nodes, or its loss, both are on the other one for good.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from metallb_kube.objects import Manifest, ObjectRef
from metallb_operator import pods as podlist
from metallb_operator.fields import at, condition_of, count_at, is_terminating, name_of, time_of
from metallb_operator.nodes import meant_for
from metallb_operator.observation import Observation
from metallb_webhooks.settings import SERVICE

_SETTLED: Final = timedelta(seconds=60)
"""Pods and nodes that have just come up may go again: nothing is moved for the sake of these."""
_KEEPS_AWAY: Final = frozenset({"NoExecute", "NoSchedule"})


def to_move(seen: Observation, namespace: str, now: datetime) -> Manifest | None:
    """Return the pod to evict; None where replicas are apart, or cannot be, or are not well.

    Args:
        seen: MetalLB's namespace and the nodes.
        namespace: MetalLB's.
        now: the time, with a time zone.
    """
    found = seen.objects.get(ObjectRef("apps/v1", "Deployment", namespace, SERVICE))
    if found is None:
        return None
    labelled = [pod for pod in seen.pods if _app(pod) == SERVICE]
    pods = [pod for pod in labelled if not podlist.has_failed(pod)]
    here = {podlist.node_of(pod) for pod in pods}
    # Whatever is under way is waited for: it may bring them apart by itself.
    if len(pods) < 2 or len(pods) != at(found, "spec", "replicas"):  # noqa: PLR2004 - one cannot share
        return None
    if len(here) > 1 or not _is_rolled(found) or not all(_is_settled(pod, now) for pod in pods):
        return None
    if not _elsewhere(found, seen.nodes, now) - here:
        return None
    # The youngest one: the other one is more likely to lead.
    return max(pods, key=lambda pod: (str(at(pod, "metadata", "creationTimestamp")), name_of(pod)))


def _app(pod: Manifest) -> Any:  # noqa: ANN401 - JSON
    return at(pod, "metadata", "labels", "app.kubernetes.io/name")


def _is_rolled(deployment: Manifest) -> bool:
    replicas = at(deployment, "spec", "replicas")
    current = count_at(deployment, "status", "observedGeneration") >= count_at(
        deployment, "metadata", "generation"
    )
    counts = ("replicas", "updatedReplicas", "readyReplicas")
    return current and all(count_at(deployment, "status", kind) == replicas for kind in counts)


def _is_settled(thing: Manifest, now: datetime) -> bool:
    """Whether a pod or a node has been Ready for some time, and is to stay."""
    ready = condition_of(thing, "Ready")
    since = time_of(str(ready.get("lastTransitionTime")))
    well = ready.get("status") == "True" and not is_terminating(thing)
    return well and since is not None and now - since >= _SETTLED


def _elsewhere(deployment: Manifest, nodes: Iterable[Manifest], now: datetime) -> set[str]:
    """Return the nodes that would take a replica; a full one is not known to be full."""
    template = at(deployment, "spec", "template", "spec") or {}
    free = [node for node in nodes if _is_settled(node, now) and not _is_kept_free(node)]
    return set(meant_for(template, free).ready)


def _is_kept_free(node: Manifest) -> bool:
    """Whether Kubernetes keeps pods away: cordoned, under pressure. DaemonSets tolerate that."""
    taints = at(node, "spec", "taints") or ()
    return bool(at(node, "spec", "unschedulable")) or any(
        taint.get("effect") in _KEEPS_AWAY and str(taint.get("key")).startswith("node.kubernetes")
        for taint in taints
    )

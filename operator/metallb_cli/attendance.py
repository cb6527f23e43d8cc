"""Whether anybody looks after MetalLB: the operator's Lease and pods, and the webhooks. Pure.

A status is as old as the last look of the operator. Whoever leads renews the Lease all the time
(`metallb_kube.leases`); when its duration has passed without that, nobody looks, whatever the
conditions of the MetalLB object say.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from metallb_kube.leases import LeaseTimes
from metallb_kube.objects import Manifest
from metallb_operator.fields import (
    at,
    condition_of,
    count_at,
    is_terminating,
    name_of,
    text_at,
    time_of,
    time_text,
)
from metallb_operator.nodes import is_ready as is_node_ready
from metallb_operator.packaging.image import OPERATOR, WEBHOOKS
from metallb_operator.pods import is_ready, node_of
from metallb_operator.podtroubles import of_pod, where
from metallb_operator.settings import LEASE_NAME
from metallb_operator.troubles import told

_HANDING_OVER: Final = timedelta(seconds=LeaseTimes().duration)
"""A Lease that was given up may be without holder for so long: the next pod has to start."""


@dataclass(frozen=True, slots=True)
class Attendance:
    """What was read of the operator and of the webhooks.

    Attributes:
        namespace: MetalLB's.
        lease: the operator's; None if there is none.
        operator: pods of the operator.
        deployment: of the webhooks; None if there is none.
        webhooks: pods of the webhooks.
        nodes: of the cluster.
        unread: kinds that could not be read.
    """

    namespace: str
    lease: Manifest | None = None
    operator: tuple[Manifest, ...] = ()
    deployment: Manifest | None = None
    webhooks: tuple[Manifest, ...] = ()
    nodes: tuple[Manifest, ...] = ()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Silence:
    """Nobody looks.

    Attributes:
        since: time of the last look, as the API server writes times; "" if there was none.
        text: since when, and what the operator's pods do.
    """

    since: str
    text: str


def silence(found: Attendance, now: datetime) -> Silence | None:
    """Return since when nobody looks; None while somebody does, or where that cannot be read.

    Args:
        found: what was read.
        now: the time, with a time zone, by the API server's clock rather than by ours.
    """
    if "Lease" in found.unread:
        return None
    renewed = time_of(text_at(found.lease, "spec", "renewTime"))
    if renewed is None:
        text = f"there is no Lease {LEASE_NAME} in namespace {found.namespace}"
        return Silence("", f"nobody looks: {text}; {_operator(found)}")
    if now - renewed <= _allowed(found.lease or {}):
        return None
    since = time_text(renewed)
    text = f"nobody has looked since {since} ({_age(now - renewed)} ago): {_operator(found)}"
    return Silence(since, text)


def unanswered(found: Attendance) -> str:
    """Return why no replica of the webhooks can answer; "" if one can, or if there are none."""
    if found.deployment is None or any(_answers(pod, found) for pod in found.webhooks):
        return ""
    if "Pod" in found.unread:
        if count_at(found.deployment, "status", "readyReplicas"):
            return ""
        why = "its pods cannot be read"
    elif at(found.deployment, "spec", "replicas") == 0:
        why = f"Deployment {WEBHOOKS} is scaled to 0 replicas; scale it to 2"
    else:
        why = _pods(found.webhooks, found) or _no_pod(WEBHOOKS, found)
    return f"no replica of the webhooks is ready, so that configuration cannot be changed: {why}"


def _allowed(lease: Manifest) -> timedelta:
    if not text_at(lease, "spec", "holderIdentity"):
        return _HANDING_OVER
    return timedelta(seconds=count_at(lease, "spec", "leaseDurationSeconds")) or _HANDING_OVER


def _operator(found: Attendance) -> str:
    if "Pod" in found.unread:
        return "the operator's pods cannot be read"
    holder = text_at(found.lease, "spec", "holderIdentity")
    # The one that looked last says most.
    pods = sorted(found.operator, key=lambda pod: (name_of(pod) != holder, name_of(pod)))
    text = _pods(pods, found)
    return f"the operator's {text}" if text else _no_pod(OPERATOR, found)


def _no_pod(deployment: str, found: Attendance) -> str:
    command = f"kubectl -n {found.namespace} describe deployment {deployment}"
    return f"Deployment {deployment} has no pod; `{command}` may say why"


def _pods(pods: Iterable[Manifest], found: Attendance) -> str:
    return "; ".join(f"{where(pod)} {_state(pod, found)}" for pod in pods)


def _answers(pod: Manifest, found: Attendance) -> bool:
    return is_ready(pod) and not _of_node(pod, found)


def _state(pod: Manifest, found: Attendance) -> str:
    ended = _of_node(pod, found)
    if ended:
        return ended
    if is_terminating(pod):
        return "is being deleted"
    if is_ready(pod):
        command = f"kubectl -n {found.namespace} logs {name_of(pod)}"
        return f"is Ready as far as its node has told; `{command}` may say why it does not look"
    causes = (told([replace(trouble, where="")]) for trouble in of_pod(pod))
    return f"is not ready: {'; '.join(causes)}"


def _of_node(pod: Manifest, found: Attendance) -> str:
    """Return what is wrong with a pod's node; "" if nothing is, or if nodes cannot be read."""
    name = node_of(pod)
    if not name or "Node" in found.unread:
        return ""
    node = next((node for node in found.nodes if name_of(node) == name), None)
    if node is None:
        return "is lost: there is no such node"
    if is_node_ready(node):
        return ""
    since = text_at(condition_of(node, "Ready"), "lastTransitionTime")
    return f"is out of reach: the node is NotReady{f' since {since}' if since else ''}"


def _age(passed: timedelta) -> str:
    minutes, seconds = divmod(int(passed.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"

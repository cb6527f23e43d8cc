"""Change of BGP backend, node by node: the next speaker goes when the one before is heard. Pure.

A new speaker is ready long before its sessions are up, wherever they are not its own: with frr-k8s
they live in another pod. A DaemonSet that replaces its pods by itself would go on meanwhile, and
the routes of several nodes would be missing at once. While the backend changes it is therefore set
to OnDelete, which is no part of the pod template and restarts nothing, and the operator deletes
the pods.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_operator import pods as podlist
from metallb_operator.bgpsessions import Peer, Sessions, SpeaksBy, speaks_by
from metallb_operator.events import Note
from metallb_operator.fields import at, condition_of, name_of, text_at, time_of
from metallb_operator.nodes import meant_for
from metallb_operator.observation import Observation
from metallb_operator.plan import SPEAKER, Delete
from metallb_operator.rollout import HANDOVER_ANNOTATION, is_observed, max_unavailable
from metallb_operator.wording import listed

_WHY: Final = "the BGP backend changes; the operator replaces the pods node by node"
_QUIET_SECONDS: Final = 10.0
"""A speaker that has asked for no session by then does not want any on this node."""
_BLIND_SECONDS: Final = 20.0
"""Time for sessions that nobody can see."""
_REPORT_SECONDS: Final = 30.0
"""Time until what frr-k8s is asked for is done and told: two debounces, a reload, a poll."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long sessions are waited for, in seconds since a speaker became ready.

    Attributes:
        least: in any case.
        blind: where they cannot be seen.
        longest: where they can; 0 for not at all.
    """

    least: float = 0.0
    blind: float = _BLIND_SECONDS
    longest: float = 30.0 + _REPORT_SECONDS


@dataclass(frozen=True, slots=True)
class Place:
    """A node in a change of backend.

    Attributes:
        old: the speaker of the former backend, while it is to stay.
        serves: whether that is ready.
        ready: for how many seconds the new one has been ready; None while it is not.
    """

    node: str
    old: Delete | None = None
    serves: bool = True
    ready: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next.

    Attributes:
        deletes: speakers to replace now.
        waiting: what for, node by node.
        overdue: nodes that are waited for no longer, and why they should be.
    """

    deletes: tuple[Delete, ...] = ()
    waiting: tuple[str, ...] = ()
    overdue: tuple[str, ...] = ()


def patience(timeout: int, least: int) -> Patience:
    """Return how long to wait.

    Args:
        timeout: spec.updateStrategy.speaker.sessionTimeoutSeconds.
        least: spec.updateStrategy.speaker.minReadySeconds; in place of our guess where it is given.
    """
    longest = timeout + _REPORT_SECONDS if timeout else 0.0
    blind = float(least) or _BLIND_SECONDS
    return Patience(float(least), blind if timeout else 0.0, longest)


def is_under_way(speaker: Manifest, seen: Observation) -> bool:
    """Return whether speakers of another backend run, and the operator is to replace them.

    Args:
        speaker: the DaemonSet as rendered: with OnDelete people replace the pods.
        seen: the cluster.
    """
    if at(speaker, "spec", "updateStrategy", "type") != "RollingUpdate":
        return False
    found = seen.objects.get(ref_of(speaker))
    wanted = speaks_by(at(speaker, "spec", "template", "spec"))
    return found is not None and any(
        _is_old(pod, wanted) for pod in podlist.owned(found, seen.pods)
    )


def paced(manifest: Manifest) -> Manifest:
    """Return a DaemonSet as it is while the operator replaces its pods."""
    metadata, spec = manifest["metadata"], manifest["spec"]
    annotations = {**(metadata.get("annotations") or {}), HANDOVER_ANNOTATION: _WHY}
    strategy = {**spec["updateStrategy"], "type": "OnDelete"}
    return {
        **manifest,
        "metadata": {**metadata, "annotations": annotations},
        "spec": {**spec, "updateStrategy": strategy},
    }


def pacing(manifests: Iterable[Manifest], seen: Observation) -> list[Manifest]:
    """Return what is rendered, with the speakers `paced` while their backend changes."""
    return [
        paced(manifest) if _is_speaker(manifest) and is_under_way(manifest, seen) else manifest
        for manifest in manifests
    ]


def speaker_of(manifests: Iterable[Manifest]) -> Manifest | None:
    """Return the speakers' DaemonSet if the operator replaces its pods; None if not."""
    return next((m for m in manifests if _is_speaker(m) and HANDOVER_ANNOTATION in _notes(m)), None)


def places(speaker: Manifest, seen: Observation, now: datetime) -> tuple[Place, ...]:
    """Return the nodes that are Ready and meant for speakers; none before all is as applied.

    Args:
        speaker: the DaemonSet as it is to be.
        seen: the cluster.
        now: the time, with a time zone.
    """
    found = seen.objects.get(ref_of(speaker))
    # Of a template that its controller has not seen yet it would make the old pod once more.
    if found is None or not is_observed(found) or HANDOVER_ANNOTATION not in _notes(found):
        return ()
    wanted = speaks_by(at(speaker, "spec", "template", "spec"))
    if speaks_by(at(found, "spec", "template", "spec")) != wanted:
        return ()
    pods = {podlist.node_of(pod): pod for pod in podlist.owned(found, seen.pods)}
    meant = meant_for(at(speaker, "spec", "template", "spec"), seen.nodes)
    return tuple(_place(node, pods.get(node), wanted, now) for node in sorted(meant.ready))


def budget(speaker: Manifest, nodes: int) -> int:
    """Return how many nodes may be without a speaker that is heard."""
    return max(1, max_unavailable(speaker, nodes))


def next_step(
    found: Iterable[Place], by: SpeaksBy, sessions: Sessions, patient: Patience, allowed: int
) -> Step:
    """Decide which speakers to replace now.

    Args:
        found: the nodes.
        by: how the new speakers speak.
        sessions: what is known.
        patient: how long to wait.
        allowed: how many nodes may be without sessions.
    """
    everything = tuple(found)
    new = [place for place in everything if place.old is None]
    late = [place for place in new if _is_late(place, by, sessions, patient)]
    lacking = {place.node: _lacking(place.node, sessions) for place in late}
    down = _down_everywhere(lacking, sessions)
    waiting = {
        place.node: why
        for place in new
        if place not in late and (why := _awaited(place, by, sessions, patient, down))
    }
    old = sorted(
        (place for place in everything if place.old), key=lambda place: (place.serves, place.node)
    )
    chosen = old[: max(0, allowed - len(waiting))]
    return Step(
        tuple(place.old for place in chosen if place.old),
        tuple(f"node {node}: {why}" for node, why in sorted(waiting.items())),
        tuple(_overdue(node, missing, patient) for node, missing in sorted(lacking.items())),
    )


def overdue_notes(step: Step, told: Container[str]) -> Iterator[Note]:
    """Yield what is worth an Event: nodes that are waited for no longer, less those of `told`."""
    for text in step.overdue:
        if text not in told:
            yield Note("SessionsNotUp", f"{text}; the next node follows", warning=True)


def replaced(speaker: Manifest, seen: Observation) -> frozenset[str]:
    """Return the nodes whose speaker of the former backend is gone and has a successor."""
    found = seen.objects.get(ref_of(speaker))
    if found is None:
        return frozenset()
    wanted = speaks_by(at(speaker, "spec", "template", "spec"))
    mine = (*podlist.owned(found, seen.pods), *podlist.leaving(found, seen.pods))
    old = {podlist.node_of(pod) for pod in mine if _is_old(pod, wanted)}
    return frozenset({podlist.node_of(pod) for pod in mine} - old - {""})


def of_nodes(deletes: Iterable[Delete], nodes: frozenset[str]) -> tuple[Delete, ...]:
    """Return of what speakers wrote for frr-k8s that of some nodes."""
    return tuple(step for step in deletes if step.ref.name.removeprefix("metallb-") in nodes)


def _is_old(pod: Manifest, wanted: SpeaksBy | None) -> bool:
    return speaks_by(at(pod, "spec")) not in {None, wanted}


def _place(node: str, pod: Manifest | None, wanted: SpeaksBy | None, now: datetime) -> Place:
    if pod is None:
        return Place(node)
    if _is_old(pod, wanted):
        ref = ObjectRef("v1", "Pod", text_at(pod, "metadata", "namespace"), name_of(pod))
        uid = text_at(pod, "metadata", "uid")
        return Place(node, old=Delete(ref, uid), serves=podlist.is_ready(pod))
    since = time_of(text_at(condition_of(pod, "Ready"), "lastTransitionTime"))
    if since is None or not podlist.is_ready(pod):
        return Place(node)
    return Place(node, ready=max(0.0, (now - since).total_seconds()))


def _is_seen(by: SpeaksBy, sessions: Sessions) -> bool:
    return by.backend == "frr-k8s" and sessions.up is not None


def _is_late(place: Place, by: SpeaksBy, sessions: Sessions, patient: Patience) -> bool:
    """Whether the sessions of a node have had their time, and some are not up."""
    if not sessions.peers or not _is_seen(by, sessions) or not patient.longest:
        return False
    over = place.ready is not None and place.ready >= max(patient.longest, patient.least)
    return over and bool(_lacking(place.node, sessions))


def _lacking(node: str, sessions: Sessions) -> frozenset[Peer]:
    return sessions.wanted.get(node, frozenset()) - (sessions.up or {}).get(node, frozenset())


def _down_everywhere(lacking: Mapping[str, frozenset[Peer]], sessions: Sessions) -> frozenset[Peer]:
    """Return the peers that nobody reaches: they were waited for once, which is enough."""
    up = frozenset().union(*(sessions.up or {}).values())
    return frozenset().union(*lacking.values()) - up


def _awaited(
    place: Place,
    by: SpeaksBy,
    sessions: Sessions,
    patient: Patience,
    down: frozenset[Peer],
) -> str:
    """Return what a node is waited for; "" if nothing."""
    if place.ready is None:
        return "its speaker is not ready"
    if place.ready < patient.least:
        return f"its speaker is ready for less than {patient.least:.0f} s"
    # FRR beside the speaker is ready when its sessions are up: its startup probe sees to that.
    if not sessions.peers or not patient.longest or by.backend == "frr":
        return ""
    if not _is_seen(by, sessions):
        blind = f"its sessions cannot be seen and are given {patient.blind:.0f} s"
        return blind if place.ready < patient.blind else ""
    return _unheard(place.node, place.ready, sessions, patient, down)


def _unheard(
    node: str, ready: float, sessions: Sessions, patient: Patience, down: frozenset[Peer]
) -> str:
    """Return which sessions of a node are awaited, with a speaker ready for so many seconds."""
    if node not in sessions.wanted:
        return "its speaker has told frr-k8s nothing" if ready < patient.longest else ""
    if not sessions.wanted[node]:
        return "its speaker asks for no session" if ready < _QUIET_SECONDS else ""
    missing = [str(peer) for peer in sorted(_lacking(node, sessions) - down)]
    return f"sessions with {listed(missing)} are not reported up" if missing else ""


def _overdue(node: str, missing: Iterable[Peer], patient: Patience) -> str:
    peers = listed([str(peer) for peer in sorted(missing)])
    return f"node {node}: sessions with {peers} are not reported up after {patient.longest:.0f} s"


def _is_speaker(manifest: Manifest) -> bool:
    return (manifest["kind"], name_of(manifest)) == SPEAKER


def _notes(manifest: Manifest) -> Mapping[str, Any]:
    return at(manifest, "metadata", "annotations") or {}

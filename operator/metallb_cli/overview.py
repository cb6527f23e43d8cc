"""What `status` tells: from everything observed to one frozen value. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from metallb_cli.attendance import Attendance, Silence, silence, unanswered
from metallb_cli.pending import class_served, is_ours, is_pending, reason
from metallb_kube.objects import Manifest
from metallb_operator.fields import at, count_at, name_of, text_at

_NEWEST: Final = 10
_WANTED: Final = {
    "Available": "True",
    "Degraded": "False",
    "PreflightPassed": "True",
    "ConfigurationValid": "True",
}
_ORDINARY: Final = frozenset({"DaemonSet", "Deployment", "Lease", "Pod", "ReplicaSet"})
"""Kinds whose Events of type Normal fill the screen at every rollout."""
_UP: Final = "Established"


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read of a cluster.

    Attributes:
        metallb: None if there is no such object.
        namespaces: labels by name.
        events: of MetalLB's namespace, and those about Services.
        attendance: what was read of the operator and of the webhooks.
        unread: kinds that could not be read.
    """

    metallb: Manifest | None = None
    pools: tuple[Manifest, ...] = ()
    peers: tuple[Manifest, ...] = ()
    sessions: tuple[Manifest, ...] = ()
    services: tuple[Manifest, ...] = ()
    events: tuple[Manifest, ...] = ()
    attendance: Attendance = field(default_factory=lambda: Attendance(""))
    namespaces: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unread: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Overview:
    """One screen; each row is a map, as JSON shows it.

    Attributes:
        silence: since when nobody looks, and why; "" while the operator looks.
        as_of: the time that version, backend, conditions and components are of, where nobody has
            looked since; "" if they are of now, or if nobody has looked ever.
        problems: why MetalLB counts as not healthy, the silence first.
    """

    healthy: bool
    silence: str
    as_of: str
    version: str
    backend: str
    problems: tuple[str, ...]
    conditions: tuple[Mapping[str, Any], ...]
    components: tuple[Mapping[str, Any], ...]
    pools: tuple[Mapping[str, Any], ...]
    peers: tuple[Mapping[str, Any], ...]
    sessions: tuple[Mapping[str, Any], ...]
    pending: tuple[Mapping[str, Any], ...]
    events: tuple[Mapping[str, Any], ...]
    unread: tuple[str, ...]


def overview(seen: Seen, now: datetime) -> Overview:
    """Return what is to be told.

    Args:
        seen: what was read.
        now: the time, with a time zone.
    """
    found = seen.metallb or {}
    silent = silence(seen.attendance, now)
    problems = tuple(_problems(seen, silent))
    return Overview(
        healthy=not problems,
        silence=silent.text if silent else "",
        as_of=silent.since if silent else "",
        version=text_at(found, "status", "version"),
        backend=text_at(found, "status", "backend"),
        problems=problems,
        conditions=tuple(at(found, "status", "conditions") or ()),
        components=tuple(at(found, "status", "components") or ()),
        pools=tuple(map(_pool, seen.pools)),
        peers=tuple(map(_peer, seen.peers)),
        sessions=tuple(map(_session, seen.sessions)),
        pending=tuple(_pending(seen)),
        events=tuple(_events(seen.events)),
        unread=seen.unread,
    )


def _problems(seen: Seen, silent: Silence | None) -> Iterator[str]:
    if silent:
        yield silent.text
    if unheard := unanswered(seen.attendance):
        yield unheard
    yield from _standing(seen)


def _standing(seen: Seen) -> Iterator[str]:
    """Yield what the cluster's objects say."""
    if seen.metallb is None:
        yield "there is no MetalLB object; create one named metallb"
        return
    conditions = {c.get("type"): c for c in at(seen.metallb, "status", "conditions") or ()}
    if not conditions:
        yield "the MetalLB object has no status: does the operator run?"
    for kind, wanted in _WANTED.items():
        condition = conditions.get(kind)
        if condition and condition.get("status") != wanted:
            yield f"{kind} is {condition.get('status')}: {condition.get('message')}"
    for session in map(_session, seen.sessions):
        if session["bgp"] != _UP:
            yield (
                f"the BGP session of {session['node']} with {session['peer']} is {session['bgp']}"
            )
    served = class_served(seen.metallb)
    waiting = [s for s in seen.services if is_pending(s) and is_ours(s, served)]
    if waiting:
        yield f"{len(waiting)} Services of type LoadBalancer have no address"


def _pool(pool: Manifest) -> Mapping[str, Any]:
    known = isinstance(at(pool, "status"), Mapping)
    used = sum(count_at(pool, "status", f"assigned{family}") for family in ("IPv4", "IPv6"))
    free = sum(count_at(pool, "status", f"available{family}") for family in ("IPv4", "IPv6"))
    return {
        "name": name_of(pool),
        "addresses": list(at(pool, "spec", "addresses") or ()),
        "assigned": used if known else None,
        "available": free if known else None,
    }


def _peer(peer: Manifest) -> Mapping[str, Any]:
    spec = peer.get("spec") or {}
    return {
        "name": name_of(peer),
        "address": spec.get("peerAddress") or spec.get("interface") or "",
        "myASN": spec.get("myASN"),
        "peerASN": spec.get("peerASN") or spec.get("dynamicASN"),
    }


def _session(session: Manifest) -> Mapping[str, Any]:
    status = session.get("status") or {}
    return {
        "node": status.get("node") or "",
        "peer": status.get("peer") or "",
        "vrf": status.get("vrf") or "",
        "bgp": status.get("bgpStatus") or "unknown",
        "bfd": status.get("bfdStatus") or "",
    }


def _pending(seen: Seen) -> Iterator[Mapping[str, Any]]:
    for service in filter(is_pending, seen.services):
        yield {
            "namespace": text_at(service, "metadata", "namespace"),
            "name": name_of(service),
            "reason": _reason(service, seen) or "not known; see the controller's log",
        }


def _reason(service: Manifest, seen: Seen) -> str:
    served = class_served(seen.metallb)
    if is_ours(service, served) and "IPAddressPool" in seen.unread:
        return _told(service, seen.events) or "IPAddressPools cannot be read"
    known = reason(service, seen.pools, seen.namespaces, served, seen.services)
    return known or _told(service, seen.events)


def _told(service: Manifest, events: Iterable[Manifest]) -> str:
    """Return what MetalLB said of a Service last."""
    about = [e for e in events if at(e, "involvedObject", "uid") == at(service, "metadata", "uid")]
    warnings = [e for e in about if text_at(e, "type") == "Warning"]
    return text_at(max(warnings, key=_time), "message") if warnings else ""


def _events(events: Iterable[Manifest]) -> Iterator[Mapping[str, Any]]:
    shown = filter(_is_telling, events)
    for event in sorted(shown, key=_time, reverse=True)[:_NEWEST]:
        about = event.get("involvedObject") or {}
        yield {
            "time": _time(event),
            "type": text_at(event, "type"),
            "about": f"{about.get('kind')} {about.get('name')}",
            "reason": text_at(event, "reason"),
            "message": text_at(event, "message"),
        }


def _is_telling(event: Manifest) -> bool:
    """Whether an Event says more than that a pod went its ordinary way."""
    about = text_at(event, "involvedObject", "kind")
    return text_at(event, "type") != "Normal" or about not in _ORDINARY


def _time(event: Manifest) -> str:
    times = (event.get("lastTimestamp"), event.get("eventTime"), event.get("firstTimestamp"))
    return next((str(time) for time in times if time), "")

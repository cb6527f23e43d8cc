"""Rules on FRRConfiguration about its neighbors: who they are, how they are spoken to."""

from collections.abc import Iterator
from typing import Final

from metallb_crds.frrk8s_v1beta1 import FRRConfiguration
from metallb_webhooks.addresses import AddressError, parse_ip
from metallb_webhooks.durations import SECOND, DurationError, parse
from metallb_webhooks.rules.base import Problem, Request, Rule
from metallb_webhooks.rules.frrsessions import sessions, where_applied

HOLD_MIN: Final = 3 * SECOND
"""Shortest hold time that is not 0 (RFC 4271 §4.2)."""

MODES: Final = frozenset({"internal", "external"})


def _end(request: Request[FRRConfiguration]) -> Iterator[Problem]:
    for session in sessions(request.subject):
        address, interface = session.neighbor.address, session.neighbor.interface
        if not address and not interface:
            yield session.path, "the neighbor has no address; give one, or an interface"
        elif address and interface:
            message = f"address {address!r} and interface {interface!r} are both given; remove one"
            yield session.path, message
        elif address:
            try:
                parse_ip(address)
            except AddressError as error:
                yield f"{session.path}.address", str(error)


def _asn(request: Request[FRRConfiguration]) -> Iterator[Problem]:
    for session in sessions(request.subject):
        asn, dynamic = session.neighbor.asn, session.neighbor.dynamic_asn
        if not asn and not dynamic:
            yield session.path, "the neighbor has no AS number; give asn, or dynamicASN"
        elif asn and dynamic:
            message = f"asn {asn} and dynamicASN {dynamic!r} are both given; remove one"
            yield session.path, message
        elif dynamic and dynamic not in MODES:
            message = f"{dynamic!r} is not known; write internal or external"
            yield f"{session.path}.dynamicASN", message


def _local_asn(request: Request[FRRConfiguration]) -> Iterator[Problem]:
    for session in sessions(request.subject):
        neighbor = session.neighbor
        if neighbor.local_asn and neighbor.asn and neighbor.asn == session.router.asn:
            message = (
                f"the neighbor is in the router's own AS {neighbor.asn}, where FRR shows no other"
                " number; remove localASN"
            )
            yield f"{session.path}.localASN", message


def _duration(request: Request[FRRConfiguration]) -> Iterator[Problem]:
    for session in sessions(request.subject):
        times = {
            "holdTime": session.neighbor.hold_time,
            "keepaliveTime": session.neighbor.keepalive_time,
            "connectTime": session.neighbor.connect_time,
        }
        for field, text in times.items():
            try:
                parse("0s" if text is None else text)
            except DurationError as error:
                message = f"{text!r} is no duration: {error}; write one such as 90s"
                yield f"{session.path}.{field}", message


def _timers(request: Request[FRRConfiguration]) -> Iterator[Problem]:
    for session in sessions(request.subject):
        hold, keepalive = session.neighbor.hold_time, session.neighbor.keepalive_time
        if hold is None and keepalive is None:
            continue
        if hold is None or keepalive is None:
            missing = "holdTime" if hold is None else "keepaliveTime"
            message = f"{missing} is missing; give both times, or neither"
            yield session.path, message
        elif (times := _parsed(hold, keepalive)) is not None:
            # Both are counted in whole seconds, but only the bound of 3 s is checked so.
            if not -SECOND < times[0] < SECOND and times[0] < HOLD_MIN:
                message = f"{hold!r} is too short; write 0s for never, or at least 3s"
                yield f"{session.path}.holdTime", message
            if times[1] > times[0]:
                message = f"{keepalive!r} is longer than holdTime {hold!r}; write a third of it"
                yield f"{session.path}.keepaliveTime", message


def _parsed(hold: str, keepalive: str) -> tuple[int, int] | None:
    try:
        return parse(hold), parse(keepalive)
    except DurationError:
        return None


def _password(request: Request[FRRConfiguration]) -> Iterator[Problem]:
    for session in sessions(request.subject):
        if session.neighbor.password and session.neighbor.password_secret.name:
            message = "password and passwordSecret are both given; remove the password"
            yield f"{session.path}.password", message


def _profile(request: Request[FRRConfiguration]) -> Iterator[Problem]:
    defined = {profile.name for profile in request.subject.spec.bgp.bfd_profiles}
    for session in sessions(request.subject):
        name = session.neighbor.bfd_profile
        if name and name not in defined:
            message = (
                f"spec.bgp.bfdProfiles defines no {name!r}; define it in this object, where"
                " frr-k8s looks for it"
            )
            yield f"{session.path}.bfdProfile", message


def _profile_repeated(request: Request[FRRConfiguration]) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for place, profile in enumerate(request.subject.spec.bgp.bfd_profiles):
        first = seen.setdefault(profile.name, place)
        if first != place:
            message = (
                f"{profile.name!r} is defined already by spec.bgp.bfdProfiles[{first}]; remove one"
                " of them"
            )
            yield f"spec.bgp.bfdProfiles[{place}].name", message


FRR_NEIGHBOR_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "frr-neighbor-end",
        "A neighbor has an IP address or an interface, and not both",
        where_applied(_end),
        source="FRRC-09",
    ),
    Rule(
        "frr-neighbor-asn",
        "A neighbor has an AS number or a dynamic one, and not both",
        where_applied(_asn),
        source="FRRC-09",
    ),
    Rule(
        "frr-local-asn-internal",
        "localASN is for neighbors in another autonomous system",
        where_applied(_local_asn),
        source="FRRC-10",
    ),
    Rule(
        "frr-duration-syntax",
        "Times are durations that frr-k8s can read",
        _duration,  # objects for no node are read as well
        source="GEN-02",
    ),
    Rule(
        "frr-timers",
        "Both timers are given or neither; the hold time is 0 or at least 3s, and not the shorter",
        where_applied(_timers),
        source="FRRC-11",
    ),
    Rule(
        "frr-password-twice",
        "A password is given in clear text or by a Secret, not both",
        where_applied(_password),
        source="FRRC-12",
    ),
    Rule(
        "frr-bfd-unknown",
        "The BFD profile of a neighbor is defined in the same object",
        where_applied(_profile),
        source="FRRC-03",
    ),
    Rule(
        "frr-bfd-repeated",
        "No BFD profile is defined twice in an object",
        where_applied(_profile_repeated),
        source="FRRC-02",
    ),
)

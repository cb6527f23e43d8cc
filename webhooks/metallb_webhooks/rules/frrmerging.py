"""Rules on FRRConfiguration about what frr-k8s merges: routers, sessions and BFD profiles.

Objects for the same node are merged, and so are parts of one object: routers of the same VRF, and
sessions of the same identity. What is merged must agree. Two objects are held against each other
only if frr-k8s reads both, and a Node is there that both are for.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Final

from metallb_crds.frrk8s_v1beta1 import FRRBFDProfile, FRRConfiguration, Neighbor
from metallb_webhooks.durations import SECOND, DurationError, parse
from metallb_webhooks.rules.base import Problem, Request, Rule
from metallb_webhooks.rules.frrsessions import (
    Session,
    families,
    place_of,
    routers,
    sessions,
    where_applied,
)

PORT: Final = 179
HOLD_TIME: Final = "180s"
KEEPALIVE_TIME: Final = "60s"
CONNECT_TIME: Final = "60s"

_PASSWORD: Final = "password"  # noqa: S105 - the name of a field

MAY_BE_ABSENT: Final = frozenset({"id", "bfdProfile"})
"""Fields that agree with whatever the other says as long as one of the two says nothing."""


@dataclass(frozen=True, slots=True)
class Statement:
    """Something that an object says and that others must not contradict.

    Attributes:
        thing: what it is said of, for people and to compare.
        field: which aspect of it; statements about the same aspect must have the same value.
        path: where it is said.
    """

    thing: str
    field: str
    path: str
    value: object


def _merged(request: Request[FRRConfiguration]) -> Iterator[Problem]:
    """Yield what is contradicted: within the object first, then by others."""
    own: dict[tuple[str, str], Statement] = {}
    for said in statements(request.subject):
        first = own.setdefault((said.thing, said.field), said)
        if first.value != said.value:
            yield said.path, f"{first.path} says otherwise about {said.thing}; let the two agree"
    told: set[str] = set()
    for other in _neighbors(request):
        for said in statements(other):
            if said.field == _PASSWORD and not request.is_trusted:
                continue
            mine = own.get((said.thing, said.field))
            if mine and mine.value != said.value and mine.path not in told:
                told.add(mine.path)
                yield mine.path, _message(said, other)


def _message(said: Statement, other: FRRConfiguration) -> str:
    where = f"{other.metadata.namespace}/{other.metadata.name}"
    return (
        f"FRRConfiguration {where!r} ({said.path}) is for the same node and says otherwise about"
        f" {said.thing}: frr-k8s would configure nothing there. Let the two agree"
    )


def _neighbors(request: Request[FRRConfiguration]) -> Iterator[FRRConfiguration]:
    """Yield the other objects that are for one of the object's nodes, each once."""
    meta, place = request.subject.metadata, place_of(request)
    if meta.namespace != place:
        return
    selector = request.subject.spec.node_selector
    for other in request.snapshot.frr_configurations_on(selector):
        if other.metadata.namespace == place and other.metadata.name != meta.name:
            yield other


def statements(
    config: FRRConfiguration, may_be_absent: Collection[str] = MAY_BE_ABSENT
) -> Iterator[Statement]:
    """Yield what an object says, without fields that may be and are absent."""
    said = chain(
        _about_routers(config),
        chain.from_iterable(map(_about_session, sessions(config))),
        _about_profiles(config),
    )
    return (one for one in said if one.value or one.field not in may_be_absent)


def _about_routers(config: FRRConfiguration) -> Iterator[Statement]:
    for path, router in routers(config):
        thing = f"the router of {_vrf(router.vrf)}"
        yield Statement(thing, "asn", f"{path}.asn", router.asn)
        yield Statement(thing, "id", f"{path}.id", router.id)


def _about_session(session: Session) -> Iterator[Statement]:
    vrf, end = session.identity
    thing = f"neighbor {end!r} of {_vrf(vrf)}"
    for field, value in _traits(session.neighbor).items():
        yield Statement(thing, field, f"{session.path}.{field}", value)
    for place, entry in enumerate(session.neighbor.to_advertise.with_local_pref):
        path = f"{session.path}.toAdvertise.withLocalPref[{place}]"
        for prefix in entry.prefixes:
            yield Statement(f"{prefix!r} for {thing}", "localPref", path, entry.local_pref)


def _vrf(name: str) -> str:
    return f"VRF {name!r}" if name else "the default VRF"


def _traits(neighbor: Neighbor) -> Mapping[str, object]:
    """Return what must be the same in two descriptions of a session, by field."""
    return {
        "asn": neighbor.dynamic_asn or neighbor.asn,
        "port": PORT if neighbor.port is None else neighbor.port,
        "sourceaddress": neighbor.sourceaddress,
        _PASSWORD: neighbor.password,
        "bfdProfile": neighbor.bfd_profile,
        "ebgpMultiHop": neighbor.ebgp_multi_hop,
        "dualStackAddressFamily": families(neighbor),
        "holdTime": _seconds(neighbor.hold_time, HOLD_TIME),
        "keepaliveTime": _seconds(neighbor.keepalive_time, KEEPALIVE_TIME),
        "connectTime": _seconds(neighbor.connect_time, CONNECT_TIME),
        "localASN": neighbor.local_asn or 0,
    }


def _seconds(text: str | None, default: str) -> int | str:
    """Return whole seconds, truncated as in Go; the text itself if it is no duration."""
    found = default if text is None else text
    try:
        nanoseconds = parse(found)
    except DurationError:
        return found
    seconds = abs(nanoseconds) // SECOND
    return seconds if nanoseconds >= 0 else -seconds


def _about_profiles(config: FRRConfiguration) -> Iterator[Statement]:
    seen: set[str] = set()
    for place, profile in enumerate(config.spec.bgp.bfd_profiles):
        if profile.name not in seen:
            seen.add(profile.name)
            path = f"spec.bgp.bfdProfiles[{place}]"
            thing = f"BFD profile {profile.name!r}"
            yield Statement(thing, "settings", path, _settings(profile))


def _settings(profile: FRRBFDProfile) -> object:
    return (
        profile.receive_interval,
        profile.transmit_interval,
        profile.detect_multiplier,
        profile.echo_interval,
        profile.minimum_ttl,
        bool(profile.echo_mode),
        bool(profile.passive_mode),
    )


FRR_MERGING_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "frr-merge",
        "Routers of a VRF, descriptions of a neighbor and BFD profiles of a name agree",
        where_applied(_merged),
        source="FRRC-02, FRRC-07, FRRC-14, FRRC-15, GAP-32",
        by_backend=True,
    ),
)

"""Rules on FRRConfiguration about prefixes: of routers, told to neighbors, accepted from them."""

from collections.abc import Iterator, Sequence
from typing import Final

from metallb_crds.frrk8s_v1beta1 import FRRConfiguration, PrefixSelector
from metallb_webhooks.addresses import AddressError, parse_cidr
from metallb_webhooks.communities import CommunityError, is_community, parse
from metallb_webhooks.rules.base import Problem, Request, Rule
from metallb_webhooks.rules.frrsessions import (
    ALL,
    DEFAULT_VRF,
    Session,
    families,
    prefix_family,
    routers,
    sessions,
    where_applied,
)

UINT32_MAX: Final = (1 << 32) - 1


def _router_prefix(request: Request[FRRConfiguration]) -> Iterator[Problem]:
    for path, router in routers(request.subject):
        for place, prefix in enumerate(router.prefixes):
            try:
                parse_cidr(prefix)
            except AddressError as error:
                yield f"{path}.prefixes[{place}]", str(error)


def _import(request: Request[FRRConfiguration]) -> Iterator[Problem]:
    vrfs = _prefixes_by_vrf(request.subject)
    for path, router in routers(request.subject):
        for place, one in enumerate(router.imports):
            if _vrf(one.vrf) not in vrfs:
                message = (
                    f"no router of this object is in VRF {one.vrf!r}; define one, or drop the"
                    " import"
                )
                yield f"{path}.imports[{place}].vrf", message


def _told_family(request: Request[FRRConfiguration]) -> Iterator[Problem]:
    for session in sessions(request.subject):
        spoken = families(session.neighbor)
        for path, prefixes in _listed_prefixes(session):
            for place, prefix in enumerate(prefixes):
                family = prefix_family(prefix)
                if family is None:
                    message = f"{prefix!r} is no prefix; write one such as 192.0.2.0/24"
                    yield f"{path}[{place}]", message
                elif spoken and family not in spoken:
                    message = (
                        f"the session with the neighbor does not carry IPv{family}; leave"
                        f" {prefix!r} out, or set dualStackAddressFamily"
                    )
                    yield f"{path}[{place}]", message


def _told_known(request: Request[FRRConfiguration]) -> Iterator[Problem]:
    by_vrf = _prefixes_by_vrf(request.subject)
    known: dict[str, frozenset[str]] = {}
    for session in sessions(request.subject):
        where = session.path.rpartition(".neighbors")[0]
        if where not in known:
            imported = (by_vrf.get(_vrf(one.vrf), ()) for one in session.router.imports)
            known[where] = frozenset(session.router.prefixes).union(*imported)
        yield from _strangers(session, known[where])


def _strangers(session: Session, known: frozenset[str]) -> Iterator[Problem]:
    """Yield prefixes that the router does not have, and attributes of prefixes that are not told.

    Prefixes are compared as they are written.
    """
    allowed = session.neighbor.to_advertise.allowed
    told = known if allowed.mode == ALL else frozenset(allowed.prefixes)
    for path, prefixes in _listed_prefixes(session):
        listing = path.endswith(".allowed.prefixes")
        for place, prefix in enumerate(prefixes):
            if prefix not in (known if listing else told):
                message = (
                    f"{prefix!r} is not among the prefixes of the router and of what it imports;"
                    " add it there"
                    if listing
                    else f"the neighbor is not told of {prefix!r}; add it to allowed.prefixes, or"
                    " to the router's if the mode is all"
                )
                yield f"{path}[{place}]", message


def _attribute_repeated(request: Request[FRRConfiguration]) -> Iterator[Problem]:
    for session in sessions(request.subject):
        told = session.neighbor.to_advertise
        path = f"{session.path}.toAdvertise"
        yield from _repeated(
            f"{path}.withLocalPref",
            [(str(one.local_pref), one.prefixes) for one in told.with_local_pref],
        )
        yield from _repeated(
            f"{path}.withCommunity",
            [
                (str(parse(one.community)), one.prefixes)
                if is_community(one.community)
                else (one.community, ())
                for one in told.with_community
            ],
        )


def _repeated(path: str, entries: Sequence[tuple[str, Sequence[str]]]) -> Iterator[Problem]:
    """Yield entries for what an earlier one has prefixes for, and prefixes listed twice in one."""
    seen: dict[str, int] = {}
    for place, (value, prefixes) in enumerate(entries):
        if value in seen:
            message = f"{value} has an entry already, {path}[{seen[value]}]; merge the two"
            yield f"{path}[{place}]", message
        if prefixes:
            seen.setdefault(value, place)
        known: set[str] = set()
        for index, prefix in enumerate(prefixes):
            if prefix in known:
                message = f"{prefix!r} is listed twice; remove one of them"
                yield f"{path}[{place}].prefixes[{index}]", message
            known.add(prefix)


def _local_pref_range(request: Request[FRRConfiguration]) -> Iterator[Problem]:
    for session in sessions(request.subject):
        for place, entry in enumerate(session.neighbor.to_advertise.with_local_pref):
            if not 0 <= entry.local_pref <= UINT32_MAX:
                message = (
                    f"frr-k8s cannot read {entry.local_pref}; write a number from 0 to {UINT32_MAX}"
                )
                yield f"{session.path}.toAdvertise.withLocalPref[{place}].localPref", message


def _community(request: Request[FRRConfiguration]) -> Iterator[Problem]:
    for session in sessions(request.subject):
        for place, entry in enumerate(session.neighbor.to_advertise.with_community):
            try:
                parse(entry.community)
            except CommunityError as error:
                path = f"{session.path}.toAdvertise.withCommunity[{place}].community"
                yield path, str(error)


def _accepted(request: Request[FRRConfiguration]) -> Iterator[Problem]:
    for session in sessions(request.subject):
        allowed = session.neighbor.to_receive.allowed
        for place, selector in enumerate(allowed.prefixes if allowed.mode != ALL else ()):
            path = f"{session.path}.toReceive.allowed.prefixes[{place}]"
            try:
                parse_cidr(selector.prefix)
            except AddressError as error:
                yield f"{path}.prefix", str(error)
            else:
                yield from _lengths(path, selector)


def _lengths(path: str, selector: PrefixSelector) -> Iterator[Problem]:
    """Yield what breaks prefix length <= ge <= le; 0 counts as absent."""
    length = int(selector.prefix.rpartition("/")[2])
    least, most = selector.ge or 0, selector.le or 0
    if 0 < most < least:
        yield f"{path}.ge", f"ge {least} is greater than le {most}; swap them"
    for field, value in (("le", most), ("ge", least)):
        if 0 < value < length:
            message = (
                f"no prefix in {selector.prefix!r} has length {value}; write at least {length}"
            )
            yield f"{path}.{field}", message


def _listed_prefixes(session: Session) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield every list of prefixes to announce, with its path, as far as frr-k8s reads it."""
    told = session.neighbor.to_advertise
    path = f"{session.path}.toAdvertise"
    if told.allowed.mode != ALL:
        yield f"{path}.allowed.prefixes", told.allowed.prefixes
    for place, preferred in enumerate(told.with_local_pref):
        yield f"{path}.withLocalPref[{place}].prefixes", preferred.prefixes
    for place, marked in enumerate(told.with_community):
        yield f"{path}.withCommunity[{place}].prefixes", marked.prefixes


def _prefixes_by_vrf(config: FRRConfiguration) -> dict[str, tuple[str, ...]]:
    """Return the prefixes to import from each VRF: those of its last router."""
    return {router.vrf: router.prefixes for _, router in routers(config)}


def _vrf(imported: str) -> str:
    return "" if imported == DEFAULT_VRF else imported


FRR_PREFIX_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "frr-router-prefix",
        "The prefixes of a router are prefixes",
        where_applied(_router_prefix),
        source="FRRC-04",
    ),
    Rule(
        "frr-import-unknown",
        "The VRFs that are imported have a router in the same object",
        where_applied(_import),
        source="FRRC-05",
    ),
    Rule(
        "frr-told-family",
        "Prefixes for a neighbor are prefixes of a family that its session carries",
        where_applied(_told_family),
        source="FRRC-06",
    ),
    Rule(
        "frr-told-unknown",
        "Neighbors are told of prefixes that the router has, with attributes of what they are told",
        where_applied(_told_known),
        source="FRRC-06",
    ),
    Rule(
        "frr-attribute-repeated",
        "A local preference or community has one entry a neighbor, which repeats no prefix",
        where_applied(_attribute_repeated),
        source="FRRC-07",
    ),
    Rule(
        "frr-local-pref-range",
        "localPref is such that frr-k8s can read it",
        _local_pref_range,  # objects for no node are read as well
        source="GEN-02",
    ),
    Rule(
        "frr-community-syntax",
        "A community is two numbers, or large: and three",
        where_applied(_community),
        source="FRRC-08",
    ),
    Rule(
        "frr-accepted-prefix",
        "Prefixes to accept are prefixes, no longer than ge, which is not above le",
        where_applied(_accepted),
        source="FRRC-13",
    ),
)

"""Rules on BGPAdvertisement that look at the pools which it selects."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Final

from metallb_crds.backend import Backend
from metallb_crds.config_v1beta1 import BGPAdvertisement, IPAddressPool
from metallb_crds.meta import LabelSelector
from metallb_webhooks.labelselectors import can_meet
from metallb_webhooks.reading import NAMED_PROBLEMS
from metallb_webhooks.rules.announcing import (
    IPV4,
    IPV6,
    alike,
    collide,
    common_pool,
    echo_sessions,
    ipv6_entries,
    misfits,
)
from metallb_webhooks.rules.base import Problem, Request, Rule, Severity
from metallb_webhooks.rules.bgpcommunities import COMMUNITIES_MAX
from metallb_webhooks.rules.generic import listed
from metallb_webhooks.snapshot import selection

SELECTION: Final = "spec.ipAddressPools"
"""Where a problem with a selected pool is put, however it is selected."""


def _aggregation(request: Request[BGPAdvertisement]) -> Iterator[Problem]:
    spec, snapshot = request.subject.spec, request.snapshot
    hard = chain(
        snapshot.pools_longer_than(IPV4, spec.aggregation_length),
        snapshot.pools_longer_than(IPV6, spec.aggregation_length_v6),
    )
    for pool in _selected(request, {pool.metadata.name: pool for pool in hard}.values()):
        worst: dict[str, tuple[int, str]] = {}
        for misfit in misfits(request.subject, pool):
            worst[misfit.field] = max(
                (misfit.shortest, misfit.entry), worst.get(misfit.field, (-1, ""))
            )
        for field, (shortest, entry) in worst.items():
            message = (
                f"IPAddressPool {pool.metadata.name!r} holds {entry!r}, whose largest prefix is a"
                f" /{shortest}; use at least {shortest}, or select other pools"
            )
            yield f"spec.{field}", message


def _ipv6_native(request: Request[BGPAdvertisement]) -> Iterator[Problem]:
    if request.backend is not Backend.NATIVE:
        return
    for pool in _selected(request, request.snapshot.pools_of_family(IPV6)):
        entry = next(ipv6_entries(pool), None)
        if entry:
            message = (
                f"the native backend does not announce IPv6, but IPAddressPool"
                f" {pool.metadata.name!r} holds {entry[1]!r}; select other pools only, or use the"
                " backend frr-k8s"
            )
            yield SELECTION, message


def _selected(
    request: Request[BGPAdvertisement], pools: Iterable[IPAddressPool]
) -> Iterator[IPAddressPool]:
    """Yield those of some pools that the advertisement selects, as many as a message names."""
    return islice(filter(selection(request.subject), pools), NAMED_PROBLEMS)


def _local_pref(request: Request[BGPAdvertisement]) -> Iterator[Problem]:
    for other, pool in islice(_rivals(request, _announce_alike), NAMED_PROBLEMS):
        message = (
            f"BGPAdvertisement {other.metadata.name!r} (localPref {other.spec.local_pref})"
            f" announces the same routes of IPAddressPool {pool.metadata.name!r} to the same peers;"
            " give both the same localPref, or let them differ in pools, peers, nodes or"
            " aggregation"
        )
        yield "spec.localPref", message


def _local_pref_services(request: Request[BGPAdvertisement]) -> Iterator[Problem]:
    for other, _ in islice(_rivals(request, _select_same_service), NAMED_PROBLEMS):
        message = (
            f"a Service that BGPAdvertisement {other.metadata.name!r} (localPref"
            f" {other.spec.local_pref}) selects as well would not be announced at all; give both"
            " the same localPref, or select different Services, peers or nodes"
        )
        yield "spec.localPref", message


def _merged(request: Request[BGPAdvertisement]) -> Iterator[Problem]:
    """Yield that a route would get too many communities: the native backend adds them all up.

    Several names for one community may be counted more than once, hence no denial.
    """
    adv, snapshot = request.subject, request.snapshot
    if request.backend is not Backend.NATIVE or not adv.spec.communities:
        return
    if len(snapshot.listed_communities()) <= COMMUNITIES_MAX:
        return
    own = frozenset(adv.spec.communities)
    for pool in snapshot.pools_of_advertisement(adv):
        beside = [
            other
            for other in snapshot.bgp_advertisements_for_pool(pool)
            if other.metadata.name != adv.metadata.name
            and not own.issuperset(other.spec.communities)
            and collide(adv, other, pool, snapshot)
        ]
        total = own.union(*(each.spec.communities for each in beside))
        if beside and len(total) > COMMUNITIES_MAX:
            names = listed(sorted(repr(other.metadata.name) for other in beside))
            message = (
                f"with those of BGPAdvertisement {names}, which announces the same routes of"
                f" IPAddressPool {pool.metadata.name!r}, there are {len(total)} communities, and"
                f" the native backend attaches at most {COMMUNITIES_MAX}: the Services would not be"
                " announced. List fewer, or let them differ in pools, peers, nodes or aggregation"
            )
            yield "spec.communities", message
            return


def _rivals(
    request: Request[BGPAdvertisement],
    contradicts: Callable[[BGPAdvertisement, BGPAdvertisement], bool],
) -> Iterator[tuple[BGPAdvertisement, IPAddressPool]]:
    """Yield advertisements that ask for another localPref for the same routes, each with a pool.

    Which pools there are is asked for last: there may be many, and few ask for another localPref.
    """
    adv, snapshot = request.subject, request.snapshot
    known = snapshot.bgp_advertisements
    for local_pref, names in snapshot.local_prefs().items():
        for name in names if local_pref != adv.spec.local_pref else ():
            other = known[name]
            versions = contradicts(adv, other) and alike(adv, other, snapshot)
            pool = common_pool(adv, other, versions, snapshot) if versions else None
            if pool is not None:
                yield other, pool


def _announce_alike(one: BGPAdvertisement, other: BGPAdvertisement) -> bool:
    """Tell whether neither is for some Services only: MetalLB does not tell before it announces."""
    return not one.spec.service_selectors and not other.spec.service_selectors


def _select_same_service(one: BGPAdvertisement, other: BGPAdvertisement) -> bool:
    """Tell whether a Service can be selected by both, and one of them selects Services at all."""
    mine, theirs = one.spec.service_selectors, other.spec.service_selectors
    if not mine and not theirs:
        return False
    every = (LabelSelector(),)
    return any(can_meet(a, b) for a in mine or every for b in theirs or every)


def _bfd_echo(request: Request[BGPAdvertisement]) -> Iterator[Problem]:
    session = next(echo_sessions(request.subject, request.snapshot), None)
    if session is None:
        return
    peer, profile = session
    for pool in islice(_selected(request, request.snapshot.pools_of_family(IPV6)), 1):
        message = (
            f"IPAddressPool {pool.metadata.name!r} has IPv6 addresses and would be announced to"
            f" BGPPeer {peer.metadata.name!r}, whose BFDProfile {profile.metadata.name!r} has"
            " echoMode: speakers would refuse the whole configuration. Turn echoMode off, or"
            " announce to other peers"
        )
        yield SELECTION, message


BGP_POOL_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "bgp-aggregation-pool",
        "Aggregation lengths are long enough for every entry of the pools",
        _aggregation,
        source="ADV-07",
    ),
    Rule(
        "bgp-ipv6-native",
        "With the native backend no pool with IPv6 addresses is selected",
        _ipv6_native,
        source="ADV-14",
        by_backend=True,
    ),
    Rule(
        "bgp-local-pref",
        "No other advertisement announces the same routes with another localPref",
        _local_pref,
        source="ADV-08",
    ),
    Rule(
        "bgp-local-pref-services",
        "No other advertisement can select the same Service with another localPref",
        _local_pref_services,
        Severity.WARN,
        source="ADV-09, GAP-25",
    ),
    Rule(
        "bgp-communities-merged",
        f"With the native backend a route gets at most {COMMUNITIES_MAX} communities in all",
        _merged,
        Severity.WARN,
        source="ADV-17, GAP-26",
        by_backend=True,
    ),
    Rule(
        "bgp-bfd-echo",
        "No pool with IPv6 addresses is announced to a peer whose BFD profile has echoMode",
        _bfd_echo,
        source="BFD-05, GAP-13",
    ),
)

"""Rules on BGPAdvertisement that look at the pools which it selects."""

from collections.abc import Iterator
from typing import Final

from metallb_crds.backend import Backend
from metallb_crds.config_v1beta1 import BGPAdvertisement, IPAddressPool
from metallb_crds.meta import LabelSelector
from metallb_webhooks.labelselectors import can_meet
from metallb_webhooks.rules.announcing import (
    IPV6,
    clash,
    collide,
    echo_sessions,
    families,
    ipv6_entries,
    misfits,
    share_nodes,
)
from metallb_webhooks.rules.base import Problem, Request, Rule, Severity
from metallb_webhooks.rules.bgpcommunities import COMMUNITIES_MAX
from metallb_webhooks.rules.generic import listed

SELECTION: Final = "spec.ipAddressPools"
"""Where a problem with a selected pool is put, however it is selected."""


def _aggregation(request: Request[BGPAdvertisement]) -> Iterator[Problem]:
    for pool in request.snapshot.pools_of_advertisement(request.subject):
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
    for pool in request.snapshot.pools_of_advertisement(request.subject):
        entry = next(ipv6_entries(pool), None)
        if entry:
            message = (
                f"the native backend does not announce IPv6, but IPAddressPool"
                f" {pool.metadata.name!r} holds {entry[1]!r}; select other pools only, or use the"
                " backend frr-k8s"
            )
            yield SELECTION, message


def _local_pref(request: Request[BGPAdvertisement]) -> Iterator[Problem]:
    told: set[str] = set()
    for other, pool in _rivals(request):
        name = other.metadata.name
        if name not in told and clash(request.subject, other, pool, request.snapshot):
            told.add(name)
            message = (
                f"BGPAdvertisement {name!r} (localPref {other.spec.local_pref}) announces the same"
                f" routes of IPAddressPool {pool.metadata.name!r} to the same peers; give both the"
                " same localPref, or let them differ in pools, peers, nodes or aggregation"
            )
            yield "spec.localPref", message


def _local_pref_services(request: Request[BGPAdvertisement]) -> Iterator[Problem]:
    adv, told = request.subject, set[str]()
    for other, pool in _rivals(request):
        name = other.metadata.name
        if name in told or not _select_same_service(adv, other):
            continue
        if collide(adv, other, pool, request.snapshot):
            told.add(name)
            message = (
                f"a Service that BGPAdvertisement {name!r} (localPref {other.spec.local_pref})"
                " selects as well would not be announced at all; give both the same localPref, or"
                " select different Services, peers or nodes"
            )
            yield "spec.localPref", message


def _merged(request: Request[BGPAdvertisement]) -> Iterator[Problem]:
    """Yield that a route would get too many communities: the native backend adds them all up.

    Several names for one community may be counted more than once, hence no denial.
    """
    adv, snapshot = request.subject, request.snapshot
    if request.backend is not Backend.NATIVE or not adv.spec.communities:
        return
    for pool in snapshot.pools_of_advertisement(adv):
        beside = [
            other
            for other in snapshot.bgp_advertisements_for_pool(pool)
            if other.metadata.name != adv.metadata.name
            and not set(other.spec.communities) <= set(adv.spec.communities)
            and collide(adv, other, pool, snapshot)
        ]
        total = {*adv.spec.communities, *(one for each in beside for one in each.spec.communities)}
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
) -> Iterator[tuple[BGPAdvertisement, IPAddressPool]]:
    """Yield the advertisements of a pool and a node of ours that ask for another localPref."""
    adv, snapshot = request.subject, request.snapshot
    # Whether nodes are shared is dear to find out, and the same for every pool.
    meets: dict[str, bool] = {}
    for pool in snapshot.pools_of_advertisement(adv):
        for other in snapshot.bgp_advertisements_for_pool(pool):
            name, spec = other.metadata.name, other.spec
            if spec.local_pref == adv.spec.local_pref:
                continue
            if name not in meets:
                meets[name] = share_nodes(adv.spec.node_selectors, spec.node_selectors, snapshot)
            if meets[name]:
                yield other, pool


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
    for pool in request.snapshot.pools_of_advertisement(request.subject):
        if IPV6 in families(pool):
            message = (
                f"IPAddressPool {pool.metadata.name!r} has IPv6 addresses and would be announced to"
                f" BGPPeer {peer.metadata.name!r}, whose BFDProfile {profile.metadata.name!r} has"
                " echoMode: speakers would refuse the whole configuration. Turn echoMode off, or"
                " announce to other peers"
            )
            yield SELECTION, message
            return


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

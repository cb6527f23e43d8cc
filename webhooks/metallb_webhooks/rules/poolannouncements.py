"""Rules on IPAddressPool that look at the advertisements which select it."""

from collections.abc import Iterator
from itertools import combinations
from typing import Final

from metallb_crds.backend import Backend
from metallb_crds.config_v1beta1 import BGPAdvertisement, IPAddressPool
from metallb_webhooks.rules.announcing import (
    clash,
    echo_sessions,
    families,
    ipv6_entries,
    misfits,
)
from metallb_webhooks.rules.base import Problem, Request, Rule, Severity


def _aggregation(request: Request[IPAddressPool]) -> Iterator[Problem]:
    pool = request.subject
    for adv in request.snapshot.bgp_advertisements_for_pool(pool):
        for misfit in misfits(adv, pool):
            message = (
                f"the largest prefix in {misfit.entry!r} is a /{misfit.shortest}, but"
                f" BGPAdvertisement {adv.metadata.name!r} aggregates to /{misfit.length}: speakers"
                f" would refuse the whole configuration. Raise its {misfit.field} to at least"
                f" {misfit.shortest} first, or use a larger range"
            )
            yield f"spec.addresses[{misfit.place}]", message


def _ipv6_native(request: Request[IPAddressPool]) -> Iterator[Problem]:
    if request.backend is not Backend.NATIVE:
        return
    for place, entry in ipv6_entries(request.subject):
        for adv in request.snapshot.bgp_advertisements_for_pool(request.subject):
            message = (
                f"the native backend does not announce IPv6, but BGPAdvertisement"
                f" {adv.metadata.name!r} selects {entry!r}: speakers would refuse the whole"
                " configuration. Let it select other pools only, or use the backend frr-k8s"
            )
            yield f"spec.addresses[{place}]", message
            break


def _local_pref(request: Request[IPAddressPool]) -> Iterator[Problem]:
    advs = tuple(request.snapshot.bgp_advertisements_for_pool(request.subject))
    if len({adv.spec.local_pref for adv in advs}) > 1:
        for one, other in combinations(advs, 2):
            if clash(one, other, request.subject, request.snapshot):
                yield "metadata.labels", _clash_message(one, other)
                return


def _clash_message(one: BGPAdvertisement, other: BGPAdvertisement) -> str:
    return (
        f"BGPAdvertisements {one.metadata.name!r} (localPref {one.spec.local_pref}) and"
        f" {other.metadata.name!r} (localPref {other.spec.local_pref}) would announce the same"
        " routes of this pool to the same peers: speakers would refuse the whole configuration."
        " Let only one of them select the pool, or give both the same localPref"
    )


def _bfd_echo(request: Request[IPAddressPool]) -> Iterator[Problem]:
    if 6 not in families(request.subject):  # noqa: PLR2004 - IPv6
        return
    for adv in request.snapshot.bgp_advertisements_for_pool(request.subject):
        for peer, profile in echo_sessions(adv, request.snapshot):
            message = (
                f"the pool has IPv6 addresses and BGPAdvertisement {adv.metadata.name!r}"
                f" announces it to BGPPeer {peer.metadata.name!r}, whose BFDProfile"
                f" {profile.metadata.name!r} has echoMode: speakers would refuse the whole"
                " configuration. Turn echoMode off, or announce to other peers"
            )
            yield "spec.addresses", message
            return


def _not_announced(request: Request[IPAddressPool]) -> Iterator[Problem]:
    if next(request.snapshot.advertisements_for_pool(request.subject), None) is None:
        message = (
            "no BGPAdvertisement and no L2Advertisement selects the pool, so that nobody can reach"
            " its addresses; create one that does, if MetalLB is to announce them"
        )
        yield "metadata.name", message


POOL_ANNOUNCEMENT_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "pool-aggregation",
        "Every entry is large enough for the aggregation length of the BGPAdvertisements that"
        " select the pool",
        _aggregation,
        source="ADV-07, GAP-07",
    ),
    Rule(
        "pool-ipv6-native",
        "With the native backend no BGPAdvertisement selects a pool with IPv6 addresses",
        _ipv6_native,
        source="ADV-14, GAP-08",
        by_backend=True,
    ),
    Rule(
        "pool-local-pref",
        "The BGPAdvertisements that select a pool do not contradict each other's localPref",
        _local_pref,
        source="ADV-08",
    ),
    Rule(
        "pool-bfd-echo",
        "A pool with IPv6 addresses is not announced to a peer whose BFD profile has echoMode",
        _bfd_echo,
        source="BFD-05, GAP-13",
    ),
    Rule(
        "pool-not-announced",
        "An advertisement selects the pool",
        _not_announced,
        Severity.WARN,
        source="GAP-09",
    ),
)

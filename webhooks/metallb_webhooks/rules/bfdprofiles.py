"""Rules on BFDProfile."""

from collections.abc import Iterator
from typing import Final

from metallb_crds.backend import Backend
from metallb_crds.config_v1beta1 import BFDProfile
from metallb_crds.config_v1beta2 import BGPPeer
from metallb_webhooks.rules.announcing import IPV6, is_external, reaches
from metallb_webhooks.rules.base import Operation, Problem, Request, Rule, Severity
from metallb_webhooks.rules.generic import listed

ON_DELETE: Final = frozenset({Operation.DELETE})
NUMBER_MAX: Final = (1 << 32) - 1


def _unreadable(request: Request[BFDProfile]) -> Iterator[Problem]:
    spec = request.subject.spec
    for field, value in (
        ("receiveInterval", spec.receive_interval),
        ("transmitInterval", spec.transmit_interval),
        ("detectMultiplier", spec.detect_multiplier),
        ("echoInterval", spec.echo_interval),
        ("minimumTtl", spec.minimum_ttl),
    ):
        if value is not None and not 0 <= value <= NUMBER_MAX:
            message = (
                f"MetalLB could not even read {value}; write a number that the field's description"
                " allows"
            )
            yield f"spec.{field}", message


def _native(request: Request[BFDProfile]) -> Iterator[Problem]:
    if request.backend is Backend.NATIVE:
        message = (
            "the native backend knows no BFD: speakers would refuse the whole configuration as"
            " long as any BFDProfile exists. Use the backend frr-k8s"
        )
        yield "metadata.name", message


def _echo_ipv6(request: Request[BFDProfile]) -> Iterator[Problem]:
    peers = _peers(request) if request.subject.spec.echo_mode else ()
    tried: set[str] = set()
    for pool in request.snapshot.pools_of_family(IPV6) if peers else ():
        for adv in request.snapshot.bgp_advertisements_for_pool(pool):
            if adv.metadata.name in tried:
                continue
            tried.add(adv.metadata.name)
            for peer in peers:
                if reaches(adv, peer, request.snapshot):
                    message = (
                        f"BGPPeer {peer.metadata.name!r} uses the profile, and BGPAdvertisement"
                        f" {adv.metadata.name!r} announces IPAddressPool {pool.metadata.name!r} to"
                        " it, which has IPv6 addresses: speakers would refuse the whole"
                        " configuration. Leave echoMode off, or announce the pool to other peers"
                    )
                    yield "spec.echoMode", message
                    return


def _echo_multi_hop(request: Request[BFDProfile]) -> Iterator[Problem]:
    if request.subject.spec.echo_mode:
        names = [peer.metadata.name for peer in _peers(request) if peer.spec.ebgp_multi_hop]
        if names:
            message = (
                f"BGPPeer {listed(sorted(names))} is more than one hop away, where BFD sends no"
                " echo packets; leave echoMode off, or give the peer another profile"
            )
            yield "spec.echoMode", message


def _minimum_ttl(request: Request[BFDProfile]) -> Iterator[Problem]:
    if request.subject.spec.minimum_ttl is not None:
        names = [peer.metadata.name for peer in _peers(request) if _one_hop(peer)]
        if names:
            message = (
                f"BGPPeer {listed(sorted(names))} is one hop away, where nobody looks at it; remove"
                " it, or set ebgpMultiHop of the peer"
            )
            yield "spec.minimumTtl", message


def _used(request: Request[BFDProfile]) -> Iterator[Problem]:
    names = [peer.metadata.name for peer in _peers(request)]
    if names:
        message = (
            f"BGPPeer {listed(sorted(names))} uses the profile, and speakers would refuse the whole"
            " configuration without it. Take it out of the peers' bfdProfile first"
        )
        yield "metadata.name", message


def _peers(request: Request[BFDProfile]) -> tuple[BGPPeer, ...]:
    return tuple(request.snapshot.peers_using_profile(request.subject.metadata.name))


def _one_hop(peer: BGPPeer) -> bool:
    """Tell whether a session surely spans one hop: an internal one may span several unsaid."""
    return is_external(peer) and not peer.spec.ebgp_multi_hop


BFD_PROFILE_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "bfd-number-readable",
        "Numbers are such that MetalLB can read them",
        _unreadable,
        source="GEN-02",
    ),
    Rule(
        "bfd-native",
        "With the native backend there are no BFD profiles",
        _native,
        source="BFD-04, GAP-13",
        by_backend=True,
    ),
    Rule(
        "bfd-echo-ipv6",
        "No peer with a profile that has echoMode is told of a pool with IPv6 addresses",
        _echo_ipv6,
        source="BFD-03, BFD-05, GAP-13",
    ),
    Rule(
        "bfd-echo-multi-hop",
        "No peer with a profile that has echoMode is more than one hop away",
        _echo_multi_hop,
        Severity.WARN,
        source="BFD-06, GAP-13",
    ),
    Rule(
        "bfd-minimum-ttl",
        "minimumTtl is for peers that are more than one hop away",
        _minimum_ttl,
        Severity.WARN,
        source="BFD-06, GAP-13",
    ),
    Rule(
        "bfd-delete-used",
        "A profile is not deleted while peers use it",
        _used,
        operations=ON_DELETE,
        source="BFD-02",
    ),
)

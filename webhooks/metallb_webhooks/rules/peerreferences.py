"""Rules on BGPPeer that look at what it refers to, and at what refers to it."""

from collections.abc import Iterator
from typing import Final

from metallb_crds.backend import Backend
from metallb_crds.config_v1beta1 import BFDProfile
from metallb_crds.config_v1beta2 import BGPPeer
from metallb_webhooks.rules.announcing import IPV6, reaches
from metallb_webhooks.rules.base import Operation, Problem, Request, Rule, Severity
from metallb_webhooks.rules.generic import listed
from metallb_webhooks.snapshot import SecretInfo

BASIC_AUTH: Final = "kubernetes.io/basic-auth"
PASSWORD_KEY: Final = "password"  # noqa: S105 - the name of a key


def _profile_unknown(request: Request[BGPPeer]) -> Iterator[Problem]:
    name = request.subject.spec.bfd_profile
    if name and request.backend is not Backend.NATIVE and _profile(request) is None:
        message = (
            f"there is no BFDProfile {name!r}: speakers refuse the whole configuration until there"
            " is. Create it, or correct the name"
        )
        yield "spec.bfdProfile", message


def _profile_echo(request: Request[BGPPeer]) -> Iterator[Problem]:
    peer, profile = request.subject, _profile(request)
    if request.backend is Backend.NATIVE or not profile or not profile.spec.echo_mode:
        return
    tried: set[str] = set()
    for pool in request.snapshot.pools_of_family(IPV6):
        for adv in request.snapshot.bgp_advertisements_for_pool(pool):
            if adv.metadata.name in tried:
                continue
            tried.add(adv.metadata.name)
            if reaches(adv, peer, request.snapshot):
                message = (
                    f"BFDProfile {profile.metadata.name!r} has echoMode, and BGPAdvertisement"
                    f" {adv.metadata.name!r} announces IPAddressPool {pool.metadata.name!r} with"
                    " IPv6 addresses to this peer: speakers would refuse the whole configuration."
                    " Turn echoMode off, or announce the pool to other peers"
                )
                yield "spec.bfdProfile", message
                return


def _profile_multi_hop(request: Request[BGPPeer]) -> Iterator[Problem]:
    profile = _profile(request)
    if profile and profile.spec.echo_mode and request.subject.spec.ebgp_multi_hop:
        message = (
            f"BFDProfile {profile.metadata.name!r} has echoMode, which does not work over several"
            " hops (RFC 5883); turn it off, or name a profile without it"
        )
        yield "spec.bfdProfile", message


def _secret_unknown(request: Request[BGPPeer]) -> Iterator[Problem]:
    name = request.subject.spec.password_secret.name
    if name and _secret(request) is None:
        message = (
            f"there is no Secret {name!r} in namespace {request.namespace!r}: speakers refuse the"
            f" whole configuration until there is. Create it with type {BASIC_AUTH}"
        )
        yield "spec.passwordSecret.name", message


def _secret_unusable(request: Request[BGPPeer]) -> Iterator[Problem]:
    secret = _secret(request)
    if secret is None:
        return
    if secret.type != BASIC_AUTH:
        message = (
            f"Secret {secret.name!r} is of type {secret.type!r}, and speakers refuse the whole"
            f" configuration until it is of {BASIC_AUTH}; create it anew with that type"
        )
        yield "spec.passwordSecret.name", message
    if PASSWORD_KEY not in secret.keys:
        message = (
            f"Secret {secret.name!r} has no key {PASSWORD_KEY!r}, and speakers refuse the whole"
            " configuration until it has; add it"
        )
        yield "spec.passwordSecret.name", message


def _secret_namespace(request: Request[BGPPeer]) -> Iterator[Problem]:
    reference = request.subject.spec.password_secret
    if reference.name and reference.namespace not in {"", request.namespace}:
        message = (
            f"MetalLB looks for Secret {reference.name!r} in namespace {request.namespace!r}"
            f" whatever stands here, not in {reference.namespace!r}; keep it there and remove this"
        )
        yield "spec.passwordSecret.namespace", message


def _no_node(request: Request[BGPPeer]) -> Iterator[Problem]:
    selectors = request.subject.spec.node_selectors
    if not selectors or not request.snapshot.nodes:
        return
    if next(request.snapshot.nodes_selected(selectors), None) is None:
        message = (
            "no Node matches, so that nobody connects to the router; label the nodes, or correct"
            " the selectors"
        )
        yield "spec.nodeSelectors", message


def _named(request: Request[BGPPeer]) -> Iterator[Problem]:
    name = request.subject.metadata.name
    advs = [adv.metadata.name for adv in request.snapshot.advertisements_naming_peer(name)]
    if advs:
        message = (
            f"BGPAdvertisement {listed(map(repr, sorted(advs)))} would still name the peer {name!r}"
            " and announce nothing to it; remove the name from peers as well"
        )
        yield "metadata.name", message


def _profile(request: Request[BGPPeer]) -> BFDProfile | None:
    return request.snapshot.bfd_profiles.get(request.subject.spec.bfd_profile)


def _secret(request: Request[BGPPeer]) -> SecretInfo | None:
    return request.snapshot.secrets.get(request.subject.spec.password_secret.name)


PEER_REFERENCE_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "peer-bfd-profile-unknown",
        "The BFDProfile that a peer names exists",
        _profile_unknown,
        Severity.WARN,
        source="PEER-18, GAP-13",
        by_backend=True,
    ),
    Rule(
        "peer-bfd-echo",
        "No pool with IPv6 addresses is announced to a peer whose BFD profile has echoMode",
        _profile_echo,
        source="BFD-05, GAP-13",
        by_backend=True,
    ),
    Rule(
        "peer-bfd-echo-multi-hop",
        "A peer with ebgpMultiHop has no BFD profile with echoMode",
        _profile_multi_hop,
        Severity.WARN,
        source="BFD-06, GAP-13",
    ),
    Rule(
        "peer-secret-unknown",
        "The Secret that a peer names exists in MetalLB's namespace",
        _secret_unknown,
        Severity.WARN,
        source="PEER-15, GAP-14",
    ),
    Rule(
        "peer-secret-unusable",
        f"The Secret that a peer names is of type {BASIC_AUTH} and has the key {PASSWORD_KEY}",
        _secret_unusable,
        Severity.WARN,
        source="PEER-16, PEER-17, GAP-14",
    ),
    Rule(
        "peer-secret-namespace",
        "passwordSecret names no namespace but MetalLB's own, the only one that is looked in",
        _secret_namespace,
        Severity.WARN,
        source="PEER-15",
    ),
    Rule(
        "peer-no-node",
        "nodeSelectors match a Node",
        _no_node,
        Severity.WARN,
        source="PEER-19, GAP-12",
    ),
    Rule(
        "peer-delete-named",
        "A peer is not deleted while BGPAdvertisements name it",
        _named,
        Severity.WARN,
        frozenset({Operation.DELETE}),
        "GAP-39",
    ),
)

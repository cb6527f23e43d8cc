"""Rules on BGPAdvertisement that look at the peers which are told."""

from collections.abc import Iterator
from typing import Final

from metallb_crds.config_v1beta1 import BGPAdvertisement
from metallb_webhooks.rules.announcing import is_external, share_nodes
from metallb_webhooks.rules.base import Problem, Request, Rule, Severity
from metallb_webhooks.rules.generic import repeated_values


def _repeated(request: Request[BGPAdvertisement]) -> Iterator[Problem]:
    yield from repeated_values("spec.peers", request.subject.spec.peers)


def _unknown(request: Request[BGPAdvertisement]) -> Iterator[Problem]:
    for place, name in enumerate(request.subject.spec.peers):
        if name not in request.snapshot.peers:
            message = (
                f"there is no BGPPeer {name!r}; create it, or write the metadata.name of the peer"
                " that is to be told"
            )
            yield f"spec.peers[{place}]", message


def _apart(request: Request[BGPAdvertisement]) -> Iterator[Problem]:
    adv, snapshot = request.subject, request.snapshot
    for place, name in enumerate(adv.spec.peers):
        peer = snapshot.peers.get(name)
        if peer and not share_nodes(adv.spec.node_selectors, peer.spec.node_selectors, snapshot):
            message = (
                f"no Node is selected both here and by BGPPeer {name!r}, so that it would be told"
                " nothing; let the nodeSelectors of both select a Node"
            )
            yield f"spec.peers[{place}]", message


def _external(request: Request[BGPAdvertisement]) -> Iterator[Problem]:
    if not request.subject.spec.local_pref:
        return
    if _all_external(request):
        message = (
            "all peers that are told are in other autonomous systems, to which BGP does not send"
            " it; leave it out, or influence them with communities"
        )
        yield "spec.localPref", message


def _all_external(request: Request[BGPAdvertisement]) -> bool:
    """Tell whether there are peers that are told, and all of them are in other ASes."""
    snapshot, named = request.snapshot, request.subject.spec.peers
    if not named:
        return bool(snapshot.peers) and next(snapshot.peers_not_external(), None) is None
    known = snapshot.peers
    found = [known[name] for name in named if name in known]
    return bool(found) and all(map(is_external, found))


BGP_PEERING_RULES: Final[tuple[Rule, ...]] = (
    Rule("bgp-peers-repeated", "peers names no peer twice", _repeated, source="ADV-03"),
    Rule(
        "bgp-peer-unknown",
        "The peers that are named exist",
        _unknown,
        Severity.WARN,
        source="ADV-16, GAP-10",
    ),
    Rule(
        "bgp-peer-apart",
        "A peer that is named shares a node with the advertisement",
        _apart,
        Severity.WARN,
        source="GAP-10",
    ),
    Rule(
        "bgp-local-pref-external",
        "localPref is for peers of the same autonomous system",
        _external,
        Severity.WARN,
        source="ADV-18, GAP-37",
    ),
)

"""Rules on BGPPeer: what must hold of a router and of the session with it."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Final

from metallb_crds.config_v1beta2 import ASN_MAX, BGPPeer
from metallb_crds.meta import LabelSelector
from metallb_webhooks.addresses import Address, AddressError, parse_ip
from metallb_webhooks.rules.base import Operation, Problem, Request, Rule, Severity
from metallb_webhooks.rules.generic import selector_rules
from metallb_webhooks.rules.peerbackends import PEER_BACKEND_RULES
from metallb_webhooks.rules.peerfrr import PEER_FRR_RULES
from metallb_webhooks.rules.peerreferences import PEER_REFERENCE_RULES
from metallb_webhooks.rules.peertimers import PEER_TIMER_RULES

PORT_MAX: Final = 65535
DEVICE_NAME_MAX: Final = 15
"""Bytes of the name of a network device (Linux: IFNAMSIZ less the final zero)."""
PASSWORD_MAX: Final = 80
"""Bytes of a TCP MD5 key (Linux: TCP_MD5SIG_MAXKEYLEN)."""


def _numbers(request: Request[BGPPeer]) -> Iterator[Problem]:
    spec = request.subject.spec
    for field, number, largest in (
        ("myASN", spec.my_asn, ASN_MAX),
        ("peerASN", spec.peer_asn, ASN_MAX),
        ("localASN", spec.local_asn or 0, ASN_MAX),
        ("peerPort", spec.peer_port, PORT_MAX),
    ):
        if not 0 <= number <= largest:
            yield f"spec.{field}", f"{number} is out of range; use a number up to {largest}"


def _my_asn(request: Request[BGPPeer]) -> Iterator[Problem]:
    if request.subject.spec.my_asn == 0:
        yield "spec.myASN", "0 is no AS number; set the one that MetalLB is to use, such as 64512"


def _peer_asn(request: Request[BGPPeer]) -> Iterator[Problem]:
    spec = request.subject.spec
    if not spec.peer_asn and not spec.dynamic_asn:
        message = (
            "the router's AS number is missing; set it, or dynamicASN to internal or external to"
            " accept any"
        )
        yield "spec.peerASN", message
    if spec.peer_asn and spec.dynamic_asn:
        message = (
            f"{spec.dynamic_asn!r} contradicts peerASN {spec.peer_asn}, which is one certain AS"
            " number; remove one of them"
        )
        yield "spec.dynamicASN", message


def _dynamic_asn(request: Request[BGPPeer]) -> Iterator[Problem]:
    value = request.subject.spec.dynamic_asn
    if value not in {"", "internal", "external"}:
        yield "spec.dynamicASN", f"there is no {value!r}; use internal or external"


def _multi_hop(request: Request[BGPPeer]) -> Iterator[Problem]:
    spec = request.subject.spec
    if spec.ebgp_multi_hop and spec.peer_asn and spec.peer_asn == spec.my_asn:
        message = (
            f"the router is in AS {spec.my_asn} as MetalLB is, and such sessions may always take"
            " several hops; remove ebgpMultiHop, or correct myASN or peerASN"
        )
        yield "spec.ebgpMultiHop", message


def _multi_hop_unused(request: Request[BGPPeer]) -> Iterator[Problem]:
    spec = request.subject.spec
    if not spec.ebgp_multi_hop:
        return
    if spec.dynamic_asn == "internal":
        message = "has no effect with dynamicASN internal, where hops do not matter; remove it"
        yield "spec.ebgpMultiHop", message
    if spec.interface:
        message = (
            f"has no effect on interface {spec.interface!r}, whose other end is one hop away;"
            " remove it, or use peerAddress"
        )
        yield "spec.ebgpMultiHop", message


def _end(request: Request[BGPPeer]) -> Iterator[Problem]:
    spec = request.subject.spec
    if not spec.peer_address and not spec.interface:
        message = "nothing says where the router is; set peerAddress, or interface"
        yield "spec.peerAddress", message
    if spec.peer_address and spec.interface:
        message = (
            f"{spec.interface!r} contradicts peerAddress {spec.peer_address!r}; remove one of them"
        )
        yield "spec.interface", message


def _address_syntax(request: Request[BGPPeer]) -> Iterator[Problem]:
    text = request.subject.spec.peer_address
    if text:
        try:
            parse_ip(text)
        except AddressError as error:
            yield "spec.peerAddress", f"{error}{_hint(text)}"


def _hint(text: str) -> str:
    """Return what else is to be said of a text that is no address."""
    address, zone, device = text.partition("%")
    if zone:
        return (
            f"; MetalLB takes no zone: for the router at {address} of the link, leave peerAddress"
            f" out and set interface to {device or 'the network device'}"
        )
    return "; names are not looked up" if ":" not in text and any(map(str.isalpha, text)) else ""


def _address_special(request: Request[BGPPeer]) -> Iterator[Problem]:
    spec = request.subject.spec
    address = _address(spec.peer_address)
    kind = _unreachable(address) if address else ""
    if kind:
        message = (
            f"{spec.peer_address!r} is {kind}, where no router can be reached; give the router's"
            " own address, or the interface for a link-local one"
        )
        yield "spec.peerAddress", message


def _unreachable(address: Address) -> str:
    if address.is_unspecified:
        return "the unspecified address"
    if address.is_loopback:
        return "a loopback address, the node's own"
    if address.is_multicast:
        return "a multicast address"
    if str(address) == "255.255.255.255":
        return "the broadcast address"
    if address.version == 6 and address.is_link_local:  # noqa: PLR2004 - IPv6
        return "a link-local address"
    return ""


def _router_id(request: Request[BGPPeer]) -> Iterator[Problem]:
    text = request.subject.spec.router_id
    address = _address(text)
    if text and (address is None or address.version != 4 or address.is_unspecified):  # noqa: PLR2004 - IPv4
        message = (
            f"{text!r} is no BGP identifier, which is written as an IPv4 address other than"
            " 0.0.0.0 (RFC 6286); write one such as 192.0.2.1, or leave it to the backend"
        )
        yield "spec.routerID", message


def _source_syntax(request: Request[BGPPeer]) -> Iterator[Problem]:
    text = request.subject.spec.source_address
    if text:
        try:
            parse_ip(text)
        except AddressError as error:
            yield "spec.sourceAddress", str(error)


def _source_nodes(request: Request[BGPPeer]) -> Iterator[Problem]:
    spec = request.subject.spec
    nodes = islice(request.snapshot.nodes_selected(spec.node_selectors), 2)
    if spec.source_address and len(list(nodes)) > 1:
        message = (
            f"{spec.source_address!r} is to be spoken from by several nodes, and those that do not"
            " have it cannot connect; select one node with nodeSelectors, with a peer for each"
        )
        yield "spec.sourceAddress", message


def _device_names(request: Request[BGPPeer]) -> Iterator[Problem]:
    spec = request.subject.spec
    for field, name in (("interface", spec.interface), ("vrf", spec.vrf)):
        if name and not _is_device_name(name):
            message = (
                f"{name!r} cannot be the name of a network device; write one of at most"
                f" {DEVICE_NAME_MAX} characters without blanks, '/' and ':', such as eth0"
            )
            yield f"spec.{field}", message


def _is_device_name(name: str) -> bool:
    """Tell whether Linux gives a network device such a name (dev_valid_name), in print."""
    return (
        name.isprintable()
        and len(name.encode()) <= DEVICE_NAME_MAX
        and name not in {".", ".."}
        and not set(name) & set("/: ")
    )


def _vrf_default(request: Request[BGPPeer]) -> Iterator[Problem]:
    if request.subject.spec.vrf == "default":
        message = (
            "'default' would be looked for as a VRF of that name on the node; leave vrf away for"
            " the node's main routing table"
        )
        yield "spec.vrf", message


def _passwords(request: Request[BGPPeer]) -> Iterator[Problem]:
    spec = request.subject.spec
    if spec.password and spec.password_secret.name:
        message = (
            f"the password stands here and in Secret {spec.password_secret.name!r}: speakers would"
            " refuse the whole configuration. Remove one of them, preferably this one"
        )
        yield "spec.password", message


def _password_text(request: Request[BGPPeer]) -> Iterator[Problem]:
    password = request.subject.spec.password
    if not password.isprintable():
        message = (
            "the password has control characters, which FRR would read as further lines of its"
            " configuration; use letters, digits and punctuation"
        )
        yield "spec.password", message
    if request.backend.uses_frr and password != password.strip():
        message = "the password begins or ends with a blank, which FRR cuts off; remove it"
        yield "spec.password", message
    elif request.backend.uses_frr and password.isprintable() and " " in password:
        # bgpd -C: "Unknown command: neighbor 192.0.2.1 password two words".
        message = (
            "the password has a blank within, where FRR takes the line for no command of its own:"
            " the session would have no password; use one without blanks, here and in the router"
        )
        yield "spec.password", message
    length = len(password.encode())
    if length > PASSWORD_MAX:
        message = (
            f"the password has {length} bytes, and TCP MD5 keys have at most {PASSWORD_MAX}; use a"
            " shorter one"
        )
        yield "spec.password", message


def _graceful_restart(request: Request[BGPPeer]) -> Iterator[Problem]:
    if request.old is None:
        return
    before = bool(request.old.spec.enable_graceful_restart)
    after = bool(request.subject.spec.enable_graceful_restart)
    if before != after:
        message = (
            f"cannot be changed from {str(before).lower()} to {str(after).lower()}: sessions that"
            " run would go on without it. Delete the peer and create it anew"
        )
        yield "spec.enableGracefulRestart", message


def _disable_mp(request: Request[BGPPeer]) -> Iterator[Problem]:
    if request.subject.spec.disable_mp:
        message = (
            "disableMP is deprecated and has no effect: sessions carry one address family unless"
            " dualStackAddressFamily is set; remove it"
        )
        yield "spec.disableMP", message


def _address(text: str) -> Address | None:
    with suppress(AddressError):
        return parse_ip(text)
    return None


def _selectors(peer: BGPPeer) -> Iterator[tuple[str, Sequence[LabelSelector]]]:
    yield "spec.nodeSelectors", peer.spec.node_selectors


PEER_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "peer-number-range",
        "AS numbers have 32 bits and ports 16",
        _numbers,
        source="GEN-02",
    ),
    Rule("peer-my-asn-required", "myASN is not 0", _my_asn, source="PEER-03"),
    Rule(
        "peer-asn-required",
        "Exactly one of peerASN and dynamicASN says which AS the router is in",
        _peer_asn,
        source="PEER-04, PEER-05",
    ),
    Rule(
        "peer-dynamic-asn",
        "dynamicASN is internal or external",
        _dynamic_asn,
        source="PEER-06",
    ),
    Rule(
        "peer-multi-hop-internal",
        "ebgpMultiHop is for routers of another AS",
        _multi_hop,
        source="PEER-07",
    ),
    Rule(
        "peer-multi-hop-unused",
        "ebgpMultiHop is not set where it has no effect",
        _multi_hop_unused,
        Severity.WARN,
        source="PEER-07",
    ),
    Rule(
        "peer-address-required",
        "Exactly one of peerAddress and interface says where the router is",
        _end,
        source="PEER-08, PEER-09",
    ),
    Rule(
        "peer-address-syntax",
        "peerAddress is an IP address, without prefix length or zone",
        _address_syntax,
        source="PEER-10",
    ),
    Rule(
        "peer-address-special",
        "peerAddress is not unspecified, loopback, multicast, broadcast or link-local IPv6",
        _address_special,
        Severity.WARN,
        source="PEER-10",
    ),
    Rule(
        "peer-router-id",
        "routerID is written as an IPv4 address other than 0.0.0.0",
        _router_id,
        source="PEER-11, GAP-16",
    ),
    Rule(
        "peer-source-address-syntax",
        "sourceAddress is an IP address, without prefix length or zone",
        _source_syntax,
        source="PEER-12",
    ),
    Rule(
        "peer-source-address-nodes",
        "A sourceAddress is for one node",
        _source_nodes,
        Severity.WARN,
        source="GAP-18",
    ),
    Rule(
        "peer-device-name",
        "interface and vrf can be names of network devices",
        _device_names,
        source="PEER-24, GAP-20",
    ),
    Rule(
        "peer-vrf-default",
        "The main routing table is not named as a VRF",
        _vrf_default,
        Severity.WARN,
        source="GAP-22",
    ),
    Rule(
        "peer-password-twice",
        "The password comes from one place",
        _passwords,
        source="PEER-14, GAP-14",
    ),
    Rule(
        "peer-password-text",
        "The password is printable, has at most 80 bytes and, with FRR, no blanks",
        _password_text,
        source="PEER-24, GAP-20",
        by_backend=True,
    ),
    Rule(
        "peer-graceful-restart-changed",
        "enableGracefulRestart stays as it was when the peer was created, absent meaning false",
        _graceful_restart,
        operations=frozenset({Operation.UPDATE}),
        source="PEER-23, GAP-31",
    ),
    Rule(
        "peer-disable-mp",
        "disableMP, which has no effect any more, is not set",
        _disable_mp,
        Severity.WARN,
        source="PEER-02, GAP-23",
    ),
    *selector_rules("peer", _selectors, "PEER-19"),
    *PEER_TIMER_RULES,
    *PEER_BACKEND_RULES,
    *PEER_FRR_RULES,
    *PEER_REFERENCE_RULES,
)

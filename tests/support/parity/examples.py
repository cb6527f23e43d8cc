"""One review for each intended difference: the least that shows it on MetalLB's webhook server."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from metallb_crds.backend import Backend
from support.parity.worlds import Case, Manifest, World
from support.reviews import stored
from support.samples import labelled

EMPTY: Final = World()
NODE: Final[Manifest] = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-0"}}
SOUND: Final[Manifest] = {
    "myASN": 64500,
    "peerASN": 64600,
    "peerAddress": "192.0.2.1",
    "peerPort": 179,
}
LENGTHS: Final[Manifest] = {"aggregationLength": 32, "aggregationLengthV6": 128}
MIXED: Final = "10.0.0.1-fc00::1"


@dataclass(frozen=True, slots=True)
class Example:
    """A review that we and MetalLB answer differently.

    Attributes:
        denied_by: ids of the rules by which we deny; none if we allow what MetalLB denies.
    """

    case: Case
    denied_by: frozenset[str] = frozenset()
    world: World = EMPTY
    backend: Backend = Backend.FRR_K8S


def _pool(*addresses: str, name: str = "new", **fields: Any) -> Manifest:  # noqa: ANN401 - JSON
    return stored("IPAddressPool", name, addresses=list(addresses), **fields)


def _peer(name: str = "new", space: str = "metallb-system", **fields: Any) -> Manifest:  # noqa: ANN401 - JSON
    return stored("BGPPeer", name, space, **SOUND, **fields)


def _at(name: str, address: str, **fields: Any) -> Manifest:  # noqa: ANN401 - JSON
    return stored("BGPPeer", name, **(dict(SOUND) | {"peerAddress": address} | fields))


def _on(device: str, name: str = "new", **fields: Any) -> Manifest:  # noqa: ANN401 - JSON
    asns: Any = {"myASN": 64500, "peerASN": 64600}
    return stored("BGPPeer", name, interface=device, **asns, **fields)


def _bgp(name: str = "new", **fields: Any) -> Manifest:  # noqa: ANN401 - JSON
    return stored("BGPAdvertisement", name, **(dict(LENGTHS) | fields))


def _denied(new: Manifest, *by: str, old: Manifest | None = None, **around: Any) -> Example:  # noqa: ANN401 - fields
    return Example(Case(new, old), frozenset(by), **around)


def _names(count: int) -> list[str]:
    return [f"a{number}" for number in range(count)]


def _labelled(thing: Manifest, labels: list[str]) -> Manifest:
    return {**thing, "metadata": {**thing["metadata"], "labels": dict.fromkeys(labels, "")}}


def _among(*objects: Manifest) -> World:
    world = World(nodes=(NODE,))
    for thing in objects:
        world = world.adding(thing)
    return world


def _deleted(thing: Manifest) -> Manifest:
    metadata = {**thing["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}
    return {**thing, "metadata": metadata}


SIX: Final = _pool("fc00::/64", name="pool")
ECHO: Final = stored("BFDProfile", "bfd", echoMode=True)
WATCHED: Final = _peer("peer", bfdProfile="bfd")

EXAMPLES: Final[Mapping[str, tuple[Example, ...]]] = {
    "disable-mp": (_denied(_peer(disableMP=True, space="default"), "peer-namespace"),),
    "pool-mixed-range": (_denied(_pool(MIXED), "pool-address-syntax"),),
    "pool-mapped-overlap": (
        _denied(_pool("::ffff:10.0.0.0/104", "10.1.0.0/24"), "pool-own-overlap"),
        _denied(
            _pool("10.1.0.0/24"),
            "pool-overlap",
            world=_among(_pool("::ffff:10.0.0.0/104", name="old")),
        ),
    ),
    "pool-advertised": (
        _denied(
            _pool("10.0.0.0/28"),
            "pool-aggregation",
            world=_among(_bgp("old", aggregationLength=24)),
        ),
        _denied(
            _pool("fc00::/64"),
            "pool-ipv6-native",
            world=_among(_bgp("old")),
            backend=Backend.NATIVE,
        ),
        _denied(
            _pool("10.0.0.0/24"),
            "pool-local-pref",
            world=_among(_bgp("old", localPref=100), _bgp("other", localPref=200)),
        ),
    ),
    "bgp-no-nodes": (
        _denied(
            _bgp(localPref=200),
            "bgp-local-pref",
            world=World((_bgp("old", localPref=100), _pool("10.0.0.0/24", name="pool"))),
        ),
    ),
    "bgp-alias-repeated": (_denied(_bgp(communities=["a", "a"]), "bgp-communities-repeated"),),
    "bgp-communities-many": (
        _denied(_bgp(communities=[f"64500:{n}" for n in range(64)]), "bgp-communities-many"),
    ),
    "l2-preference": (
        _denied(
            stored(
                "L2Advertisement",
                "new",
                preferredNodeSelectors=[{"weight": 1, "preference": labelled(**{"a b": "c"})}],
            ),
            "l2-preference-syntax",
        ),
    ),
    "peer-password": (
        _denied(_peer(password="x", passwordSecret={"name": "s"}), "peer-password-twice"),
        _denied(_peer(password="x\n neighbor 192.0.2.9 shutdown"), "peer-password-text"),
        _denied(_peer(password="two words"), "peer-password-text"),
    ),
    "peer-device-name": (
        _denied(_peer(vrf="red blue"), "peer-device-name"),
        _denied(_on("eth0\n exit"), "peer-device-name"),
    ),
    "peer-router-id": (
        _denied(_peer(routerID="2001:db8::1"), "peer-router-id"),
        _denied(_peer(routerID="0.0.0.0"), "peer-router-id"),  # noqa: S104 - a router id
    ),
    "peer-timers": (
        _denied(_peer(holdTime="65536s"), "peer-hold-time"),
        _denied(_peer(holdTime="500ms"), "peer-hold-time"),
        _denied(_peer(holdTime="90s", keepaliveTime="-1s"), "peer-keepalive-time"),
    ),
    "peer-native-ipv6": (
        _denied(_at("new", "2001:db8::1"), "peer-native-ipv6", backend=Backend.NATIVE),
    ),
    "peer-source-family": (
        _denied(
            _peer(sourceAddress="2001:db8::2"), "peer-source-address-family", backend=Backend.FRR
        ),
    ),
    "peer-local-asn": (
        _denied(
            stored("BGPPeer", "new", **(dict(SOUND) | {"peerASN": 64500, "localASN": 64510})),
            "peer-local-asn-internal",
            backend=Backend.FRR,
        ),
    ),
    "peer-graceful-restart": (
        _denied(
            _peer(enableGracefulRestart=True),
            "peer-graceful-restart-changed",
            old=_peer(),
            world=_among(_peer()),
        ),
    ),
    "peer-spelling": (
        _denied(
            _at("new", "2001:db8:0::1"),
            "peer-session-repeated",
            world=_among(_at("old", "2001:db8::1")),
        ),
    ),
    "bfd-native": (_denied(stored("BFDProfile", "new"), "bfd-native", backend=Backend.NATIVE),),
    "bfd-native-named": (
        _denied(_peer(bfdProfile="bfd"), "peer-native-unsupported", backend=Backend.NATIVE),
    ),
    "bfd-echo": (
        _denied(ECHO, "bfd-echo-ipv6", world=_among(_bgp("adv"), SIX, WATCHED)),
        _denied(_bgp(), "bgp-bfd-echo", world=_among(ECHO, SIX, WATCHED)),
        _denied(_peer(bfdProfile="bfd"), "peer-bfd-echo", world=_among(ECHO, SIX, _bgp("adv"))),
        _denied(_pool("fc00::/64"), "pool-bfd-echo", world=_among(ECHO, _bgp("adv"), WATCHED)),
    ),
    "bounds": (
        _denied(_pool(*(f"10.{n // 128}.{n % 128}.0/28" for n in range(1001))), "pool-bounds"),
        _denied(_bgp(ipAddressPools=_names(1001)), "bgp-bounds"),
        _denied(stored("L2Advertisement", "new", ipAddressPools=_names(1001)), "l2-bounds"),
        _denied(_peer(nodeSelectors=[labelled(a=name) for name in _names(101)]), "peer-bounds"),
        _denied(_labelled(stored("BFDProfile", "bfd"), _names(101)), "bfd-bounds"),
        _denied(
            stored(
                "Community",
                "new",
                communities=[{"name": name, "value": "64500:1"} for name in _names(1001)],
            ),
            "community-bounds",
        ),
    ),
    "being-deleted": (
        Example(
            Case(_deleted(_pool("bad")), _deleted(_pool("bad"))),
            world=_among(_deleted(_pool("bad"))),
        ),
    ),
    "elsewhere": (
        Example(
            Case(
                _peer(space="default", routerID="bad"), _peer(space="default", routerID="192.0.2.9")
            )
        ),
        Example(
            Case(old=stored("BFDProfile", "bfd", "default")),
            world=_among(WATCHED),
        ),
    ),
    "old-unreadable": (
        Example(
            Case(_peer(holdTime="90s"), _peer(holdTime="90")), world=_among(_peer(holdTime="90"))
        ),
    ),
    "stored-bad": (
        Example(Case(_pool("10.0.0.0/24")), world=_among(_pool("bad", name="old"))),
        Example(Case(_bgp()), world=_among(_pool("bad", name="pool"))),
        Example(Case(old=stored("BFDProfile", "bfd")), world=_among(_peer("peer", holdTime="90"))),
    ),
    "stored-panic": (
        Example(
            Case(_bgp(localPref=200)),
            world=_among(_bgp("old", localPref=100), _pool(MIXED, name="pool")),
        ),
    ),
    "alias-colon": (
        Example(
            Case(_bgp(communities=["a:b"])),
            world=_among(
                stored("Community", "old", communities=[{"name": "a:b", "value": "64500:1"}])
            ),
        ),
    ),
}
"""By the id of the difference."""

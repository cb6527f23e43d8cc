"""What a review costs: about as much as its object holds, however much is stored.

Work is counted, not timed.
"""

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any, Final

import pytest

from metallb_crds.backend import Backend
from metallb_webhooks.bounds import exceeded
from metallb_webhooks.index import Index
from metallb_webhooks.pending import Pending
from metallb_webhooks.reading import read
from metallb_webhooks.service import judge
from metallb_webhooks.settings import Settings
from metallb_webhooks.snapshot import Snapshot
from support.reviews import review, stored
from support.samples import NAMESPACE, bgp, l2, node, peer, pool, service
from support.working import lines

MOST: Final = 480
WIDE: Final = "::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"
TEN: Final = IPv4Address("10.0.0.0")
EVERY_BACKEND: Final = (Backend.FRR_K8S, Backend.NATIVE)

Made = Callable[[int], dict[str, Any]]


def world(size: int) -> Index:
    """Return as many pools, peers, nodes, Services and advertisements."""
    index = Index()
    for n in range(size):
        index.put(pool(f"pool-{n}", f"{TEN + 16 * n}/28"))
        index.put(peer(f"peer-{n}", peerAddress=str(IPv4Address("172.16.0.1") + n)))
        index.put(node(f"node-{n}", str(IPv4Address("192.168.0.1") + n), host=f"node-{n}"))
        index.put(service(f"service-{n}", str(TEN + 16 * n)))
        index.put(bgp(f"adv-{n}", ipAddressPools=[f"pool-{n}"], peers=[f"peer-{n}"]))
        index.put(l2(f"l2-{n}", ipAddressPools=[f"pool-{n}"]))
    return index


def work(
    index: Index,
    new: dict[str, Any],
    old: dict[str, Any] | None = None,
    backend: Any = None,  # noqa: ANN401 - a Backend
) -> int:
    settings = Settings(NAMESPACE, backend=backend)
    asked = review(new, old)

    def judging() -> None:
        judge(asked, Snapshot(index), settings)

    judging()  # texts that were read before are remembered
    return lines(judging)


def addresses(entry: Callable[[int], str]) -> Made:
    return lambda n: stored("IPAddressPool", "x", addresses=[entry(i) for i in range(n)])


def router(**fields: Callable[[int], Any]) -> Made:
    def made(n: int) -> dict[str, Any]:
        one = {"asn": 64500} | {name: of(n) for name, of in fields.items()}
        return stored("FRRConfiguration", "x", bgp={"routers": [one]})

    return made


def listing(kind: str, field: str, entry: Callable[[int], Any]) -> Made:
    return lambda n: stored(kind, "x", **{field: [entry(i) for i in range(n)]})


def prefix(n: int) -> str:
    return f"10.{n // 256}.{n % 256}.0/24"


def neighbor(n: int) -> dict[str, Any]:
    return {
        "address": f"10.1.{n // 256}.{n % 256}",
        "asn": n + 1,
        "holdTime": "90s",
        "keepaliveTime": "1h1m",
    }


def told(n: int) -> list[dict[str, Any]]:
    prefixes = [prefix(i) for i in range(n)]
    advertised = {
        "allowed": {"prefixes": prefixes},
        "withLocalPref": [{"localPref": 1, "prefixes": prefixes}],
        "withCommunity": [{"community": "1:1", "prefixes": prefixes}],
    }
    return [{"address": "192.0.2.1", "asn": 1, "toAdvertise": advertised}]


def nowhere(n: int) -> dict[str, Any]:
    """Return an advertisement to many peers by nodes that are none, each of which is looked at."""
    absent = [{"key": f"a{i}", "operator": "NotIn", "values": ["x"]} for i in range(9)]
    selector = {"matchExpressions": [*absent, {"key": "nowhere", "operator": "Exists"}]}
    peers = [f"peer-{i}" for i in range(n)]
    return stored("BGPAdvertisement", "x", peers=peers, nodeSelectors=[selector])


OBJECTS: Final[dict[str, Made]] = {
    "everything, repeated": addresses(lambda _: "0.0.0.0/0"),
    "one address, repeated": addresses(lambda _: "127.0.0.1/32"),
    "wide ranges of IPv6": addresses(lambda _: WIDE),
    "ranges within ranges": addresses(lambda i: f"10.0.{i // 250}.{i % 250}-10.9.0.0"),
    "single addresses": addresses(lambda i: f"{IPv4Address('11.0.0.0') + 2 * i}/32"),
    "addresses of other pools": addresses(lambda i: f"{TEN + 16 * i}/32"),
    "no addresses": addresses(lambda i: f"bad-{i}"),
    "namespaces": lambda n: stored(
        "IPAddressPool",
        "x",
        addresses=["11.0.0.0/24"],
        serviceAllocation={"namespaces": [f"a{i}" for i in range(n)]},
    ),
    "pools of BGP": listing("BGPAdvertisement", "ipAddressPools", lambda i: f"pool-{i}"),
    "peers of BGP": listing("BGPAdvertisement", "peers", lambda i: f"peer-{i}"),
    "communities": listing("BGPAdvertisement", "communities", lambda i: f"64500:{i}"),
    "pools of L2": listing("L2Advertisement", "ipAddressPools", lambda i: f"pool-{i}"),
    "selectors": listing(
        "L2Advertisement", "nodeSelectors", lambda i: {"matchLabels": {"host": f"node-{i}"}}
    ),
    "aliases": listing("Community", "communities", lambda i: {"name": f"a{i}", "value": "1:1"}),
    "selectors of a peer": listing(
        "BGPPeer", "nodeSelectors", lambda i: {"matchLabels": {"host": f"node-{i}"}}
    ),
    "neighbors": router(neighbors=lambda n: [neighbor(i) for i in range(n)]),
    "one neighbor, repeated": router(neighbors=lambda n: [neighbor(1) for _ in range(n)]),
    "prefixes": router(prefixes=lambda n: [prefix(i) for i in range(n)], neighbors=told),
    "tolerations": listing("MetalLB", "speakerTolerations", lambda i: {"key": f"a{i}"}),
}

SHORTER: Final = {
    "communities": 200,
    "selectors": 100,
    "selectors of a peer": 100,
    "tolerations": 100,
}
"""Of what fewer are judged than are tried of others."""


@pytest.mark.parametrize("backend", EVERY_BACKEND)
@pytest.mark.parametrize("name", OBJECTS)
def test_twice_as_much_costs_about_twice(name: str, backend: Backend) -> None:
    index = world(4)
    most = SHORTER.get(name, MOST)
    once, twice = (work(index, OBJECTS[name](n), backend=backend) for n in (most // 2, most))
    assert twice < 2.4 * once


@pytest.mark.parametrize("name", OBJECTS)
def test_an_update_costs_no_more(name: str) -> None:
    index, made, most = world(4), OBJECTS[name], SHORTER.get(name, MOST)
    once, twice = (work(index, made(n // 2), made(n)) for n in (most // 2, most))
    assert twice < 2.4 * once


PLAIN: Final[dict[str, dict[str, Any]]] = {
    "IPAddressPool": stored("IPAddressPool", "x", addresses=["11.0.0.0/24"]),
    "IPAddressPool of everything": stored("IPAddressPool", "x", addresses=["0.0.0.0/0"]),
    "BGPPeer": stored("BGPPeer", "x", myASN=64500, peerASN=64600, peerAddress="192.0.2.1"),
    "BGPAdvertisement": stored("BGPAdvertisement", "x"),
    "BGPAdvertisement with localPref": stored(
        "BGPAdvertisement", "x", ipAddressPools=["pool-1"], localPref=0, communities=["1:1"]
    ),
    "L2Advertisement": stored("L2Advertisement", "x"),
    "L2Advertisement of Services": stored("L2Advertisement", "x", serviceSelectors=[{}]),
    "BFDProfile": stored("BFDProfile", "x", echoMode=True),
    "Community": stored("Community", "x", communities=[{"name": "a", "value": "1:1"}]),
    "MetalLB": stored("MetalLB", "metallb"),
}


@pytest.mark.parametrize("backend", EVERY_BACKEND)
@pytest.mark.parametrize("thing", PLAIN.values(), ids=PLAIN.keys())
def test_what_is_stored_costs_next_to_nothing(thing: dict[str, Any], backend: Backend) -> None:
    few, many = (work(world(size), thing, backend=backend) for size in (40, 160))
    assert many < 1.3 * few + 1000


def test_peers_and_nodes_are_not_held_against_each_other_one_by_one() -> None:
    few, many = (work(world(size), nowhere(size)) for size in (40, 160))
    assert many < 5 * few


def test_what_was_allowed_lately_costs_next_to_nothing() -> None:
    thing = read("metallb.io/v1beta1", "IPAddressPool", PLAIN["IPAddressPool"])

    def over(size: int) -> int:
        pending = Pending(1.0, lambda: 0.0)
        for n in range(size):
            pending.add(pool(f"pool-{n}", f"{TEN + 16 * n}/28"), after=0)
        return lines(lambda: pending.over(Index()).with_object(thing))  # type: ignore[union-attr]

    assert over(200) == over(20)


@pytest.mark.parametrize("name", OBJECTS)
def test_what_is_tried_is_judged(name: str) -> None:
    made = OBJECTS[name](SHORTER.get(name, MOST))
    assert exceeded(made["kind"], made) == ()


def test_every_kind_is_counted() -> None:
    counted = {made(1)["kind"] for made in OBJECTS.values()} | {
        thing["kind"] for thing in PLAIN.values()
    }
    assert counted == {
        "IPAddressPool",
        "BGPAdvertisement",
        "L2Advertisement",
        "BGPPeer",
        "BFDProfile",
        "Community",
        "FRRConfiguration",
        "MetalLB",
    }

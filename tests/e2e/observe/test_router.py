from collections.abc import Iterator
from pathlib import Path

import pytest

from observe.bgpconfig import Bgp, Neighbor
from observe.bgproutes import Route
from observe.router import Router, routing
from observe.routes import watching_routes
from support.waiting import DeadlineError, wait_for
from support.wires import Wire

V4 = "198.51.100.1/32"
V6 = "2001:db8:1::1/128"
OURS = Neighbor("192.0.2.1", 64512, password="secret", bfd=True)
THEIRS = Neighbor("192.0.2.2", 64513, password="secret", bfd=True)


@pytest.fixture
def router(wire: Wire, tmp_path: Path) -> Iterator[Router]:
    with routing(wire.b, Bgp(64513, "192.0.2.2", (OURS,)), tmp_path) as made:
        yield made


@pytest.fixture
def peer(wire: Wire, router: Router, tmp_path: Path) -> Iterator[Router]:
    with routing(wire.a, Bgp(64512, "192.0.2.1", (THEIRS,), (V4, V6)), tmp_path) as made:
        router.wait_established()
        yield made


def test_two_routers_tell_each_other(router: Router, peer: Router) -> None:
    assert router.sessions() == {"192.0.2.1": "Established"}
    wait_for("BFD is up", lambda: router.bfd_peers() == {"192.0.2.1": "up"})
    assert router.wait_next_hops(V4, 1) == ("192.0.2.1",)
    assert len(router.wait_next_hops(V6, 1)) == 1
    assert router.routes() == {V4: Route(("192.0.2.1",), as_path=(64512,))}
    assert router.routes("ipv6") == {V6: Route(("2001:db8::1",), as_path=(64512,))}
    peer.configure(
        "route-map colour permit 1",
        "set community 64512:100 64512:200",
        "set large-community 64512:1:2",
        "exit",
        f"router bgp {peer.bgp.asn}",
        "address-family ipv4 unicast",
        f"network {V4} route-map colour",
    )
    wait_for("communities arrive", lambda: router.routes()[V4].communities, every=0.5)
    assert router.routes()[V4].communities == ("64512:100", "64512:200")
    assert router.routes()[V4].large_communities == ("64512:1:2",)


@pytest.mark.usefixtures("peer")
def test_wrong_password_and_neighbors_at_run_time(router: Router) -> None:
    router.add_neighbor(Neighbor("192.0.2.1", 64512, password="wrong"))
    router.configure("do clear bgp *")
    with pytest.raises(DeadlineError, match=r"192\.0\.2\.1"):
        router.wait_established(seconds=2)
    router.add_neighbor(OURS)
    router.wait_established()
    router.remove_neighbor("192.0.2.1")
    assert router.sessions() == {}
    with pytest.raises(AssertionError, match="Unknown command"):
        router.configure("rooter bgp 1")


def test_routes_come_and_go(router: Router, peer: Router, tmp_path: Path) -> None:
    router.wait_next_hops(V4, 1)
    router.wait_next_hops(V6, 1)
    bgpd = peer.daemons["bgpd"]
    with watching_routes(router.place, folder=tmp_path) as watched:
        before = {change.prefix: change.next_hops for change in watched.changes()}
        bgpd.stop()
        router.wait_next_hops(V4, 0)
        bgpd.start()
        router.wait_next_hops(V4, 1)
        router.wait_next_hops(V6, 1)
    assert before[V4] == ("192.0.2.1",)
    assert set(before) == {V4, V6}
    for prefix in (V4, V6):
        [gone] = watched.fewer(prefix, 1)
        assert gone.until is not None
        assert gone.until > gone.since


def test_next_hops_of_several_paths(wire: Wire) -> None:
    """The kernel tells of all gateways of a route at once."""
    with watching_routes(wire.b, protocol=0) as watched:
        hops = ("nexthop", "via", "192.0.2.1", "nexthop", "via", "192.0.2.7")
        wire.b.run("ip", "route", "add", "203.0.113.1/32", *hops)
        hops6 = ("nexthop", "via", "2001:db8::1", "nexthop", "via", "2001:db8::7")
        wire.b.run("ip", "-6", "route", "add", "2001:db8:2::/64", *hops6)
        wire.b.run("ip", "route", "delete", "203.0.113.1/32")
        wait_for("it is gone", lambda: len(watched.changes("203.0.113.1/32")) == 2)
    there, gone = (change.next_hops for change in watched.changes("203.0.113.1/32"))
    assert there == ("192.0.2.1", "192.0.2.7")
    assert gone == ()
    assert watched.changes("2001:db8:2::/64")[-1].next_hops == ("2001:db8::1", "2001:db8::7")

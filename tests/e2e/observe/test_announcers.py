from collections.abc import Iterator

import pytest

from observe.announcers import Wire as Watched
from observe.announcers import announcers, watching_arp
from support.namespaces import Namespace, namespace
from support.waiting import wait_for
from support.wires import Wire

V4 = "192.0.2.100"
V6 = "2001:db8::100"
BOTH = (V4, V6)


@pytest.fixture
def second(wire: Wire) -> Iterator[Namespace]:
    """A third place on the wire: what `b` sees of `a`'s, it sees of this one's."""
    with namespace("c") as made:
        wire.b.run("ip", "link", "set", "eth0", "down")
        wire.b.run("ip", "link", "add", "br0", "type", "bridge")
        ends = ("ip", "link", "add", "eth1", "type", "veth", "peer", "name", "eth0")
        wire.b.run(*ends, "netns", made.name)
        for port in ("eth0", "eth1"):
            wire.b.run("ip", "link", "set", port, "master", "br0", "up")
        wire.b.run("ip", "link", "set", "br0", "up")
        wire.b.run("ip", "address", "add", "192.0.2.2/24", "dev", "br0")
        made.run("ip", "link", "set", "eth0", "up")
        wait_for("the bridge has an address", lambda: usable(wire.b))
        yield made


def usable(place: Namespace) -> bool:
    said = place.run("ip", "-6", "address", "show", "dev", "br0", "scope", "link")
    return "inet6" in said and "tentative" not in said


def give(place: Namespace, verb: str = "add") -> None:
    for address, options in ((f"{V4}/32", ()), (f"{V6}/128", ("nodad",))):
        place.run("ip", "address", verb, address, "dev", "eth0", *options)


def claimed(watched: Watched, mac: str) -> bool:
    return all(mac in {one.mac for one in watched.claims(address)} for address in BOTH)


def test_who_answers_now(wire: Wire, second: Namespace) -> None:
    for address in BOTH:
        assert announcers(wire.b, address, "br0") == frozenset()
    give(wire.a)
    for address in BOTH:
        assert announcers(wire.b, address, "br0") == {wire.a.mac()}
    give(second)
    for address in BOTH:
        assert announcers(wire.b, address, "br0") == {wire.a.mac(), second.mac()}


def test_two_at_once_are_seen(wire: Wire, second: Namespace) -> None:
    with watching_arp(wire.b, "br0", BOTH) as watched:
        give(wire.a)
        wait_for("the first is seen", lambda: claimed(watched, wire.a.mac()))
        give(wire.a, "delete")
        give(second)
        wait_for("the second is seen", lambda: claimed(watched, second.mac()))
    assert watched.overlaps() == ()
    with watching_arp(wire.b, "br0", BOTH) as watched:
        give(wire.a)
        wait_for("both are seen", lambda: len(watched.overlaps(tolerance=0.2)) == 2)
    assert {one.address for one in watched.overlaps(tolerance=0.2)} == set(BOTH)
    assert {frozenset(one.macs) for one in watched.overlaps()} == {
        frozenset({wire.a.mac(), second.mac()})
    }


def test_announcements_nobody_asked_for(wire: Wire) -> None:
    for setting in ("ipv4/conf/eth0/arp_notify", "ipv6/conf/eth0/ndisc_notify"):
        wire.a.run("sh", "-c", f"echo 1 > /proc/sys/net/{setting}")
    give(wire.a)
    with watching_arp(wire.b, "eth0", BOTH) as watched:
        wire.a.run("ip", "link", "set", "eth0", "address", "02:00:00:00:00:aa")
        wait_for("everybody is told", lambda: len(announced(watched)) == 2)
    assert announced(watched) == {(one, "02:00:00:00:00:aa") for one in BOTH}


def announced(watched: Watched) -> set[tuple[str, str]]:
    return {(one.address, one.mac) for one in watched.claims() if one.unsolicited}

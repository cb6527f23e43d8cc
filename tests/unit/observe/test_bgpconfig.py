import pytest

from observe.bgpconfig import Bgp, Neighbor, add_neighbor, remove_neighbor, render

PLAIN = """router bgp 64513
 bgp router-id 192.0.2.254
 no bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 no bgp network import-check
 bgp bestpath as-path multipath-relax
 neighbor 192.0.2.1 remote-as 64512
 neighbor 192.0.2.1 timers 3 9
 neighbor 192.0.2.1 timers connect 1
 address-family ipv4 unicast
  maximum-paths 64
  maximum-paths ibgp 64
  network 198.51.100.0/24
  neighbor 192.0.2.1 activate
 exit-address-family
 address-family ipv6 unicast
  maximum-paths 64
  maximum-paths ibgp 64
  network 2001:db8:1::/64
  neighbor 192.0.2.1 activate
 exit-address-family
"""


def test_rendered() -> None:
    bgp = Bgp(
        64513,
        "192.0.2.254",
        (Neighbor("192.0.2.1", 64512),),
        networks=("198.51.100.0/24", "2001:db8:1::/64"),
    )
    assert render(bgp) == PLAIN


@pytest.mark.parametrize(
    ("neighbor", "lines"),
    [
        (Neighbor("a", 1, password="secret"), {"neighbor a password secret"}),
        (Neighbor("a", 1, bfd=True), {"neighbor a bfd"}),
        (Neighbor("a", 1, multihop=3), {"neighbor a ebgp-multihop 3"}),
        (Neighbor("a", 1, passive=True), {"neighbor a passive"}),
        (Neighbor("a", 1, update_source="b"), {"neighbor a update-source b"}),
    ],
)
def test_what_a_neighbor_adds(neighbor: Neighbor, lines: set[str]) -> None:
    plain = set(add_neighbor(Bgp(2, "b"), Neighbor("a", 1)))
    assert set(add_neighbor(Bgp(2, "b"), neighbor)) - plain == lines


def test_one_family() -> None:
    commands = add_neighbor(Bgp(2, "b"), Neighbor("a", 1, families=("ipv6",)))
    assert commands[-3:] == (
        "address-family ipv6 unicast",
        "neighbor a activate",
        "exit-address-family",
    )
    assert "address-family ipv4 unicast" not in commands
    assert remove_neighbor(Bgp(2, "b"), "a") == ("router bgp 2", "no neighbor a")

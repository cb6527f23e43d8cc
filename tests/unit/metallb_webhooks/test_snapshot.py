"""What a snapshot finds is what a scan of its objects finds, whatever changed before."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metallb_crds.config_v1beta2 import BGPPeer
from metallb_crds.frrk8s_v1beta1 import FRRConfiguration
from metallb_crds.meta import LabelSelector
from metallb_webhooks.addresses import AddressError, Interval, parse_entry, parse_ip
from metallb_webhooks.index import Index, Object, key_of, peer_identity
from metallb_webhooks.labelselectors import matches, matches_any
from metallb_webhooks.snapshot import (
    NodeInfo,
    Snapshot,
    is_external,
    selects_all,
    selects_pool,
)
from support import samples

Key = tuple[str, Any]

RANGES = [
    "10.0.0.0/24",
    "10.0.0.7-10.0.0.40",
    "10.0.0.128/25",
    "0.0.0.0/0",
    "fc00::/64",
    "fc00::3/128",
]
RANGES += [
    "::ffff:10.0.0.9/128",
    "::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe",
    "10.0.1.0-10.0.3.255",
    "bad",
]
ADDRESSES = ["10.0.0.8", "10.0.2.1", "fc00::3", "::ffff:10.0.0.200", "bad"]
SELECTORS: list[dict[str, Any]] = [
    {},
    {"matchLabels": {"a": "1"}},
    {"matchLabels": {"a": "2", "b": "1"}},
    {"matchExpressions": [{"key": "a", "operator": "In", "values": ["1", "2"]}]},
    {"matchExpressions": [{"key": "a", "operator": "In"}]},
    {"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]},
    {"matchExpressions": [{"key": "b", "operator": "Exists"}]},
]

names = st.sampled_from(["one", "two", "three"])
labels = st.dictionaries(st.sampled_from("ab"), st.sampled_from("12"))
ranges = st.lists(st.sampled_from(RANGES), max_size=3)
addresses = st.lists(st.sampled_from(ADDRESSES), max_size=2)
selectors = st.lists(st.sampled_from(SELECTORS), max_size=2)
some = st.lists(names, max_size=2)

pools = st.builds(lambda n, a, lb: samples.pool(n, *a, labels=lb), names, ranges, labels)
bgps = st.builds(
    lambda n, p, s, q, c: samples.bgp(
        n, ipAddressPools=p, ipAddressPoolSelectors=s, peers=q, communities=c
    ),
    names,
    some,
    selectors,
    some,
    st.lists(st.sampled_from(["1:2", "vpn"]), max_size=2),
)
l2s = st.builds(
    lambda n, p, s: samples.l2(n, ipAddressPools=p, ipAddressPoolSelectors=s),
    names,
    some,
    selectors,
)
peers = st.builds(
    lambda n, a, v, r, m, b, s, ns: samples.peer(
        n,
        peerAddress=a,
        interface="" if a else "eth0",
        vrf=v,
        routerID=r,
        myASN=m,
        bfdProfile=b,
        passwordSecret={"name": s},
        nodeSelectors=ns,
    ),
    names,
    st.sampled_from(["", "fc00::1", "FC00:0::1", "10.0.0.1", "bad"]),
    st.sampled_from(["", "red"]),
    st.sampled_from(["", "1.1.1.1", "2.2.2.2"]),
    st.sampled_from([1, 2]),
    st.sampled_from(["", "one"]),
    st.sampled_from(["", "one"]),
    selectors,
)
communities = st.builds(
    lambda n, a: samples.community(n, **a),
    names,
    st.dictionaries(st.sampled_from(["vpn", "x"]), st.sampled_from(["1:2", "2:3"])),
)
configurations = st.builds(
    lambda n, s, lb: FRRConfiguration.parse(
        {"metadata": {"name": n, "namespace": s}, "spec": {"nodeSelector": lb}}
    ),
    names,
    names,
    st.sampled_from(SELECTORS),
)
nodes = st.builds(
    lambda n, a, p, lb: samples.node(n, *a, pods=tuple(p), **lb), names, addresses, ranges, labels
)
spaces = st.builds(lambda n, lb: samples.namespace(n, **lb), names, labels)
services = st.builds(
    lambda n, s, a, lb: samples.service(n, *a, space=s, **lb), names, names, addresses, labels
)
things = st.one_of(pools, bgps, l2s, peers, communities, configurations, nodes, spaces, services)
steps = st.lists(st.tuples(st.booleans(), things), max_size=12)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Snapshot, dict[Key, Any]]:
    """Return a snapshot after puts and removals below and on top, and what must be in it."""
    index = Index()
    expected: dict[Key, Any] = {}
    for put, thing in draw(steps):
        if put:
            index.put(thing)
        else:
            index.remove(thing.kind, key_of(thing))
        record(expected, thing, put=put)
    snapshot = Snapshot(index)
    for put, thing in draw(steps):
        snapshot = (
            snapshot.with_object(thing)
            if put
            else snapshot.without_object(thing.kind, key_of(thing))
        )
        record(expected, thing, put=put)
    return snapshot, expected


def record(expected: dict[Key, Any], thing: Object, *, put: bool) -> None:
    expected.pop((thing.kind, key_of(thing)), None)
    if put:
        expected[thing.kind, key_of(thing)] = thing


def of_kind(kind: str, expected: Mapping[Key, Any]) -> list[Any]:
    return [thing for (found, _), thing in expected.items() if found == kind]


def intervals(texts: Iterable[str], read: Callable[[str], Interval]) -> Iterator[Interval]:
    for text in texts:
        try:
            yield read(text)
        except AddressError:
            continue


def address(text: str) -> Interval:
    return Interval.of(parse_ip(text))


def keys(found: Iterable[Any]) -> list[Any]:
    """Return keys in order; what was found twice is there twice."""
    return sorted(((thing.kind, key_of(thing)) for thing in found), key=str)


@given(histories())
def test_the_maps_hold_every_object(history: tuple[Snapshot, dict[Key, Any]]) -> None:
    snapshot, expected = history
    maps: dict[str, Mapping[Any, Any]] = {
        "IPAddressPool": snapshot.pools,
        "BGPPeer": snapshot.peers,
        "BGPAdvertisement": snapshot.bgp_advertisements,
        "L2Advertisement": snapshot.l2_advertisements,
        "Community": snapshot.communities,
        "FRRConfiguration": snapshot.frr_configurations,
        "Node": snapshot.nodes,
        "Namespace": snapshot.namespaces,
        "Service": snapshot.services,
    }
    for kind, found in maps.items():
        assert dict(found) == {key_of(thing): thing for thing in of_kind(kind, expected)}
        assert len(found) == len(dict(found))


@given(histories(), st.sampled_from([text for text in RANGES if text != "bad"]))
def test_overlaps(history: tuple[Snapshot, dict[Key, Any]], text: str) -> None:
    snapshot, expected = history
    wanted = parse_entry(text)

    def scan(kind: str, field: Callable[[Any], Any], read: Callable[[str], Interval]) -> list[Any]:
        return keys(
            thing
            for thing in of_kind(kind, expected)
            if any(one.overlaps(wanted) for one in intervals(field(thing), read))
        )

    assert keys(snapshot.pools_overlapping(wanted)) == scan(
        "IPAddressPool", lambda pool: pool.spec.addresses, parse_entry
    )
    assert keys(snapshot.nodes_within(wanted)) == scan("Node", lambda n: n.addresses, address)
    assert keys(snapshot.services_within(wanted)) == scan("Service", lambda s: s.addresses, address)


@given(histories())
def test_pools_and_advertisements_find_each_other(
    history: tuple[Snapshot, dict[Key, Any]],
) -> None:
    snapshot, expected = history
    found_pools = of_kind("IPAddressPool", expected)
    found_advs = of_kind("BGPAdvertisement", expected) + of_kind("L2Advertisement", expected)
    for pool in found_pools:
        scan = keys(adv for adv in found_advs if selects_pool(adv, pool))
        assert keys(snapshot.advertisements_for_pool(pool)) == scan
    for adv in found_advs:
        scan = keys(pool for pool in found_pools if selects_pool(adv, pool))
        assert keys(snapshot.pools_of_advertisement(adv)) == scan


@given(histories(), st.sampled_from([text for text in RANGES if text != "bad"]), names)
def test_overlaps_without_one(
    history: tuple[Snapshot, dict[Key, Any]], text: str, own: str
) -> None:
    snapshot, _ = history
    wanted = parse_entry(text)
    others = [pool for pool in snapshot.pools_overlapping(wanted) if pool.metadata.name != own]
    assert keys(snapshot.pools_overlapping(wanted, but=own)) == keys(others)


def lengths(pool: Any, version: int) -> list[int]:  # noqa: ANN401 - an IPAddressPool
    """Return how long the largest prefix of each entry of a family is, as MetalLB counts."""
    found = []
    for entry in pool.spec.addresses:
        for interval in intervals([entry], parse_entry):
            mapped = interval.version == 4 and ":" in entry and "-" not in entry
            shortest = min(prefix.length for prefix in interval.prefixes())
            found += [shortest + 96 * mapped] if interval.version == version else []
    return found


@given(histories(), st.sampled_from([4, 6]), st.integers(0, 128))
def test_pools_by_what_rules_ask_of_all_of_them(
    history: tuple[Snapshot, dict[Key, Any]], version: int, length: int
) -> None:
    snapshot, expected = history
    found = of_kind("IPAddressPool", expected)
    assert keys(snapshot.pools_of_family(version)) == keys(
        pool for pool in found if lengths(pool, version)
    )
    assert keys(snapshot.pools_longer_than(version, length)) == keys(
        pool for pool in found if any(each > length for each in lengths(pool, version))
    )


@given(histories())
def test_advertisements_by_what_rules_ask_of_all_of_them(
    history: tuple[Snapshot, dict[Key, Any]],
) -> None:
    snapshot, expected = history
    found = of_kind("BGPAdvertisement", expected)
    by_pref = {local_pref: set(names) for local_pref, names in snapshot.local_prefs().items()}
    assert by_pref == ({0: {adv.metadata.name for adv in found}} if found else {})
    assert set(snapshot.listed_communities()) == {
        one for adv in found for one in adv.spec.communities
    }
    every = [*found, *of_kind("L2Advertisement", expected)]
    assert snapshot.all_pools_announced() == any(map(selects_all, every))


@given(histories())
def test_peers_that_may_be_of_our_own_autonomous_system(
    history: tuple[Snapshot, dict[Key, Any]],
) -> None:
    snapshot, expected = history
    found = [peer for peer in of_kind("BGPPeer", expected) if not is_external(peer)]
    assert keys(snapshot.peers_not_external()) == keys(found)


@given(st.lists(services, max_size=8))
def test_addresses_that_services_share(found: list[Any]) -> None:
    stored = {key_of(one): one for one in found}
    shared: dict[Interval, set[Any]] = {}
    for key, one in stored.items():
        for interval in intervals(one.addresses, address):
            shared.setdefault(interval, set()).add(key)
    told = {
        interval: {key_of(one) for one in those}
        for interval, those in Snapshot.of(*found).shared_addresses()
    }
    assert told == {interval: those for interval, those in shared.items() if len(those) > 1}


@given(histories(), selectors)
def test_selection_by_label(
    history: tuple[Snapshot, dict[Key, Any]], chosen: list[dict[str, Any]]
) -> None:
    snapshot, expected = history
    wanted = [LabelSelector.parse(one) for one in chosen]
    found_nodes, found_spaces = of_kind("Node", expected), of_kind("Namespace", expected)
    assert keys(snapshot.pools_selected(wanted)) == keys(
        pool
        for pool in of_kind("IPAddressPool", expected)
        if matches_any(wanted, pool.metadata.labels)
    )
    for selector in wanted:
        assert keys(snapshot.frr_configurations_on(selector)) == keys(
            config
            for config in of_kind("FRRConfiguration", expected)
            if any(
                matches(selector, node.labels) and matches(config.spec.node_selector, node.labels)
                for node in found_nodes
            )
        )
    assert keys(snapshot.nodes_selected(wanted)) == keys(
        node for node in found_nodes if not wanted or matches_any(wanted, node.labels)
    )
    for _ in range(2):
        assert snapshot.names_of_nodes(wanted) == {
            node.name for node in snapshot.nodes_selected(wanted)
        }
    assert keys(snapshot.namespaces_selected(wanted)) == keys(
        space for space in found_spaces if any(matches(one, space.labels) for one in wanted)
    )


@given(histories(), selectors)
def test_peers_are_found_by_the_nodes_that_connect_to_them(
    history: tuple[Snapshot, dict[Key, Any]], chosen: list[dict[str, Any]]
) -> None:
    snapshot, expected = history
    wanted = [LabelSelector.parse(one) for one in chosen]

    def runs_on(peer: BGPPeer, node: NodeInfo) -> bool:
        return not peer.spec.node_selectors or matches_any(peer.spec.node_selectors, node.labels)

    found = of_kind("Node", expected)
    chosen_nodes = [one for one in found if not wanted or matches_any(wanted, one.labels)]
    assert keys(snapshot.peers_on(wanted)) == keys(
        peer
        for peer in of_kind("BGPPeer", expected)
        if any(runs_on(peer, one) for one in chosen_nodes)
    )


@given(histories())
def test_peers_are_found_by_what_they_say(history: tuple[Snapshot, dict[Key, Any]]) -> None:
    snapshot, expected = history
    found = of_kind("BGPPeer", expected)
    for peer in found:
        identity = peer_identity(peer)
        same = keys(other for other in found if peer_identity(other) == identity)
        assert keys(snapshot.peers_at(identity)) == same
    for vrf in ("", "red", "none"):
        asns: dict[int, list[str]] = {}
        for peer in found:
            if peer.spec.vrf == vrf:
                asns.setdefault(peer.spec.my_asn, []).append(peer.metadata.name)
        assert sorted_groups(snapshot.asns(vrf)) == sorted_groups(asns)
    ids: dict[str, list[str]] = {}
    for peer in found:
        ids.setdefault(peer.spec.router_id, []).append(peer.metadata.name)
    assert sorted_groups(snapshot.router_ids()) == sorted_groups(ids)
    assert len(snapshot.router_ids()) == len(ids)


def sorted_groups(groups: Mapping[Any, Iterable[str]]) -> dict[Any, list[str]]:
    return {value: sorted(found) for value, found in groups.items()}


@given(histories(), names)
def test_references_are_found_from_the_other_end(
    history: tuple[Snapshot, dict[Key, Any]], name: str
) -> None:
    snapshot, expected = history
    found_peers = of_kind("BGPPeer", expected)
    advs = of_kind("BGPAdvertisement", expected)
    assert keys(snapshot.peers_using_profile(name)) == keys(
        peer for peer in found_peers if peer.spec.bfd_profile == name
    )
    assert keys(snapshot.peers_using_secret(name)) == keys(
        peer for peer in found_peers if peer.spec.password_secret.name == name
    )
    assert keys(snapshot.advertisements_naming_peer(name)) == keys(
        adv for adv in advs if name in adv.spec.peers
    )
    assert keys(snapshot.advertisements_using_alias("vpn")) == keys(
        adv for adv in advs if "vpn" in adv.spec.communities
    )
    assert keys(snapshot.communities_defining("vpn")) == keys(
        community
        for community in of_kind("Community", expected)
        if any(alias.name == "vpn" for alias in community.spec.communities)
    )


@given(st.lists(pools, max_size=6), st.lists(pools, max_size=6))
def test_replacing_a_kind_leaves_what_was_listed_and_other_kinds(
    before: list[Any], after: list[Any]
) -> None:
    node = samples.node("one", "10.0.0.8")
    index = Index([*before, node])
    index.replace("IPAddressPool", after)
    snapshot = Snapshot(index)
    assert dict(snapshot.pools) == {pool.metadata.name: pool for pool in after}
    assert dict(snapshot.nodes) == {"one": node}
    everything = parse_entry("0.0.0.0/0")
    v4 = [p for p in snapshot.pools.values() if list(snapshot_intervals(p, everything))]
    assert keys(snapshot.pools_overlapping(everything)) == keys(v4)


def snapshot_intervals(pool: Any, wanted: Interval) -> Iterator[Interval]:  # noqa: ANN401 - from a strategy
    return (i for i in intervals(pool.spec.addresses, parse_entry) if i.overlaps(wanted))


def test_a_snapshot_does_not_change_what_it_was_made_from() -> None:
    before = Snapshot.of(samples.pool("one", "10.0.0.0/24"))
    after = before.with_object(samples.pool("one", "10.0.1.0/24")).without_object("Node", "gone")
    assert before.pools["one"].spec.addresses == ("10.0.0.0/24",)
    assert after.pools["one"].spec.addresses == ("10.0.1.0/24",)
    assert list(after.pools_overlapping(parse_entry("10.0.0.0/24"))) == []


def test_kinds_that_may_be_in_any_namespace_are_told_apart_by_it() -> None:
    configurations = [
        FRRConfiguration.parse({"metadata": {"name": "same", "namespace": space}})
        for space in ("one", "two")
    ]
    assert set(Snapshot.of(*configurations).frr_configurations) == {
        ("one", "same"),
        ("two", "same"),
    }


def test_frr_configurations_are_found_by_what_they_say_of_a_router_and_a_session() -> None:
    end = samples.neighbor(address="192.0.2.1")
    one = samples.frr("one", {"asn": 1, "id": "192.0.2.7", "neighbors": [end]})
    two = samples.frr("two", {"asn": 2, "vrf": "red", "neighbors": [end]})
    by_speaker = samples.frr("metallb-n", {"asn": 3}, **{"kubernetes.io/hostname": "n"})
    stored = Snapshot(Index([one, two, by_speaker]))

    def unlike(snapshot: Snapshot, *router: Any) -> list[str]:  # noqa: ANN401 - as of the method
        return [found.metadata.name for found in snapshot.frr_configurations_unlike(*router)]

    assert unlike(stored, "", 1, "") == []
    assert unlike(stored, "", 9, "") == ["one"]
    assert unlike(stored, "", 1, "192.0.2.8") == ["one"]
    assert unlike(stored, "red", 1, "") == ["two"]
    assert unlike(stored, "blue", 1, "") == []
    assert [*stored.frr_configurations_describing("", "192.0.2.1")] == [one]
    assert [*stored.frr_configurations_describing("red", "192.0.2.1")] == [two]
    changed = stored.with_object(samples.frr("one", {"asn": 9}))
    assert unlike(changed, "", 9, "") == []
    assert unlike(changed, "", 1, "") == ["one"]
    assert [*changed.frr_configurations_describing("", "192.0.2.1")] == []
    assert unlike(stored.without_object("FRRConfiguration", key_of(one)), "", 9, "") == []


def test_an_unknown_key_is_no_object() -> None:
    snapshot = Snapshot.of(samples.node("one")).without_object("Node", "one")
    with pytest.raises(KeyError):
        snapshot.nodes["one"]
    with pytest.raises(KeyError):
        snapshot.router_ids()["1.1.1.1"]
    assert snapshot.nodes.get("two") is None


@pytest.mark.parametrize(
    ("spec", "identity"),
    [
        ({"peerAddress": "10.0.0.1"}, "10.0.0.1"),
        ({"peerAddress": "FC00:0::1", "vrf": "red"}, "fc00::1-red"),
        ({"peerAddress": "::ffff:10.0.0.1"}, "10.0.0.1"),
        ({"peerAddress": "", "interface": "eth0", "vrf": "red"}, "eth0-red"),
        ({"peerAddress": "router"}, "router"),
    ],
)
def test_identity_of_a_peer(spec: dict[str, Any], identity: str) -> None:
    assert peer_identity(samples.peer("one", **spec)) == identity

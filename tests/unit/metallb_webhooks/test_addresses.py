"""Addresses are read as MetalLB reads them, and the arithmetic is exact."""

from ipaddress import ip_address, ip_network, summarize_address_range

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metallb_webhooks.addresses import (
    BITS,
    AddressError,
    Interval,
    merge,
    parse_cidr,
    parse_entry,
    parse_ip,
    parse_range,
    subtract,
)


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    version = draw(st.sampled_from([4, 6]))
    ends = draw(st.tuples(*[st.integers(0, (1 << BITS[version]) - 1)] * 2))
    return Interval.between(version, min(ends), max(ends))


@st.composite
def small_intervals(draw: st.DrawFn) -> Interval:
    first = draw(st.integers(0, 60))
    return Interval(draw(st.sampled_from([4, 6])), first, first + draw(st.integers(0, 20)))


def members(*found: Interval) -> set[tuple[int, int]]:
    return {(i.version, value) for i in found for value in range(i.first, i.last + 1)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.0/24", "10.0.0.0/24"),
        ("10.0.0.5/24", "10.0.0.0/24"),
        ("10.0.0.5/024", "10.0.0.0/24"),
        ("10.0.0.5/0000024", "10.0.0.0/24"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("10.0.0.1/32", "10.0.0.1"),
        ("::/0", "::/0"),
        ("FC00:0:0::5/64", "fc00::/64"),
        ("fc00::1/128", "fc00::1"),
        ("::ffff:10.0.0.9/120", "10.0.0.0/24"),
        ("::ffff:a00:9/128", "10.0.0.9"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::ffff:0:0/90", "::ffc0:0:0/90"),
        ("10.0.0.1-10.0.0.1", "10.0.0.1"),
        ("10.0.0.0-10.0.0.255", "10.0.0.0/24"),
        ("10.0.0.1-10.0.0.9", "10.0.0.1-10.0.0.9"),
        ("  10.0.0.1 -\t10.0.0.9\n", "10.0.0.1-10.0.0.9"),
        ("10.0.0.1-::ffff:10.0.0.9", "10.0.0.1-10.0.0.9"),
        ("fc00::1-fc00::2", "fc00::1-fc00::2"),
        ("fc00::-fc00::f", "fc00::/124"),
    ],
)
def test_an_entry_is_read_and_written_canonically(text: str, expected: str) -> None:
    assert str(parse_entry(text)) == expected


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        ("", "neither a prefix nor a range"),
        ("pool", "neither a prefix nor a range"),
        ("10.0.0.1", "write 10.0.0.1/32"),
        ("fc00::1", "write fc00::1/128"),
        (" 10.0.0.0/24", "no prefix"),
        ("10.0.0.0/24 ", "from 0 to 32"),
        ("10.0.0.0/33", "from 0 to 32"),
        ("fc00::/129", "from 0 to 128"),
        ("10.0.0.0/-1", "no IP address"),
        ("10.0.0.0/+1", "from 0 to 32"),
        ("10.0.0.0/", "from 0 to 32"),
        ("10.0.0.0/1/2", "from 0 to 32"),
        ("10.0.0.0/٢٤", "from 0 to 32"),
        ("10.0.0.0/99999999999999999999", "from 0 to 32"),
        ("10.0.0.0/255.255.255.0", "from 0 to 32"),
        ("010.0.0.0/24", "no prefix"),
        ("10.0.0/24", "no prefix"),
        ("fe80::1%eth0/64", "no prefix"),
        ("1:2:3:4:5:6:7:8:9/64", "no prefix"),
        ("10.0.0.1-5", "'5' is no IP address"),
        ("10.0.0.1-", "'' is no IP address"),
        ("-10.0.0.1", "'' is no IP address"),
        ("-", "'' is no IP address"),
        ("10.0.0.1-10.0.0.2-10.0.0.3", "'10.0.0.2-10.0.0.3' is no IP address"),
        ("10.0.0.0/24-10.0.1.0/24", "'10.0.0.0/24' is no IP address"),
        ("fe80::1%eth0-fe80::2", "'fe80::1%eth0' is no IP address"),
        ("10.0.0.1\x1c-10.0.0.2", "is no IP address"),
        ("10.0.0.5-10.0.0.1", "write 10.0.0.1-10.0.0.5"),
        ("fc00::2-fc00::1", "write fc00::1-fc00::2"),
        ("10.0.0.1-fc00::1", "same family"),
        ("fc00::1-10.0.0.1", "same family"),
    ],
)
def test_what_is_no_entry_is_refused_with_the_remedy(text: str, piece: str) -> None:
    with pytest.raises(AddressError) as caught:
        parse_entry(text)
    assert piece in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("FC00:0::1", "fc00::1"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ("64:ff9b::10.0.0.1", "64:ff9b::a00:1"),
    ],
)
def test_an_address_is_normalised(text: str, expected: str) -> None:
    assert str(parse_ip(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 10.0.0.1",
        "10.0.0.1 ",
        "10.0.0.1/32",
        "10.0.0.01",
        "10.0.0",
        "1",
        "fe80::1%eth0",
        "fe80::%",
        "::1::",
        "1:2:3:4:5:6:7:8::",
        "::12345",
        "::1.2.3",
        "::1.2.3.04",
        "1.2.3.4::",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(AddressError, match="no IP address"):
        parse_ip(text)


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ("10.0.0.0/24", "10.0.0.9-10.0.0.12", "10.0.0.9-10.0.0.12"),
        ("10.0.0.0/24", "10.0.0.250-10.0.1.5", "10.0.0.250-10.0.0.255"),
        ("10.0.0.0/24", "10.0.1.0/24", "None"),
        ("10.0.0.0/24", "::ffff:10.0.0.0/127", "10.0.0.0/31"),
        ("0.0.0.0/0", "::/0", "None"),
        ("fc00::/64", "fc00::1/128", "fc00::1"),
    ],
)
def test_intersection(one: str, other: str, common: str) -> None:
    left, right = parse_entry(one), parse_entry(other)
    assert str(left.intersection(right)) == common == str(right.intersection(left))
    assert left.overlaps(right) is (common != "None")


def test_an_interval_of_ipv6_beyond_the_mapped_addresses_stays_ipv6() -> None:
    wide = Interval.between(6, (0xFFFF << 32) - 1, 0xFFFF << 32)
    assert wide.version == 6
    assert not wide.overlaps(parse_cidr("0.0.0.0/0"))


def test_the_addresses_of_an_ipv4_prefix_are_counted() -> None:
    assert parse_cidr("10.0.0.0/24").size == 256
    assert parse_range("10.0.0.1-10.0.0.3").size == 3
    assert parse_cidr("::/0").size == 1 << 128


@given(intervals())
def test_prefixes_are_those_of_the_standard_library(interval: Interval) -> None:
    first, last = (
        ip_address((value).to_bytes(BITS[interval.version] // 8, "big"))
        for value in (interval.first, interval.last)
    )
    expected = [str(network) for network in summarize_address_range(first, last)]
    assert [str(prefix) for prefix in interval.prefixes()] == expected


@given(intervals())
def test_what_is_written_reads_the_same(interval: Interval) -> None:
    text = str(interval)
    assert parse_entry(text if "/" in text or "-" in text else f"{text}-{text}") == interval


@given(st.ip_addresses(), st.integers(0, 128))
def test_a_prefix_holds_what_the_standard_library_says(address: object, length: int) -> None:
    network = ip_network(
        f"{address}/{min(length, 32 if '.' in str(address) else 128)}", strict=False
    )
    expected = Interval.between(
        network.version, int(network.network_address), int(network.broadcast_address)
    )
    assert parse_cidr(f"{address}/{network.prefixlen}") == expected


@given(small_intervals(), small_intervals())
def test_relations_are_those_of_the_sets(one: Interval, other: Interval) -> None:
    assert one.overlaps(other) == bool(members(one) & members(other))
    assert one.contains(other) == (members(other) <= members(one))
    common = one.intersection(other)
    assert members(*([common] if common else [])) == members(one) & members(other)


@given(st.lists(small_intervals()), st.lists(small_intervals()))
def test_merging_and_subtracting_are_those_of_the_sets(
    some: list[Interval], holes: list[Interval]
) -> None:
    assert members(*merge(some)) == members(*some)
    left = subtract(some, holes)
    assert members(*left) == members(*some) - members(*holes)
    assert list(left) == sorted(left)
    assert sum(interval.size for interval in left) == len(members(*left))


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("10.0.0.0/24", 24),
        ("10.0.0.1/32", 32),
        ("0.0.0.0/0", 0),
        ("10.0.0.1-10.0.0.2", 32),
        ("10.0.0.128-10.0.1.127", 25),
        ("10.0.0.240-10.0.0.250", 29),
        ("::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 2),
        ("::/0", 0),
    ],
)
def test_the_largest_prefix_in_a_range(text: str, length: int) -> None:
    interval = parse_entry(text)
    assert interval.shortest_length == length
    assert interval.shortest_length == min(prefix.length for prefix in interval.prefixes())


def test_what_cannot_be_read_is_refused_each_time() -> None:
    for _ in range(2):
        with pytest.raises(AddressError, match="'bad' is neither a prefix nor a range"):
            parse_entry("bad")

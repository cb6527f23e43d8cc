"""Addresses, prefixes and ranges as exact intervals of integers.

Texts are read as MetalLB reads them, which is as Go's net.ParseIP and net.ParseCIDR do. An IPv6
address that maps an IPv4 address (RFC 4291 §2.5.5.2) is that IPv4 address, whichever way it is
written.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final, Self

Address = IPv4Address | IPv6Address

BITS: Final = {4: 32, 6: 128}
MAPPED_FIRST: Final = 0xFFFF << 32
MAPPED_LAST: Final = MAPPED_FIRST + 0xFFFFFFFF
GO_SPACE: Final = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
"""What Go's strings.TrimSpace strips; str.strip() would take some control characters as well."""


class AddressError(ValueError):
    """A text is no address, prefix or range; the message ends in the remedy."""


@dataclass(frozen=True, slots=True, order=True)
class Prefix:
    """A network: `length` leading bits of `base`, whose other bits are 0."""

    version: int
    base: int
    length: int

    def __str__(self) -> str:
        return f"{_text(self.version, self.base)}/{self.length}"


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """The addresses of one family from `first` to `last`, both included.

    Build it with `between`, which normalises; an interval of IPv6 never lies wholly within the
    IPv4-mapped addresses.
    """

    version: int
    first: int
    last: int

    @classmethod
    def between(cls, version: int, first: int, last: int) -> Self:
        """Return the interval, as IPv4 if all of it is IPv4-mapped."""
        if version == 6 and first >= MAPPED_FIRST and last <= MAPPED_LAST:  # noqa: PLR2004 - IPv6
            return cls(4, first - MAPPED_FIRST, last - MAPPED_FIRST)
        return cls(version, first, last)

    @classmethod
    def of(cls, address: Address) -> Self:
        """Return the interval that holds one address."""
        return cls.between(address.version, int(address), int(address))

    @property
    def size(self) -> int:
        """How many addresses it holds."""
        return self.last - self.first + 1

    def overlaps(self, other: "Interval") -> bool:
        """Tell whether an address lies in both."""
        return (
            self.version == other.version and self.first <= other.last and other.first <= self.last
        )

    def contains(self, other: "Interval") -> bool:
        """Tell whether all of the other lies in this one."""
        return (
            self.version == other.version and self.first <= other.first and other.last <= self.last
        )

    def intersection(self, other: "Interval") -> "Interval | None":
        """Return what lies in both, None if nothing does."""
        if not self.overlaps(other):
            return None
        return Interval(self.version, max(self.first, other.first), min(self.last, other.last))

    @property
    def shortest_length(self) -> int:
        """The length of the largest prefix in it."""
        # It holds 2^n addresses, and perhaps not as one prefix, but then 2^(n-1) as one.
        bits = self.size.bit_length() - 1
        begin = -(-self.first >> bits) << bits
        whole = begin + (1 << bits) - 1 <= self.last
        return BITS[self.version] - (bits if whole else bits - 1)

    def prefixes(self) -> Iterator[Prefix]:
        """Yield the fewest prefixes that cover exactly this interval, in ascending order."""
        bits, first = BITS[self.version], self.first
        while first <= self.last:
            aligned = (first & -first).bit_length() - 1 if first else bits
            size = min(aligned, (self.last - first + 1).bit_length() - 1)
            yield Prefix(self.version, first, bits - size)
            first += 1 << size

    def __str__(self) -> str:
        """Return the address, the one prefix, or first-last."""
        if self.first == self.last:
            return _text(self.version, self.first)
        cover = self.prefixes()
        prefix = next(cover)
        if next(cover, None) is None:
            return str(prefix)
        return f"{_text(self.version, self.first)}-{_text(self.version, self.last)}"


def parse_ip(text: str) -> Address:
    """Read an address as Go's net.ParseIP does: no zone, no prefix length, no blanks.

    Raises:
        AddressError: the text is no such address.
    """
    try:
        if ":" not in text:
            return IPv4Address(text)
        address = IPv6Address("" if "%" in text else text)
    except AddressValueError:
        raise AddressError(
            f"{text!r} is no IP address; write one such as 192.0.2.10 or 2001:db8::10"
        ) from None
    return address.ipv4_mapped or address


def parse_cidr(text: str) -> Interval:
    """Read a prefix as Go's net.ParseCIDR does; host bits may be set and count as 0.

    Raises:
        AddressError: the text is no prefix.
    """
    head, slash, tail = text.partition("/")
    if not slash:
        _refuse_bare(text)
    try:
        raw = IPv6Address("" if "%" in head else head) if ":" in head else IPv4Address(head)
    except AddressValueError:
        raise AddressError(
            f"{text!r} is no prefix; write one such as 192.0.2.0/24 or 2001:db8::/64"
        ) from None
    bits = BITS[raw.version]
    if not (tail.isascii() and tail.isdigit()) or len(tail.lstrip("0")) > 3 or int(tail) > bits:  # noqa: PLR2004 - digits of 128
        raise AddressError(
            f"{text!r} has no valid prefix length; write a number from 0 to {bits} after the slash"
        )
    host = (1 << (bits - int(tail))) - 1
    return Interval.between(raw.version, int(raw) & ~host, int(raw) | host)


def parse_range(text: str) -> Interval:
    """Read first-last, split at the first hyphen, blanks around either side ignored.

    MetalLB accepts a range from an IPv4 to an IPv6 address and expands it to nothing; here it is
    refused.

    Raises:
        AddressError: an end is no address, the ends differ in family, or they are swapped.
    """
    first, last = (_end(text, part) for part in text.split("-", 1))
    if first.version != last.version:
        raise AddressError(
            f"{text!r} begins with an IPv{first.version} and ends with an IPv{last.version}"
            " address; use two addresses of the same family"
        )
    if int(first) > int(last):
        raise AddressError(f"{text!r} begins after its end; write {last}-{first}")
    return Interval.between(first.version, int(first), int(last))


def parse_entry(text: str) -> Interval:
    """Read an entry of a pool's addresses: a range if it contains a hyphen, else a prefix.

    Raises:
        AddressError: it is neither.
    """
    found = _remembered(text)
    if isinstance(found, str):
        raise AddressError(found)
    return found


@lru_cache(maxsize=16_384)
def _remembered(text: str) -> Interval | str:
    """Return an entry, or what is wrong with it: every rule on pools asks for the same ones."""
    try:
        return parse_range(text) if "-" in text else parse_cidr(text)
    except AddressError as error:
        return str(error)


def merge(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the same addresses as disjoint intervals in order, adjacent ones joined."""
    merged: list[Interval] = []
    for interval in sorted(intervals):
        top = merged[-1] if merged else None
        if top and top.version == interval.version and interval.first <= top.last + 1:
            merged[-1] = Interval(top.version, top.first, max(top.last, interval.last))
        else:
            merged.append(interval)
    return tuple(merged)


def subtract(intervals: Iterable[Interval], holes: Iterable[Interval]) -> tuple[Interval, ...]:
    """Return the addresses that are in the intervals but in none of the holes, merged."""
    left: list[Interval] = []
    gaps, place = merge(holes), 0
    for interval in merge(intervals):
        first = interval.first
        while place < len(gaps) and _ends_before(gaps[place], interval):
            place += 1
        for at in range(place, len(gaps)):
            if not gaps[at].overlaps(interval):
                break
            if first < gaps[at].first:
                left.append(Interval(interval.version, first, gaps[at].first - 1))
            first = gaps[at].last + 1
        if first <= interval.last:
            left.append(Interval(interval.version, first, interval.last))
    return tuple(left)


def _ends_before(one: Interval, other: Interval) -> bool:
    return (one.version, one.last) < (other.version, other.first)


def _refuse_bare(text: str) -> None:
    try:
        address = parse_ip(text)
    except AddressError:
        raise AddressError(
            f"{text!r} is neither a prefix nor a range;"
            " write for example 192.0.2.0/24 or 192.0.2.10-192.0.2.20"
        ) from None
    raise AddressError(
        f"{text!r} is an address without a prefix length; write {text}/{BITS[address.version]}"
    )


def _end(text: str, part: str) -> Address:
    try:
        return parse_ip(part.strip(GO_SPACE))
    except AddressError:
        raise AddressError(
            f"{text!r} is no range: {part.strip(GO_SPACE)!r} is no IP address;"
            " write two addresses such as 192.0.2.10-192.0.2.20"
        ) from None


def _text(version: int, value: int) -> str:
    return str(IPv4Address(value) if version == 4 else IPv6Address(value))  # noqa: PLR2004 - IPv4

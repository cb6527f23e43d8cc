"""Tables that find keys by value, by overlap and by label, and change one entry at a time.

A key stands for an object and is added and discarded with all of its values at once. Keys come
back in no particular order, each once unless said otherwise.
"""

from bisect import bisect_left, bisect_right, insort
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from operator import itemgetter
from typing import Any, Final, Generic, TypeVar

from metallb_crds.meta import LabelSelector
from metallb_webhooks.addresses import Interval
from metallb_webhooks.labelselectors import matches

K = TypeVar("K", bound=Hashable)
V = TypeVar("V", bound=Hashable)

_FIRST: Final = itemgetter(0)


class Groups(Generic[V, K]):
    """Keys by value."""

    def __init__(self) -> None:
        self._keys: dict[V, dict[K, None]] = {}

    def add(self, value: V, key: K) -> None:
        """Put a key under a value."""
        self._keys.setdefault(value, {})[key] = None

    def discard(self, value: V, key: K) -> None:
        """Take a key away from under a value, if it is there."""
        keys = self._keys.get(value)
        if keys is not None:
            keys.pop(key, None)
            if not keys:
                del self._keys[value]

    def get(self, value: V) -> Collection[K]:
        """Return the keys under a value."""
        return self._keys.get(value, {}).keys()

    def values(self) -> Collection[V]:
        """Return every value that has a key."""
        return self._keys.keys()


class Intervals(Generic[K]):
    """Keys by the addresses that they hold.

    Intervals are kept by order of magnitude, and sorted. Of those with fewer than 2^n addresses
    that meet another interval, none begins 2^n addresses or more before it: one bisection for each
    magnitude in use finds them. Those of one magnitude that end before it are passed over; where
    intervals do not overlap each other, that is one at most.
    """

    def __init__(self) -> None:
        self._sorted: dict[tuple[int, int], list[tuple[int, int, Any]]] = {}

    def add(self, interval: Interval, key: K) -> None:
        """Put a key on an interval."""
        insort(self._sorted.setdefault(_magnitude(interval), []), _entry(interval, key))

    def discard(self, interval: Interval, key: K) -> None:
        """Take a key away from an interval, if it is there."""
        magnitude, entry = _magnitude(interval), _entry(interval, key)
        entries = self._sorted.get(magnitude, [])
        place = bisect_left(entries, entry)
        if entries[place : place + 1] == [entry]:
            del entries[place]
            if not entries:
                del self._sorted[magnitude]

    def overlapping(self, interval: Interval) -> Iterator[K]:
        """Yield the keys that hold any of the addresses; ask for no more than is needed."""
        seen: set[K] = set()
        for (version, bits), entries in self._sorted.items():
            if version != interval.version:
                continue
            for place in range(
                bisect_right(entries, interval.first - (1 << bits), key=_FIRST), len(entries)
            ):
                first, last, key = entries[place]
                if first > interval.last:
                    break
                if last >= interval.first and key not in seen:
                    seen.add(key)
                    yield key


def _magnitude(interval: Interval) -> tuple[int, int]:
    return interval.version, interval.size.bit_length()


def _entry(interval: Interval, key: K) -> tuple[int, int, K]:
    return interval.first, interval.last, key


class Labels(Generic[K]):
    """Keys by the labels of what they stand for."""

    def __init__(self) -> None:
        self._labels: dict[K, Mapping[str, str]] = {}
        self._pairs: Groups[tuple[str, str], K] = Groups()

    def add(self, labels: Mapping[str, str], key: K) -> None:
        """Put labels on a key."""
        self._labels[key] = labels
        for pair in labels.items():
            self._pairs.add(pair, key)

    def discard(self, labels: Mapping[str, str], key: K) -> None:
        """Forget a key and its labels."""
        self._labels.pop(key, None)
        for pair in labels.items():
            self._pairs.discard(pair, key)

    def matching(self, selector: LabelSelector) -> Iterator[K]:
        """Yield the keys that a selector matches."""
        anchors = anchors_of(selector)
        if anchors is None:
            candidates: Collection[K] = self._labels.keys()
        else:
            candidates = {key for pair in anchors for key in self._pairs.get(pair)}
        return (key for key in candidates if matches(selector, self._labels[key]))


class Selectors(Generic[K]):
    """Keys by a selector: the other way round, labels find the keys whose selector matches."""

    def __init__(self) -> None:
        self._anchored: Groups[tuple[str, str], K] = Groups()
        self._free: Counter[K] = Counter()

    def add(self, selector: LabelSelector, key: K) -> None:
        """Put a selector on a key; it may have several."""
        anchors = anchors_of(selector)
        if anchors is None:
            self._free[key] += 1
        for pair in anchors or ():
            self._anchored.add(pair, key)

    def discard(self, selector: LabelSelector, key: K) -> None:
        """Take a selector away from a key."""
        anchors = anchors_of(selector)
        if anchors is None:
            _count_down(self._free, key)
        for pair in anchors or ():
            self._anchored.discard(pair, key)

    def candidates(self, labels: Mapping[str, str]) -> Iterator[K]:
        """Yield the keys that may have a selector which matches; perhaps more, perhaps twice."""
        yield from self._free
        for pair in labels.items():
            yield from self._anchored.get(pair)

    def matching_any(
        self,
        labelled: Collection[Mapping[str, str]],
        matching: Callable[[K, Mapping[str, str]], bool],
    ) -> Iterator[K]:
        """Yield the keys whose selectors match any of many labels, each once.

        Args:
            labelled: labels of many things.
            matching: tells whether a key's selectors match labels.
        """
        found: set[K] = set()
        by_pair: defaultdict[tuple[str, str], list[Mapping[str, str]]] = defaultdict(list)
        for labels in labelled:
            for pair in labels.items():
                by_pair[pair].append(labels)
        asked: list[tuple[Collection[K], Collection[Mapping[str, str]]]]
        asked = [(self._free.keys(), labelled)]
        asked += [(self._anchored.get(pair), those) for pair, those in by_pair.items()]
        for keys, those in asked:
            for key in keys:
                if key not in found and any(matching(key, labels) for labels in those):
                    found.add(key)
                    yield key


def _count_down(counts: Counter[V], value: V) -> None:
    counts[value] -= 1
    if counts[value] <= 0:
        del counts[value]


def anchors_of(selector: LabelSelector) -> frozenset[tuple[str, str]] | None:
    """Return labels of which everything that the selector matches has at least one.

    None if the selector asks for no particular value of any label.
    """
    for pair in selector.match_labels.items():
        return frozenset({pair})
    for expression in selector.match_expressions:
        if expression.operator == "In":
            return frozenset((expression.key, value) for value in expression.values)
    return None

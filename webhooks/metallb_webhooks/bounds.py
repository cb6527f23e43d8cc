"""How much an object may hold to be judged at all. Pure.

Whatever a review costs grows with the object, which nothing else bounds but the size of requests.
These bounds keep any review short. They are far above what is in use, and looked at first: before
an object is decoded, and before every rule.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from metallb_crds.base import Model

TEXT: Final = 1_024
"""Characters of a text, or of a key."""

DEPTH: Final = 32

_NAMED: Final = 10
_METADATA: Final = ("labels", "annotations", "finalizers", "ownerReferences")

Problem = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of one kind.

    Attributes:
        entries: of lists and maps, by path without indexes.
        texts: characters, by path without indexes.
        other: entries of any other list or map.
        expressions: of all label selectors together, each of which is held against every Node.
        values: of the object in all: lists, maps and everything in them.
        remedy: what to do about too much.
    """

    entries: Mapping[str, int] = field(default_factory=dict)
    texts: Mapping[str, int] = field(default_factory=dict)
    other: int = 100
    expressions: int = 64
    values: int = 5_000
    remedy: str = "leave some of it out"


_PREFIXES: Final = 5_000
_NEIGHBOR: Final = "spec.bgp.routers.neighbors"
_DURATIONS: Final = ("holdTime", "keepaliveTime", "connectTime")
_DURATION: Final = 64

BOUNDS: Final[Mapping[str, Bounds]] = {
    "IPAddressPool": Bounds(
        {
            "spec.addresses": 1_000,
            "spec.serviceAllocation.namespaces": 1_000,
        },
        remedy="merge entries into ranges, or move some to another IPAddressPool",
    ),
    "BGPAdvertisement": Bounds(
        {"spec.ipAddressPools": 1_000, "spec.peers": 1_000, "spec.communities": 200},
        remedy="select by label, or move some to another BGPAdvertisement",
    ),
    "L2Advertisement": Bounds(
        {"spec.ipAddressPools": 1_000},
        remedy="select by label, or move some to another L2Advertisement",
    ),
    "BGPPeer": Bounds(
        texts={f"spec.{name}": _DURATION for name in _DURATIONS},
        remedy="select by fewer labels, or leave some of it out",
    ),
    "BFDProfile": Bounds(),
    "Community": Bounds({"spec.communities": 1_000}, remedy="move some to another Community"),
    "FRRConfiguration": Bounds(
        {
            "spec.bgp.routers": 100,
            _NEIGHBOR: 500,
            "spec.bgp.routers.prefixes": _PREFIXES,
            f"{_NEIGHBOR}.toAdvertise.allowed.prefixes": _PREFIXES,
            f"{_NEIGHBOR}.toAdvertise.withLocalPref.prefixes": _PREFIXES,
            f"{_NEIGHBOR}.toAdvertise.withCommunity.prefixes": _PREFIXES,
            f"{_NEIGHBOR}.toReceive.allowed.prefixes": _PREFIXES,
        },
        {"spec.raw.rawConfig": 65_536} | {f"{_NEIGHBOR}.{name}": _DURATION for name in _DURATIONS},
        values=10_000,
        remedy="move some to another FRRConfiguration for the same nodes",
    ),
    "MetalLB": Bounds({"spec.admission.deny": 128}),
}
"""By kind."""


def exceeded(kind: str, thing: Mapping[str, Any] | Model) -> tuple[Problem, ...]:
    """Return what an object has too much of: paths, and sentences that end in the remedy.

    Looks no further than the bounds go. What nobody judges is left alone: who manages which field,
    and the values of annotations; of the status only how many values it has.

    Args:
        kind: of the object; one without bounds has none.
        thing: the object, as JSON holds it or decoded.
    """
    bounds = BOUNDS.get(kind)
    return tuple(islice(_Walk(bounds).problems(thing), _NAMED)) if bounds else ()


def described(kind: str) -> str:
    """Return the bounds of a kind in a sentence without its full stop."""
    bounds = BOUNDS[kind]
    entries = f"{bounds.other:,} entries{_but(bounds.entries)}"
    texts = f"{TEXT:,} characters{_but(bounds.texts)}"
    return (
        f"A list or map has at most {entries}, a text at most {texts}, and the object in all"
        f" at most {bounds.expressions:,} `matchExpressions` and {bounds.values:,} values"
    )


def _but(limits: Mapping[str, int]) -> str:
    told = [f"`{path.removeprefix('spec.')}` {limit:,}" for path, limit in limits.items()]
    return f" ({', '.join(told)})" if told else ""


class _Walk:
    """One look at an object, which ends where it has too many values."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._left = bounds.values
        self._expressions = 0

    def problems(self, thing: Mapping[str, Any] | Model) -> Iterator[Problem]:
        """Yield what is too much; what is too long is not looked into."""
        # Path without indexes, path with indexes, depth, value.
        waiting: list[tuple[str, str, int, object]] = [("", "", 0, thing)]
        while waiting:
            path, place, depth, value = waiting.pop()
            if isinstance(value, str):
                problem = self._of_text(path, value)
            elif isinstance(value, Model | Mapping):
                members = _members(path, value)
                problem = self._of_keys(members) or self._of_size(path, depth, len(members))
                if not problem:
                    waiting.extend(
                        (_below(path, key), _below(place, key), depth + 1, member)
                        for key, member in members.items()
                    )
            elif isinstance(value, list | tuple):
                problem = self._of_expressions(path, value) or self._of_size(
                    path, depth, len(value)
                )
                if not problem:
                    waiting.extend(
                        (path, f"{place}[{index}]", depth + 1, member)
                        for index, member in enumerate(value)
                    )
            else:
                continue
            if problem:
                yield place, f"{problem}; {self._bounds.remedy}"
            if self._left < 0:
                return

    def _of_text(self, path: str, value: str) -> str:
        most = self._bounds.texts.get(path, TEXT)
        if len(value) <= most or _is_free(path):
            return ""
        # Not the text itself, which may be a password.
        return f"a text of {len(value):,} characters is longer than the {most:,} that are judged"

    def _of_keys(self, members: Mapping[str, object]) -> str:
        longest = max(map(len, members), default=0)
        if longest <= TEXT:
            return ""
        return f"a key of {longest:,} characters is longer than the {TEXT:,} that are judged"

    def _of_expressions(self, path: str, value: Collection[object]) -> str:
        self._expressions += len(value) if path.endswith("matchExpressions") else 0
        if self._expressions <= self._bounds.expressions:
            return ""
        most = self._bounds.expressions
        return f"the object has more than the {most:,} matchExpressions that are judged"

    def _of_size(self, path: str, depth: int, count: int) -> str:
        if depth > DEPTH:
            return f"values below more than {DEPTH} others are not judged"
        most = self._bounds.entries.get(path, self._bounds.other)
        if count > most and not _is_free(path):
            return f"{count:,} entries are more than the {most:,} that are judged"
        self._left -= count
        if self._left >= 0:
            return ""
        return f"the object has more than the {self._bounds.values:,} values that are judged"


def _members(path: str, value: Model | Mapping[str, object]) -> Mapping[str, object]:
    """Return what stands in an object, as far as anybody reads it."""
    if isinstance(value, Model):
        fields = type(value).model_fields
        given: Mapping[str, object] = {
            fields[name].alias or name: getattr(value, name) for name in value.model_fields_set
        }
    else:
        given = value
    if path != "metadata":
        return given
    return {name: given[name] for name in _METADATA if name in given}


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _is_free(path: str) -> bool:
    """Tell whether single lists and texts are not bounded: nobody judges them."""
    return path.partition(".")[0] == "status" or ".annotations" in path

"""What is stored while a review is judged, and the review: plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

Manifest = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class World:
    """What is stored in MetalLB's namespace, in order of names, and the nodes."""

    stored: tuple[Manifest, ...] = ()
    nodes: tuple[Manifest, ...] = ()

    def of(self, kind: str) -> tuple[Manifest, ...]:
        """Return the stored objects of a kind."""
        return tuple(thing for thing in self.stored if thing["kind"] == kind)

    def without(self, thing: Manifest) -> "World":
        """Return the world without the object of this kind and name."""
        key = _key(thing)
        return replace(self, stored=tuple(one for one in self.stored if _key(one) != key))

    def adding(self, thing: Manifest) -> "World":
        """Return the world with one object more."""
        return replace(self, stored=tuple(sorted((*self.stored, thing), key=_key)))


@dataclass(frozen=True, slots=True)
class Case:
    """A review: CREATE of `new`, DELETE of `old`, or UPDATE of one to the other."""

    new: Manifest | None = None
    old: Manifest | None = None

    @property
    def subject(self) -> Manifest:
        """What the review is about."""
        thing = self.new or self.old
        assert thing is not None
        return thing

    @property
    def kind(self) -> str:
        """Of the object."""
        return str(self.subject["kind"])

    @property
    def operation(self) -> str:
        """What happens to the object."""
        if self.new is None:
            return "DELETE"
        return "CREATE" if self.old is None else "UPDATE"

    @property
    def spec(self) -> Mapping[str, Any]:
        """The spec of the object under review."""
        found: Mapping[str, Any] = self.subject["spec"]
        return found


def _key(thing: Manifest) -> tuple[str, str]:
    return str(thing["kind"]), str(thing["metadata"]["name"])

"""Seeded choices: mostly what is usual, now and then what lies at a boundary."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Chooser:
    """Chooses for one object.

    Attributes:
        spice: how often a field gets a boundary value, 0 to 1.
    """

    rng: Random
    spice: float = 0.0

    def odds(self, chance: float) -> bool:
        """Tell whether something happens that has this chance."""
        return self.rng.random() < chance

    def one(self, usual: Sequence[T], boundary: Sequence[T] = ()) -> T:
        """Return one of the usual values, or of those at a boundary."""
        return self.rng.choice(boundary if boundary and self.odds(self.spice) else usual)

    def some(self, make: Callable[[], T], counts: Sequence[int]) -> list[T]:
        """Return a few made values; how many is one of the counts."""
        return [make() for _ in range(self.rng.choice(counts))]

    def spec(self, **fields: tuple[float, Callable[[], Any]]) -> dict[str, Any]:
        """Return the fields that happen to be there, each given its chance and its maker."""
        return {name: make() for name, (chance, make) in fields.items() if self.odds(chance)}

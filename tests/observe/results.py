"""What a run of scenarios has shown, as values; and as JSON."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from observe.outcomes import Gap, Mark, Outcome, Request, gaps

DOTS: int = 400
"""How many successes of a lane are drawn at most; failures are drawn all."""


@dataclass(frozen=True, slots=True)
class Dot:
    """A request in a picture: when it started after the scenario did, and how long it took."""

    at: float
    seconds: float
    error: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """The requests to one target.

    Attributes:
        dots: every failure, and as many successes as can be told apart.
    """

    name: str
    outcome: Outcome
    gaps: tuple[Gap, ...]
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario, as it went.

    Attributes:
        name: short, unique in a run.
        what: a sentence for people.
        backend: "" where it is not about one.
        change: whether something is changed under traffic; else it shows a promise kept.
        start: by the monotonic clock of the machine; times of lanes and marks count from there.
        error: what it failed with; "" if it passed.
        before, after: addresses by Service, where they must stay the same.
        notes: anything else that was measured, as sentences.
    """

    name: str
    what: str = ""
    backend: str = ""
    change: bool = False
    start: float = 0.0
    seconds: float = 0.0
    error: str = ""
    marks: tuple[Mark, ...] = ()
    lanes: tuple[Lane, ...] = ()
    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether it went as it must."""
        return not self.error

    @property
    def requests(self) -> int:
        """Sent to all targets."""
        return sum(lane.outcome.requests for lane in self.lanes)

    @property
    def failed(self) -> int:
        """Failed, of all targets."""
        return sum(lane.outcome.failed for lane in self.lanes)

    @property
    def longest_gap(self) -> float:
        """Seconds, of the worst target."""
        return max((lane.outcome.longest_gap for lane in self.lanes), default=0.0)

    @property
    def longest_silence(self) -> float:
        """Seconds, of the worst target."""
        return max((lane.outcome.longest_silence for lane in self.lanes), default=0.0)


@dataclass(frozen=True, slots=True)
class Run:
    """A whole run.

    Attributes:
        date: when it began, for people.
        commit: of what was tested.
        machine: what it ran on, in words: cores, memory, kernel.
        seconds: all together.
    """

    date: str
    commit: str
    machine: str
    seconds: float
    scenarios: tuple[Scenario, ...]

    @property
    def failed(self) -> tuple[Scenario, ...]:
        """The scenarios that failed."""
        return tuple(one for one in self.scenarios if not one.passed)


def lane(
    name: str, requests: Sequence[Request], outcome: Outcome, *, interval: float, start: float
) -> Lane:
    """Return what is shown of the requests to one target.

    Args:
        interval: that they started at, in seconds.
        start: of the scenario, by the monotonic clock.
    """
    dots = [Dot(round(one.start - start, 3), one.seconds, one.error) for one in requests]
    return Lane(name, outcome, gaps(requests, interval), thinned(dots))


def thinned(dots: Iterable[Dot], most: int = DOTS) -> tuple[Dot, ...]:
    """Return every failure and, evenly chosen, so many successes at most, by time."""
    every = sorted(dots, key=lambda dot: dot.at)
    good = [dot for dot in every if not dot.error]
    step = -(-len(good) // most) or 1
    kept = [*good[::step], *(dot for dot in every if dot.error)]
    return tuple(sorted(kept, key=lambda dot: dot.at))


def as_json(run: Run) -> dict[str, Any]:
    """Return a run for programs: of requests, only those that failed one by one."""
    document = asdict(run)
    for scenario, written in zip(run.scenarios, document["scenarios"], strict=True):
        written["passed"] = scenario.passed
        for one in written["lanes"]:
            one["failures"] = [dot for dot in one.pop("dots") if dot["error"]]
    return document

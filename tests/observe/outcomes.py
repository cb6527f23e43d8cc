"""What became of requests: how many failed, and for how long none succeeded."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """One request over a connection of its own.

    Attributes:
        target: name of what was asked.
        tick: how many intervals after the first it started.
        start: by the monotonic clock of the machine, in seconds.
        seconds: until it was answered or failed.
        error: "" if it was answered, else "timeout", "refused", "reset", "unreachable", or what
            was wrong with the answer.
        connected: whether there was a connection (UDP: an answer).
        node: where the pod that answered runs, and the two after it: the pod, and the address that
            it saw the request come from.
    """

    target: str
    tick: int
    start: float
    seconds: float
    error: str = ""
    connected: bool = True
    node: str = ""
    pod: str = ""
    client: str = ""

    @property
    def ok(self) -> bool:
        """Whether it was answered as it should be."""
        return not self.error


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, and when by the monotonic clock."""

    what: str
    at: float


@dataclass(frozen=True, slots=True)
class Gap:
    """Requests to one target that failed one after the other.

    Attributes:
        start: when the first of them started.
        seconds: from the success before them to the one after them, by when these started, less
            one interval. A single request that fails makes a gap of one interval.
    """

    target: str
    start: float
    seconds: float
    failed: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of all requests.

    Attributes:
        seconds: from the first start to the last.
        longest_gap: in seconds, in which every request failed; of several targets, the worst.
        longest_silence: in seconds, without any answer, less one interval. It is longer than the
            gap when requests of the gap were answered late, which ARP and TCP see to: they keep
            what they could not send, and send it later.
        skipped: requests that the client did not start since it was held up itself.
        p50, p99, slowest: seconds that an answer took; 0.0 if there was none.
        errors: how often what went wrong, the most frequent first.
        nodes, pods: that answered.
        clients: addresses that the pods saw requests come from.
    """

    requests: int
    failed: int
    seconds: float
    longest_gap: float
    longest_silence: float
    skipped: int
    p50: float
    p99: float
    slowest: float
    errors: tuple[tuple[str, int], ...]
    nodes: tuple[str, ...]
    pods: tuple[str, ...]
    clients: tuple[str, ...]
    marks: tuple[Mark, ...]

    def __str__(self) -> str:
        """One line for assertions and logs."""
        why = ", ".join(f"{count} {kind}" for kind, count in self.errors)
        return (
            f"{self.failed} of {self.requests} failed{f' ({why})' if why else ''}, longest gap "
            f"{self.longest_gap:.2f} s, silence {self.longest_silence:.2f} s, "
            f"p99 {self.p99 * 1000:.0f} ms, {self.skipped} not sent"
        )


def read(line: dict[str, Any]) -> Request:
    """Return what the client wrote of a request."""
    return Request(**{name: line[name] for name in Request.__slots__})


def gaps(requests: Iterable[Request], interval: float) -> tuple[Gap, ...]:
    """Return every gap, by target and time.

    Args:
        requests: in any order, to any targets.
        interval: in seconds, that requests to one target start at.
    """
    return tuple(gap for several in _by_target(requests) for gap in _gaps(several, interval))


def _by_target(requests: Iterable[Request]) -> Iterable[Sequence[Request]]:
    ordered = sorted(requests, key=lambda one: (one.target, one.start))
    return (tuple(several) for _, several in groupby(ordered, key=lambda one: one.target))


def _gaps(requests: Sequence[Request], interval: float) -> Iterable[Gap]:
    """Yield the gaps of one target; beyond either end, requests are taken to have succeeded."""
    before = requests[0].start - interval
    failed: list[Request] = []
    for request in requests:
        if not request.ok:
            failed.append(request)
            continue
        if failed:
            yield _gap(failed, before, request.start, interval)
            failed = []
        before = request.start
    if failed:
        yield _gap(failed, before, failed[-1].start + interval, interval)


def _gap(failed: Sequence[Request], before: float, after: float, interval: float) -> Gap:
    first = failed[0]
    return Gap(first.target, first.start, round(after - before - interval, 6), len(failed))


def silence(requests: Iterable[Request], interval: float) -> float:
    """Return the longest time without an answer, less one interval, of the worst target."""
    longest = 0.0
    for several in _by_target(requests):
        answers = sorted(one.start + one.seconds for one in several if one.ok)
        moments = (several[0].start, *answers, several[-1].start)
        between = (later - earlier for earlier, later in pairwise(moments))
        longest = max(longest, *between)
    return round(max(longest - interval, 0.0), 6)


def judge(requests: Sequence[Request], interval: float, marks: Sequence[Mark] = ()) -> Outcome:
    """Sum up requests.

    Args:
        requests: in any order, to any targets.
        interval: in seconds, that requests to one target start at.
        marks: what happened meanwhile.
    """
    starts = sorted(one.start for one in requests)
    answered = [one for one in requests if one.ok]
    times = sorted(one.seconds for one in answered)
    return Outcome(
        requests=len(requests),
        failed=len(requests) - len(answered),
        seconds=round(starts[-1] - starts[0], 3) if starts else 0.0,
        longest_gap=max((gap.seconds for gap in gaps(requests, interval)), default=0.0),
        longest_silence=silence(requests, interval),
        skipped=_skipped(requests),
        p50=_percentile(times, 0.5),
        p99=_percentile(times, 0.99),
        slowest=_percentile(times, 1.0),
        errors=tuple(Counter(one.error for one in requests if not one.ok).most_common()),
        nodes=_seen(one.node for one in answered),
        pods=_seen(one.pod for one in answered),
        clients=_seen(one.client for one in answered),
        marks=tuple(marks),
    )


def _skipped(requests: Iterable[Request]) -> int:
    ticks: dict[str, list[int]] = {}
    for one in requests:
        ticks.setdefault(one.target, []).append(one.tick)
    return sum(max(seen) - min(seen) + 1 - len(seen) for seen in ticks.values())


def _percentile(times: Sequence[float], share: float) -> float:
    """Return the time that this share of the sorted times kept."""
    return times[max(math.ceil(share * len(times)) - 1, 0)] if times else 0.0


def _seen(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({value for value in values if value}))

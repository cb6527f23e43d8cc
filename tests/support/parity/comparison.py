"""MetalLB's webhook server beside ours, over generated reviews; the result in numbers."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Final

import orjson

from metallb_crds.backend import Backend
from support.parity.differences import Disagreement, explain
from support.parity.examples import EXAMPLES, Example
from support.parity.generate import situations
from support.parity.kinds import KINDS
from support.parity.oracle import Answer, Oracle, oracle
from support.parity.ours import Judgement, judge, snapshot_of
from support.parity.worlds import Case, Manifest, World
from support.reviews import stored

BACKENDS: Final = (Backend.NATIVE, Backend.FRR, Backend.FRR_K8S)
SHOWN: Final = 10
"""How many unexplained disagreements are shown in full."""

NOTHING_ELSE: Final = Answer(allowed=True)


@dataclass(slots=True)
class Tally:
    """What was found.

    Attributes:
        cases: reviews by backend, kind, operation, and by what MetalLB and we said.
        explained: disagreements by the difference that accounts for them.
        unexplained: the others.
        decisive: ids of our rules, and how many of MetalLB's denials each accounts for alone:
            without the rule there would be so many unexplained differences.
        unwarned: reviews that we allow without a word, and MetalLB with a warning.
    """

    cases: Counter[tuple[str, str, str, bool, bool]] = field(default_factory=Counter)
    explained: Counter[str] = field(default_factory=Counter)
    unexplained: list[Disagreement] = field(default_factory=list)
    decisive: Counter[str] = field(default_factory=Counter)
    unwarned: list[Case] = field(default_factory=list)

    def add(self, backend: Backend, case: Case, theirs: Answer, ours: Judgement) -> None:
        """Count a review."""
        said = (theirs.allowed, ours.allowed)
        self.cases[backend.value, case.kind, case.operation, *said] += 1
        if not theirs.allowed and len(ours.denying) == 1:
            self.decisive.update(ours.denying)
        if theirs.warnings and ours.allowed and not ours.warnings:
            self.unwarned.append(case)

    def explain(self, found: Disagreement) -> None:
        """Count a disagreement under what accounts for it."""
        reasons = explain(found)
        self.explained.update(reasons)
        if not reasons:
            self.unexplained.append(found)

    def covered(self) -> set[tuple[str, str, str, bool]]:
        """Return backends, kinds and operations of which MetalLB allowed or denied any."""
        return {cell[:4] for cell in self.cases}

    def report(self) -> str:
        """Return the numbers, and the first unexplained disagreements, for people."""
        lines = chain(
            [f"{self.cases.total()} cases"],
            (f"  {agree}: {count}" for agree, count in sorted(self._verdicts().items())),
            [f"{len(self.unexplained)} unexplained differences"],
            map(_told, self.unexplained[:SHOWN]),
            [f"{len(self.unwarned)} warnings of MetalLB's that ours lacks"],
            [f"{self.explained.total()} explained by docs/differences-from-metallb.md"],
            (f"  {count:6} {name}" for name, count in self.explained.most_common()),
        )
        return "\n".join(lines)

    def _verdicts(self) -> Counter[str]:
        words = {True: "allows", False: "denies"}
        said: Counter[str] = Counter()
        for (_, _, _, theirs, ours), count in self.cases.items():
            said[f"MetalLB {words[theirs]}, ours {words[ours]}"] += count
        return said


async def compare(seed: int, cases: int, folder: Path) -> Tally:
    """Judge so many reviews by MetalLB and by ours, a backend after the other.

    Args:
        seed: from which all reviews follow.
        cases: how many in all; shared out evenly.
        folder: for what MetalLB's processes need, and their logs.
    """
    tally = Tally()
    for place, backend in enumerate(BACKENDS):
        share = (cases + place) // len(BACKENDS)
        async with oracle(backend, folder / backend.value) as metallb:
            for world, asked in situations(seed, backend, share):
                await _compare(tally, metallb, backend, world, asked)
    return tally


async def compare_examples(backend: Backend, folder: Path) -> list[str]:
    """Return what does not hold of the examples for a backend: each a sentence."""
    async with oracle(backend, folder) as metallb:
        return [
            f"{name}: {problem}"
            for name, examples in EXAMPLES.items()
            for example in examples
            if example.backend is backend
            for problem in await _example_problems(metallb, name, example)
        ]


async def _example_problems(metallb: Oracle, name: str, example: Example) -> list[str]:
    (theirs,) = await metallb.judge(example.world, [example.case])
    ours = judge(example.backend, snapshot_of(example.world), example.case)
    rest = await _judge_rest(metallb, example.world, example.case)
    found = Disagreement(example.backend, example.world, example.case, theirs, ours, rest)
    problems = []
    if theirs.allowed == ours.allowed:
        problems.append(f"both say allowed={ours.allowed}: {theirs.message}, {ours.message}")
    elif explain(found) != (name,):
        problems.append(f"explained by {explain(found)}: {theirs.message}, {ours.message}")
    if ours.denying != example.denied_by:
        problems.append(f"denied by {sorted(ours.denying)}")
    return problems


async def _compare(
    tally: Tally, metallb: Oracle, backend: Backend, world: World, cases: Sequence[Case]
) -> None:
    snapshot = snapshot_of(world)
    for case, theirs in zip(cases, await metallb.judge(world, cases), strict=True):
        ours = judge(backend, snapshot, case)
        tally.add(backend, case, theirs, ours)
        if theirs.allowed != ours.allowed:
            rest = await _judge_rest(metallb, world, case)
            tally.explain(Disagreement(backend, world, case, theirs, ours, rest))


async def _judge_rest(metallb: Oracle, world: World, case: Case) -> Answer:
    """Return MetalLB's answer to a write that changes nothing of what else is stored."""
    rest = world.without(case.subject)
    probe = _probe(rest, case.kind)
    return (await metallb.judge(rest, [probe]))[0] if probe else NOTHING_ELSE


def _probe(world: World, kind: str) -> Case | None:
    """Return a write of a kind that changes nothing; None if nothing of what it concerns is stored.

    An advertisement of no pool, and the end of a profile that nobody uses, are new but harmless.
    """
    if kind in {"BGPAdvertisement", "L2Advertisement"}:
        return Case(new=_harmless(kind))
    if kind == "BFDProfile":
        return Case(old=stored("BFDProfile", "probe"))
    same = world.of(kind)
    return Case(same[0], same[0]) if same else None


def _harmless(kind: str) -> Manifest:
    lengths = {"aggregationLength": 32, "aggregationLengthV6": 128}
    fields: dict[str, Any] = lengths if kind == "BGPAdvertisement" else {}
    return stored(kind, "probe", ipAddressPools=["none-such"], **fields)


def every_cell() -> Iterator[tuple[str, str, str, bool]]:
    """Yield every backend, kind and operation, once allowed and once denied by MetalLB."""
    for backend in BACKENDS:
        for kind in KINDS.values():
            for operation in kind.operations:
                yield from ((backend.value, kind.name, operation, said) for said in (True, False))


def _told(found: Disagreement) -> str:
    """Return a disagreement with all that it takes to look into it."""
    said = f"MetalLB: {found.theirs.message or 'allowed'}; ours: {found.ours.message or 'allowed'}"
    case, world = found.case, found.world
    shown = {"new": case.new, "old": case.old, "stored": world.stored, "nodes": world.nodes}
    head = f"- {found.backend} {case.operation} {case.kind}: {said}"
    return f"{head}\n  {orjson.dumps(shown).decode()}"

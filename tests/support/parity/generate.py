"""Worlds and the reviews in them, all of it following from a seed."""

from collections.abc import Iterator
from random import Random
from typing import Any, Final

from metallb_crds.backend import Backend
from support.parity import vocabulary as words
from support.parity.choosing import Chooser
from support.parity.kinds import KINDS
from support.parity.objects import spec
from support.parity.ours import judge, snapshot_of
from support.parity.worlds import Case, Manifest, World
from support.samples import NAMESPACE

CASES_A_WORLD: Final = 12

_PREFIXES: Final = {
    "IPAddressPool": "pool",
    "BGPPeer": "peer",
    "BGPAdvertisement": "bgp",
    "L2Advertisement": "l2",
    "BFDProfile": "bfd",
    "Community": "community",
}
_WEIGHTS: Final = {
    "IPAddressPool": 2,
    "BGPPeer": 3,
    "BGPAdvertisement": 3,
    "L2Advertisement": 1,
    "BFDProfile": 1,
    "Community": 1,
}
"""How often a kind is reviewed: the more there is to it, the more often."""

_BAD_WORLDS: Final = 0.08
"""Few: in a bad one MetalLB refuses whatever is written."""


def situations(seed: int, backend: Backend, count: int) -> Iterator[tuple[World, tuple[Case, ...]]]:
    """Yield worlds with reviews in them, as many reviews as are asked for."""
    for number in range(-(-count // CASES_A_WORLD)):
        # A world follows from its own number, so that one can be looked at without the others.
        rng = Random(f"{seed}/{backend}/{number}")  # noqa: S311 - a seed, not a secret
        world = _world(rng, backend)
        size = min(CASES_A_WORLD, count - number * CASES_A_WORLD)
        yield world, tuple(_case(rng, world) for _ in range(size))


def _world(rng: Random, backend: Backend) -> World:
    world = World(nodes=tuple(_node(rng, number) for number in range(rng.randint(0, 3))))
    bad = rng.random() < _BAD_WORLDS
    for kind in KINDS:
        for name in _names(kind, "abc"[: rng.choice((0, 1, 1, 2, 3))]):
            thing = _object(rng, kind, name, spice=0.3 if bad else 0.02)
            if bad or judge(backend, snapshot_of(world), Case(new=thing)).allowed:
                world = world.adding(thing)
    return world


def _names(kind: str, letters: str) -> list[str]:
    return [f"{_PREFIXES[kind]}-{letter}" for letter in letters]


def _node(rng: Random, number: int) -> Manifest:
    metadata = {"name": f"node-{number}", "labels": rng.choice(words.LABELS)}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata}


def _case(rng: Random, world: World) -> Case:
    kind = KINDS[rng.choices(tuple(_WEIGHTS), tuple(_WEIGHTS.values()))[0]]
    operation = rng.choice(kind.operations)
    stored = world.of(kind.name)
    spice = rng.choice((0.0, 0.03, 0.1, 0.25))
    if operation == "CREATE" or not stored:
        taken = {thing["metadata"]["name"] for thing in stored}
        free = [name for name in _names(kind.name, "abcd") if name not in taken]
        name = rng.choice(free)
        space = "default" if rng.random() < 0.03 else NAMESPACE
        made = _object(rng, kind.name, name, spice=spice, space=space)
        return Case(old=made) if operation == "DELETE" else Case(new=made)
    old = rng.choice(stored)
    if rng.random() < 0.03:
        old = {**old, "metadata": {**old["metadata"], "namespace": "default"}}
    return Case(old=old) if operation == "DELETE" else Case(_changed(rng, old, spice), old)


def _object(
    rng: Random, kind: str, name: str, *, spice: float, space: str = NAMESPACE
) -> dict[str, Any]:
    made = spec(kind, Chooser(rng, spice))
    labels = rng.choice(words.LABELS)
    return {
        "apiVersion": KINDS[kind].api_version,
        "kind": kind,
        "metadata": {"name": name, "namespace": space, "labels": labels},
        "spec": made,
    }


def _changed(rng: Random, old: Manifest, spice: float) -> Manifest:
    """Return an object with some of its fields, and maybe its labels, made anew."""
    fresh = spec(str(old["kind"]), Chooser(rng, spice))
    share = rng.choice((0.2, 0.5, 1.0))
    fields = [name for name in sorted({*old["spec"], *fresh}) if rng.random() < share]
    kept = {name: value for name, value in old["spec"].items() if name not in fields}
    changed = {name: fresh[name] for name in fields if name in fresh}
    metadata = dict(old["metadata"])
    if rng.random() < 0.3:
        metadata["labels"] = rng.choice(words.LABELS)
    if rng.random() < 0.02:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return {**old, "metadata": metadata, "spec": kept | changed}

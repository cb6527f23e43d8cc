"""Which writes wait for which."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_operator.component import Component
from metallb_operator.plan import Held, members
from metallb_operator.staging import awaits_withdrawal, holds

OURS = "applyset-ours-v1"
CONTROLLER = ("Deployment", "controller")
FRR_K8S = ("DaemonSet", "frr-k8s")
SPEAKER = ("DaemonSet", "speaker")
CLEANER = ("Deployment", "statuscleaner")
Name = tuple[str, str]


def manifest(name: Name, version: str) -> dict[str, Any]:
    api = {"Deployment": "apps/v1", "DaemonSet": "apps/v1", "NetworkPolicy": "networking.k8s.io/v1"}
    return {
        "apiVersion": api.get(name[0], "v1"),
        "kind": name[0],
        "metadata": {"name": name[1], "namespace": "metallb-system"},
        "spec": {"version": version},
    }


def member(name: Name, version: str) -> Manifest:
    return members([manifest(name, version)], OURS)[0]


def works(name: Name) -> Component:
    return Component(name[1], name[0], desired=3, updated=3, ready=3, rolled=True)


def rolling(name: Name) -> Component:
    return Component(name[1], name[0], desired=3, updated=1, ready=2)


def missing(name: Name) -> Component:
    return Component(name[1], name[0], desired=3, present=False)


def nowhere(name: Name) -> Component:
    return Component(name[1], name[0], desired=0, rolled=True)


@dataclass(frozen=True)
class World:
    """What is desired at version 2; `there` says which version of it is there, if any.

    Attributes:
        states: of workloads that do not simply work.
        foreign: what is there without our label.
        left: of ours, not desired any more.
        everywhere: whether every speaker is of the present template.
        owed: whether frr-k8s still acts upon what speakers wrote.
        unpulled: which images are missing.
        writing: whether a pod of frr-k8s is left.
    """

    there: Mapping[Name, str]
    desired: tuple[Name, ...] = (CONTROLLER, FRR_K8S, SPEAKER)
    states: Mapping[Name, Component] = field(default_factory=dict)
    foreign: frozenset[Name] = frozenset()
    left: tuple[Name, ...] = ()
    everywhere: bool = True
    owed: bool = False
    unpulled: str = ""
    writing: bool = False

    def holds(self) -> dict[Name, str]:
        wanted = [member(name, "2") for name in self.desired]
        make = {name: manifest if name in self.foreign else member for name in self.there}
        found = [
            self._with_status(make[name](name, version)) for name, version in self.there.items()
        ]
        found += [member(name, "1") for name in self.left]
        workloads = [name for name in self.desired if name[0] in {"Deployment", "DaemonSet"}]
        state = [
            self.states.get(name) or (works if name in self.there else missing)(name)
            for name in workloads
        ]
        there = {ref_of(each): each for each in found}
        held = holds(
            wanted,
            there,
            state,
            OURS,
            owed=self.owed,
            unpulled=self.unpulled,
            writing=self.writing,
        )
        return {(ref.kind, ref.name): reason for ref, reason in held.items()}

    def _with_status(self, found: Manifest) -> Manifest:
        updated = 3 if self.everywhere else 2
        status = {"desiredNumberScheduled": 3, "updatedNumberScheduled": updated}
        return {**found, "status": status}


ALL_OLD = {CONTROLLER: "1", FRR_K8S: "1", SPEAKER: "1"}
ALL_NEW = {CONTROLLER: "2", FRR_K8S: "2", SPEAKER: "2"}

HELD: dict[str, tuple[World, set[Name]]] = {
    "a first installation": (World({}), set()),
    "nothing changes": (World(ALL_NEW), set()),
    "an upgrade begins": (World(ALL_OLD), {FRR_K8S, SPEAKER}),
    "the controller is being replaced": (
        World({**ALL_OLD, CONTROLLER: "2"}, states={CONTROLLER: rolling(CONTROLLER)}),
        {FRR_K8S, SPEAKER},
    ),
    "the controller works": (World({**ALL_OLD, CONTROLLER: "2"}), {SPEAKER}),
    "frr-k8s is being replaced": (
        World({**ALL_NEW, SPEAKER: "1"}, states={FRR_K8S: rolling(FRR_K8S)}),
        {SPEAKER},
    ),
    "only speakers are left": (World({**ALL_NEW, SPEAKER: "1"}), set()),
    "speakers alone change, and the controller does not work": (
        World({**ALL_NEW, SPEAKER: "1"}, states={CONTROLLER: rolling(CONTROLLER)}),
        {SPEAKER},
    ),
    "without frr-k8s": (
        World({CONTROLLER: "2", SPEAKER: "1"}, desired=(CONTROLLER, SPEAKER)),
        set(),
    ),
    "the controller was deleted meanwhile": (
        World({FRR_K8S: "1", SPEAKER: "1"}),
        {FRR_K8S, SPEAKER},
    ),
    "frr-k8s was deleted meanwhile": (World({CONTROLLER: "2", SPEAKER: "1"}), {SPEAKER}),
    "the speakers were deleted meanwhile": (
        World({CONTROLLER: "1", FRR_K8S: "1"}),
        {FRR_K8S},
    ),
    "frr-k8s is missing and the controller changes": (
        World({CONTROLLER: "1", SPEAKER: "1"}),
        {SPEAKER},
    ),
    "there is no node for frr-k8s": (
        World({**ALL_NEW, SPEAKER: "1"}, states={FRR_K8S: nowhere(FRR_K8S)}),
        set(),
    ),
    "an installation of somebody else": (
        World(ALL_OLD, foreign=frozenset({CONTROLLER, FRR_K8S, SPEAKER})),
        {FRR_K8S, SPEAKER},
    ),
    "the controller is somebody else's": (
        World({**ALL_OLD, CONTROLLER: "2"}, foreign=frozenset({CONTROLLER})),
        {FRR_K8S, SPEAKER},
    ),
    "what is not a workload": (
        World(
            {**ALL_NEW, ("ConfigMap", "x"): "1", ("Secret", "y"): "1"},
            desired=(CONTROLLER, FRR_K8S, SPEAKER, ("ConfigMap", "x"), ("Secret", "y")),
        ),
        set(),
    ),
}


@pytest.mark.parametrize(("world", "expected"), HELD.values(), ids=HELD)
def test_held(world: World, expected: set[Name]) -> None:
    assert world.holds().keys() == expected


LEAVING: tuple[Name, ...] = (
    FRR_K8S,
    CLEANER,
    ("ConfigMap", "frr-k8s-frr-startup"),
    ("NetworkPolicy", "statuscleaner"),
    ("Secret", "frr-k8s-webhook-server-cert"),
    ("Service", "frr-k8s-metrics"),
)
NATIVE = (CONTROLLER, SPEAKER)
KEPT = {
    "speakers are still to be told": (World({CONTROLLER: "2", SPEAKER: "1"}, NATIVE), True),
    "speakers are being replaced": (
        World({CONTROLLER: "2", SPEAKER: "2"}, NATIVE, {SPEAKER: rolling(SPEAKER)}),
        True,
    ),
    "people replace speakers and have not yet": (
        World({CONTROLLER: "2", SPEAKER: "2"}, NATIVE, everywhere=False),
        True,
    ),
    "speakers were deleted and are not back": (World({CONTROLLER: "2"}, NATIVE), True),
    "every speaker is replaced": (World({CONTROLLER: "2", SPEAKER: "2"}, NATIVE), False),
    "there is no node for speakers": (
        World({CONTROLLER: "2", SPEAKER: "2"}, NATIVE, {SPEAKER: nowhere(SPEAKER)}),
        False,
    ),
    "speakers are replaced and the controller changes": (
        World({CONTROLLER: "1", SPEAKER: "2"}, NATIVE),
        False,
    ),
    "there are to be no speakers": (World({CONTROLLER: "2"}, (CONTROLLER,)), False),
}


@pytest.mark.parametrize(("world", "kept"), KEPT.values(), ids=KEPT)
def test_a_backend_that_is_left_stays_until_every_speaker_is_replaced(
    world: World,
    kept: bool,  # noqa: FBT001 - a row of a table
) -> None:
    leaving = World(
        world.there, world.desired, world.states, left=LEAVING, everywhere=world.everywhere
    )
    held = {name for name in leaving.holds() if name in LEAVING}
    # Who cleans up behind frr-k8s goes after it.
    assert held == (set(LEAVING) if kept else {CLEANER})


@pytest.mark.parametrize(
    ("left", "kept"),
    [
        (("ConfigMap", "metallb-excludel2"), True),
        (("Secret", "metallb-memberlist"), True),
        (("NetworkPolicy", "controller"), False),
        (("Service", "speaker-metrics"), False),
    ],
)
def test_what_pods_read_stays_as_long_as_pods_may_start_anew(left: Name, kept: bool) -> None:  # noqa: FBT001 - a row of a table
    world = World({CONTROLLER: "1", SPEAKER: "1"}, NATIVE, left=(left,))
    assert (left in world.holds()) is kept


PULLER = ("DaemonSet", "metallb-image-prepull")
UNPULLED = {
    "an upgrade begins": (World(ALL_OLD, unpulled="..."), {CONTROLLER, FRR_K8S, SPEAKER}),
    "images change on the way": (
        World(
            {CONTROLLER: "1", SPEAKER: "1", PULLER: "1"},
            (CONTROLLER, SPEAKER, PULLER),
            unpulled="...",
        ),
        {CONTROLLER, SPEAKER},
    ),
    "what is missing": (World({CONTROLLER: "2", SPEAKER: "2"}, unpulled="..."), set()),
    "nothing changes": (World(ALL_NEW, unpulled="..."), set()),
}


@pytest.mark.parametrize(("world", "held"), UNPULLED.values(), ids=UNPULLED)
def test_nothing_is_replaced_before_its_image_is_there(world: World, held: set[Name]) -> None:
    assert world.holds().keys() == held


REPLACED = {CONTROLLER: "2", SPEAKER: "2"}


@pytest.mark.parametrize(
    ("left", "writing", "kept"),
    [
        ((FRR_K8S, CLEANER), True, True),
        ((FRR_K8S, CLEANER), False, True),
        ((CLEANER,), True, True),
        ((CLEANER,), False, False),
    ],
)
def test_who_cleans_up_behind_frr_k8s_stays_until_that_is_gone(
    left: tuple[Name, ...],
    *,
    writing: bool,
    kept: bool,
) -> None:
    world = World(REPLACED, NATIVE, left=left, writing=writing)
    assert world.holds() == (
        {CLEANER: "Deployment statuscleaner stays until frr-k8s is gone"} if kept else {}
    )


OWED = {
    "frr-k8s leaves": (World(REPLACED, NATIVE, left=LEAVING, owed=True), set(LEAVING)),
    "something else leaves": (
        World(REPLACED, NATIVE, left=(("ConfigMap", "metallb-excludel2"),), owed=True),
        set(),
    ),
    "frr-k8s has left": (World(REPLACED, NATIVE, owed=True), set()),
    "frr-k8s stays": (World(ALL_NEW, owed=True), set()),
}


@pytest.mark.parametrize(("world", "held"), OWED.values(), ids=OWED)
def test_frr_k8s_stays_until_what_speakers_wrote_for_it_is_deleted(
    world: World, held: set[Name]
) -> None:
    assert world.holds().keys() == held


@pytest.mark.parametrize(
    ("world", "awaited"),
    [
        pytest.param(World(REPLACED, NATIVE, left=LEAVING, owed=True), True, id="only-that"),
        pytest.param(World(REPLACED, NATIVE, left=LEAVING), False, id="nothing-waits"),
        pytest.param(
            World({CONTROLLER: "2", SPEAKER: "1"}, NATIVE, left=LEAVING, owed=True),
            False,
            id="speakers-are-not-replaced",
        ),
    ],
)
def test_what_speakers_wrote_goes_when_nothing_waits_for_anything_else(
    world: World,
    awaited: bool,  # noqa: FBT001 - a row of a table
) -> None:
    held = [
        Held(ObjectRef("v1", name[0], None, name[1]), reason)
        for name, reason in world.holds().items()
    ]
    assert awaits_withdrawal(held) is awaited
    other = Held(ObjectRef("v1", "Deployment", "x", "other"), "Deployment other makes room")
    assert not awaits_withdrawal([*held, other])


def test_what_is_not_ours_is_not_spoken_of() -> None:
    world = World({**ALL_OLD, CLEANER: "1"}, foreign=frozenset({CLEANER}))
    assert CLEANER not in world.holds()


@pytest.mark.parametrize(
    ("world", "name", "reason"),
    [
        (
            World(ALL_OLD),
            SPEAKER,
            "DaemonSet speaker waits for Deployment controller to be replaced",
        ),
        (
            World({**ALL_NEW, SPEAKER: "1"}, states={FRR_K8S: rolling(FRR_K8S)}),
            SPEAKER,
            f"DaemonSet speaker waits for DaemonSet frr-k8s: {rolling(FRR_K8S).message}",
        ),
        (
            World({CONTROLLER: "2", SPEAKER: "1"}),
            SPEAKER,
            f"DaemonSet speaker waits for DaemonSet frr-k8s: {missing(FRR_K8S).message}",
        ),
        (
            World({CONTROLLER: "2", SPEAKER: "1"}, NATIVE, left=(FRR_K8S,)),
            FRR_K8S,
            "DaemonSet frr-k8s stays until every speaker is replaced",
        ),
        (
            World(ALL_OLD, unpulled="images are on 1 of 3 nodes"),
            CONTROLLER,
            "Deployment controller waits: images are on 1 of 3 nodes",
        ),
        (
            World({CONTROLLER: "2", SPEAKER: "2"}, NATIVE, left=(FRR_K8S,), owed=True),
            FRR_K8S,
            "DaemonSet frr-k8s stays until what speakers wrote for it is deleted",
        ),
    ],
)
def test_a_reason_names_who_waits_and_what_for(world: World, name: Name, reason: str) -> None:
    assert world.holds()[name] == reason


def test_an_upgrade_arrives_step_by_step() -> None:
    """Whatever is not held is written, and works at once: every order ends, in as many steps."""
    there = dict(ALL_OLD)
    order = []
    while there != ALL_NEW:
        held = World(there).holds()
        step = {name for name, version in there.items() if version == "1" and name not in held}
        assert step, f"everything waits: {held}"
        order.append(step)
        there |= dict.fromkeys(step, "2")
    assert order == [{CONTROLLER}, {FRR_K8S}, {SPEAKER}]

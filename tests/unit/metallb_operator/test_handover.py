"""Which speaker is replaced next while the BGP backend changes, and what that waits for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from metallb_kube.objects import ObjectRef, ref_of
from metallb_operator.bgpsessions import Peer, Sessions, SpeaksBy
from metallb_operator.handover import (
    Patience,
    Place,
    Step,
    budget,
    is_under_way,
    next_step,
    of_nodes,
    overdue_notes,
    paced,
    pacing,
    patience,
    places,
    replaced,
    speaker_of,
)
from metallb_operator.observation import Observation
from metallb_operator.plan import Delete
from metallb_operator.rollout import HANDOVER_ANNOTATION

NOW: Final = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
ROUTER, OTHER = Peer("192.0.2.1"), Peer("192.0.2.2", "red")
FRR_K8S, FRR, NATIVE = SpeaksBy("frr-k8s"), SpeaksBy("frr"), SpeaksBy("native")
PATIENT: Final = Patience(least=0, blind=20, longest=60)


def delete(node: str) -> Delete:
    return Delete(ObjectRef("v1", "Pod", "metallb-system", f"speaker-{node}"), f"uid-{node}")


def old(node: str, *, serves: bool = True) -> Place:
    return Place(node, old=delete(node), serves=serves)


def new(node: str, ready: float | None = 1.0) -> Place:
    return Place(node, ready=ready)


def sessions(**nodes: str) -> Sessions:
    """Return sessions from a letter a peer: capital if it is up; "-" for nothing asked for."""
    peers = {"r": ROUTER, "o": OTHER}
    wanted = {n: frozenset(peers[x.lower()] for x in text if x != "-") for n, text in nodes.items()}
    up = {n: frozenset(peers[x.lower()] for x in text if x.isupper()) for n, text in nodes.items()}
    return Sessions(wanted=wanted, up=up)


@dataclass(frozen=True, slots=True)
class Case:
    """Some nodes, and the next to be replaced."""

    places: tuple[Place, ...]
    sessions: Sessions
    next: str
    waiting: tuple[str, ...] = ()
    overdue: tuple[str, ...] = ()
    by: SpeaksBy = FRR_K8S
    allowed: int = 1
    patient: Patience = PATIENT


NOT_UP = "node a: sessions with 192.0.2.1 are not reported up"
CASES: Final = {
    "the first one": Case((old("a"), old("b")), sessions(), "a"),
    "first one that does not serve": Case((old("a"), old("b", serves=False)), sessions(), "b"),
    "as many as may be missing": Case((old("a"), old("b"), old("c")), sessions(), "ab", allowed=2),
    "its pod is not there yet": Case(
        (new("a", None), old("b")), sessions(), "", ("node a: its speaker is not ready",)
    ),
    "it has told nothing": Case(
        (new("a"), old("b")), sessions(), "", ("node a: its speaker has told frr-k8s nothing",)
    ),
    "it has told nothing for long": Case((new("a", 60), old("b")), sessions(), "b"),
    "it asks for nothing": Case(
        (new("a"), old("b")), sessions(a="-"), "", ("node a: its speaker asks for no session",)
    ),
    "it asks for nothing for long": Case((new("a", 10), old("b")), sessions(a="-"), "b"),
    "its session is not up": Case((new("a"), old("b")), sessions(a="r"), "", (NOT_UP,)),
    "one of two is not up": Case(
        (new("a"), old("b")),
        sessions(a="Ro"),
        "",
        ("node a: sessions with 192.0.2.2 in VRF red are not reported up",),
    ),
    "all are up": Case((new("a", 0), old("b")), sessions(a="RO"), "b"),
    "not up before the deadline": Case((new("a", 59), old("b")), sessions(a="r"), "", (NOT_UP,)),
    "not up in time": Case(
        (new("a", 60), old("b")), sessions(a="r"), "b", (), (f"{NOT_UP} after 60 s",)
    ),
    "what is down everywhere is waited for once": Case(
        (new("a", 90), new("b"), old("c")),
        sessions(a="r", b="r"),
        "c",
        (),
        (f"{NOT_UP} after 60 s",),
    ),
    "what is down on one node is waited for on others": Case(
        (new("a", 90), new("b"), new("c"), old("d")),
        sessions(a="r", b="R", c="r"),
        "",
        ("node c: sessions with 192.0.2.1 are not reported up",),
        (f"{NOT_UP} after 60 s",),
    ),
    "only half of what may be missing is": Case(
        (new("a"), old("b"), old("c")), sessions(a="r"), "b", (NOT_UP,), allowed=2
    ),
    "more are missing than may be": Case(
        (new("a"), new("b", None), old("c")),
        sessions(a="r"),
        "",
        (NOT_UP, "node b: its speaker is not ready"),
    ),
    "without peers": Case((new("a", 0), old("b")), Sessions(peers=False), "b"),
    "without peers it is ready all the same": Case(
        (new("a", None), old("b")),
        Sessions(peers=False),
        "",
        ("node a: its speaker is not ready",),
    ),
    "nothing can be read": Case(
        (new("a", 19), old("b")),
        Sessions(),
        "",
        ("node a: its sessions cannot be seen and are given 20 s",),
    ),
    "nothing can be read for long": Case((new("a", 20), old("b")), Sessions(), "b"),
    "native cannot be seen": Case(
        (new("a", 19), old("b")),
        Sessions(),
        "",
        ("node a: its sessions cannot be seen and are given 20 s",),
        by=NATIVE,
    ),
    "frr sees to it itself": Case((new("a", 0), old("b")), Sessions(), "b", by=FRR),
    "a time of the user's": Case(
        (new("a", 4), old("b")),
        sessions(a="R"),
        "",
        ("node a: its speaker is ready for less than 5 s",),
        patient=Patience(least=5, blind=5, longest=60),
    ),
    "the user waits for nothing": Case(
        (new("a", 0), old("b")), sessions(a="r"), "b", patient=patience(0, 0)
    ),
    "the user waits for nothing that cannot be seen": Case(
        (new("a", 0), old("b")), Sessions(), "b", by=NATIVE, patient=patience(0, 0)
    ),
    "the last one is done": Case((new("a"), new("b")), sessions(a="R", b="R"), ""),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_next(case: Case) -> None:
    step = next_step(case.places, case.by, case.sessions, case.patient, case.allowed)
    assert step == Step(tuple(map(delete, case.next)), case.waiting, case.overdue)


def test_what_is_overdue_is_told_once() -> None:
    step = Step(overdue=("node a: late", "node b: late"))
    [note] = overdue_notes(step, frozenset({"node a: late"}))
    assert (note.reason, note.warning) == ("SessionsNotUp", True)
    assert note.message == "node b: late; the next node follows"


@pytest.mark.parametrize(
    ("timeout", "least", "expected"),
    [
        (30, 0, Patience(0, 20, 60)),
        (30, 5, Patience(5, 5, 60)),
        (120, 0, Patience(0, 20, 150)),
        (0, 7, Patience(7, 0, 0)),
    ],
)
def test_patience(timeout: int, least: int, expected: Patience) -> None:
    assert patience(timeout, least) == expected


# Every way that it may go.


@dataclass(frozen=True, slots=True)
class World:
    """Nodes by what has become of them: old, gone, started, up; `down` never come up.

    Attributes:
        spent: how long the longest-started node has been waited for, in steps of a minute.
    """

    nodes: tuple[str, ...]
    down: frozenset[int]

    def view(self) -> tuple[tuple[Place, ...], Sessions]:
        made = {
            "old": old,
            "gone": lambda n: new(n, None),
            "started": lambda n: new(n, 1),
            "late": lambda n: new(n, 60),
            "up": lambda n: new(n, 30),
        }
        names = [f"n{number}" for number in range(len(self.nodes))]
        found = tuple(made[state](name) for name, state in zip(names, self.nodes, strict=True))
        heard = {n: "R" if s == "up" else "r" for n, s in zip(names, self.nodes, strict=True)}
        return found, sessions(**heard)

    def later(self) -> Iterator["World"]:
        """Yield what may come next without the operator."""
        for number, state in enumerate(self.nodes):
            after = {
                "gone": ("started",),
                "started": ("late",) if number in self.down else ("up", "late"),
            }
            for then in after.get(state, ()):
                yield self.with_state(number, then)

    def with_state(self, number: int, state: str) -> "World":
        return replace(self, nodes=(*self.nodes[:number], state, *self.nodes[number + 1 :]))

    @property
    def missing(self) -> int:
        return sum(state in {"gone", "started"} for state in self.nodes)


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("allowed", [1, 2])
@pytest.mark.parametrize("down", [frozenset[int](), frozenset({0}), frozenset({0, 1, 2})])
def test_never_more_at_once_and_always_to_the_end(
    size: int, allowed: int, down: frozenset[int]
) -> None:
    """A node is missing until its sessions are up or their time is over, whoever is quick."""
    start = World(("old",) * size, down)
    todo, seen = [start], {start}
    ends = set()
    while todo:
        world = todo.pop()
        step = next_step(*_split(world), PATIENT, allowed)
        following = list(world.later())
        acted = world
        for deleted in step.deletes:
            acted = acted.with_state(int(deleted.ref.name.removeprefix("speaker-n")), "gone")
        if acted != world:
            # What may not be seen as down by others counts as missing: nobody has waited for it.
            unheard = [s for s in acted.nodes if s == "gone"]
            assert len(unheard) <= allowed
            if not any(state == "late" for state in world.nodes):
                assert acted.missing <= allowed
            following.append(acted)
        if not following:
            ends.add(world)
        for other in following:
            if other not in seen:
                seen.add(other)
                todo.append(other)
    assert ends
    assert all(set(world.nodes) <= {"late", "up"} for world in ends)


def _split(world: World) -> tuple[tuple[Place, ...], SpeaksBy, Sessions]:
    found, heard = world.view()
    return found, FRR_K8S, heard


# From manifests.


def containers(by: SpeaksBy) -> list[dict[str, Any]]:
    type_ = {"name": "METALLB_BGP_TYPE", "value": by.backend}
    return [
        {
            "name": "speaker",
            "args": [f"--frrk8s-namespace={by.namespace}"] if by.namespace else [],
            "env": [] if by.backend == "native" else [type_],
        }
    ]


def daemonset(by: SpeaksBy, strategy: str = "RollingUpdate", **metadata: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "speaker", "namespace": "metallb-system", "uid": "ds", **metadata},
        "spec": {
            "selector": {"matchLabels": {"component": "speaker"}},
            "updateStrategy": {"type": strategy, "rollingUpdate": {"maxUnavailable": "50%"}},
            "template": {"spec": {"containers": containers(by)}},
        },
    }


def observed(by: SpeaksBy, *, seen: bool = True) -> dict[str, Any]:
    found = dict(paced(daemonset(by, generation=2)))
    return {**found, "status": {"observedGeneration": 2 if seen else 1}}


def pod(node: str, by: SpeaksBy | None, *, ready: int | None = 0, going: bool = False) -> Any:  # noqa: ANN401 - JSON
    moment = (NOW - timedelta(seconds=ready or 0)).isoformat()
    status = "False" if ready is None else "True"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"speaker-{node}",
            "namespace": "metallb-system",
            "uid": f"uid-{node}",
            "labels": {"component": "speaker"},
            "ownerReferences": [{"uid": "ds"}],
            **({"deletionTimestamp": moment} if going else {}),
        },
        "spec": {"nodeName": node, **({"containers": containers(by)} if by else {})},
        "status": {
            "conditions": [{"type": "Ready", "status": status, "lastTransitionTime": moment}]
        },
    }


def node(name: str, status: str = "True") -> dict[str, Any]:
    return {
        "metadata": {"name": name},
        "status": {"conditions": [{"type": "Ready", "status": status}]},
    }


def cluster(found: Mapping[str, Any], *pods: Any, nodes: str = "abc") -> Observation:  # noqa: ANN401 - JSON
    return Observation({ref_of(found): found}, pods, tuple(map(node, nodes)))


@pytest.mark.parametrize(
    ("rendered", "pods", "expected"),
    [
        (daemonset(FRR_K8S), [pod("a", NATIVE)], True),
        (daemonset(FRR_K8S), [pod("a", FRR_K8S), pod("b", FRR)], True),
        (daemonset(NATIVE), [pod("a", FRR_K8S)], True),
        (daemonset(SpeaksBy("frr-k8s", "routers")), [pod("a", FRR_K8S)], True),
        (daemonset(FRR_K8S), [pod("a", FRR_K8S)], False),
        (daemonset(FRR_K8S), [], False),
        # Nobody can see how it speaks.
        (daemonset(FRR_K8S), [pod("a", None)], False),
        (daemonset(FRR_K8S), [pod("a", NATIVE, going=True)], False),
        (daemonset(FRR_K8S, "OnDelete"), [pod("a", NATIVE)], False),
    ],
)
def test_under_way(rendered: dict[str, Any], pods: list[Any], *, expected: bool) -> None:
    seen = cluster(daemonset(NATIVE), *pods)
    assert is_under_way(rendered, seen) is expected
    other = {"kind": "Deployment", "metadata": {"name": "controller"}}
    changed = pacing([other, rendered], seen)
    assert changed[0] == other
    assert (changed[1] != rendered) is expected
    assert (speaker_of(changed) is not None) is expected


def test_not_under_way_on_a_first_installation() -> None:
    assert not is_under_way(daemonset(FRR_K8S), Observation())


def test_pacing_restarts_no_pod() -> None:
    before, after = daemonset(FRR_K8S), paced(daemonset(FRR_K8S))
    assert after["spec"]["template"] == before["spec"]["template"]
    assert after["spec"]["updateStrategy"]["type"] == "OnDelete"
    assert after["metadata"]["annotations"][HANDOVER_ANNOTATION]


def test_places() -> None:
    seen = Observation(
        {ref_of(observed(FRR_K8S)): observed(FRR_K8S)},
        (
            pod("a", FRR_K8S, ready=7),
            pod("b", FRR_K8S, ready=None),
            pod("c", NATIVE),
            pod("d", NATIVE, ready=None),
            pod("e", NATIVE, going=True),
            pod("away", NATIVE),
        ),
        (*map(node, "abcdef"), node("away", "Unknown")),
    )
    assert places(paced(daemonset(FRR_K8S)), seen, NOW) == (
        new("a", 7),
        new("b", None),
        old("c"),
        old("d", serves=False),
        new("e", None),
        new("f", None),
    )


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(observed(FRR_K8S, seen=False), id="its controller has not seen it"),
        pytest.param(observed(NATIVE), id="the former template"),
        pytest.param(
            {**daemonset(FRR_K8S), "status": {"observedGeneration": 1}},
            id="it replaces them",
        ),
    ],
)
def test_nothing_is_replaced_before_it_is_as_applied(found: dict[str, Any]) -> None:
    assert places(paced(daemonset(FRR_K8S)), cluster(found, pod("a", NATIVE)), NOW) == ()


def test_nothing_is_replaced_without_a_daemonset() -> None:
    assert places(paced(daemonset(FRR_K8S)), Observation(nodes=(node("a"),)), NOW) == ()


@pytest.mark.parametrize(("nodes", "expected"), [(1, 1), (3, 2), (4, 2), (0, 1)])
def test_budget(nodes: int, expected: int) -> None:
    assert budget(paced(daemonset(FRR_K8S)), nodes) == expected


def test_what_speakers_wrote_is_withdrawn_where_their_successor_is() -> None:
    seen = cluster(
        observed(NATIVE),
        pod("a", NATIVE, ready=None),
        pod("b", FRR_K8S),
        pod("c", FRR_K8S, going=True),
    )
    gone = replaced(paced(daemonset(NATIVE)), seen)
    assert gone == {"a"}
    written = [
        Delete(ObjectRef("frrk8s.metallb.io/v1beta1", "FRRConfiguration", "n", f"metallb-{n}"), n)
        for n in "abc"
    ]
    assert of_nodes(written, gone) == (written[0],)

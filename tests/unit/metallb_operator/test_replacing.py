"""What is deleted, read and reported while the operator replaces speakers itself."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, cast

import pytest

from metallb_kube.client import KubeClient, Listing
from metallb_kube.errors import ForbiddenError, KubeError, NotFoundError, UnavailableError
from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_kube.resources import Resource
from metallb_operator.bgpsessions import Peer
from metallb_operator.conditions import Reason
from metallb_operator.desired import Desired
from metallb_operator.handover import Step, paced
from metallb_operator.intent import Intent, intent_of
from metallb_operator.observation import Observation
from metallb_operator.plan import Delete, Held, Plan
from metallb_operator.replacing import hand_over
from metallb_operator.settings import Settings
from metallb_operator.tools import Tools

NAMESPACE: Final = "metallb-system"
NOW: Final = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
ROUTER: Final = Peer("192.0.2.1")
METALLB: Final = {
    "apiVersion": "metallb.io/v1beta1",
    "kind": "MetalLB",
    "metadata": {"name": "metallb", "namespace": NAMESPACE},
}


def speaking(backend: str) -> dict[str, Any]:
    env = [] if backend == "native" else [{"name": "METALLB_BGP_TYPE", "value": backend}]
    return {"containers": [{"name": "speaker", "env": env}]}


def speaker(backend: str) -> dict[str, Any]:
    found = paced(
        {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": {"name": "speaker", "namespace": NAMESPACE, "uid": "ds", "generation": 1},
            "spec": {
                "selector": {"matchLabels": {"component": "speaker"}},
                "updateStrategy": {"type": "RollingUpdate"},
                "template": {"spec": speaking(backend)},
            },
        }
    )
    return {**found, "status": {"observedGeneration": 1}}


def pod(node: str, backend: str) -> dict[str, Any]:
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": NOW.isoformat()}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"speaker-{node}",
            "namespace": NAMESPACE,
            "uid": f"uid-{node}",
            "labels": {"component": "speaker"},
            "ownerReferences": [{"uid": "ds"}],
        },
        "spec": {"nodeName": node, **speaking(backend)},
        "status": {"conditions": [ready]},
    }


def state(node: str) -> dict[str, Any]:
    return {
        "metadata": {"name": node, "namespace": NAMESPACE},
        "status": {"node": node, "peer": ROUTER.address, "bgpStatus": "Established"},
    }


@dataclass
class Api:
    """An API server that has BGPSessionStates, or an error instead, and refuses deletions."""

    states: tuple[Manifest, ...] | KubeError = ()
    refuses: frozenset[str] = frozenset()
    deleted: list[str] = field(default_factory=list)
    read: list[str | None] = field(default_factory=list)

    async def list(self, resource: Resource, *, namespace: str | None = None) -> Listing:
        assert resource.kind == "BGPSessionState"
        self.read.append(namespace)
        if isinstance(self.states, KubeError):
            raise self.states
        return Listing(self.states, "1")

    async def delete(self, ref: ObjectRef, *, uid: str, propagation: str) -> bool:
        assert uid
        assert propagation == "Background"
        if ref.name in self.refuses:
            raise ForbiddenError('User "operator" cannot delete resource')
        self.deleted.append(ref.name)
        return True


@dataclass
class Seen:
    """An observer that sees two nodes, and remembers what it is told."""

    now: Observation
    expected: list[Delete] = field(default_factory=list)

    def observation(self) -> Observation:
        return self.now

    def learn(self, _: tuple[()], deleted: tuple[Delete, ...]) -> None:
        self.expected += deleted


def intent(backend: str) -> Intent:
    found = intent_of({**METALLB, "spec": {"bgpBackend": backend}}, Settings(NAMESPACE))
    assert isinstance(found, Intent)
    return found


def written(node: str) -> Delete:
    ref = ObjectRef("frrk8s.metallb.io/v1beta1", "FRRConfiguration", NAMESPACE, f"metallb-{node}")
    return Delete(ref, f"uid-{node}")


def run(
    api: Api,
    *,
    backend: str = "frr-k8s",
    former: str = "native",
    asked: Mapping[str, frozenset[Peer]] | None = None,
    held: tuple[Held, ...] = (),
    wanted: tuple[Manifest, ...] | None = None,
    **tools: Any,  # noqa: ANN401 - fields of Tools
) -> tuple[Step, list[Reason], Seen]:
    """Take one step with speakers of the new backend on node a and of the former one on b."""
    found = speaker(backend)
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    nodes = tuple({"metadata": {"name": name}, "status": ready} for name in "ab")
    pods = (pod("a", backend), pod("b", former))
    seen = Seen(Observation({ref_of(found): found}, pods, nodes))
    given = Tools(
        cast("KubeClient", api),
        cast("Any", None),
        cast("Any", seen),
        cast("Any", None),
        Settings(NAMESPACE),
        now=lambda: NOW,
        asked_for=lambda _: asked,
        **{"has_peers": lambda: True, **tools},
    )
    desired = Desired((found,) if wanted is None else wanted, frozenset())
    step, problems = asyncio.run(
        hand_over(METALLB, desired, intent(backend), Plan(held=held), given)
    )
    return step, [problem.reason for problem in problems], seen


UP: Final = {"a": frozenset({ROUTER})}


def test_the_next_one_is_deleted_when_the_sessions_of_the_last_one_are_up() -> None:
    api = Api((state("a"),))
    step, reasons, seen = run(api, asked=UP)
    assert (api.deleted, api.read, reasons) == (["speaker-b"], [NAMESPACE], [])
    # It counts as going from now on, whenever its watch says so.
    assert tuple(seen.expected) == step.deletes


@pytest.mark.parametrize(
    ("states", "waiting"),
    [
        ((), "node a: sessions with 192.0.2.1 are not reported up"),
        (NotFoundError("no such kind"), "node a: its sessions cannot be seen and are given 20 s"),
        (ForbiddenError("no"), "node a: its sessions cannot be seen and are given 20 s"),
    ],
)
def test_until_then_nothing_is_deleted(states: Any, waiting: str) -> None:  # noqa: ANN401 - a column
    api = Api(states)
    step, reasons, _ = run(api, asked=UP)
    assert (api.deleted, step.waiting, reasons) == ([], (waiting,), [])


def test_an_api_server_that_does_not_answer_is_a_problem_and_no_permission() -> None:
    api = Api(UnavailableError("away"))
    step, reasons, _ = run(api, asked=UP)
    assert (api.deleted, step) == ([], Step())
    assert reasons == [Reason.API_SERVER_UNAVAILABLE]


def test_what_speakers_ask_for_is_not_known_yet() -> None:
    api = Api((state("a"),))
    step, _, _ = run(api, asked=None)
    assert (api.deleted, api.read) == ([], [])
    assert "cannot be seen" in step.waiting[0]


def test_without_peers_nothing_is_read() -> None:
    api = Api()
    run(api, asked={}, has_peers=lambda: False)
    assert (api.deleted, api.read) == (["speaker-b"], [])


def test_what_was_asked_of_frr_k8s_goes_node_by_node() -> None:
    api = Api()
    step, _, _ = run(
        api, backend="native", former="frr-k8s", leftovers=lambda _: (written("a"), written("b"))
    )
    assert api.deleted == ["metallb-a"]
    assert "cannot be seen" in step.waiting[0]


def test_refusals_are_told() -> None:
    api = Api((state("a"),), frozenset({"speaker-b", "metallb-a"}))
    _, reasons, seen = run(api, asked=UP, leftovers=lambda _: (written("a"),))
    assert reasons == [Reason.FORBIDDEN] * 2
    assert not seen.expected


def test_nothing_happens_while_speakers_wait_for_something_else() -> None:
    api = Api((state("a"),))
    held = (Held(ref_of(speaker("frr-k8s")), "waits"),)
    assert run(api, asked=UP, held=held)[0] == Step()
    assert api.deleted == []


def test_nothing_happens_unless_a_backend_changes() -> None:
    api = Api((state("a"),))
    plain = {**speaker("frr-k8s"), "metadata": {"name": "speaker", "namespace": NAMESPACE}}
    assert run(api, asked=UP, wanted=(plain,))[0] == Step()
    assert run(api, asked=UP, wanted=())[0] == Step()
    assert (api.deleted, api.read) == ([], [])

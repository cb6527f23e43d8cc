"""Killed before any write whatever, the operator arrives all the same.

Every life of the operator makes one write, and ends by SIGKILL before the next one; what a life
finds is thus what all those before it have left behind. The one that is not ended has arrived.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, TypeAlias

import pytest
from aiohttp import web

from cluster import Cluster
from support.faults import Asked, Fault, Forward, Proxy, proxy, reset
from support.operating import NAMESPACE, Operating, operating, service
from support.waiting import wait_for

Spec: TypeAlias = dict[str, Any]

MOST_LIVES: Final = 60
OLD: Final[Spec] = {"bgpBackend": "frr-k8s", "version": "0.15.3"}
PULLED: Final[Spec] = {"version": "0.16.1", "upgrade": {"prePullImages": True}}
FRR_K8S: Final[Spec] = {"bgpBackend": "frr-k8s", **PULLED}
NATIVE: Final[Spec] = {"bgpBackend": "native", **PULLED}

OF_NATIVE: Final = {
    ("ConfigMap", "metallb-excludel2"),
    ("DaemonSet", "speaker"),
    ("Deployment", "controller"),
    ("NetworkPolicy", "controller"),
    ("Secret", "metallb-memberlist"),
}
OF_FRR_K8S: Final = OF_NATIVE | {
    ("ConfigMap", "frr-k8s-frr-startup"),
    ("DaemonSet", "frr-k8s"),
    ("Deployment", "statuscleaner"),
    ("NetworkPolicy", "statuscleaner"),
    ("Secret", "frr-k8s-webhook-server-cert"),
}


@dataclass(slots=True)
class Lives:
    """Lets each life of a process make one write, and ends it before another one.

    Attributes:
        made: the writes that were let through.
    """

    operator: Operating
    made: list[Asked] = field(default_factory=list)
    _spent: bool = False
    _stored: asyncio.Event = field(default_factory=asyncio.Event)

    def begin(self) -> None:
        """Begin another life."""
        self._spent, self._stored = False, asyncio.Event()
        self.operator.process.start()

    def before(self, asked: Asked) -> Fault | None:
        """Decide about a request."""
        if asked.kind != "write":
            return None
        if self._spent:
            return self._end
        self._spent = True
        self.made.append(asked)
        return self._pass

    async def _pass(self, _: web.Request, forward: Forward) -> web.StreamResponse:
        try:
            return await forward()
        finally:
            self._stored.set()

    async def _end(self, request: web.Request, forward: Forward) -> web.StreamResponse:
        await self._stored.wait()
        self.operator.process.kill()
        return await reset(request, forward)


@dataclass(frozen=True, slots=True)
class Bench:
    """The operator, and the proxy that it works through."""

    operator: Operating
    proxy: Proxy

    def ask(self, spec: Spec | None) -> None:
        """Ask for a state; None is for nothing at all."""
        if spec is None:
            where = ("-n", NAMESPACE, "--ignore-not-found", "--wait=false")
            self.operator.cluster.kubectl("delete", "metallb", "metallb", *where)
        else:
            self.operator.create(**spec)

    def arrived(self, spec: Spec | None) -> bool:
        """Whether everything is as asked for, and said to be so."""
        controllers = self._controllers()
        assert len(controllers) <= 1
        found = self.operator.cluster.get("metallb", "metallb", NAMESPACE)
        if spec is None or found is None:
            return spec is found
        status = found.get("status", {})
        truth = {c["type"]: c["status"] for c in status.get("conditions", ())}
        return (
            (status.get("backend"), status.get("version")) == (spec["bgpBackend"], spec["version"])
            and len(controllers) == 1
            and status.get("observedGeneration") == found["metadata"]["generation"]
            and (truth["Available"], truth["Progressing"]) == ("True", "False")
        )

    def bring(self, spec: Spec | None) -> None:
        """Arrive at a state without any harm."""
        self.proxy.clear()
        self.operator.wait_ready()
        self.ask(spec)
        wait_for(f"{spec}", lambda: self.arrived(spec), seconds=90, every=0.3)

    def last_life(self) -> None:
        """Wait until the operator is ready, begun again if an Event of its arrival has ended it."""

        def ready() -> bool:
            if not self.operator.process.alive:
                self.operator.process.start()
            return self.operator.probe("/readyz")[0] == HTTPStatus.OK

        wait_for("the operator is ready", ready)

    def _controllers(self) -> list[str]:
        """Names of the pods that are, and stay, controllers."""
        selector = ("-l", "app.kubernetes.io/component=controller", "-o", _NAMES)
        lines = self.operator.cluster.kubectl("get", "pods", "-n", NAMESPACE, *selector)
        return [
            name for name, _, going in (x.partition(" ") for x in lines.splitlines()) if not going
        ]


_NAMES: Final = (
    'jsonpath={range .items[*]}{.metadata.name} {.metadata.deletionTimestamp}{"\\n"}{end}'
)


@pytest.fixture(scope="module")
def bench(own_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One installation for all of it: each test begins where the one before has ended.

    A Service has an address, which is written down and compared where the controller is replaced.
    """
    service(own_cluster, "kept", "192.0.2.1")
    folder = tmp_path_factory.mktemp("kills")
    token = own_cluster.kubectl("create", "token", "metallb-operator", "-n", NAMESPACE).strip()
    with (
        proxy(own_cluster, token, folder) as between,
        operating(own_cluster, folder, kubeconfig=between.kubeconfig) as running,
    ):
        made = Bench(running, between)
        yield made
        made.bring(None)
    own_cluster.kubectl("delete", "service", "kept", "-n", "default")


@pytest.mark.parametrize(
    ("before", "after", "objects", "at_least"),
    [
        pytest.param(None, OLD, OF_FRR_K8S, 12, id="install"),
        pytest.param(OLD, FRR_K8S, OF_FRR_K8S, 10, id="upgrade"),
        pytest.param(FRR_K8S, NATIVE, OF_NATIVE, 8, id="frr-k8s to native"),
        pytest.param(NATIVE, FRR_K8S, OF_FRR_K8S, 8, id="native to frr-k8s"),
        pytest.param(FRR_K8S, None, set(), 8, id="removal"),
    ],
)
def test_it_arrives_though_every_life_makes_one_write(
    bench: Bench,
    before: Spec | None,
    after: Spec | None,
    objects: set[tuple[str, str]],
    at_least: int,
) -> None:
    bench.bring(before)
    bench.operator.process.kill()
    lives = Lives(bench.operator)
    bench.proxy.before = lives.before
    bench.ask(after)
    for _ in range(MOST_LIVES):
        lives.begin()
        wait_for("its end", lambda: _is_over(bench, after), seconds=60, every=0.3)
        if bench.operator.process.alive:
            break
    assert bench.operator.process.alive, "\n".join(map(str, lives.made))
    assert len(lives.made) >= at_least
    bench.proxy.clear()
    bench.last_life()
    assert bench.operator.operands().keys() == objects
    note = ("configmap", "metallb-operator-addresses", NAMESPACE)
    wait_for("nothing is noted any more", lambda: bench.operator.cluster.get(*note) is None)


def _is_over(bench: Bench, after: Spec | None) -> bool:
    return not bench.operator.process.alive or bench.arrived(after)

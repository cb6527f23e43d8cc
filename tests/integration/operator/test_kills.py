"""Killed before any write of an install or a removal, the operator arrives all the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cluster import Cluster
from support.faults import Asked, Fault, Proxy, proxy, reset
from support.operating import NAMESPACE, Operating, operating
from support.waiting import wait_for


@dataclass(slots=True)
class Bench:
    """A cluster, the proxy before it, and where logs go."""

    cluster: Cluster
    proxy: Proxy
    logs: Path

    def operator(self) -> Any:  # noqa: ANN401 - a context manager
        """Run an operator behind the proxy."""
        return operating(self.cluster, self.logs, kubeconfig=self.proxy.kubeconfig)


@pytest.fixture
def bench(own_cluster: Cluster, tmp_path: Path) -> Iterator[Bench]:
    token = own_cluster.kubectl("create", "token", "metallb-operator", "-n", NAMESPACE).strip()
    with proxy(own_cluster, token, tmp_path) as running:
        yield Bench(own_cluster, running, tmp_path)


def test_it_converges_from_a_kill_before_every_write(bench: Bench) -> None:
    with bench.operator() as operator:
        operator.wait_ready()
        installing, removing = _count(bench, operator)
        assert installing >= 7
        assert removing >= 5
        for number in range(1, installing + 1):
            _killed_while(bench, operator, number, installing=True)
        for number in range(1, removing + 1):
            _killed_while(bench, operator, number, installing=False)


def _count(bench: Bench, operator: Operating) -> tuple[int, int]:
    """Return how many writes an install takes, and a removal."""
    bench.proxy.clear()
    _install(operator)
    installing = len(bench.proxy.writes)
    bench.proxy.clear()
    operator.delete()
    return installing, len(bench.proxy.writes)


def _killed_while(bench: Bench, operator: Operating, number: int, *, installing: bool) -> None:
    """Kill the process before a write; the next one, which repairs it, is killed next time."""
    if not installing:
        _install(operator)
    bench.proxy.clear()
    bench.proxy.before = lambda asked: _kill(operator, asked, number)
    if installing:
        operator.create(bgpBackend="native")
    else:
        bench.cluster.kubectl("delete", "metallb", "metallb", "-n", NAMESPACE, "--wait=false")
    # A busy moment may save a write: whoever was not killed has arrived, which is as good.
    wait_for("the kill", lambda: not operator.process.alive or _arrived(operator, installing))
    bench.proxy.clear()
    if not operator.process.alive:
        operator.process.start()
    operator.wait_ready()
    if installing:
        operator.wait_condition("Available", "True")
        assert operator.operands().keys() == OWNED, f"killed before write {number}"
    operator.delete()
    assert operator.operands() == {}, f"killed before write {number}"


OWNED = {
    ("ConfigMap", "metallb-excludel2"),
    ("DaemonSet", "speaker"),
    ("Deployment", "controller"),
    ("NetworkPolicy", "controller"),
    ("Secret", "metallb-memberlist"),
}


def _install(operator: Operating) -> None:
    operator.create(bgpBackend="native")
    operator.wait_condition("Progressing", "False")


def _arrived(operator: Operating, installing: bool) -> bool:  # noqa: FBT001 - private
    if installing:
        return operator.conditions().get("Progressing", {}).get("status") == "False"
    return operator.cluster.get("metallb", "metallb", NAMESPACE) is None


def _kill(operator: Operating, asked: Asked, number: int) -> Fault | None:
    if asked.kind != "write" or asked.number != number:
        return None
    operator.process.kill()
    return reset

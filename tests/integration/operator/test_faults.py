"""Whatever goes wrong between the operator and the API server, it recovers, and says so."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest

from cluster import Cluster
from support.faults import Asked, Fault, Proxy, lost, proxy, refused, reset
from support.operating import NAMESPACE, Operating, operating
from support.waiting import wait_for

FAULTS: Final[dict[str, Fault]] = {
    "conflict": refused(409, "Conflict"),
    "throttled": refused(429, "TooManyRequests", Retry_After="1"),
    "unavailable": refused(503, "ServiceUnavailable"),
    "reset": reset,
    "lost": lost,
}
OWNED: Final = {
    ("ConfigMap", "metallb-excludel2"),
    ("DaemonSet", "speaker"),
    ("Deployment", "controller"),
    ("NetworkPolicy", "controller"),
    ("Secret", "metallb-memberlist"),
}


@dataclass(frozen=True, slots=True)
class Faulty:
    """An operator, and the proxy that it works through."""

    operator: Operating
    proxy: Proxy


@pytest.fixture(scope="module")
def faulty(own_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faulty]:
    """One process for every test here: none may need another one."""
    folder = tmp_path_factory.mktemp("faults")
    token = own_cluster.kubectl("create", "token", "metallb-operator", "-n", NAMESPACE).strip()
    with (
        proxy(own_cluster, token, folder) as between,
        operating(own_cluster, folder, kubeconfig=between.kubeconfig) as running,
    ):
        running.wait_ready()
        yield Faulty(running, between)
        running.alive()


@pytest.fixture
def between(faulty: Faulty) -> Iterator[Proxy]:
    """The proxy; whatever a test has installed is gone after it."""
    faulty.proxy.clear()
    yield faulty.proxy
    faulty.proxy.clear()
    faulty.operator.delete()


def once(name: str) -> Callable[[Asked], Fault | None]:
    """Let every request that may meet a fault meet it when it arrives for the first time."""
    met: set[tuple[str, str]] = set()

    def decide(asked: Asked) -> Fault | None:
        key = (asked.method, asked.path)
        if key in met or not _may_meet(name, asked):
            return None
        met.add(key)
        return FAULTS[name]

    return decide


def _may_meet(name: str, asked: Asked) -> bool:
    if name == "conflict":
        # No read is in conflict with anything, and a deletion only with a namesake.
        return asked.method in {"POST", "PATCH", "PUT"}
    return asked.kind != "watch"


@pytest.mark.parametrize("name", FAULTS)
def test_every_request_may_go_wrong_once(faulty: Faulty, between: Proxy, name: str) -> None:
    between.before = once(name)
    faulty.operator.create(bgpBackend="native")
    faulty.operator.wait_condition("Available", "True")
    faulty.operator.wait_condition("Degraded", "False")
    assert faulty.operator.operands().keys() == OWNED
    assert len({(asked.method, asked.path) for asked in between.writes}) >= 7
    between.before = once(name)
    faulty.operator.delete()
    assert faulty.operator.operands() == {}


LASTING: Final = [
    (refused(503, "ServiceUnavailable", "etcd is away"), "ApiServerUnavailable", "etcd is away"),
    (refused(429, "TooManyRequests", Retry_After="1"), "ApiServerUnavailable", "TooManyRequests"),
    (
        refused(403, "Forbidden", 'User "operator" cannot patch resource "daemonsets"'),
        "Forbidden",
        "give the operator's ServiceAccount the permissions of its bundle",
    ),
    (reset, "ApiServerUnavailable", "it is tried again"),
]


@pytest.mark.parametrize(("fault", "reason", "told"), LASTING)
def test_what_lasts_is_told_until_it_ends(
    faulty: Faulty, between: Proxy, fault: Fault, reason: str, told: str
) -> None:
    between.before = lambda asked: fault if asked.path.endswith("/daemonsets/speaker") else None
    faulty.operator.create(bgpBackend="native")
    degraded = faulty.operator.wait_condition("Degraded", "True", reason)
    assert told in degraded["message"]
    assert "DaemonSet metallb-system/speaker" in degraded["message"]
    between.clear()
    faulty.operator.wait_condition("Available", "True")
    faulty.operator.wait_condition("Degraded", "False")


def test_an_api_server_that_goes_away_is_waited_for(
    faulty: Faulty, between: Proxy, own_cluster: Cluster
) -> None:
    """Ten seconds here; `make bench-lifecycle` does it for two minutes."""
    faulty.operator.create(bgpBackend="native")
    faulty.operator.wait_condition("Available", "True")
    before = lease(own_cluster)["leaseTransitions"]
    between.clear()
    faulty.operator.away(10)
    own_cluster.kubectl("delete", "configmap", "metallb-excludel2", "-n", NAMESPACE)
    wait_for("the repair", lambda: faulty.operator.operands().keys() == OWNED, seconds=60)
    assert lease(own_cluster)["leaseTransitions"] == before
    assert between.writes
    # One that could not renew its lease in time has ended once, and no more.
    assert faulty.operator.process.log.read_text().count("the lead is lost") <= 1


def lease(cluster: Cluster) -> dict[str, Any]:
    found = cluster.get("lease", "metallb-operator", NAMESPACE) or {}
    return dict(found["spec"])

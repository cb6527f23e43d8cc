"""Whatever goes wrong between the operator and the API server, it recovers, and says so."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import pytest

from cluster import Cluster
from cluster.components import Component
from metallb_kube.leases import LeaseTimes
from metallb_kube.process import ExitCode
from support.faults import Asked, Fault, Proxy, cut, expired, hang, lost, proxy, refused, reset
from support.operating import NAMESPACE, Operating, operating
from support.waiting import wait_for

FAULTS: Final[dict[str, Fault]] = {
    "expired": expired,
    "conflict": refused(409, "Conflict"),
    "throttled": refused(429, "TooManyRequests", Retry_After="1"),
    "unavailable": refused(503, "ServiceUnavailable"),
    "internal": refused(500, "InternalError"),
    "unauthorized": refused(401, "Unauthorized"),
    "reset": reset,
    "cut": cut,
    "lost": lost,
    "hang": hang,
}
OF_WATCHES: Final = ("expired", "throttled", "internal", "unauthorized", "reset", "cut", "hang")
WATCHED: Final = 15  # kinds, at least
KOPF_WATCHES: Final = f"/apis/metallb.io/v1beta1/namespaces/{NAMESPACE}/metallbs"
REQUEST_SECONDS: Final = 2
SILENCE_SECONDS: Final = 3
# What is proven of seconds here holds for the 30 and 75 that are right outside.
IMPATIENT: Final = (
    f"--request-seconds={REQUEST_SECONDS}",
    f"--silence-seconds={SILENCE_SECONDS}",
)
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
        operating(own_cluster, folder, kubeconfig=between.kubeconfig, options=IMPATIENT) as running,
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


@pytest.mark.parametrize("name", [name for name in FAULTS if name != "expired"])
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


@pytest.mark.parametrize("name", OF_WATCHES)
def test_every_watch_may_go_wrong_once_when_it_begins(
    faulty: Faulty, between: Proxy, name: str
) -> None:
    faulty.operator.create(bgpBackend="native")
    faulty.operator.wait_condition("Available", "True")
    # Without bookmarks each watch counts as dead, and begins anew, every three seconds.
    met: set[str] = set()
    again: set[str] = set()

    def decide(asked: Asked) -> Fault | None:
        if asked.kind != "watch":
            return None
        if asked.path in met:
            again.add(asked.path)
            return None
        met.add(asked.path)
        return FAULTS[name]

    between.before = decide
    wait_for("every watch is there again", lambda: len(met) >= WATCHED and met == again)
    _repaired(faulty.operator, seconds=5)


def test_a_watch_that_falls_silent_is_noticed_in_time(faulty: Faulty, between: Proxy) -> None:
    """None of the connections is closed; what they would have told must be heard otherwise."""
    faulty.operator.create(bgpBackend="native")
    faulty.operator.wait_condition("Available", "True")
    faulty.operator.wait_condition("Progressing", "False")
    for _ in range(2):
        between.mute()
        _repaired(faulty.operator, seconds=SILENCE_SECONDS + 3)
        between.mute()
        faulty.operator.create(bgpBackend="native", logLevel="debug")
        wait_for("the change", lambda: _log_level(faulty.operator), seconds=SILENCE_SECONDS + 3)
        faulty.operator.create(bgpBackend="native")


def _log_level(operator: Operating) -> bool:
    speaker = operator.operands()["DaemonSet", "speaker"]
    return "--log-level=debug" in str(speaker["spec"]["template"])


def _repaired(operator: Operating, seconds: float) -> None:
    operator.cluster.kubectl("delete", "configmap", "metallb-excludel2", "-n", NAMESPACE)
    wait_for("the repair", lambda: operator.operands().keys() == OWNED, seconds=seconds)


def test_an_api_server_that_goes_away_is_waited_for(
    faulty: Faulty, between: Proxy, own_cluster: Cluster
) -> None:
    """As long as it takes to lose the lead; `make bench-lifecycle` does it for two minutes."""
    operator, server = faulty.operator, own_cluster.component("kube-apiserver")
    operator.create(bgpBackend="native")
    operator.wait_condition("Available", "True")
    operator.wait_condition("Progressing", "False")
    before = lease(own_cluster)["leaseTransitions"]
    between.clear()
    with _killed(server):
        _is_waited_for(operator, between)
    own_cluster.wait_until_serving()
    operator.wait_ready()
    _repaired(operator, seconds=15)
    assert lease(own_cluster)["leaseTransitions"] == before


@contextmanager
def _killed(component: Component) -> Iterator[None]:
    """Keep a component of a cluster away that other tests use as well."""
    component.kill()
    try:
        yield
    finally:
        component.start()


def _is_waited_for(operator: Operating, between: Proxy) -> None:
    # Who cannot renew its lease ends in time, and says so; a kubelet starts it again.
    assert operator.ended(LeaseTimes().deadline + 5) == ExitCode.LEASE_LOST
    assert "the lease is lost" in operator.process.tail(5)
    # Status and reminder go to the MetalLB object itself.
    assert [asked for asked in between.writes if "/metallbs/" not in asked.path] == []
    often = Counter(asked.path for asked in between.asked)
    del often[KOPF_WATCHES]  # begun anew whenever silence, which is so short here, has passed
    # Six times each in growing pauses; two follow Nodes, and each asks twice over a connection
    # that was kept. Without the pauses it would be hundreds.
    assert max(often.values()) <= 40, often.most_common(3)
    operator.process.start()
    told = wait_for("it says what it waits for", lambda: operator.probe("/readyz")[1])
    assert "the API server" in told


def lease(cluster: Cluster) -> dict[str, Any]:
    found = cluster.get("lease", "metallb-operator", NAMESPACE) or {}
    return dict(found["spec"])

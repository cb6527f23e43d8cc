"""Nodes are drained, rebooted and lost while clients ask and somebody writes pools."""

import time
from collections.abc import Callable
from typing import Any, Final

import pytest

from cluster.real.core import RealCluster
from observe.report import Evidence
from observe.router import Router
from support import ours
from support.changes import LAYER2, ROUTED, Watched, under_traffic
from support.ours import OPERATOR, WEBHOOKS
from support.outside import wait_announcing
from support.power import without_power
from support.site import Document, Site
from support.waiting import wait_for

BACKENDS: Final = ("native", "frr-k8s")
FAST: Final = {"holdTime": "9s"}
"""A router sends to a node that is gone until its hold time is over (RFC 4271, 6.5)."""
GRACE_SECONDS: Final = 75
"""Within which a node that says nothing is NotReady: 50 s (node-monitor-grace-period), and some."""
TOLD_SECONDS: Final = 20
REFUSED_SECONDS: Final = 45
"""That writes may be refused for from when the control plane knows that the node is gone."""
FAILOVER_SECONDS: Final = 15
APART_SECONDS: Final = 300
LEFT_SHARE: Final = 0.15
"""Of requests, what may fail once a lost node is known: connections that were opened before."""
BOTH_TARGETS: Final = ("layer 2", "BGP")

Scenario = Callable[..., Any]


@pytest.fixture
def scenario(
    installed: Site, real: RealCluster, router: Router, evidence: Evidence
) -> Callable[..., Any]:
    """Return what runs a change under traffic, with a backend, in the default release."""

    def under(name: str, backend: str, **how: Any) -> Any:  # noqa: ANN401 - passed on
        installed.run(bgpBackend=backend)
        return under_traffic(installed, real, router, evidence, name, backend=backend, **how)

    return under


@pytest.mark.parametrize("backend", BACKENDS)
def test_drained(installed: Site, real: RealCluster, scenario: Scenario, backend: str) -> None:
    """What is evicted comes up elsewhere, and a replica of the webhooks returns by itself."""
    with scenario("Node drained", backend) as watched, ours.under_writes(real) as writing:
        leaving = ours.leader(installed, OPERATOR)["spec"]["nodeName"]
        watched.mark(f"drain {leaving}")
        try:
            ours.drain(installed, leaving)
            watched.mark("drained")
            installed.rolled_out(f"deployment/{WEBHOOKS}")
            installed.rolled_out(f"deployment/{OPERATOR}")
            ours.wait_repairs(installed)
        finally:
            installed.kubectl("uncordon", leaving)
        watched.mark("uncordoned")
        began = time.monotonic()
        wait_apart(installed)
        watched.mark("webhooks apart")
        watched.shown.notes.append(
            f"Webhooks are apart {time.monotonic() - began:.0f} s after the node took pods again."
        )
        installed.rolled_out(f"deployment/{WEBHOOKS}")
        installed.wait_settled()
        found = writing.account()
        watched.shown.notes.append(f"{found}.")
    assert found.refused == 0, found


@pytest.mark.parametrize("backend", BACKENDS)
def test_rebooted(
    installed: Site, real: RealCluster, router: Router, scenario: Scenario, backend: str
) -> None:
    """Lost is what the node was asked; the rest is answered, and all of it after the return."""
    how = {"longest_gap": FAILOVER_SECONDS, "peering": FAST}
    with scenario("Node rebooted", backend, **how) as watched:
        lost = wait_announcing(real, LAYER2)
        ours.move(installed, OPERATOR, lost)
        assert not _tells(installed, lost)
        off = time.monotonic()
        watched.mark(f"{lost} off")
        with without_power(installed, lost):
            _wait_moved(real, watched, lost)
            router.wait_next_hops(f"{ROUTED}/32", 1)
            watched.mark("one route")
            known = _wait_known(installed, watched, lost)
            wait_for("the status tells", lambda: _tells(installed, lost), seconds=TOLD_SECONDS)
            watched.mark("told")
            watched.shown.notes.append(
                f"The control plane knows after {known - off:.0f} s, and the status tells "
                f"{time.monotonic() - known:.1f} s later."
            )
            # Nothing is sent to what is known to be gone, by nodes that have heard of it.
            watched.traffic.wait_answered(100, seconds=90)
            watched.mark(f"{lost} on")
        watched.mark("settled")
        router.wait_next_hops(f"{ROUTED}/32", 2)
    on = next(one.at for one in watched.traffic.marks if one.what == f"{lost} on")
    told = [one for one in watched.traffic.requests("layer 2") if known + 5 < one.start < on]
    failed = sum(not one.ok for one in told)
    watched.shown.notes.append(
        f"From 5 s after that until the return {failed} of {len(told)} requests failed."
    )
    # Half of them would while the Service still led to the pod that is gone.
    assert failed < LEFT_SHARE * len(told)


@pytest.mark.parametrize("backend", ["native"])
def test_lost_with_everything_on_it(
    installed: Site, real: RealCluster, scenario: Scenario, backend: str
) -> None:
    """Operator, controller and both webhooks are on the node that is lost."""
    how = {"longest_gap": FAILOVER_SECONDS, "peering": FAST}
    with scenario("Node lost with all of ours on it", backend, **how) as watched:
        lost = wait_announcing(real, LAYER2)
        other = next(name for name in real.nodes if name != lost)
        try:
            ours.drain(installed, other)
            for name in (WEBHOOKS, OPERATOR, "controller"):
                installed.rolled_out(f"deployment/{name}")
        finally:
            installed.kubectl("uncordon", other)
        assert {*ours.nodes_of(installed, WEBHOOKS), *ours.nodes_of(installed, OPERATOR)} == {lost}
        with ours.under_writes(real) as writing:
            off = time.monotonic()
            watched.mark(f"{lost} off")
            with without_power(installed, lost):
                _wait_moved(real, watched, lost)
                silent = wait_for(
                    "kubectl metallb status says that nobody looks",
                    lambda: _silent(real),
                    seconds=60,
                    every=1,
                )
                watched.mark("nobody looks")
                watched.shown.notes.append(f"After {time.monotonic() - off:.0f} s: {silent}")
                known = _wait_known(installed, watched, lost)
                wait_for(
                    "a write is done",
                    lambda: any(not one.error and one.start > known for one in writing.writes()),
                    seconds=180,
                    every=0.5,
                )
                watched.mark("writes are done")
                wait_for("somebody looks", lambda: not _silent(real), seconds=120, every=1)
                watched.mark("somebody looks")
                ours.wait_repairs(installed)
                wait_for("the status tells", lambda: _tells(installed, lost), seconds=60)
                watched.mark(f"{lost} on")
            found = writing.account()
            watched.shown.notes.append(f"{found}.")
            watched.shown.notes.append(
                f"Writes were refused until {found.last - off:.0f} s after the loss, "
                f"{found.last - known:.0f} s after the control plane knew."
            )
    assert found.last - known < REFUSED_SECONDS


def wait_apart(site: Site) -> None:
    """Wait until the replicas of the webhooks are on two nodes."""
    wait_for(
        "webhooks are apart",
        lambda: len(set(ours.nodes_of(site, WEBHOOKS)) - {""}) > 1,
        seconds=APART_SECONDS,
        every=1,
    )


def _wait_moved(real: RealCluster, watched: Watched, lost: str) -> None:
    others = [name for name in real.nodes if name != lost]
    wait_announcing(real, LAYER2, others, seconds=FAILOVER_SECONDS)
    watched.mark("layer 2 address moved")


def _wait_known(site: Site, watched: Watched, lost: str) -> float:
    """Return when the node controller has noticed."""
    wait_for(
        f"{lost} is not Ready", lambda: not _is_ready(site, lost), seconds=GRACE_SECONDS, every=0.5
    )
    watched.mark("NotReady")
    return time.monotonic()


def _is_ready(site: Site, node: str) -> bool:
    found: Document = site.real.kubectl.get("node", node) or {}
    conditions = found.get("status", {}).get("conditions", ())
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _tells(site: Site, node: str) -> bool:
    """Return whether a condition of the MetalLB object names a node that is away."""
    conditions = site.conditions().values()
    return any(node in one.get("message", "") for one in conditions)


def _silent(real: RealCluster) -> str:
    """Return what `kubectl metallb status` says of nobody looking; "" if it does not."""
    done = ours.told(real)
    said = [line for line in done.stdout.splitlines() if "nobody has looked since" in line]
    return said[0].strip() if said and done.returncode else ""

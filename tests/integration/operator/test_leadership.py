"""Of several operators one acts, and whoever has lost the lead acts no longer."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from cluster import Cluster
from metallb_kube.leases import LeaseTimes
from support.operating import NAMESPACE, Operating, operating
from support.waiting import wait_for

DURATION: Final = LeaseTimes().duration
LEASE: Final = ("lease", "metallb-operator", "-n", NAMESPACE)
_CREDENTIAL: Final = "authentication.kubernetes.io/credential-id"
_WRITES: Final = frozenset({"create", "update", "patch", "delete"})


@pytest.fixture
def leases(own_cluster: Cluster) -> Iterator[Cluster]:
    """A cluster where nobody leads, and where nobody seems to after the test."""
    own_cluster.kubectl("delete", *LEASE, "--ignore-not-found")
    yield own_cluster
    own_cluster.kubectl("delete", *LEASE, "--ignore-not-found")


def writers(cluster: Cluster, start: int, *, besides: tuple[str, ...] = ()) -> set[str]:
    """Return which tokens have written anything but the lease; each process has its own.

    Args:
        cluster: where.
        start: position in the audit log.
        besides: resources that do not count either.
    """
    return {
        event["user"]["extra"][_CREDENTIAL][0]
        for event in cluster.audit(start)
        if event["user"]["username"].endswith(":metallb-operator")
        and event["verb"] in _WRITES
        and event["objectRef"]["resource"] not in ("leases", *besides)
        and "dryRun" not in event["requestURI"]
    }


def holder(cluster: Cluster) -> str:
    spec: dict[str, Any] = (cluster.get("lease", "metallb-operator", NAMESPACE) or {}).get(
        "spec", {}
    )
    return str(spec.get("holderIdentity") or "")


def repaired(operator: Operating, seconds: float) -> None:
    """Break something, and wait until somebody has repaired it."""
    key = ("ConfigMap", "metallb-excludel2")
    operator.cluster.kubectl("delete", "configmap", key[1], "-n", NAMESPACE)
    wait_for("the repair", lambda: key in operator.operands(), seconds=seconds)


def test_exactly_one_acts_and_the_next_one_takes_over(leases: Cluster, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("first", "second", "third")]
    for folder in folders:
        folder.mkdir()
    with operating(leases, folders[0], identity="first") as first:
        first.wait_ready()
        wait_for("the first leads", lambda: holder(leases) == "first")
        with operating(leases, folders[1], identity="second") as second:
            second.wait_ready()
            start = leases.audit_position()
            first.create(bgpBackend="native")
            first.wait_condition("Available", "True")
            by_first = writers(leases, start)
            assert len(by_first) == 1

            first.process.kill()
            start = leases.audit_position()
            repaired(second, DURATION + 10)
            assert holder(leases) == "second"
            by_second = writers(leases, start)
            assert len(by_second) == 1
            assert by_first.isdisjoint(by_second)

            with operating(leases, folders[2], identity="third") as third:
                third.wait_ready()
                start = leases.audit_position()
                assert second.process.stop() == 0
                repaired(third, DURATION / 3)
                assert holder(leases) == "third"
                assert writers(leases, start).isdisjoint(by_first)
                third.delete()


def test_whoever_has_lost_the_lead_ends_without_another_write(
    leases: Cluster, tmp_path: Path
) -> None:
    with operating(leases, tmp_path, identity="former") as operator:
        operator.wait_ready()
        operator.create(bgpBackend="native")
        operator.wait_condition("Available", "True")
        operator.wait_condition("Progressing", "False")
        patch = {"spec": {"holderIdentity": "usurper"}}
        start = leases.audit_position()
        leases.kubectl("patch", *LEASE, "--type=merge", "-p", json.dumps(patch))
        wait_for("its end", lambda: not operator.process.alive, seconds=DURATION)
        assert "the lease is lost" in operator.process.tail(5)
        assert holder(leases) == "usurper"
        # It hears of its loss when it renews the lease; until then the status may be written.
        assert writers(leases, start, besides=("metallbs", "events")) == set()
    leases.kubectl("delete", *LEASE)
    with operating(leases, tmp_path, identity="former") as operator:
        operator.wait_ready()
        operator.delete()


def test_what_a_deleted_installation_left_behind_is_not_waited_for(
    leases: Cluster, tmp_path: Path
) -> None:
    """Its Lease is older than it lasts, and there is no pod of the holder's name."""
    spec = {
        "holderIdentity": "metallb-operator-5d9c-x2x4z-1",
        "leaseDurationSeconds": DURATION,
        "renewTime": "2026-01-01T00:00:00.000000Z",
    }
    metadata = {"name": "metallb-operator", "namespace": NAMESPACE}
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata}
    leases.apply({**lease, "spec": spec})
    with operating(leases, tmp_path, identity="new-1") as operator:
        wait_for("it leads", lambda: holder(leases) == "new-1", seconds=DURATION * 2 / 3)
        operator.wait_ready()
    assert "waiting for the Lease" not in operator.process.log.read_text()

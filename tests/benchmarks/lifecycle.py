"""How long the life of an installation takes, step by step, and what it costs the API server.

Times are those of the API server's audit log, so that nothing here is in their way.
"""

import argparse
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from cluster import Cluster
from support.operating import NAMESPACE, Operating, install, operating
from support.waiting import wait_for

RESULTS: Final = Path(__file__).parents[2] / "build" / "lifecycle.json"
IDLE_SECONDS: Final = 120
ROUNDS: Final = 5
_OPERATOR: Final = f"system:serviceaccount:{NAMESPACE}:metallb-operator"
_WRITES: Final = frozenset({"create", "update", "patch", "delete"})
# The larger a cluster, the more nodes at a time; of three nodes it is one.
_STRATEGY: Final = {"speaker": {"maxUnavailable": "10%"}}
_BESIDE: Final = frozenset({"leases", "events", "metallbs"})

Results = dict[str, list[float]]
"""What was measured, by what it is."""


@dataclass(frozen=True, slots=True)
class Span:
    """What the API server was asked while something happened; oldest first."""

    asked: tuple[Mapping[str, Any], ...]

    @property
    def writes(self) -> tuple[Mapping[str, Any], ...]:
        """The operator's writes, less renewals of its Lease and dry runs, which store nothing."""
        return tuple(
            one
            for one in self.asked
            if one["user"]["username"] == _OPERATOR
            and one["verb"] in _WRITES
            and _resource(one) != "leases"
            and "dryRun" not in one["requestURI"]
        )

    @property
    def begun(self) -> float:
        """When somebody else than the operator wrote first."""
        return next(
            _moment(one)
            for one in self.asked
            if one["user"]["username"] == "admin"
            and one["verb"] in _WRITES
            and _resource(one) != "leases"
        )

    @property
    def applied(self) -> float:
        """When the last object of the installation was written."""
        return max(_moment(one) for one in self.writes if _resource(one) not in _BESIDE)

    @property
    def pods(self) -> float:
        """When the last pod of MetalLB's changed."""
        return max(
            _moment(one)
            for one in self.asked
            if _resource(one) == "pods"
            and one["verb"] == "patch"
            and one["objectRef"].get("namespace") == NAMESPACE
        )

    @property
    def told(self) -> float:
        """When the MetalLB object was written last."""
        return max(_moment(one) for one in self.writes if _resource(one) == "metallbs")


def _resource(asked: Mapping[str, Any]) -> str:
    return str((asked.get("objectRef") or {}).get("resource") or "")


def _moment(asked: Mapping[str, Any]) -> float:
    text = asked["stageTimestamp"].replace("Z", "+00:00")
    return datetime.fromisoformat(text).timestamp()


def span(cluster: Cluster, start: int) -> Span:
    """Return what was asked since a position in the audit log."""
    once = {one["auditID"]: one for one in cluster.audit(start)}
    return Span(tuple(once.values()))


def life(operator: Operating, found: Results) -> None:
    """Install, break, switch, upgrade and remove once; adds to what was found."""
    cluster = operator.cluster
    start = cluster.audit_position()
    operator.create(bgpBackend="native", version="0.15.3", updateStrategy=_STRATEGY)
    _arrived(operator, "native", "0.15.3")
    seen = span(cluster, start)
    found["created -> everything applied, s"].append(seen.applied - seen.begun)
    found["last pod ready -> Available, s"].append(max(0.0, seen.told - seen.pods))
    found["writes of an install, Events included"].append(len(seen.writes))

    start = cluster.audit_position()
    cluster.kubectl("delete", "configmap", "metallb-excludel2", "-n", NAMESPACE)
    wait_for(
        "the repair", lambda: ("ConfigMap", "metallb-excludel2") in operator.operands(), seconds=60
    )
    seen = span(cluster, start)
    found["drift -> repaired, s"].append(seen.applied - seen.begun)

    for what, backend, version in (
        ("native -> frr-k8s, s", "frr-k8s", "0.15.3"),
        ("0.15.3 -> 0.16.1, s", "frr-k8s", "0.16.1"),
    ):
        start, worked = cluster.audit_position(), operator.process.cpu_seconds()
        operator.create(bgpBackend=backend, version=version, updateStrategy=_STRATEGY)
        _arrived(operator, backend, version)
        seen = span(cluster, start)
        found[what].append(seen.told - seen.begun)
        found[f"{what[:-3]}, processor time, s"].append(operator.process.cpu_seconds() - worked)

    start = cluster.audit_position()
    operator.delete(seconds=300)
    seen = span(cluster, start)
    found["removal, s"].append(seen.told - seen.begun)


def idle(operator: Operating, found: Results) -> None:
    """Let everything rest for two minutes; what is found is scaled to ten."""
    start = operator.cluster.audit_position()
    end = time.monotonic() + IDLE_SECONDS
    wait_for(
        "the pause",
        lambda: operator.alive() and time.monotonic() > end,
        seconds=IDLE_SECONDS + 10,
        every=1,
    )
    seen = span(operator.cluster, start)
    ours = [one for one in seen.asked if one["user"]["username"] == _OPERATOR]
    scale = 600 / IDLE_SECONDS
    found["requests in 10 idle minutes"].append(scale * len(ours))
    found["writes in 10 idle minutes, less the Lease"].append(scale * len(seen.writes))
    found["memory, MiB"].append(operator.process.resident_mib())


def outage(operator: Operating, found: Results, seconds: float) -> None:
    """Take the API server away; how long is the repair of what was broken meanwhile."""
    cluster = operator.cluster
    operator.away(seconds)
    back = time.monotonic()
    cluster.kubectl("delete", "configmap", "metallb-excludel2", "-n", NAMESPACE)
    wait_for(
        "the repair", lambda: ("ConfigMap", "metallb-excludel2") in operator.operands(), seconds=90
    )
    found[f"API server back after {seconds:g} s -> repairs again, s"].append(
        time.monotonic() - back
    )


def _arrived(operator: Operating, backend: str, version: str) -> None:
    def there() -> bool:
        operator.alive()
        found = operator.cluster.get("metallb", "metallb", NAMESPACE) or {}
        status = found.get("status", {})
        conditions = {c["type"]: c["status"] for c in status.get("conditions", ())}
        return (
            (status.get("backend"), status.get("version")) == (backend, version)
            and status.get("observedGeneration") == found["metadata"]["generation"]
            and conditions == {**conditions, "Available": "True", "Progressing": "False"}
        )

    wait_for(f"{backend} {version}", there, seconds=600, every=0.5)


def measured(nodes: int, rounds: int, outage_seconds: float) -> Results:
    """Measure on a cluster of so many nodes."""
    found: Results = defaultdict(list)
    with (
        TemporaryDirectory() as logs,
        Cluster.start(nodes=nodes) as cluster,
    ):
        install(cluster)
        with operating(cluster, Path(logs)) as operator:
            operator.wait_ready()
            for _ in range(rounds):
                life(operator, found)
            operator.create()
            _arrived(operator, "frr-k8s", "0.16.1")
            idle(operator, found)
            outage(operator, found, outage_seconds)
    return dict(found)


def _rows(by_nodes: Mapping[int, Results]) -> Iterator[tuple[str, ...]]:
    for what in next(iter(by_nodes.values())):
        yield what, *(f"{statistics.median(found[what]):.2f}" for found in by_nodes.values())


def table(by_nodes: Mapping[int, Results]) -> Table:
    """Return medians, a column a size of cluster."""
    shown = Table("", *(f"{nodes:,} nodes" for nodes in by_nodes), title="Lifecycle, medians")
    for row in _rows(by_nodes):
        shown.add_row(*row)
    return shown


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print a table, write every number to `build/lifecycle.json`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, nargs="+", default=[3, 100, 1000])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--outage", type=float, default=120.0, help="seconds without API server")
    asked = parser.parse_args(arguments)
    by_nodes = {
        nodes: measured(nodes, asked.rounds, asked.outage) for nodes in _sorted(asked.nodes)
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(by_nodes, indent=2))
    Console().print(table(by_nodes))


def _sorted(nodes: Iterable[int]) -> list[int]:
    return sorted(set(nodes))


if __name__ == "__main__":
    main()

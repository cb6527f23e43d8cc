"""The whole way: an address out of a pool, known to the network, kept across upgrades.

The operator installs; MetalLB's own controller and speaker run with the flags and the rights that
it gave them, in a network namespace that stands for the node. In the one beside it FRR is the
router, and whoever asks for an address by ARP.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from cluster import Cluster
from metallb_crds.versions import VERSIONS
from observe.announcers import announcers
from observe.bgpconfig import Bgp, Neighbor
from observe.router import Router, routing
from support.namespaces import NEIGHBOUR, NODE, Places
from support.operands import Operand
from support.operating import Operating
from support.processes import Process  # noqa: TC001 - beside the others
from support.reviews import stored
from support.waiting import wait_for

SPEAKER_ASN: Final = 64512
ASN: Final = 64513
SERVICES: Final = ("first", "second", "third")


class Programs:
    """What runs, as a kubelet would have it."""

    def __init__(self, cluster: Cluster, folder: Path, places: Places) -> None:
        self._operands = (
            Operand(cluster, "controller", folder, places.pod),
            Operand(cluster, "speaker", folder, places.node),
        )
        self._running: dict[str, Process] = {}

    def follow(self, version: str) -> None:
        """Run what the pods of this release say, each once it has replaced the one before."""
        for operand in self._operands:
            process = operand.process(version)
            self._stop(operand.name)
            process.start()
            self._running[operand.name] = process

    def restart(self) -> None:
        """Let every program end and come back."""
        for process in self._running.values():
            process.stop()
            process.start()

    def stop(self) -> None:
        for operand in self._operands:
            self._stop(operand.name)

    def logs(self) -> str:
        return "\n".join(process.log.read_text() for process in self._running.values())

    def _stop(self, name: str) -> None:
        if name in self._running:
            self._running.pop(name).stop()


@pytest.fixture
def router(places: Places, tmp_path: Path) -> Iterator[Router]:
    bgp = Bgp(ASN, NEIGHBOUR, (Neighbor(NODE, SPEAKER_ASN, passive=True),))
    with routing(places.neighbour, bgp, tmp_path) as made:
        yield made


@pytest.fixture
def programs(one_node: Cluster, places: Places, tmp_path: Path) -> Iterator[Programs]:
    made = Programs(one_node, tmp_path, places)
    yield made
    made.stop()


def served(name: str) -> dict[str, Any]:
    """Return a Service of type LoadBalancer."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"type": "LoadBalancer", "selector": {"app": "served"}, "ports": [{"port": 80}]},
    }


def behind() -> dict[str, Any]:
    """Return the pod behind every Service."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "served", "namespace": "default", "labels": {"app": "served"}},
        "spec": {"containers": [{"name": "served", "image": "example.test/served"}]},
    }


CONFIGURATION: Final = (
    stored("IPAddressPool", "pool", addresses=["192.0.2.100-192.0.2.110"]),
    stored("BGPPeer", "router", myASN=SPEAKER_ASN, peerASN=ASN, peerAddress=NEIGHBOUR),
    stored("BGPAdvertisement", "to-routers"),
    stored("L2Advertisement", "to-neighbours"),
    behind(),
    *map(served, SERVICES),
)


def addresses(cluster: Cluster) -> Mapping[str, str]:
    """Return the address of every Service that has one."""
    found = cluster.get("services", namespace="default") or {}
    return {
        item["metadata"]["name"]: ingress["ip"]
        for item in found["items"]
        for ingress in item.get("status", {}).get("loadBalancer", {}).get("ingress", ())
    }


def test_addresses_are_given_announced_and_kept(
    operator: Operating, programs: Programs, router: Router, places: Places
) -> None:
    cluster, neighbour = operator.cluster, places.neighbour
    operator.create(bgpBackend="native", version=VERSIONS[0])
    operator.wait_condition("Available", "True")
    programs.follow(VERSIONS[0])
    for manifest in CONFIGURATION:
        cluster.apply(manifest)

    def given() -> Mapping[str, str] | None:
        found = addresses(cluster)
        return found if set(found) == set(SERVICES) else None

    before = wait_for("every Service has an address", given)

    def known() -> bool:
        routes = set(router.routes()) == {f"{address}/32" for address in before.values()}
        node = frozenset({places.node.mac()})
        return routes and {announcers(neighbour, a) for a in before.values()} == {node}

    wait_for("the network knows them", known)
    programs.restart()
    wait_for("the network knows them after a restart", known)
    assert addresses(cluster) == before
    for version in (*VERSIONS[1:], VERSIONS[0]):
        operator.create(bgpBackend="native", version=version)
        programs.follow(version)
        operator.wait_condition("Progressing", "False")
        wait_for(f"the network knows them with {version}", known)
        assert addresses(cluster) == before
        assert "forbidden" not in programs.logs()
    cluster.kubectl("delete", "service", "first")
    gone = before["first"]
    wait_for("the route is withdrawn", lambda: f"{gone}/32" not in router.routes())
    wait_for("nobody answers any more", lambda: not announcers(neighbour, gone))

"""The examples of MetalLB's introduction, each from the file that users read to packets and routes.

They run on every backend, with the files of docs/examples/introduction as they stand.
"""

from collections.abc import Callable
from typing import Final

import pytest

from cluster.real.core import RealCluster
from observe.client import Target, requesting
from observe.report import Evidence
from observe.router import Router
from support.outside import (
    announcing,
    eventually,
    nodes_asked,
    put_on_link,
    wait_announcing,
    wait_answer,
)
from support.site import Document, Site, configured, peer, pool, service, workload

BACKENDS: Final = ("native", "frr", "frr-k8s")
NODE_ADDRESSES: Final = {"10.0.0.11", "10.0.0.12"}

pytestmark = pytest.mark.core


@pytest.fixture(scope="module", params=BACKENDS)
def running(
    request: pytest.FixtureRequest, backend: Callable[[str], Site], real: RealCluster
) -> tuple[str, Site]:
    put_on_link(real.router)
    return request.param, backend(request.param)


def test_layer2(running: tuple[str, Site], real: RealCluster, evidence: Evidence) -> None:
    name, site = running
    with evidence.scenario("Layer 2, first pool", "One node answers for it.", backend=name):
        site.example("layer2.yaml")
        site.apply(service("web"))
        [address] = site.wait_addresses("web")
        assert address.startswith("192.168.1.2")
        wait_announcing(real, address)
        assert wait_answer(real.router, address)["node"] in real.nodes
        site.kubectl("delete", "service", "web")
        eventually("nobody answers any more", lambda: not announcing(real, address))


def test_layer2_of_one_pool(
    running: tuple[str, Site], real: RealCluster, evidence: Evidence
) -> None:
    name, site = running
    with evidence.scenario("Layer 2, only some pools", backend=name):
        site.example("pool.yaml")
        site.apply(pool("first-pool-2", "192.168.1.200-192.168.1.201"))
        site.example("layer2-one-pool.yaml")
        site.apply(
            service("inside", annotations={"metallb.io/address-pool": "first-pool"}),
            service("outside", annotations={"metallb.io/address-pool": "first-pool-2"}),
        )
        [inside], [outside] = site.wait_addresses("inside"), site.wait_addresses("outside")
        wait_announcing(real, inside)
        assert announcing(real, outside) == set()


def test_three_notations(running: tuple[str, Site], real: RealCluster, evidence: Evidence) -> None:
    name, site = running
    with evidence.scenario(
        "Prefix, range and IPv6 in one pool", "ARP and NDP, dual stack.", backend=name
    ):
        site.example("pool.yaml")
        site.example("layer2-one-pool.yaml")
        wanted = {
            "prefix": "192.168.10.7",
            "range": "192.168.9.5",
            "six": "fc00:f853:ccd:e799::5",
        }
        for one, address in wanted.items():
            families = ["IPv6"] if ":" in address else ["IPv4"]
            asked = {"metallb.io/loadBalancerIPs": address}
            site.apply(service(one, annotations=asked, ipFamilies=families))
        site.apply(service("both", ipFamilyPolicy="RequireDualStack"))
        for one, address in wanted.items():
            assert site.wait_addresses(one) == (address,)
        addresses = (*wanted.values(), *site.wait_addresses("both", 2))
        for address in addresses:
            wait_announcing(real, address)
            assert wait_answer(real.router, address)["node"] in real.nodes


def test_bgp(
    running: tuple[str, Site], real: RealCluster, router: Router, evidence: Evidence
) -> None:
    name, site = running
    with evidence.scenario("BGP, all nodes are next hops", backend=name) as shown:
        site.example("bgp.yaml")
        site.apply(service("web"))
        [address] = site.wait_addresses("web")
        shown.mark("address given")
        hops = router.wait_next_hops(f"{address}/32", 2)
        shown.mark("routes to both nodes")
        assert set(hops) == NODE_ADDRESSES
        assert router.routes()[f"{address}/32"].as_path == (64500,)
        assert announcing(real, address) == set()
        wait_answer(real.router, address)
        assert nodes_asked(real.router, address) - {""} <= {"n1", "n2"}
        site.kubectl("delete", "service", "web")
        router.wait_next_hops(f"{address}/32", 0)


def test_bgp_of_one_pool(running: tuple[str, Site], router: Router, evidence: Evidence) -> None:
    name, site = running
    with evidence.scenario("BGP, only some pools", backend=name):
        site.example("bgp.yaml")
        site.apply(pool("second", "192.168.1.200-192.168.1.201"))
        site.example("bgp-one-pool.yaml")
        site.apply(
            service("inside", annotations={"metallb.io/address-pool": "first-pool"}),
            service("outside", annotations={"metallb.io/address-pool": "second"}),
        )
        [inside], [outside] = site.wait_addresses("inside"), site.wait_addresses("outside")
        router.wait_next_hops(f"{inside}/32", 2)
        assert f"{outside}/32" not in router.routes()


def test_production_and_sandbox(
    running: tuple[str, Site], router: Router, evidence: Evidence
) -> None:
    name, site = running
    with evidence.scenario(
        "Production and sandbox pools", "Told apart by a community.", backend=name
    ):
        site.example("production-and-sandbox.yaml")
        site.apply(peer("sample", "10.0.0.1", myASN=64500, peerASN=64501))
        pinned = service("shop", loadBalancerIP="42.176.25.65")
        sandbox = service("try", annotations={"metallb.universe.tf/address-pool": "sandbox"})
        site.apply(pinned, sandbox)
        assert site.wait_addresses("shop") == ("42.176.25.65",)
        [private] = site.wait_addresses("try")
        assert private.startswith("192.168.1")
        router.wait_next_hops("42.176.25.65/32", 2)
        router.wait_next_hops(f"{private}/32", 2)
        routes = router.routes()
        assert routes[f"{private}/32"].communities == ("1234:1",)
        assert routes["42.176.25.65/32"].communities == ()


def test_shared_address(running: tuple[str, Site], real: RealCluster, evidence: Evidence) -> None:
    name, site = running
    with evidence.scenario("DNS over TCP and UDP on one address", backend=name) as shown:
        site.apply(pool("dns", "1.2.3.4/32"), _l2("dns"))
        site.apply(workload("dns", http=53, udp=53))
        site.kubectl("rollout", "status", "daemonset/dns", "--timeout=60s")
        site.example("shared-address.yaml")
        for one in ("dns-service-tcp", "dns-service-udp"):
            assert site.wait_addresses(one) == ("1.2.3.4",)
        wait_announcing(real, "1.2.3.4")
        targets = (
            Target("tcp", "1.2.3.4", 53),
            Target("udp", "1.2.3.4", 53, "udp"),
        )
        with requesting(real.router, targets) as traffic:
            traffic.wait_answered(10)
            shown.add(traffic)


@pytest.mark.parametrize("running", ["frr", "frr-k8s"], indirect=True)
def test_bfd(running: tuple[str, Site], second_router: Router, evidence: Evidence) -> None:
    name, site = running
    with evidence.scenario("A BGP session that BFD watches", backend=name):
        site.example("bfd.yaml")
        nodes = ("172.30.0.11", "172.30.0.12")
        second_router.wait_established(*nodes)
        eventually(
            "BFD is up with both nodes",
            lambda: [second_router.bfd_peers().get(one) for one in nodes] == ["up", "up"],
        )


def test_layer2_and_bgp_at_once(
    running: tuple[str, Site], real: RealCluster, router: Router, evidence: Evidence
) -> None:
    name, site = running
    with evidence.scenario("Layer 2 and BGP at once", backend=name):
        site.example("bgp.yaml")
        site.apply(_l2("first-pool"), service("web"))
        [address] = site.wait_addresses("web")
        router.wait_next_hops(f"{address}/32", 2)
        wait_announcing(real, address)
        assert wait_answer(real.router, address)


def _l2(*pools: str) -> Document:
    return configured("L2Advertisement", "by-layer-2", ipAddressPools=list(pools))

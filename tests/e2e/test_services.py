"""What a Service can ask for, and what comes of it outside the cluster; on layer 2, native.

The backend changes nothing here: addresses are given by the controller, which is the same.
"""

from collections.abc import Callable
from typing import Final

import pytest

from cluster.real.addresses import ROUTER
from cluster.real.core import RealCluster
from observe.report import Evidence
from support.outside import announcing, ask, eventually, put_on_link, wait_announcing, wait_answer
from support.site import Document, Site, configured, pool, service, workload

BACKEND: Final = "native"
SHARING: Final = "metallb.io/allow-shared-ip"
BY_POOL: Final = "metallb.io/address-pool"
BY_ADDRESS: Final = "metallb.io/loadBalancerIPs"
SHARED: Final = "192.168.1.242"


@pytest.fixture
def metallb(backend: Callable[[str], Site], real: RealCluster) -> Site:
    """MetalLB with the pool .240 to .245, announced on layer 2."""
    put_on_link(real.router)
    running = backend(BACKEND)
    running.apply(
        pool("first", "192.168.1.240-192.168.1.245", "fc00:f853:ccd:e799::/124"),
        configured("L2Advertisement", "all"),
    )
    return running


def port(number: int, name: str = "http") -> Document:
    """Return a port of a Service that pods of the workload answer on."""
    return {"name": name, "port": number, "targetPort": 8080}


def told(metallb: Site, name: str, reason: str) -> str:
    """Return the message of the newest Event of a Service with this reason; "" without any."""
    found = [
        event
        for event in metallb.events("default")
        if event["involvedObject"]["name"] == name and event["reason"] == reason
    ]
    return str(found[-1]["message"]) if found else ""


def wait_refused(metallb: Site, name: str, why: str) -> None:
    """Wait for the Event that says why a Service has no address; it has none then."""
    eventually(f"{name} is told: {why}", lambda: why in told(metallb, name, "AllocationFailed"))
    assert metallb.addresses(name) == ()


def test_load_balancer_ip(metallb: Site, real: RealCluster, evidence: Evidence) -> None:
    with evidence.scenario("loadBalancerIP", "The address that it names.", backend=BACKEND):
        metallb.apply(service("named", loadBalancerIP="192.168.1.244"))
        assert metallb.wait_addresses("named") == ("192.168.1.244",)
        wait_announcing(real, "192.168.1.244")
        wait_answer(real.router, "192.168.1.244")


def test_load_balancer_ip_that_is_taken(
    metallb: Site, real: RealCluster, evidence: Evidence
) -> None:
    with evidence.scenario("loadBalancerIP that another Service has", backend=BACKEND):
        metallb.apply(service("has", loadBalancerIP="192.168.1.244"))
        metallb.wait_addresses("has")
        metallb.apply(service("wants", loadBalancerIP="192.168.1.244"))
        wait_refused(metallb, "wants", "address also in use by default/has")
        wait_answer(real.router, "192.168.1.244")


def test_annotation_with_addresses(metallb: Site, real: RealCluster, evidence: Evidence) -> None:
    with evidence.scenario("Annotation with two addresses", "Dual stack.", backend=BACKEND):
        wanted = ("192.168.1.243", "fc00:f853:ccd:e799::3")
        metallb.apply(
            service(
                "both",
                annotations={BY_ADDRESS: ",".join(wanted)},
                ipFamilyPolicy="RequireDualStack",
            )
        )
        assert set(metallb.wait_addresses("both", 2)) == set(wanted)
        for address in wanted:
            wait_announcing(real, address)
            wait_answer(real.router, address)


def test_annotation_with_a_pool(metallb: Site, real: RealCluster, evidence: Evidence) -> None:
    with evidence.scenario("Annotation with a pool", backend=BACKEND):
        metallb.apply(
            pool("second", "192.168.9.1-192.168.9.5"),
            service("there", annotations={BY_POOL: "second"}),
            service("nowhere", annotations={BY_POOL: "no-such-pool"}),
        )
        [address] = metallb.wait_addresses("there")
        assert address.startswith("192.168.9.")
        wait_announcing(real, address)
        wait_refused(metallb, "nowhere", "no-such-pool")


def test_pool_exhausted(metallb: Site, real: RealCluster, evidence: Evidence) -> None:
    with evidence.scenario(
        "Pool exhausted", "The next Service waits until an address is free.", backend=BACKEND
    ) as shown:
        single = {BY_POOL: "single"}
        metallb.apply(
            pool("single", "192.168.9.1/32", autoAssign=False),
            service("early", annotations=single),
        )
        assert metallb.wait_addresses("early") == ("192.168.9.1",)
        metallb.apply(service("late", annotations=single))
        wait_refused(metallb, "late", "no available IPs in pool")
        wait_answer(real.router, "192.168.9.1")
        shown.mark("the first goes")
        metallb.kubectl("delete", "service", "early")
        assert metallb.wait_addresses("late") == ("192.168.9.1",)
        shown.mark("the second has its address")
        wait_announcing(real, "192.168.9.1")
        wait_answer(real.router, "192.168.9.1")


def test_auto_assign_false(metallb: Site, evidence: Evidence) -> None:
    with evidence.scenario(
        "autoAssign false", "Nothing from that pool but for who asks for it.", backend=BACKEND
    ):
        metallb.kubectl("delete", "ipaddresspool", "first", "-n", "metallb-system")
        metallb.apply(
            pool("reserved", "192.168.9.1-192.168.9.5", autoAssign=False),
            service("anything"),
            service("asks", annotations={BY_POOL: "reserved"}),
        )
        [address] = metallb.wait_addresses("asks")
        assert address.startswith("192.168.9.")
        wait_refused(metallb, "anything", "no available IPs")


def test_load_balancer_class(
    backend: Callable[[str], Site], metallb: Site, real: RealCluster, evidence: Evidence
) -> None:
    """A Service's class cannot be changed, so that each one is another Service."""
    with evidence.scenario(
        "loadBalancerClass", "Services of another class, or none, are left alone.", backend=BACKEND
    ):
        try:
            metallb.run(bgpBackend=BACKEND, loadBalancerClass="example.test/ours")
            metallb.apply(
                service("other", loadBalancerClass="example.test/theirs"),
                service("without"),
                service("ours", loadBalancerClass="example.test/ours"),
            )
            [address] = metallb.wait_addresses("ours")
            wait_announcing(real, address)
            assert metallb.addresses("other") == ()
            assert metallb.addresses("without") == ()
        finally:
            # What is left out is applied as if it had never been there.
            backend(BACKEND)
        [default] = metallb.wait_addresses("without")
        wait_announcing(real, default)
        assert metallb.addresses("other") == ()


@pytest.mark.parametrize(
    ("what", "key", "number"),
    [
        ("the same port", "key", 80),
        ("different keys", "another", 81),
        ("no key", "", 81),
    ],
)
def test_sharing_refused(
    metallb: Site, real: RealCluster, evidence: Evidence, *, what: str, key: str, number: int
) -> None:
    with evidence.scenario(f"Sharing refused: {what}", backend=BACKEND):
        metallb.apply(sharing("one", "key", 80))
        metallb.wait_addresses("one")
        metallb.apply(sharing("two", key, number))
        wait_refused(metallb, "two", "in use")
        wait_answer(real.router, SHARED, 80)
        metallb.apply(sharing("two", "key", 82))
        assert metallb.wait_addresses("two") == (SHARED,)
        wait_answer(real.router, SHARED, 82)


def sharing(name: str, key: str, number: int) -> Document:
    """Return a Service that wants an address by a key; "" for none."""
    annotations = {BY_ADDRESS: SHARED} | ({SHARING: key} if key else {})
    return service(name, ports=[port(number)], annotations=annotations)


def test_traffic_policy_local(metallb: Site, real: RealCluster, evidence: Evidence) -> None:
    with evidence.scenario(
        "externalTrafficPolicy Local on layer 2",
        "Only the node with a pod announces; the client's address is kept.",
        backend=BACKEND,
    ) as shown:
        for node in ("n1", "n2"):
            metallb.apply(workload("single", nodes=[node]))
            metallb.kubectl("rollout", "status", "daemonset/single", "--timeout=90s")
            metallb.apply(service("local", "single", externalTrafficPolicy="Local"))
            [address] = metallb.wait_addresses("local")
            wait_announcing(real, address, [node])
            shown.mark(f"{node} announces")
            answer = wait_answer(real.router, address)
            assert (answer["node"], answer["client"]) == (node, ROUTER.ipv4)


def test_traffic_policy_cluster(metallb: Site, real: RealCluster, evidence: Evidence) -> None:
    with evidence.scenario(
        "externalTrafficPolicy Cluster on layer 2",
        "Pods of all nodes answer; those of other nodes see a node's address.",
        backend=BACKEND,
    ):
        metallb.apply(service("cluster"))
        [address] = metallb.wait_addresses("cluster")
        wait_announcing(real, address)
        wait_answer(real.router, address)
        answers = [ask(real.router, address) for _ in range(30)]
        assert {answer.get("node") for answer in answers} == {"n1", "n2"}
        assert ROUTER.ipv4 not in {answer["client"] for answer in answers}


def test_address_kept(metallb: Site, real: RealCluster, evidence: Evidence) -> None:
    with evidence.scenario("Address kept when the ports change", backend=BACKEND) as shown:
        metallb.apply(service("first-come"), service("changing"))
        [address] = metallb.wait_addresses("changing")
        wait_answer(real.router, address)
        # Were it given anew, the lowest address, which is free now, would be.
        metallb.kubectl("delete", "service", "first-come")
        for number in (81, 8080):
            metallb.patch("service", "changing", {"spec": {"ports": [port(number)]}})
            shown.mark(f"port {number}")
            wait_answer(real.router, address, number)
            assert metallb.addresses("changing") == (address,)
        assert announcing(real, address) != set()

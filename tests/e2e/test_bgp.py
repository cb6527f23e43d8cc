"""What routers learn by BGP, from peers, advertisements and Services, on each backend."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import pytest

from cluster.real.core import RealCluster
from observe.bgpconfig import Neighbor
from observe.bgproutes import Route
from observe.client import Target, requesting
from observe.report import Evidence
from observe.router import ESTABLISHED, Router
from support.outside import (
    ask,
    eventually,
    nodes_asked,
    put_on_link,
    wait_answer,
    wait_served,
)
from support.power import without_power
from support.site import NAMESPACE, Document, Site, configured, peer, pool, service, workload
from support.waiting import wait_for

BACKENDS: Final = ("native", "frr", "frr-k8s")
only_frr: Final = pytest.mark.parametrize("present", ["frr", "frr-k8s"], indirect=True)
"""What MetalLB's own implementation of BGP does not have: IPv6, BFD, large communities, VRFs."""

ADDRESS, ROUTE = "198.51.100.3", "198.51.100.3/32"
SECOND, SECOND_ROUTE = "198.51.100.4", "198.51.100.4/32"
IPV6, IPV6_ROUTE = "2001:db8:5::3", "2001:db8:5::3/128"
NODES: Final = {"n1": "10.0.0.11", "n2": "10.0.0.12"}
PLAIN: Final = {"n1": "192.0.2.11", "n2": "192.0.2.12"}
"""Addresses of the nodes that neither router knows before a test says so."""
LONGEST_GAPS: Final = {"native": 1, "frr": 10, "frr-k8s": 10}
"""In seconds, when pods leave a node that routes still lead to."""
BFD_SECONDS: Final = 3
HOLD_SECONDS: Final = 9 + 3
"""What the routers ask for, and what a busy machine adds."""


class Running:
    """MetalLB with a backend, and a pool; one of IPv6, too, where that is announced."""

    def __init__(self, backend: str, site: Site, real: RealCluster) -> None:
        self.backend, self.site, self.real = backend, site, real

    def advertise(self, **spec: Any) -> None:  # noqa: ANN401 - whatever JSON holds
        """Create or change the advertisement; all pools if it names none."""
        self.site.apply(configured("BGPAdvertisement", "all", **spec))

    def advertised(self) -> None:
        """Announce the pools to the introduction's router."""
        self.site.apply(peer("sample", "10.0.0.1", myASN=64500, peerASN=64501))
        self.advertise()

    def serve(
        self,
        name: str = "web",
        address: str = ADDRESS,
        app: str = "web",
        **spec: Any,  # noqa: ANN401 - whatever JSON holds
    ) -> None:
        """Have a Service with an address."""
        annotations = {"metallb.io/loadBalancerIPs": address}
        self.site.apply(service(name, app, annotations=annotations, **spec))
        assert self.site.wait_addresses(name) == (address,)

    def run_on(self, *nodes: str) -> None:
        """Have pods of the workload `some` on these nodes alone."""
        self.site.apply(workload("some", nodes=nodes))
        self.site.kubectl("rollout", "status", "daemonset/some", "--timeout=90s")


@pytest.fixture(scope="module", params=BACKENDS)
def present(
    request: pytest.FixtureRequest, backend: Callable[[str], Site], real: RealCluster
) -> Running:
    return Running(request.param, backend(request.param), real)


@pytest.fixture
def running(present: Running) -> Running:
    put_on_link(present.real.router)
    present.site.apply(pool("first", "198.51.100.0/28", autoAssign=False))
    if present.backend != "native":
        present.site.apply(pool("six", "2001:db8:5::/124", autoAssign=False))
    return present


@contextmanager
def also(router: Router, *neighbors: Neighbor) -> Iterator[None]:
    """Have more neighbors for the block."""
    try:
        for one in neighbors:
            router.add_neighbor(one)
        yield
    finally:
        for one in neighbors:
            router.remove_neighbor(one.address)


def plain(asn: int, **more: Any) -> tuple[Neighbor, ...]:  # noqa: ANN401 - of a neighbor
    """Return both nodes as neighbors at addresses that no other test uses."""
    return tuple(Neighbor(address, asn, **more) for address in PLAIN.values())


def by_name(node: str) -> list[Document]:
    """Return selectors of one node."""
    return [{"matchLabels": {"kubernetes.io/hostname": node}}]


# Traffic


def test_ecmp(running: Running, router: Router, evidence: Evidence) -> None:
    with evidence.scenario("ECMP", "Connections reach both nodes.", backend=running.backend):
        running.advertised()
        # With Local, it is the node that the router has chosen that answers.
        running.serve(externalTrafficPolicy="Local")
        router.wait_next_hops(ROUTE, 2)
        wait_answer(running.real.router, ADDRESS)
        assert nodes_asked(running.real.router, ADDRESS, 40) == {"n1", "n2"}


def test_traffic_policy_local(running: Running, router: Router, evidence: Evidence) -> None:
    with evidence.scenario(
        "externalTrafficPolicy Local by BGP",
        "Routes lead to nodes with pods; the client's address is kept.",
        backend=running.backend,
    ):
        running.run_on("n1")
        running.advertised()
        running.serve(app="some", externalTrafficPolicy="Local")
        running.serve("cluster", SECOND, app="some")
        assert set(router.wait_next_hops(SECOND_ROUTE, 2)) == set(NODES.values())
        assert router.wait_next_hops(ROUTE, 1) == (NODES["n1"],)
        client = running.real.router
        wait_answer(client, ADDRESS)
        answers = [ask(client, ADDRESS) for _ in range(20)]
        assert {(one["node"], one["client"]) for one in answers} == {("n1", "10.0.0.1")}


def test_node_without_its_pods(running: Running, router: Router, evidence: Evidence) -> None:
    """A pod goes on answering for five seconds, as Kubernetes recommends to every server.

    FRR reads its configuration anew at most every three seconds, and needs some for it: there,
    a server would have to go on for longer.
    """
    with evidence.scenario(
        "Pods leave a node, Local", "Its routes go before its pods do.", backend=running.backend
    ) as shown:
        running.run_on("n1", "n2")
        running.advertised()
        running.serve(app="some", externalTrafficPolicy="Local")
        router.wait_next_hops(ROUTE, 2)
        wait_served(running.real.router, ADDRESS)
        with requesting(running.real.router, [Target("Local", ADDRESS)]) as traffic:
            shown.add(traffic)
            traffic.wait_answered(20)
            traffic.mark("pods leave n1")
            running.site.apply(workload("some", nodes=["n2"]))
            assert router.wait_next_hops(ROUTE, 1) == (NODES["n2"],)
            traffic.mark("one next hop")
            traffic.wait_answered(20)
        outcome = traffic.outcome()
        assert outcome.longest_gap < LONGEST_GAPS[running.backend], str(outcome)


def test_withdrawal(running: Running, router: Router, evidence: Evidence) -> None:
    with evidence.scenario(
        "A Service goes", "Its routes go; the others' stay.", backend=running.backend
    ) as shown:
        running.advertised()
        running.serve()
        running.serve("stays", SECOND)
        for route in (ROUTE, SECOND_ROUTE):
            router.wait_next_hops(route, 2)
        wait_served(running.real.router, SECOND)
        with requesting(running.real.router, [Target("stays", SECOND)]) as traffic:
            shown.add(traffic)
            traffic.wait_answered(10)
            traffic.mark("deleted")
            running.site.kubectl("delete", "service", "web")
            router.wait_next_hops(ROUTE, 0, seconds=10)
            traffic.mark("withdrawn")
            traffic.wait_answered(10)
        assert traffic.outcome().failed == 0, str(traffic.outcome())
        assert router.sessions() == dict.fromkeys(NODES.values(), ESTABLISHED)


# Attributes of routes


def test_communities(running: Running, router: Router, evidence: Evidence) -> None:
    with evidence.scenario("Communities", "One by its alias.", backend=running.backend):
        running.advertised()
        running.site.apply(
            configured("Community", "names", communities=[{"name": "vpn", "value": "64500:200"}])
        )
        running.advertise(communities=["64500:100", "vpn"])
        running.serve()
        router.wait_next_hops(ROUTE, 2)
        eventually(
            "the route has both communities",
            lambda: communities(router) == ((), ("64500:100", "64500:200")),
        )


@only_frr
def test_large_communities(running: Running, router: Router, evidence: Evidence) -> None:
    with evidence.scenario("Large communities", backend=running.backend):
        running.advertised()
        running.advertise(communities=["large:64500:1:2", "64500:100"])
        running.serve()
        router.wait_next_hops(ROUTE, 2)
        eventually(
            "the route has both communities",
            lambda: communities(router) == (("64500:1:2",), ("64500:100",)),
        )


def communities(router: Router) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the large communities of the route, and the others."""
    route = router.routes().get(ROUTE, Route(()))
    return route.large_communities, route.communities


def test_local_preference(running: Running, second_router: Router, evidence: Evidence) -> None:
    with (
        evidence.scenario("Local preference in iBGP", backend=running.backend),
        also(second_router, *plain(64512)),
    ):
        running.site.apply(peer("internal", "192.0.2.3", myASN=64512, peerASN=64512))
        running.advertise(localPref=150)
        running.serve()
        second_router.wait_next_hops(ROUTE, 2)
        found = second_router.routes()[ROUTE]
        assert (found.local_pref, found.as_path) == (150, ())


def test_aggregation(running: Running, router: Router, evidence: Evidence) -> None:
    with evidence.scenario("One route for a pool (/28)", backend=running.backend):
        running.advertised()
        running.advertise(aggregationLength=28)
        running.serve()
        running.serve("another", SECOND)
        router.wait_next_hops("198.51.100.0/28", 2)
        assert set(router.routes()) == {"198.51.100.0/28"}
        for address in (ADDRESS, SECOND):
            wait_answer(running.real.router, address)
        running.site.kubectl("delete", "service", "another")
        wait_answer(running.real.router, ADDRESS)
        assert set(router.routes()) == {"198.51.100.0/28"}


# IPv6


@contextmanager
def over_ipv6(running: Running, router: Router) -> Iterator[None]:
    """Have sessions over IPv6 for the block."""
    neighbors = (Neighbor("2001:db8::11", 64500), Neighbor("2001:db8::12", 64500))
    with also(router, *neighbors):
        running.site.apply(peer("six", "2001:db8::1", myASN=64500, peerASN=64501))
        yield


@only_frr
def test_ipv6(running: Running, router: Router, evidence: Evidence) -> None:
    with (
        evidence.scenario("IPv6 routes over IPv6", backend=running.backend),
        over_ipv6(running, router),
    ):
        running.advertise()
        running.serve(address=IPV6, ipFamilies=["IPv6"])
        router.wait_next_hops(IPV6_ROUTE, 2)
        assert set(router.routes("ipv6")[IPV6_ROUTE].next_hops) == {"2001:db8::11", "2001:db8::12"}
        wait_answer(running.real.router, IPV6)


@only_frr
def test_aggregation_of_ipv6(running: Running, router: Router, evidence: Evidence) -> None:
    with (
        evidence.scenario("One IPv6 route for a pool (/124)", backend=running.backend),
        over_ipv6(running, router),
    ):
        running.advertise(aggregationLengthV6=124)
        running.serve(address=IPV6, ipFamilies=["IPv6"])
        router.wait_next_hops("2001:db8:5::/124", 2)
        assert set(router.routes("ipv6")) == {"2001:db8:5::/124"}
        wait_answer(running.real.router, IPV6)


@only_frr
def test_both_families_over_one_session(
    running: Running, router: Router, evidence: Evidence
) -> None:
    """Without `dualStackAddressFamily`, a session over IPv4 carries no IPv6 routes."""
    with evidence.scenario(
        "IPv6 routes over IPv4",
        "With dualStackAddressFamily, and not without.",
        backend=running.backend,
    ) as shown:
        running.advertised()
        running.serve()
        running.serve("six", address=IPV6, ipFamilies=["IPv6"])
        router.wait_next_hops(ROUTE, 2)
        assert IPV6_ROUTE not in router.routes("ipv6")
        shown.mark("dualStackAddressFamily")
        running.site.apply(
            peer("sample", "10.0.0.1", myASN=64500, peerASN=64501, dualStackAddressFamily=True)
        )
        router.wait_next_hops(IPV6_ROUTE, 2)
        router.wait_next_hops(ROUTE, 2)
        wait_answer(running.real.router, IPV6)


# Peers


def test_passwords(running: Running, router: Router, evidence: Evidence) -> None:
    """TCP MD5 (RFC 2385); the Secret is changed while MetalLB runs."""
    with (
        evidence.scenario("Peers with a password", backend=running.backend) as shown,
        also(router, *plain(64500, password="right")),
    ):
        running.site.apply(
            password("wrong"),
            peer(
                "secured",
                "192.0.2.1",
                myASN=64500,
                peerASN=64501,
                passwordSecret={"name": "peer", "namespace": NAMESPACE},
            ),
            peer("sample", "10.0.0.1", myASN=64500, peerASN=64501),
        )
        running.advertise(peers=["secured"])
        running.serve()
        # By then, speakers have tried the one as well as the other.
        router.wait_established(*NODES.values())
        assert not established(router) & set(PLAIN.values())
        # The one of the test before may be on its way out.
        router.wait_next_hops(ROUTE, 0)
        shown.mark("wrong password: no session")
        running.site.apply(password("right"))
        router.wait_established(*PLAIN.values(), seconds=120)
        shown.mark("right password: sessions")
        assert set(router.wait_next_hops(ROUTE, 2)) == set(PLAIN.values())
        running.site.apply(password("wrong"))
        eventually("sessions end", lambda: not established(router) & set(PLAIN.values()), 60)
        shown.mark("wrong again: no session")
        running.site.apply(password("right"))
        router.wait_established(*PLAIN.values(), seconds=120)
        shown.mark("right again: sessions")


def password(text: str) -> Document:
    """Return the Secret of a peer."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "peer", "namespace": NAMESPACE},
        "type": "kubernetes.io/basic-auth",
        "stringData": {"password": text},
    }


def established(router: Router) -> set[str]:
    """Return the neighbors with sessions."""
    return {address for address, state in router.sessions().items() if state == ESTABLISHED}


def test_peers_by_node(running: Running, router: Router, evidence: Evidence) -> None:
    with evidence.scenario("Peers of some nodes", backend=running.backend) as shown:
        running.advertise()
        running.serve()
        for node in ("n1", "n2"):
            running.site.apply(
                peer("sample", "10.0.0.1", myASN=64500, peerASN=64501, nodeSelectors=by_name(node))
            )
            only = {NODES[node]}
            eventually(f"{node} has the only session", lambda: established(router) == only, 60)  # noqa: B023 - called at once
            shown.mark(f"{node} alone")
            eventually(
                f"{node} is the only next hop",
                lambda: set(router.kernel_routes().get(ROUTE, ())) == only,  # noqa: B023 - at once
            )


def test_peers_of_an_advertisement(
    running: Running, router: Router, second_router: Router, evidence: Evidence
) -> None:
    with (
        evidence.scenario(
            "Peers that an advertisement names",
            "The others learn nothing.",
            backend=running.backend,
        ) as shown,
        also(second_router, *plain(64500)),
    ):
        running.site.apply(
            peer("first", "10.0.0.1", myASN=64500, peerASN=64501),
            peer("second", "192.0.2.3", myASN=64500, peerASN=64512),
        )
        running.serve()
        for name, one, other in (
            ("first", router, second_router),
            ("second", second_router, router),
        ):
            running.advertise(peers=[name])
            router.wait_established(*NODES.values())
            second_router.wait_established(*PLAIN.values())
            one.wait_next_hops(ROUTE, 2)
            other.wait_next_hops(ROUTE, 0)
            shown.mark(f"{name} alone has learnt it")
        running.advertise()
        for one in (router, second_router):
            one.wait_next_hops(ROUTE, 2)


def test_peer_removed(running: Running, router: Router, evidence: Evidence) -> None:
    with evidence.scenario("BGPPeer removed", "Sessions end.", backend=running.backend):
        running.advertised()
        running.serve()
        router.wait_next_hops(ROUTE, 2)
        running.site.kubectl("delete", "bgppeer", "sample", "-n", NAMESPACE)
        eventually("no session", lambda: not established(router), 60)
        router.wait_next_hops(ROUTE, 0)


@only_frr
def test_vrf(running: Running, evidence: Evidence) -> None:
    """What FRR is told; the kernel of many a test machine has no VRFs that it could use."""
    with evidence.scenario(
        "Peers in a VRF", "As far as FRR's configuration.", backend=running.backend
    ):
        running.site.apply(peer("red", "10.9.9.1", myASN=64500, peerASN=64501, vrf="red"))
        running.advertise()
        running.serve()
        for node in ("n1", "n2"):
            wait_for(
                f"FRR of {node} is told of the VRF",
                lambda: "router bgp 64500 vrf red" in told_to_frr(running, node),  # noqa: B023 - called at once
                seconds=60,
                every=1,
            )
            assert "neighbor 10.9.9.1 remote-as 64501" in told_to_frr(running, node)


def told_to_frr(running: Running, node: str) -> str:
    """Return the configuration file of FRR on a node."""
    component = {"frr": "speaker", "frr-k8s": "frr-k8s"}[running.backend]
    [pod] = [
        pod["metadata"]["name"]
        for pod in running.site.pods(f"app.kubernetes.io/component={component}")
        if pod["spec"]["nodeName"] == node
    ]
    where = ("exec", pod, "-n", NAMESPACE, "-c", "frr", "--")
    return running.site.kubectl(*where, "cat", "/etc/frr_reloader/frr.conf")


# Nodes that go


def test_a_node_loses_power(
    running: Running, router: Router, second_router: Router, evidence: Evidence
) -> None:
    """With BFD a router knows at once; without, when the hold time is over."""
    with_bfd = running.backend != "native"
    with ExitStack() as stack:
        shown = stack.enter_context(
            evidence.scenario(
                "A node loses power",
                f"No route to it after {BFD_SECONDS} s with BFD, after the hold time of 9 s else.",
                backend=running.backend,
            )
        )
        running.advertised()
        if with_bfd:
            stack.enter_context(also(second_router, *plain(64500, bfd=True)))
            running.site.apply(
                configured("BFDProfile", "fast", receiveInterval=380, transmitInterval=270),
                peer("fast", "192.0.2.3", myASN=64500, peerASN=64512, bfdProfile="fast"),
            )
        running.serve()
        router.wait_next_hops(ROUTE, 2)
        if with_bfd:
            second_router.wait_next_hops(ROUTE, 2)
            eventually(
                "BFD is up with both nodes",
                lambda: {second_router.bfd_peers().get(one) for one in PLAIN.values()} == {"up"},
            )
        since = time.monotonic()
        with without_power(running.site, "n2"):
            if with_bfd:
                stays = second_router.wait_next_hops(ROUTE, 1, seconds=BFD_SECONDS)
                assert stays == (PLAIN["n1"],)
                shown.notes.append(f"With BFD, {time.monotonic() - since:.1f} s.")
            assert router.wait_next_hops(ROUTE, 1, seconds=HOLD_SECONDS) == (NODES["n1"],)
            shown.notes.append(f"Without, {time.monotonic() - since:.1f} s.")
        router.wait_next_hops(ROUTE, 2)
        if with_bfd:
            second_router.wait_next_hops(ROUTE, 2)

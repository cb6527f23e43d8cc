"""Who answers ARP and NDP for an address, and who does when that node is no longer there."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import pytest
import yaml

from cluster.real.core import RealCluster
from observe.announcers import Wire, unanswered, watching_arp
from observe.client import Target, requesting
from observe.report import Evidence, Recording
from support.outside import (
    announcing,
    eventually,
    macs,
    put_on_link,
    wait_announcing,
    wait_answer,
)
from support.power import without_power
from support.site import NAMESPACE, Document, Site, configured, pool, service
from support.waiting import wait_for

BACKEND: Final = "native"
IPV4, IPV6 = "192.168.1.240", "fc00:f853:ccd:e799::1"
WITNESS: Final = "192.168.9.1"
"""Of another pool, announced all the time: once it is, what is not announced never will be."""
MOST_SECONDS: Final = 10
"""Of a fail-over: memberlist's failure detection takes most of it."""
TOLD_SECONDS: Final = 60
EXCLUDE: Final = "node.kubernetes.io/exclude-from-external-load-balancers"
OTHER: Final = {"n1": "n2", "n2": "n1"}


@pytest.fixture
def metallb(backend: Callable[[str], Site], real: RealCluster) -> Site:
    """MetalLB with two pools, of which the witness's is announced."""
    put_on_link(real.router)
    running = backend(BACKEND)
    running.apply(
        pool("first", f"{IPV4}/32", f"{IPV6}/128", autoAssign=False),
        pool("witness", f"{WITNESS}/32", autoAssign=False),
        configured("L2Advertisement", "witness", ipAddressPools=["witness"]),
    )
    return running


def named(name: str, address: str) -> Document:
    """Return a Service that asks for an address."""
    return service(name, annotations={"metallb.io/loadBalancerIPs": address})


def by_name(*nodes: str) -> list[Document]:
    """Return selectors of nodes."""
    return [{"matchLabels": {"kubernetes.io/hostname": node}} for node in nodes]


def witness(site: Site, real: RealCluster) -> None:
    """Wait until the speakers have acted on what was applied before."""
    site.apply(named("witness", WITNESS))
    wait_announcing(real, WITNESS)


# Limits of an advertisement


def test_nodes(metallb: Site, real: RealCluster, evidence: Evidence) -> None:
    with evidence.scenario("L2Advertisement of some nodes", backend=BACKEND) as shown:
        for node in ("n1", "n2"):
            metallb.apply(
                configured(
                    "L2Advertisement",
                    "limited",
                    ipAddressPools=["first"],
                    nodeSelectors=by_name(node),
                ),
                named("web", IPV4),
            )
            wait_announcing(real, IPV4, [node])
            shown.mark(f"{node} alone")
            wait_answer(real.router, IPV4)


def test_no_nodes(metallb: Site, real: RealCluster, evidence: Evidence) -> None:
    with evidence.scenario("L2Advertisement of a node that does not exist", backend=BACKEND):
        metallb.apply(
            configured(
                "L2Advertisement", "limited", ipAddressPools=["first"], nodeSelectors=by_name("n9")
            ),
            named("web", IPV4),
        )
        assert metallb.wait_addresses("web") == (IPV4,)
        witness(metallb, real)
        assert announcing(real, IPV4) == set()


def test_interfaces(metallb: Site, real: RealCluster, evidence: Evidence) -> None:
    with evidence.scenario(
        "L2Advertisement of some interfaces",
        "eth7, which no node has: nobody answers. eth0: one node does.",
        backend=BACKEND,
    ) as shown:
        limited = configured(
            "L2Advertisement", "limited", ipAddressPools=["first"], interfaces=["eth7"]
        )
        metallb.apply(limited, named("web", IPV4))
        assert metallb.wait_addresses("web") == (IPV4,)
        witness(metallb, real)
        assert announcing(real, IPV4) == set()
        metallb.patch("l2advertisement", "limited", {"spec": {"interfaces": ["eth0"]}}, NAMESPACE)
        shown.mark("eth0")
        wait_announcing(real, IPV4)
        wait_answer(real.router, IPV4)


def test_pools_by_label(metallb: Site, real: RealCluster, evidence: Evidence) -> None:
    with evidence.scenario("L2Advertisement of pools with a label", backend=BACKEND):
        selected = {"matchLabels": {"zone": "dmz"}}
        metallb.apply(
            configured("L2Advertisement", "limited", ipAddressPoolSelectors=[selected]),
            named("web", IPV4),
        )
        assert metallb.wait_addresses("web") == (IPV4,)
        witness(metallb, real)
        assert announcing(real, IPV4) == set()
        metallb.kubectl("label", "ipaddresspool", "first", "zone=dmz", "-n", NAMESPACE)
        wait_announcing(real, IPV4)


def test_excluded_node(metallb: Site, real: RealCluster, evidence: Evidence) -> None:
    with evidence.scenario(
        "A node excluded from load balancers", f"By the label {EXCLUDE}.", backend=BACKEND
    ) as shown:
        metallb.apply(
            configured("L2Advertisement", "all", ipAddressPools=["first"]), named("web", IPV4)
        )
        node = wait_announcing(real, IPV4)
        try:
            metallb.kubectl("label", "node", node, f"{EXCLUDE}=")
            shown.mark(f"{node} excluded")
            wait_announcing(real, IPV4, [OTHER[node]])
            wait_answer(real.router, IPV4)
        finally:
            metallb.kubectl("label", "node", node, f"{EXCLUDE}-")
        shown.mark(f"{node} is back")
        wait_announcing(real, IPV4, [node])


# Fail-over


@contextmanager
def failing_over(
    site: Site, real: RealCluster, shown: Recording
) -> Iterator[tuple[str, Callable[[], Wire]]]:
    """Announce both addresses from one node; yield its name, and what marks its end."""
    site.apply(
        configured("L2Advertisement", "all", ipAddressPools=["first"]),
        service(
            "web",
            annotations={"metallb.io/loadBalancerIPs": f"{IPV4},{IPV6}"},
            ipFamilyPolicy="RequireDualStack",
            # Whoever announces answers, too: pods of a dead node are endpoints for 40 s.
            externalTrafficPolicy="Local",
        ),
    )
    node = wait_announcing(real, IPV4)
    wait_announcing(real, IPV6, [node])
    targets = (Target("ARP", IPV4), Target("NDP", IPV6))
    with (
        watching_arp(real.router, "eth0", [IPV4, IPV6]) as wire,
        requesting(real.router, targets) as traffic,
    ):
        shown.add(traffic)
        traffic.wait_answered(20)

        def end() -> Wire:
            traffic.mark(f"end of {node}")
            return wire

        yield node, end
        traffic.wait_answered(20)
    for target in targets:
        outcome = traffic.outcome(target.name)
        assert outcome.longest_gap < MOST_SECONDS, f"{target.name}: {outcome}"


def taken_over(wire: Wire, address: str, mac: str, since: float, shown: Recording) -> None:
    """Wait until a MAC answers for an address, after having told everybody; note the seconds."""

    def claims(*, unsolicited: bool) -> list[float]:
        return [
            claim.at - since
            for claim in wire.claims(address)
            if (claim.mac, claim.unsolicited) == (mac, unsolicited) and claim.at > since
        ]

    [answered, *_] = wait_for(
        f"the other node answers for {address}",
        lambda: claims(unsolicited=False),
        seconds=MOST_SECONDS,
    )
    [told, *_] = wait_for(
        f"the other node tells everybody of {address}", lambda: claims(unsolicited=True), seconds=5
    )
    shown.notes.append(
        f"{address}: told to everybody after {told:.1f} s, answered after {answered:.1f} s"
    )
    assert answered < MOST_SECONDS


def test_loss_of_power(metallb: Site, real: RealCluster, evidence: Evidence) -> None:
    with evidence.scenario(
        "The announcing node loses power",
        "The other node says so by gratuitous ARP and unsolicited NDP, and answers.",
        backend=BACKEND,
    ) as shown:
        mac_of = {name: mac for mac, name in macs(real).items()}
        with failing_over(metallb, real, shown) as (node, end):
            wire, since = end(), time.monotonic()
            with without_power(metallb, node):
                for address in (IPV4, IPV6):
                    taken_over(wire, address, mac_of[OTHER[node]], since, shown)
                wait_answer(real.router, IPV4)


def test_speaker_deleted(metallb: Site, real: RealCluster, evidence: Evidence) -> None:
    with evidence.scenario("The announcing speaker is deleted", backend=BACKEND) as shown:
        mac_of = {name: mac for mac, name in macs(real).items()}
        with failing_over(metallb, real, shown) as (node, end):
            [speaker] = [
                pod["metadata"]["name"]
                for pod in metallb.pods("app.kubernetes.io/component=speaker")
                if pod["spec"]["nodeName"] == node
            ]
            wire, since = end(), time.monotonic()
            metallb.kubectl("delete", "pod", speaker, "-n", NAMESPACE, "--wait=false")
            taken_over(wire, IPV4, mac_of[OTHER[node]], since, shown)
            wait_announcing(real, IPV4, [node], seconds=60)
            silent = unanswered(wire.claims(), IPV4, since, time.monotonic())
            shown.notes.append(f"longest time without an answer: {silent:.1f} s")
            assert silent < MOST_SECONDS
        metallb.wait_settled()


# What else would answer


def test_strict_arp(metallb: Site, evidence: Evidence) -> None:
    """What MetalLB's object says of kube-proxy in IPVS mode, by its configuration alone.

    IPVS itself cannot run here: the kernel of many a test machine has no module ip_vs.
    """
    with evidence.scenario(
        "kube-proxy in IPVS mode without strictARP", "Told in PreflightPassed.", backend=BACKEND
    ) as shown:
        metallb.apply(kube_proxy(strict=False), configured("L2Advertisement", "all"))
        shown.mark("strictARP false")
        eventually("it is told", lambda: "strictARP" in preflight(metallb)[1], TOLD_SECONDS)
        status, message = preflight(metallb)
        assert status == "False"
        assert "ConfigMap kube-system/kube-proxy" in message
        assert "all" in message
        shown.mark("told")
        metallb.apply(kube_proxy(strict=True))
        eventually(
            "it is no longer told",
            lambda: preflight(metallb)[0] == "True" and "strictARP" not in preflight(metallb)[1],
            TOLD_SECONDS,
        )
        shown.mark("strictARP true: no longer told")


def kube_proxy(*, strict: bool) -> Document:
    """Return the ConfigMap that kubeadm makes for kube-proxy, in IPVS mode."""
    configuration = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "ipvs",
        "ipvs": {"strictARP": strict},
    }
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "kube-proxy", "namespace": "kube-system"},
        "data": {"config.conf": yaml.safe_dump(configuration)},
    }


def preflight(site: Site) -> tuple[str, str]:
    """Return status and message of the condition PreflightPassed."""
    found = site.conditions()["PreflightPassed"]
    return found["status"], found["message"]

"""The LAN: a bridge in a machine of its own, and a cable to each host."""

from collections.abc import Iterable

from cluster.real.addresses import ROUTER, Host
from cluster.real.machine import Machine, connect

INTERFACE = "eth0"


def switch(lan: Machine) -> None:
    """Make the bridge that every cable leads to."""
    lan.run("ip", "link", "add", "br0", "type", "bridge", "forward_delay", "0")
    # What crosses it is none of netfilter's business.
    lan.run("sysctl", "-qw", "net.ipv6.conf.br0.disable_ipv6=1")
    lan.run("ip", "link", "set", "br0", "up")


def plug(lan: Machine, machine: Machine, host: Host) -> None:
    """Connect a machine to the LAN and give it its addresses."""
    connect(machine, INTERFACE, lan, host.name)
    lan.run("ip", "link", "set", host.name, "master", "br0")
    settings = ("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
    machine.run("sysctl", "-qw", *settings)
    for address in host.all:
        # Without duplicate address detection an IPv6 address can be used at once.
        nodad = ("nodad",) if ":" in address else ()
        machine.run("ip", "address", "add", address, "dev", INTERFACE, *nodad)
    if host != ROUTER:
        # Addresses of Services are routed before kube-proxy sees them.
        for gateway in (ROUTER.ipv4, ROUTER.ipv6):
            machine.run("ip", "route", "add", "default", "via", gateway, "dev", INTERFACE)


def route_pods(machine: Machine, host: Host, nodes: Iterable[Host]) -> None:
    """Lead the pods of the other nodes to these nodes; no overlay is needed on one LAN."""
    for node in nodes:
        if node != host:
            for pods, via in zip(node.pods, (node.ipv4, node.ipv6), strict=True):
                machine.run("ip", "route", "replace", pods, "via", via)

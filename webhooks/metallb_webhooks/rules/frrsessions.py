"""The sessions of an FRRConfiguration, as frr-k8s understands them.

frr-k8s translates the objects that are for a node all together, and does nothing on that node if it
refuses one of them. Speakers write such objects too, so nothing may be refused here that frr-k8s
takes. Source: frr-k8s 0.0.25, internal/controller.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from metallb_crds.frrk8s_v1beta1 import FRRConfiguration, Neighbor, Router
from metallb_webhooks.addresses import AddressError, parse_cidr, parse_ip
from metallb_webhooks.installation import METALLB, frr_k8s_namespace
from metallb_webhooks.rules.announcing import IPV4, IPV6
from metallb_webhooks.rules.base import Check, Problem, Request

ALL: Final = "all"
"""Mode in which what is allowed is not listed."""

DEFAULT_VRF: Final = "default"
"""What the VRF without a name is called where it is imported."""

DUAL: Final = frozenset({IPV4, IPV6})


@dataclass(frozen=True, slots=True)
class Session:
    """A neighbor of a router, and where it stands in the object.

    Attributes:
        path: JSON path of the neighbor.
    """

    path: str
    router: Router
    neighbor: Neighbor

    @property
    def identity(self) -> tuple[str, str]:
        """What frr-k8s tells sessions apart by: the VRF, and interface or address as written."""
        return self.router.vrf, self.neighbor.interface or self.neighbor.address


def where_applied(check: Callable[[Request[FRRConfiguration]], Iterable[Problem]]) -> Check:
    """Confine a check to objects that are for a node: frr-k8s looks at no other.

    Where no nodes are known, every object counts.
    """

    def confined(request: Request[FRRConfiguration]) -> Iterator[Problem]:
        selectors = [request.subject.spec.node_selector]
        snapshot = request.snapshot
        if not snapshot.nodes or next(snapshot.nodes_selected(selectors), None) is not None:
            yield from check(request)

    return confined


def place_of(request: Request[Any]) -> str:
    """Return the namespace of frr-k8s: it reads FRRConfigurations there, and nowhere else."""
    metallb = request.snapshot.metallbs.get((request.namespace, METALLB))
    return frr_k8s_namespace(metallb, request.backend, request.namespace)


def routers(config: FRRConfiguration) -> Iterator[tuple[str, Router]]:
    """Yield the routers of an object, each with its path."""
    for place, router in enumerate(config.spec.bgp.routers):
        yield f"spec.bgp.routers[{place}]", router


def sessions(config: FRRConfiguration) -> Iterator[Session]:
    """Yield the sessions of an object."""
    for path, router in routers(config):
        for place, neighbor in enumerate(router.neighbors):
            yield Session(f"{path}.neighbors[{place}]", router, neighbor)


def families(neighbor: Neighbor) -> frozenset[int]:
    """Return the IP versions whose prefixes a neighbor can be told; none if it has no end."""
    if neighbor.interface:
        return DUAL
    try:
        version = parse_ip(neighbor.address).version
    except AddressError:
        return frozenset()
    return DUAL if neighbor.dual_stack_address_family else frozenset({version})


def prefix_family(prefix: str) -> int | None:
    """Return the IP version of a prefix, None if it is no prefix.

    A prefix counts for what its address is, before any bits are masked off.
    """
    try:
        parse_cidr(prefix)
        return parse_ip(prefix.partition("/")[0]).version
    except AddressError:
        return None

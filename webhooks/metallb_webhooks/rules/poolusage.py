"""Rules on IPAddressPool that look at what already uses it.

MetalLB honours the configuration: a Service whose address is in no pool any more, or in a pool
that it may no longer use, is given another address, or none if there is none left.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from metallb_crds.config_v1beta1 import IPAddressPool, ServiceAllocation
from metallb_crds.meta import LabelSelector
from metallb_webhooks.addresses import AddressError, Interval, merge, parse_ip, subtract
from metallb_webhooks.labelselectors import matches_any
from metallb_webhooks.rules.base import Operation, Problem, Request, Rule, Severity
from metallb_webhooks.rules.generic import listed_first
from metallb_webhooks.snapshot import ServiceInfo, Snapshot, pool_intervals

ON_UPDATE: Final = frozenset({Operation.UPDATE})
ON_DELETE: Final = frozenset({Operation.DELETE})


def _shrinks(request: Request[IPAddressPool]) -> Iterator[Problem]:
    old, new = request.old, request.subject
    if old is None or _range_of(old) == _range_of(new):
        return
    lost = _told(use for use in _left(old, new, request.snapshot) if not _offered(use[1], request))
    if lost:
        message = (
            f"{lost} would lose the address, which no pool would hold any more; keep it in"
            " the pool until the Services have moved"
        )
        shorter = old.spec.addresses != new.spec.addresses
        yield ("spec.addresses" if shorter else "spec.avoidBuggyIPs"), message


def _deleted(request: Request[IPAddressPool]) -> Iterator[Problem]:
    pool, snapshot = request.subject, request.snapshot
    uses = _uses(pool, _intervals(pool), snapshot)
    lost = _told(use for use in uses if not _offered(use[1], request))
    if lost:
        message = (
            f"{lost} would lose the address; move the Services to another pool before"
            f" IPAddressPool {request.subject.metadata.name!r} is deleted"
        )
        yield "metadata.name", message


def _confined(request: Request[IPAddressPool]) -> Iterator[Problem]:
    old, new = request.old, request.subject
    if old is None or old.spec.service_allocation == new.spec.service_allocation:
        return
    before = _Allocation.of(old.spec.service_allocation, request.snapshot)
    after = _Allocation.of(new.spec.service_allocation, request.snapshot)
    lost = _told(
        use
        for use in _uses(new, _intervals(new), request.snapshot)
        if before.admits(use[0]) and not after.admits(use[0])
    )
    if lost:
        message = (
            f"{lost} could no longer use the pool and would lose the address; let"
            " serviceAllocation include it until the Services have moved"
        )
        yield "spec.serviceAllocation", message


def _named(request: Request[IPAddressPool]) -> Iterator[Problem]:
    name = request.subject.metadata.name
    advs = listed_first(
        f"{adv.kind} {adv.metadata.name!r}"
        for adv in request.snapshot.advertisements_naming_pool(name)
    )
    if advs:
        message = (
            f"{advs} would still name the pool {name!r} and announce nothing for"
            " it; remove the name from ipAddressPools as well"
        )
        yield "metadata.name", message


Use = tuple[ServiceInfo, Interval]
"""A Service, and an address that it has been given."""


def _left(old: IPAddressPool, new: IPAddressPool, snapshot: Snapshot) -> Iterator[Use]:
    """Yield what uses addresses that a pool may not give away any more."""
    changed = old.spec.avoid_buggy_ips != new.spec.avoid_buggy_ips
    gone = _intervals(old) if changed else subtract(_intervals(old), _intervals(new))
    return _uses(old, gone, snapshot)


def _intervals(pool: IPAddressPool) -> tuple[Interval, ...]:
    return merge(interval for _, interval in pool_intervals(pool))


def _uses(
    pool: IPAddressPool, intervals: tuple[Interval, ...], snapshot: Snapshot
) -> Iterator[Use]:
    """Yield the Services that have been given an address of a pool in some intervals of it."""
    for interval in intervals:
        for service in snapshot.services_within(interval):
            for text in service.addresses:
                with suppress(AddressError):
                    address = Interval.of(parse_ip(text))
                    if interval.contains(address) and _usable(pool, address):
                        yield service, address


def _offered(address: Interval, request: Request[IPAddressPool]) -> bool:
    return any(_usable(pool, address) for pool in request.snapshot.pools_overlapping(address))


def _usable(pool: IPAddressPool, address: Interval) -> bool:
    """Tell whether a pool gives away one of its addresses: not x.y.z.0 and x.y.z.255 if told so."""
    buggy = address.version == 4 and address.first & 0xFF in {0, 0xFF}  # noqa: PLR2004 - IPv4
    return not (buggy and pool.spec.avoid_buggy_ips)


@dataclass(frozen=True, slots=True)
class _Allocation:
    """Which Services MetalLB lets have an address of a pool.

    Attributes:
        namespaces: of the Services. If it is empty, any: MetalLB takes an empty set for no set.
        services: by their labels; none for any.
    """

    namespaces: frozenset[str] = frozenset()
    services: tuple[LabelSelector, ...] = ()

    @classmethod
    def of(cls, allocation: ServiceAllocation | None, snapshot: Snapshot) -> "_Allocation":
        if allocation is None:
            return cls()
        selected = snapshot.namespaces_selected(allocation.namespace_selectors)
        names = {*allocation.namespaces, *(space.name for space in selected)}
        return cls(frozenset(names), allocation.service_selectors)

    def admits(self, service: ServiceInfo) -> bool:
        return (not self.namespaces or service.namespace in self.namespaces) and (
            not self.services or matches_any(self.services, service.labels)
        )


def _range_of(pool: IPAddressPool) -> tuple[tuple[str, ...], bool]:
    return pool.spec.addresses, pool.spec.avoid_buggy_ips


def _told(uses: Iterable[Use]) -> str:
    """Return the Services as messages name them; nothing if there is none."""
    found = (f"{service.namespace}/{service.name} ({address})" for service, address in uses)
    names = listed_first(found)
    return f"Service {names}" if names else ""


POOL_USAGE_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "pool-shrinks-in-use",
        "An address that a Service has is not taken out of its pool",
        _shrinks,
        Severity.WARN,
        ON_UPDATE,
        "GAP-04",
    ),
    Rule(
        "pool-delete-in-use",
        "A pool is not deleted while Services have its addresses",
        _deleted,
        Severity.WARN,
        ON_DELETE,
        "GAP-04",
    ),
    Rule(
        "pool-confined-in-use",
        "serviceAllocation does not shut out a Service that has an address of the pool",
        _confined,
        Severity.WARN,
        ON_UPDATE,
        "GAP-05",
    ),
    Rule(
        "pool-delete-named",
        "A pool is not deleted while advertisements name it",
        _named,
        Severity.WARN,
        ON_DELETE,
        "GAP-39",
    ),
)

"""Rules on IPAddressPool that look at what already uses it.

MetalLB honours the configuration: a Service whose address is in no pool any more, or in a pool
that it may no longer use, is given another address, or none if there is none left.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from metallb_crds.config_v1beta1 import IPAddressPool, ServiceAllocation
from metallb_webhooks.addresses import AddressError, Interval, parse_ip
from metallb_webhooks.labelselectors import matches_any
from metallb_webhooks.rules.base import Operation, Problem, Request, Rule, Severity
from metallb_webhooks.rules.generic import listed
from metallb_webhooks.snapshot import ServiceInfo, Snapshot, pool_intervals

ON_UPDATE: Final = frozenset({Operation.UPDATE})
ON_DELETE: Final = frozenset({Operation.DELETE})


def _shrinks(request: Request[IPAddressPool]) -> Iterator[Problem]:
    old, new = request.old, request.subject
    if old is None or _range_of(old) == _range_of(new):
        return
    lost = [use for use in _uses(old, request.snapshot) if not _offered(use[1], request.snapshot)]
    if lost:
        message = (
            f"{_told(lost)} would lose the address, which no pool would hold any more; keep it in"
            " the pool until the Services have moved"
        )
        shorter = old.spec.addresses != new.spec.addresses
        yield ("spec.addresses" if shorter else "spec.avoidBuggyIPs"), message


def _deleted(request: Request[IPAddressPool]) -> Iterator[Problem]:
    uses = _uses(request.subject, request.snapshot)
    lost = [use for use in uses if not _offered(use[1], request.snapshot)]
    if lost:
        message = (
            f"{_told(lost)} would lose the address; move the Services to another pool before"
            f" IPAddressPool {request.subject.metadata.name!r} is deleted"
        )
        yield "metadata.name", message


def _confined(request: Request[IPAddressPool]) -> Iterator[Problem]:
    old, new = request.old, request.subject
    if old is None or old.spec.service_allocation == new.spec.service_allocation:
        return
    lost = [
        use
        for use in _uses(new, request.snapshot)
        if _may_use(old.spec.service_allocation, use[0], request.snapshot)
        and not _may_use(new.spec.service_allocation, use[0], request.snapshot)
    ]
    if lost:
        message = (
            f"{_told(lost)} could no longer use the pool and would lose the address; let"
            " serviceAllocation include it until the Services have moved"
        )
        yield "spec.serviceAllocation", message


def _named(request: Request[IPAddressPool]) -> Iterator[Problem]:
    name = request.subject.metadata.name
    advs = [
        f"{adv.kind} {adv.metadata.name!r}"
        for adv in request.snapshot.advertisements_naming_pool(name)
    ]
    if advs:
        message = (
            f"{listed(sorted(advs))} would still name the pool {name!r} and announce nothing for"
            " it; remove the name from ipAddressPools as well"
        )
        yield "metadata.name", message


def _uses(pool: IPAddressPool, snapshot: Snapshot) -> Iterator[tuple[ServiceInfo, Interval]]:
    """Yield the Services that have been given an address of a pool, with that address."""
    for _, interval in pool_intervals(pool):
        for service in snapshot.services_within(interval):
            for text in service.addresses:
                with suppress(AddressError):
                    address = Interval.of(parse_ip(text))
                    if interval.contains(address) and _usable(pool, address):
                        yield service, address


def _offered(address: Interval, snapshot: Snapshot) -> bool:
    return any(_usable(pool, address) for pool in snapshot.pools_overlapping(address))


def _usable(pool: IPAddressPool, address: Interval) -> bool:
    """Tell whether a pool gives away one of its addresses: not x.y.z.0 and x.y.z.255 if told so."""
    buggy = address.version == 4 and address.first & 0xFF in {0, 0xFF}  # noqa: PLR2004 - IPv4
    return not (buggy and pool.spec.avoid_buggy_ips)


def _may_use(
    allocation: ServiceAllocation | None, service: ServiceInfo, snapshot: Snapshot
) -> bool:
    """Tell whether MetalLB lets a Service have an address of a pool.

    Namespaces that match nobody do not confine it: MetalLB takes an empty set for no set.
    """
    if allocation is None:
        return True
    selected = snapshot.namespaces_selected(allocation.namespace_selectors)
    spaces = {*allocation.namespaces, *(space.name for space in selected)}
    return (not spaces or service.namespace in spaces) and (
        not allocation.service_selectors
        or matches_any(allocation.service_selectors, service.labels)
    )


def _range_of(pool: IPAddressPool) -> tuple[tuple[str, ...], bool]:
    return pool.spec.addresses, pool.spec.avoid_buggy_ips


def _told(uses: list[tuple[ServiceInfo, Interval]]) -> str:
    texts = [f"{service.namespace}/{service.name} ({address})" for service, address in uses]
    return f"Service {listed(sorted(texts))}"


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

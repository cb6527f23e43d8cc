"""Rules on IPAddressPool."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from metallb_crds.config_v1beta1 import IPAddressPool
from metallb_crds.meta import LabelSelector
from metallb_webhooks.addresses import AddressError, Interval, parse_cidr, parse_entry
from metallb_webhooks.rules.base import Problem, Request, Rule, Severity
from metallb_webhooks.rules.generic import (
    COUNTED,
    NAMED,
    first,
    listed,
    listed_first,
    repeated_values,
    selector_rules,
)
from metallb_webhooks.rules.poolannouncements import POOL_ANNOUNCEMENT_RULES
from metallb_webhooks.rules.poolusage import POOL_USAGE_RULES
from metallb_webhooks.snapshot import pool_intervals

ALLOW_NODE_ADDRESSES: Final = "metallb.io/allow-node-addresses"
"""Annotation of a pool whose owner knows that it holds addresses of nodes; "true" or absent."""

SPECIAL: Final[Mapping[Interval, str]] = {
    parse_cidr(text): f"{name} ({text})"
    for text, name in (
        ("0.0.0.0/8", "addresses of 'this network'"),
        ("127.0.0.0/8", "loopback addresses"),
        ("169.254.0.0/16", "link-local addresses"),
        ("224.0.0.0/4", "multicast addresses"),
        ("255.255.255.255/32", "the broadcast address"),
        ("::/128", "the unspecified address"),
        ("::1/128", "the loopback address"),
        ("fe80::/10", "link-local addresses"),
        ("ff00::/8", "multicast addresses"),
    )
}
"""What no Service can be reached at from outside (RFC 6890, RFC 4291)."""


def _required(request: Request[IPAddressPool]) -> Iterator[Problem]:
    if not request.subject.spec.addresses:
        yield "spec.addresses", "the pool has no addresses; give at least one prefix or range"


def _syntax(request: Request[IPAddressPool]) -> Iterator[Problem]:
    for place, entry in enumerate(request.subject.spec.addresses):
        try:
            parse_entry(entry)
        except AddressError as error:
            yield _entry(place), str(error)


def _own_overlap(request: Request[IPAddressPool]) -> Iterator[Problem]:
    entries = request.subject.spec.addresses
    found = sorted(pool_intervals(request.subject), key=lambda pair: (pair[1], pair[0]))
    reach: tuple[int, Interval] | None = None
    for place, interval in found:
        common = interval.intersection(reach[1]) if reach else None
        if reach and common:
            one, other = sorted((reach[0], place))
            message = (
                f"{entries[other]!r} and {_entry(one)} {entries[one]!r} both hold {common};"
                " name every address once"
            )
            yield _entry(other), message
        if not reach or not reach[1].contains(interval):
            reach = place, interval


def _overlap(request: Request[IPAddressPool]) -> Iterator[Problem]:
    own, told = request.subject.metadata.name, 0
    for place, interval in pool_intervals(request.subject):
        found, many = first(request.snapshot.pools_overlapping(interval, but=own))
        if not found:
            continue
        told += 1
        if told > COUNTED:
            yield "spec.addresses", "more entries are in other pools, too; take them out as well"
            return
        pools = {pool.metadata.name: pool for pool in found}
        for name in sorted(pools)[:1]:
            entry, common = _first_common(interval, pools[name])
            others = ", ".join(sorted(pools)[1 : NAMED + 1]) if many else listed(sorted(pools)[1:])
            more = f" (and of {others}{' and many more' if many else ''})" if others else ""
            message = (
                f"{request.subject.spec.addresses[place]!r} and {entry!r} of IPAddressPool"
                f" {name!r}{more} both hold {common}; take it out of one of the pools, the stored"
                " one first if it is to move"
            )
            yield _entry(place), message


def _first_common(interval: Interval, pool: IPAddressPool) -> tuple[str, Interval]:
    return next(
        (pool.spec.addresses[place], common)
        for place, found in pool_intervals(pool)
        if (common := interval.intersection(found))
    )


def _mapped(request: Request[IPAddressPool]) -> Iterator[Problem]:
    for place, interval in pool_intervals(request.subject):
        entry = request.subject.spec.addresses[place]
        if interval.version == 4 and ":" in entry and "-" not in entry:  # noqa: PLR2004 - IPv4
            prefix = next(interval.prefixes())
            message = (
                f"MetalLB takes {entry!r} for IPv4 but counts 128 bits of it, so that no"
                f" BGPAdvertisement fits; write {prefix}"
            )
            yield _entry(place), message


def _special(request: Request[IPAddressPool]) -> Iterator[Problem]:
    for place, interval in pool_intervals(request.subject):
        found = [name for special, name in SPECIAL.items() if interval.overlaps(special)]
        if found:
            message = (
                f"{request.subject.spec.addresses[place]!r} holds {', '.join(found)}, where no"
                " Service can be reached; leave them out of the pool"
            )
            yield _entry(place), message


def _node_address(request: Request[IPAddressPool]) -> Iterator[Problem]:
    if request.subject.metadata.annotations.get(ALLOW_NODE_ADDRESSES) == "true":
        return
    for place, interval in pool_intervals(request.subject):
        nodes = listed_first(node.name for node in request.snapshot.nodes_within(interval))
        if nodes:
            message = (
                f"{request.subject.spec.addresses[place]!r} holds an address of Node"
                f" {nodes}; a Service that gets it cuts the node off. Leave it out, or set"
                f' the annotation {ALLOW_NODE_ADDRESSES}: "true"'
            )
            yield _entry(place), message


def _pod_network(request: Request[IPAddressPool]) -> Iterator[Problem]:
    for place, interval in pool_intervals(request.subject):
        nodes = listed_first(n.name for n in request.snapshot.pod_networks_within(interval))
        if nodes:
            message = (
                f"{request.subject.spec.addresses[place]!r} meets the pod network of Node"
                f" {nodes}; a Service and a pod could get the same address. Use addresses"
                " outside of the pod networks"
            )
            yield _entry(place), message


def _namespaces_repeated(request: Request[IPAddressPool]) -> Iterator[Problem]:
    allocation = request.subject.spec.service_allocation
    if allocation:
        yield from repeated_values("spec.serviceAllocation.namespaces", allocation.namespaces)


def _namespace_unknown(request: Request[IPAddressPool]) -> Iterator[Problem]:
    allocation = request.subject.spec.service_allocation
    for place, name in enumerate(allocation.namespaces if allocation else ()):
        if name not in request.snapshot.namespaces:
            message = (
                f"there is no Namespace {name!r}; create it, or name the one whose Services may use"
                " the pool"
            )
            yield f"spec.serviceAllocation.namespaces[{place}]", message


def _allocation_open(request: Request[IPAddressPool]) -> Iterator[Problem]:
    allocation = request.subject.spec.service_allocation
    if not allocation or allocation.namespaces or allocation.service_selectors:
        return
    selectors = allocation.namespace_selectors
    if selectors and next(request.snapshot.namespaces_selected(selectors), None) is None:
        message = (
            "no Namespace matches, and MetalLB then lets Services of every namespace ask for the"
            " pool; label a Namespace so that it matches, or list names in namespaces"
        )
        yield "spec.serviceAllocation.namespaceSelectors", message


def _priority(request: Request[IPAddressPool]) -> Iterator[Problem]:
    allocation = request.subject.spec.service_allocation
    if allocation and allocation.priority < 0:
        message = (
            f"MetalLB does not order pools by a negative priority such as {allocation.priority};"
            " use 0 for last, or positive numbers of which the lower come first"
        )
        yield "spec.serviceAllocation.priority", message


def _selectors(pool: IPAddressPool) -> Iterator[tuple[str, Sequence[LabelSelector]]]:
    allocation = pool.spec.service_allocation
    if allocation:
        yield "spec.serviceAllocation.namespaceSelectors", allocation.namespace_selectors
        yield "spec.serviceAllocation.serviceSelectors", allocation.service_selectors


def _entry(place: int) -> str:
    return f"spec.addresses[{place}]"


POOL_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "pool-addresses-required",
        "A pool has at least one prefix or range",
        _required,
        source="POOL-01",
    ),
    Rule(
        "pool-address-syntax",
        "Every entry is a prefix, or a range of one family whose first address is not after its"
        " last",
        _syntax,
        source="POOL-02, POOL-03, POOL-04, POOL-09, GAP-27",
    ),
    Rule(
        "pool-own-overlap",
        "No address is in two entries of a pool",
        _own_overlap,
        source="POOL-05",
    ),
    Rule("pool-overlap", "No address is in two pools", _overlap, source="POOL-05"),
    Rule(
        "pool-mapped-prefix",
        "IPv4 prefixes are not written as IPv4-mapped IPv6, whose length MetalLB misjudges",
        _mapped,
        Severity.WARN,
        source="POOL-05, ADV-07",
    ),
    Rule(
        "pool-special-addresses",
        "A pool holds no loopback, link-local, multicast or other special addresses",
        _special,
        Severity.WARN,
        source="POOL-06, GAP-03",
    ),
    Rule(
        "pool-node-address",
        f"A pool holds no address of a node, unless it is annotated {ALLOW_NODE_ADDRESSES}",
        _node_address,
        Severity.WARN,
        source="GAP-01",
    ),
    Rule(
        "pool-pod-network",
        "A pool does not meet the network of any node's pods",
        _pod_network,
        Severity.WARN,
        source="GAP-02",
    ),
    Rule(
        "pool-namespaces-repeated",
        "serviceAllocation names no namespace twice",
        _namespaces_repeated,
        source="POOL-07",
    ),
    Rule(
        "pool-namespace-unknown",
        "The namespaces that serviceAllocation names exist",
        _namespace_unknown,
        Severity.WARN,
        source="GAP-36",
    ),
    Rule(
        "pool-allocation-open",
        "A pool that is confined to namespaces by label matches one, or it is open to all",
        _allocation_open,
        Severity.WARN,
        source="GAP-06",
    ),
    Rule(
        "pool-priority-negative",
        "Priorities are not negative",
        _priority,
        Severity.WARN,
        source="POOL-10, GAP-35",
    ),
    *selector_rules("pool", _selectors, "POOL-08"),
    *POOL_ANNOUNCEMENT_RULES,
    *POOL_USAGE_RULES,
)

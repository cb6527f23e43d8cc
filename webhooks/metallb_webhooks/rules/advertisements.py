"""Rules that BGPAdvertisement and L2Advertisement share: what they select, and what they leave."""

from collections.abc import Iterator, Sequence
from typing import Final

from metallb_crds.config_v1beta1 import IPAddressPool
from metallb_crds.meta import LabelSelector
from metallb_webhooks.addresses import merge
from metallb_webhooks.rules.base import Operation, Problem, Request, Rule, Severity
from metallb_webhooks.rules.generic import listed_first, repeated_values, selector_rules
from metallb_webhooks.snapshot import Advertisement, Snapshot, pool_intervals

ON_UPDATE_OR_DELETE: Final = frozenset({Operation.UPDATE, Operation.DELETE})


def advertisement_rules(prefix: str, repeated: str, selectors: str) -> tuple[Rule, ...]:
    """Return the rules for one of the kinds.

    Args:
        prefix: of the ids.
        repeated: source of the rule that pools are named once.
        selectors: source of the rules on label selectors.
    """
    return (
        Rule(
            f"{prefix}-pools-repeated",
            "ipAddressPools names no pool twice",
            _repeated,
            source=repeated,
        ),
        *selector_rules(prefix, _selectors, selectors),
        Rule(
            f"{prefix}-pool-unknown",
            "The pools that ipAddressPools names exist",
            _unknown,
            Severity.WARN,
            source="GAP-09",
        ),
        Rule(
            f"{prefix}-pool-unmatched",
            "ipAddressPoolSelectors match a pool",
            _unmatched_pools,
            Severity.WARN,
            source="GAP-09",
        ),
        Rule(
            f"{prefix}-node-unmatched",
            "nodeSelectors match a node",
            _unmatched_nodes,
            Severity.WARN,
            source="GAP-10",
        ),
        Rule(
            f"{prefix}-withdraws",
            "A pool whose addresses Services have is not left without any advertisement",
            _withdraws,
            Severity.WARN,
            ON_UPDATE_OR_DELETE,
            "GAP-39",
        ),
    )


def _repeated(request: Request[Advertisement]) -> Iterator[Problem]:
    yield from repeated_values("spec.ipAddressPools", request.subject.spec.ip_address_pools)


def _selectors(adv: Advertisement) -> Iterator[tuple[str, Sequence[LabelSelector]]]:
    yield "spec.ipAddressPoolSelectors", adv.spec.ip_address_pool_selectors
    yield "spec.nodeSelectors", adv.spec.node_selectors
    yield "spec.serviceSelectors", adv.spec.service_selectors


def _unknown(request: Request[Advertisement]) -> Iterator[Problem]:
    pools = request.snapshot.pools
    for place, name in enumerate(request.subject.spec.ip_address_pools):
        if name not in pools:
            message = (
                f"there is no IPAddressPool {name!r}; create it, or name the one that is to be"
                " announced"
            )
            yield f"spec.ipAddressPools[{place}]", message


def _unmatched_pools(request: Request[Advertisement]) -> Iterator[Problem]:
    selectors = request.subject.spec.ip_address_pool_selectors
    if selectors and next(request.snapshot.pools_selected(selectors), None) is None:
        message = "no IPAddressPool has such labels; label those that are to be announced"
        yield "spec.ipAddressPoolSelectors", message


def _unmatched_nodes(request: Request[Advertisement]) -> Iterator[Problem]:
    selectors, snapshot = request.subject.spec.node_selectors, request.snapshot
    known = bool(snapshot.nodes)
    if known and selectors and not snapshot.names_of_nodes(selectors):
        message = (
            "no Node has such labels, so that nobody would announce anything; label the Nodes that"
            " are to announce, or select others"
        )
        yield "spec.nodeSelectors", message


def _withdraws(request: Request[Advertisement]) -> Iterator[Problem]:
    deleted = request.operation is Operation.DELETE
    before = request.subject if deleted else request.old
    if before is None or (not deleted and _selection(before) == _selection(request.subject)):
        return
    if request.snapshot.all_pools_announced():
        return
    for pool in request.snapshot.pools_of_advertisement(before):
        if next(request.snapshot.advertisements_for_pool(pool), None) is None:
            services = listed_first(_services(pool, request.snapshot))
            if services:
                message = (
                    f"nothing else announces IPAddressPool {pool.metadata.name!r}: nobody could"
                    f" reach Service {services} any more. Create the advertisement that"
                    " takes over first"
                )
                yield ("metadata.name" if deleted else "spec"), message


def _services(pool: IPAddressPool, snapshot: Snapshot) -> Iterator[str]:
    """Yield the Services that have an address of a pool, each once."""
    seen: set[str] = set()
    for interval in merge(interval for _, interval in pool_intervals(pool)):
        for service in snapshot.services_within(interval):
            name = f"{service.namespace}/{service.name}"
            if name not in seen:
                seen.add(name)
                yield name


def _selection(adv: Advertisement) -> tuple[object, object]:
    return adv.spec.ip_address_pools, adv.spec.ip_address_pool_selectors

"""Why a Service of type LoadBalancer has no address, as far as what is stored tells. Pure.

Source: MetalLB's documentation of Services, and Kubernetes' of `spec.loadBalancerClass`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from metallb_cli.sharing import annotation, refusal
from metallb_crds.config_v1beta1 import IPAddressPool
from metallb_kube.objects import Manifest
from metallb_operator.fields import at, name_of, text_at
from metallb_webhooks.addresses import AddressError, Interval, parse_entry, parse_ip
from metallb_webhooks.labelselectors import matches_any

_AVAILABLE: Final = {"IPv4": "availableIPv4", "IPv6": "availableIPv6"}


def is_pending(service: Manifest) -> bool:
    """Return whether a Service waits for an address."""
    wants = text_at(service, "spec", "type") == "LoadBalancer"
    return wants and not at(service, "status", "loadBalancer", "ingress")


def class_served(metallb: Manifest | None) -> str:
    """Return the loadBalancerClass that MetalLB serves; "" for Services without one."""
    return text_at(metallb, "spec", "loadBalancerClass")


def is_ours(service: Manifest, served: str) -> bool:
    """Return whether MetalLB is meant to give a Service its address."""
    return text_at(service, "spec", "loadBalancerClass") == served


def reason(
    service: Manifest,
    pools: Sequence[Manifest],
    namespaces: Mapping[str, Mapping[str, str]],
    served: str,
    services: Sequence[Manifest] = (),
) -> str:
    """Say why a pending Service has no address.

    Args:
        service: one that `is_pending`.
        pools: IPAddressPools as stored.
        namespaces: labels by name of the namespace.
        served: `class_served`.
        services: of the cluster, which may have the address that is asked for.

    Returns:
        A sentence, or "" if nothing that is stored explains it.
    """
    if not is_ours(service, served):
        return _class(service, served)
    if not pools:
        return "there is no IPAddressPool; create one"
    asked = _asked_pool(service)
    named = [pool for pool in pools if name_of(pool) == asked] if asked else list(pools)
    if not named:
        return f"asks for pool {asked}, which does not exist"
    open_to = [pool for pool in named if _admits(pool, service, namespaces)]
    if not open_to:
        return f"{_pools(named)} confined to other Services by spec.serviceAllocation"
    if addresses := _asked_addresses(service):
        canonical = filter(None, map(_canonical, addresses))
        ours = [one for one in services if is_ours(one, served)]
        return _outside(addresses, open_to) or refusal(service, canonical, ours)
    return _lack(service, open_to, is_asked=bool(asked))


def _lack(service: Manifest, open_to: Sequence[Manifest], *, is_asked: bool) -> str:
    """Say why none of the pools that a Service may use has given it an address."""
    usable = open_to if is_asked else [pool for pool in open_to if _assigns(pool)]
    if not usable:
        return f"{_pools(open_to)} not given away unasked: spec.autoAssign is false"
    return _exhausted(service, usable)


def _class(service: Manifest, served: str) -> str:
    asked = text_at(service, "spec", "loadBalancerClass")
    mine = f"Services of class {served}" if served else "Services without a class"
    return f"has {f'class {asked}' if asked else 'no class'}, and MetalLB serves {mine} only"


def _asked_pool(service: Manifest) -> str:
    return annotation(service, "address-pool")


def _asked_addresses(service: Manifest) -> tuple[str, ...]:
    given = annotation(service, "loadBalancerIPs") or text_at(service, "spec", "loadBalancerIP")
    return tuple(part.strip() for part in given.split(",") if part.strip())


def _admits(pool: Manifest, service: Manifest, namespaces: Mapping[str, Mapping[str, str]]) -> bool:
    try:
        confined = IPAddressPool.parse(pool).spec.service_allocation
    except ValidationError:
        return True
    if confined is None:
        return True
    namespace = text_at(service, "metadata", "namespace")
    within = namespace in confined.namespaces or matches_any(
        confined.namespace_selectors, namespaces.get(namespace, {})
    )
    anywhere = not confined.namespaces and not confined.namespace_selectors
    labels = at(service, "metadata", "labels") or {}
    selected = not confined.service_selectors or matches_any(confined.service_selectors, labels)
    return (within or anywhere) and selected


def _assigns(pool: Manifest) -> bool:
    return at(pool, "spec", "autoAssign") is not False


def _outside(addresses: Iterable[str], pools: Sequence[Manifest]) -> str:
    ranges = [entry for pool in pools for entry in _ranges(pool)]
    missing = [text for text in addresses if not _within(text, ranges)]
    if missing:
        return f"asks for {', '.join(missing)}, which no pool that it may use contains"
    return ""


def _ranges(pool: Manifest) -> Iterable[Interval]:
    for text in at(pool, "spec", "addresses") or ():
        try:
            yield parse_entry(str(text))
        except AddressError:
            continue


def _within(text: str, ranges: Iterable[Interval]) -> bool:
    try:
        address = Interval.of(parse_ip(text))
    except AddressError:
        return False
    return any(entry.contains(address) for entry in ranges)


def _canonical(text: str) -> str:
    try:
        return str(parse_ip(text))
    except AddressError:
        return ""


def _exhausted(service: Manifest, pools: Sequence[Manifest]) -> str:
    for family in at(service, "spec", "ipFamilies") or ():
        holding = [pool for pool in pools if _has(pool, family)]
        if not holding:
            return f"{_pools(pools)} without {family} addresses"
        if all(_free(pool, family) == 0 for pool in holding):
            return f"{_pools(holding)} exhausted: no {family} address is free"
    return ""


def _has(pool: Manifest, family: str) -> bool:
    return any(entry.version == int(family[-1]) for entry in _ranges(pool))


def _free(pool: Manifest, family: str) -> Any:  # noqa: ANN401 - JSON
    """Return how many addresses are free; None where the controller has not said so."""
    return at(pool, "status", _AVAILABLE[family])


def _pools(pools: Sequence[Manifest]) -> str:
    names = ", ".join(name_of(pool) for pool in pools)
    return f"pool {names} is" if len(pools) == 1 else f"pools {names} are"

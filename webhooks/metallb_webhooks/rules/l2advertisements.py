"""Rules on L2Advertisement."""

from collections.abc import Iterator
from typing import Final

from metallb_crds.config_v1beta1 import L2Advertisement
from metallb_webhooks.addresses import Interval
from metallb_webhooks.labelselectors import matches_any, problems
from metallb_webhooks.rules.advertisements import advertisement_rules
from metallb_webhooks.rules.base import Problem, Request, Rule, Severity
from metallb_webhooks.rules.generic import listed_first
from metallb_webhooks.snapshot import selection

INTERFACE_CHARACTERS: Final = 15
"""How long the name of a network interface may be in Linux (IFNAMSIZ, less the closing zero)."""


def _preference_syntax(request: Request[L2Advertisement]) -> Iterator[Problem]:
    for place, preferred in enumerate(request.subject.spec.preferred_node_selectors):
        yield from problems(
            f"spec.preferredNodeSelectors[{place}].preference", preferred.preference
        )


def _preference_ignored(request: Request[L2Advertisement]) -> Iterator[Problem]:
    if request.subject.spec.preferred_node_selectors:
        message = (
            "MetalLB up to 0.16.1 does not read it: any eligible node may answer. Confine the"
            " nodes with nodeSelectors if it must be one of these"
        )
        yield "spec.preferredNodeSelectors", message


def _interface(request: Request[L2Advertisement]) -> Iterator[Problem]:
    for place, name in enumerate(request.subject.spec.interfaces):
        if not _may_be_interface(name):
            message = (
                f"no network interface can be called {name!r}; write a name as `ip link` shows it,"
                f" of 1 to {INTERFACE_CHARACTERS} characters without blanks, slashes and colons"
            )
            yield f"spec.interfaces[{place}]", message


def _may_be_interface(name: str) -> bool:
    """Tell whether Linux accepts the name (dev_valid_name)."""
    return (
        0 < len(name.encode(errors="replace")) <= INTERFACE_CHARACTERS
        and name not in {".", ".."}
        and not any(character in "/:" or character.isspace() for character in name)
    )


def _shared(request: Request[L2Advertisement]) -> Iterator[Problem]:
    selectors = request.subject.spec.service_selectors
    if not selectors:
        return
    lost = listed_first(
        f"{service.namespace}/{service.name} ({address})"
        for address, services in request.snapshot.shared_addresses()
        if _announces(request, address)
        for service in services
        if matches_any(selectors, service.labels)
    )
    if lost:
        message = (
            f"Service {lost} shares its address with another, and MetalLB does not announce"
            " a shared address through an advertisement with serviceSelectors. Give each Service an"
            " address of its own, or drop the selectors"
        )
        yield "spec.serviceSelectors", message


def _announces(request: Request[L2Advertisement], address: Interval) -> bool:
    """Tell whether the advertisement selects a pool that holds an address."""
    return any(map(selection(request.subject), request.snapshot.pools_overlapping(address)))


L2_ADVERTISEMENT_RULES: Final[tuple[Rule, ...]] = (
    *advertisement_rules("l2", "L2-01", "L2-02"),
    Rule(
        "l2-preference-syntax",
        "preferredNodeSelectors use operators, keys and values that Kubernetes accepts",
        _preference_syntax,
        source="L2-03",
    ),
    Rule(
        "l2-preference-ignored",
        "preferredNodeSelectors are left out for releases of MetalLB that do not read them",
        _preference_ignored,
        Severity.WARN,
        source="L2-07",
    ),
    Rule(
        "l2-interface-name",
        "interfaces are names that a network interface can have",
        _interface,
        Severity.WARN,
        source="L2-04, GAP-11",
    ),
    Rule(
        "l2-shared-address",
        "Services that share an address are not announced through serviceSelectors",
        _shared,
        Severity.WARN,
        source="L2-08, GAP-34",
    ),
)

"""Rules on MetalLB that look at what would be left without it, or would not work with it any more.

Some of them are about the rules themselves, which the registry hands in.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from itertools import chain
from typing import Any, Final

from metallb_crds.backend import Backend
from metallb_crds.meta import Resource
from metallb_crds.operator_v1beta1 import MetalLB
from metallb_webhooks.addresses import AddressError, Interval, parse_ip
from metallb_webhooks.installation import backend_in_effect, counts
from metallb_webhooks.rules.base import Finding, Operation, Problem, Request, Rule, Severity
from metallb_webhooks.rules.generic import listed, listed_first
from metallb_webhooks.snapshot import Snapshot

Judge = Callable[[Request[Any], str], Iterable[Finding]]
"""Returns what does not hold of an object of a kind, as far as that depends on the backend."""


def _deleted(request: Request[MetalLB]) -> Iterator[Problem]:
    if not counts(request.subject, request.namespace):
        return
    services = _served(request.snapshot)
    if services:
        message = (
            f"{_told(services)} would not be announced any more, and clients could not reach them;"
            " move them elsewhere first, unless that is meant"
        )
        yield "metadata.name", message


def _class_changed(request: Request[MetalLB]) -> Iterator[Problem]:
    old, new = request.old, request.subject
    if old is None or not counts(new, request.namespace):
        return
    before, after = old.spec.load_balancer_class, new.spec.load_balancer_class
    services = _served(request.snapshot) if before != after else []
    if services:
        message = (
            f"{_told(services)} would not be announced any more unless of the new class: MetalLB"
            f" would serve Services {_of_class(after)}, and no longer those {_of_class(before)}."
            " Create them anew with the new class first, as it cannot be changed"
        )
        yield "spec.loadBalancerClass", message


def _of_class(name: str) -> str:
    return f"of class {name!r}" if name else "without a class"


def _served(snapshot: Snapshot) -> list[str]:
    """Return the Services that have been given an address of a pool."""
    found = {
        f"{service.namespace}/{service.name}"
        for service in snapshot.services.values()
        if any(_is_of_a_pool(text, snapshot) for text in service.addresses)
    }
    return sorted(found)


def _is_of_a_pool(text: str, snapshot: Snapshot) -> bool:
    with suppress(AddressError):
        address = Interval.of(parse_ip(text))
        return next(snapshot.pools_overlapping(address), None) is not None
    return False


def _told(services: list[str]) -> str:
    noun = "Service has an address" if len(services) == 1 else "Services have addresses"
    return f"{len(services)} {noun} of MetalLB's pools ({listed(services)}) and"


def backend_rule(judge: Judge) -> Rule:
    """Return the rule that a change of backend leaves no object behind that the new one refuses."""

    def check(request: Request[MetalLB]) -> Iterator[Problem]:
        before, after = backend_in_effect(request.old), backend_in_effect(request.subject)
        prescribed = after is not request.backend
        if before is after or prescribed or not counts(request.subject, request.namespace):
            return
        refused = listed_first(
            f"{thing.kind} {thing.metadata.name!r}"
            for thing in _configuration(request.snapshot)
            if (denied := _denials(judge, request, thing, after))
            and denied - _denials(judge, request, thing, before)
        )
        if refused:
            message = (
                f"the backend {after} does not support {refused}, which {before}"
                " does: speakers would refuse the whole configuration. Change or delete them first"
            )
            yield "spec.bgpBackend", message

    return Rule(
        "metallb-backend-switch",
        "A change of bgpBackend leaves no object behind that the new backend refuses",
        check,
        Severity.WARN,
        source="GAP-38",
        by_backend=True,
    )


def _configuration(snapshot: Snapshot) -> Iterator[Resource]:
    return chain(
        snapshot.pools.values(),
        snapshot.peers.values(),
        snapshot.bgp_advertisements.values(),
        snapshot.bfd_profiles.values(),
        snapshot.communities.values(),
    )


def _denials(
    judge: Judge, request: Request[MetalLB], thing: Resource, backend: Backend
) -> set[str]:
    asked = Request(thing, thing, Operation.UPDATE, request.snapshot, backend, request.namespace)
    return {one.rule for one in judge(asked, thing.kind) if one.severity is Severity.DENY}


def strictness_rule(ids: Callable[[], Collection[str]]) -> Rule:
    """Return the rule that what is to deny are rules that there are."""

    def check(request: Request[MetalLB]) -> Iterator[Problem]:
        admission = request.subject.spec.admission
        for place, name in enumerate(admission.deny if admission else ()):
            if name not in ids():
                message = f"there is no rule {name!r}; docs/rules.md lists them"
                yield f"spec.admission.deny[{place}]", message

    return Rule(
        "metallb-deny-unknown",
        "admission.deny names rules that there are",
        check,
        Severity.WARN,
    )


METALLB_USAGE_RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "metallb-delete-in-use",
        "MetalLB is not deleted while Services have its addresses",
        _deleted,
        Severity.WARN,
        frozenset({Operation.DELETE}),
    ),
    Rule(
        "metallb-class-in-use",
        "loadBalancerClass does not change while Services have addresses",
        _class_changed,
        Severity.WARN,
        frozenset({Operation.UPDATE}),
    ),
)

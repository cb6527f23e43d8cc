"""Every rule by kind, and their evaluation."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from metallb_webhooks.rules.base import Finding, Operation, Request, Rule, Severity
from metallb_webhooks.rules.bfdprofiles import BFD_PROFILE_RULES
from metallb_webhooks.rules.bgpadvertisements import BGP_ADVERTISEMENT_RULES
from metallb_webhooks.rules.communities import COMMUNITY_RULES
from metallb_webhooks.rules.frrconfigurations import FRR_CONFIGURATION_RULES
from metallb_webhooks.rules.generic import BOUNDS_RULES, NAMESPACE_RULES
from metallb_webhooks.rules.l2advertisements import L2_ADVERTISEMENT_RULES
from metallb_webhooks.rules.metallbs import METALLB_RULES
from metallb_webhooks.rules.metallbusage import METALLB_USAGE_RULES, backend_rule, strictness_rule
from metallb_webhooks.rules.peers import PEER_RULES
from metallb_webhooks.rules.pools import POOL_RULES


def _judge(request: Request[Any], kind: str) -> Iterator[Finding]:
    """Yield what does not hold of an object, by the rules that ask for the backend.

    A change of backend has thousands of objects judged within one review: all rules would take
    seconds.
    """
    for rule in () if _only_goes(request) else _rules_for(request, kind):
        if rule.by_backend:
            yield from rule.evaluate(request)


def _ids() -> frozenset[str]:
    return RULE_IDS


_OWN: Final[Mapping[str, tuple[Rule, ...]]] = {
    "IPAddressPool": POOL_RULES,
    "BGPAdvertisement": BGP_ADVERTISEMENT_RULES,
    "L2Advertisement": L2_ADVERTISEMENT_RULES,
    "BGPPeer": PEER_RULES,
    "BFDProfile": BFD_PROFILE_RULES,
    "Community": COMMUNITY_RULES,
    "FRRConfiguration": FRR_CONFIGURATION_RULES,
    "MetalLB": (
        *METALLB_RULES,
        *METALLB_USAGE_RULES,
        backend_rule(_judge),
        strictness_rule(_ids),
    ),
}


def _first(kind: str) -> tuple[Rule, ...]:
    namespace = (NAMESPACE_RULES[kind],) if kind in NAMESPACE_RULES else ()
    return (*namespace, BOUNDS_RULES[kind])


RULES: Final[Mapping[str, tuple[Rule, ...]]] = {
    kind: (*_first(kind), *rules) for kind, rules in _OWN.items()
}
"""What is judged of each kind, in the order in which it is told."""

RULE_IDS: Final = frozenset(rule.id for rules in RULES.values() for rule in rules)


def evaluate(
    request: Request[Any], kind: str, raised: frozenset[str] = frozenset()
) -> tuple[Finding, ...]:
    """Return everything that does not hold; nothing for a kind without rules.

    An object that is being deleted may be updated as long as its spec stays: what holds its
    deletion up is that somebody has yet to take a finalizer off. An object where MetalLB does not
    look for its kind is judged by that alone, and one that exceeds the bounds by these.

    Args:
        request: the object under review and everything around it.
        kind: of the object, as in `RULES`.
        raised: ids of rules whose warnings count as denials.
    """
    if request.operation is Operation.UPDATE and _only_goes(request):
        return ()
    rules = _rules_for(request, kind)
    too_much = tuple(BOUNDS_RULES[kind].evaluate(request)) if len(rules) > 1 else ()
    return too_much or tuple(
        _raise(finding, raised)
        for rule in rules
        if rule is not BOUNDS_RULES[kind]
        for finding in rule.evaluate(request)
    )


def _only_goes(request: Request[Any]) -> bool:
    """Tell whether the stored object is being deleted, and as it is."""
    old = request.old
    return (
        old is not None
        and old.metadata.deletion_timestamp is not None
        and old.spec == request.subject.spec
    )


def _rules_for(request: Request[Any], kind: str) -> tuple[Rule, ...]:
    if kind in NAMESPACE_RULES and request.subject.metadata.namespace != request.namespace:
        return (NAMESPACE_RULES[kind],)
    return RULES.get(kind, ())


def _raise(finding: Finding, raised: frozenset[str]) -> Finding:
    return replace(finding, severity=Severity.DENY) if finding.rule in raised else finding

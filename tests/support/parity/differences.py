"""In what we differ from MetalLB's webhooks on purpose: docs/differences-from-metallb.md, as code.

A difference applies to single reviews and not to whatever its rules say: one that is not described
by any of these is a bug of ours, or a difference that has yet to be written down.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Any, Final

from metallb_crds.backend import Backend
from metallb_webhooks.addresses import AddressError, parse_ip
from metallb_webhooks.durations import SECOND, DurationError, parse
from metallb_webhooks.rules.base import Severity
from metallb_webhooks.rules.registry import RULES
from support.parity.kinds import KINDS
from support.parity.oracle import Answer
from support.parity.ours import Judgement
from support.parity.worlds import Case, World
from support.samples import NAMESPACE

HOLD_SECONDS: Final = 65535


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A review that we and MetalLB answer differently.

    Attributes:
        rest: MetalLB's answer to a write that changes nothing while the same is stored, but for
            the object under review.
    """

    backend: Backend
    world: World
    case: Case
    theirs: Answer
    ours: Judgement
    rest: Answer


@dataclass(frozen=True, slots=True)
class Difference:
    """One intended difference.

    Attributes:
        id: of its row in the document.
        applies: tells whether a disagreement is an instance of it.
        rules: ids or patterns of our rules that deny what MetalLB allows; none if we allow what
            MetalLB denies.
    """

    id: str
    applies: Callable[[Disagreement], bool]
    rules: tuple[str, ...] = ()

    def covers(self, rule: str) -> bool:
        """Tell whether it is about this rule of ours."""
        return any(fnmatchcase(rule, pattern) for pattern in self.rules)


def explain(found: Disagreement) -> tuple[str, ...]:
    """Return the ids of the differences that account for a disagreement; none if nothing does.

    Where we deny and MetalLB does not, every rule that denies must be accounted for.
    """
    if found.ours.allowed:
        return tuple(one.id for one in DIFFERENCES if not one.rules and one.applies(found))[:1]
    reasons = [
        next((one.id for one in DIFFERENCES if one.covers(rule) and one.applies(found)), "")
        for rule in sorted(found.ours.denying or {UNREADABLE})
    ]
    return tuple(dict.fromkeys(reasons)) if all(reasons) else ()


def shared_rules() -> frozenset[str]:
    """Return the ids of our rules that deny what MetalLB's webhooks deny, if not only that."""
    denying = {rule.id for kind in KINDS for rule in RULES[kind] if rule.severity is Severity.DENY}
    own = {rule for one in DIFFERENCES if one.applies is _always for rule in one.rules}
    return frozenset(denying - own)


UNREADABLE: Final = "unreadable"
"""Stands for a denial by no rule: the object cannot be read."""


def _always(_found: Disagreement) -> bool:
    return True


def _disable_mp(found: Disagreement) -> bool:
    case = found.case
    return case.operation == "CREATE" and bool(case.spec.get("disableMP"))


def _timers(found: Disagreement) -> bool:
    hold, keepalive = (_duration(found.case.spec.get(f)) for f in ("holdTime", "keepaliveTime"))
    if hold is None and keepalive is not None:
        hold = 3 * keepalive
    cut = hold is not None and 0 < abs(hold) < SECOND
    long = hold is not None and hold >= (HOLD_SECONDS + 1) * SECOND
    return cut or long or (keepalive is not None and keepalive < 0)


def _router_id(found: Disagreement) -> bool:
    text = found.case.spec["routerID"]
    return ":" in text or text == "0.0.0.0"  # noqa: S104 - a router id


def _spelling(found: Disagreement) -> bool:
    """Tell whether a stored peer has the same address in other words."""
    spec = found.case.spec
    return any(
        _address(other["spec"].get("peerAddress")) == _address(spec.get("peerAddress"))
        and other["spec"].get("peerAddress") != spec.get("peerAddress")
        for other in found.world.of("BGPPeer")
    )


def _bfd_named(found: Disagreement) -> bool:
    return bool(found.case.spec.get("bfdProfile"))


def _mixed_range(found: Disagreement) -> bool:
    return any(map(_is_mixed, found.case.spec["addresses"]))


def _mapped_prefix(found: Disagreement) -> bool:
    pools = [found.case.subject, *found.world.of("IPAddressPool")]
    return any(
        entry.lower().startswith("::ffff:") and "-" not in entry
        for pool in pools
        for entry in map(str, _list(pool["spec"].get("addresses")))
    )


def _alias_repeated(found: Disagreement) -> bool:
    aliases = [entry for entry in found.case.spec["communities"] if ":" not in entry]
    return len(aliases) != len(set(aliases))


def _no_nodes(found: Disagreement) -> bool:
    return not found.world.nodes


def _poisoned(found: Disagreement) -> bool:
    return not found.rest.allowed


def _old_unreadable(found: Disagreement) -> bool:
    return found.case.old is not None and found.theirs.code == HTTPStatus.BAD_REQUEST


def _being_deleted(found: Disagreement) -> bool:
    case = found.case
    if case.new is None or case.old is None:
        return False
    going = "deletionTimestamp" in case.old["metadata"]
    return going and case.new.get("spec") == case.old.get("spec")


def _elsewhere(found: Disagreement) -> bool:
    case = found.case
    return case.operation != "CREATE" and case.subject["metadata"]["namespace"] != NAMESPACE


def _alias_with_colon(found: Disagreement) -> bool:
    defined = [
        alias["name"]
        for community in found.world.of("Community")
        for alias in _list(community["spec"].get("communities"))
        if isinstance(alias, dict) and "name" in alias
    ]
    entries = _list(found.case.spec.get("communities"))
    return found.case.kind == "BGPAdvertisement" and any(
        ":" in entry and entry in defined for entry in entries
    )


def _panic(found: Disagreement) -> bool:
    mixed = any(
        _is_mixed(entry)
        for pool in found.world.of("IPAddressPool")
        for entry in _list(pool["spec"].get("addresses"))
    )
    return mixed and found.theirs.code == HTTPStatus.INTERNAL_SERVER_ERROR


DIFFERENCES: Final = (
    Difference("disable-mp", _disable_mp, ("peer-*",)),
    Difference("pool-mixed-range", _mixed_range, ("pool-address-syntax",)),
    Difference("pool-mapped-overlap", _mapped_prefix, ("pool-overlap", "pool-own-overlap")),
    Difference(
        "pool-advertised", _always, ("pool-aggregation", "pool-ipv6-native", "pool-local-pref")
    ),
    Difference("bgp-no-nodes", _no_nodes, ("bgp-local-pref",)),
    Difference("bgp-alias-repeated", _alias_repeated, ("bgp-communities-repeated",)),
    Difference("bgp-communities-many", _always, ("bgp-communities-many",)),
    Difference("l2-preference", _always, ("l2-preference-syntax",)),
    Difference("peer-password", _always, ("peer-password-twice", "peer-password-text")),
    Difference("peer-device-name", _always, ("peer-device-name",)),
    Difference("peer-router-id", _router_id, ("peer-router-id",)),
    Difference("peer-timers", _timers, ("peer-hold-time", "peer-keepalive-time")),
    Difference("peer-native-ipv6", _always, ("peer-native-ipv6",)),
    Difference("peer-source-family", _always, ("peer-source-address-family",)),
    Difference("peer-local-asn", _always, ("peer-local-asn-internal",)),
    Difference("peer-graceful-restart", _always, ("peer-graceful-restart-changed",)),
    Difference("peer-spelling", _spelling, ("peer-session-repeated",)),
    Difference("bfd-native", _always, ("bfd-native",)),
    Difference("bfd-native-named", _bfd_named, ("peer-native-unsupported",)),
    Difference(
        "bfd-echo", _always, ("bfd-echo-ipv6", "bgp-bfd-echo", "peer-bfd-echo", "pool-bfd-echo")
    ),
    Difference(
        "bounds",
        _always,
        (
            "pool-bounds",
            "bgp-bounds",
            "l2-bounds",
            "peer-bounds",
            "bfd-bounds",
            "community-bounds",
        ),
    ),
    Difference("being-deleted", _being_deleted),
    Difference("elsewhere", _elsewhere),
    Difference("old-unreadable", _old_unreadable),
    Difference("stored-panic", _panic),
    Difference("stored-bad", _poisoned),
    Difference("alias-colon", _alias_with_colon),
)
"""In the order in which they are looked for: the first that applies is the one that is counted."""


def _duration(text: object) -> int | None:
    with suppress(DurationError):
        return parse(text) if isinstance(text, str) else None
    return None


def _address(text: object) -> object:
    with suppress(AddressError):
        return parse_ip(text) if isinstance(text, str) else None
    return text


def _is_mixed(entry: object) -> bool:
    """Tell whether a range goes from an IPv4 to an IPv6 address."""
    first, dash, last = str(entry).partition("-")
    ends = (_address(first.strip()), _address(last.strip()))
    return bool(dash) and {getattr(end, "version", None) for end in ends} == {4, 6}


def _list(value: Any) -> Iterable[Any]:  # noqa: ANN401 - whatever a bad object has there
    return value if isinstance(value, list) else ()

"""Rules that several kinds share, and how their messages read."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

from metallb_crds.meta import LabelSelector
from metallb_webhooks.bounds import described, exceeded
from metallb_webhooks.labelselectors import problems, repetitions
from metallb_webhooks.rules.base import Operation, Problem, Request, Rule

NAMED: Final = 3
"""How many objects a message names before it counts the rest."""

COUNTED: Final = 20
"""Of how many objects it counts the rest; there may be as many as are stored."""

T = TypeVar("T")

Lists = Callable[[Any], Iterable[tuple[str, Sequence[LabelSelector]]]]
"""Yields the selector lists of an object, each with its path."""


def namespace_rule(prefix: str, kind: str) -> Rule:
    """Return the rule that an object of a kind is created where its reader looks for it."""
    reader = "the operator" if kind == "MetalLB" else "MetalLB"

    def check(request: Request[Any]) -> Iterator[Problem]:
        found = request.subject.metadata.namespace
        if found != request.namespace:
            message = (
                f"{reader} reads {kind} objects of namespace {request.namespace!r} only and would"
                f" never see one in {found!r}; create it in {request.namespace!r}"
            )
            yield "metadata.namespace", message

    return Rule(
        f"{prefix}-namespace",
        f"Every {kind} is created in MetalLB's namespace, the only one that is read",
        check,
        operations=frozenset({Operation.CREATE}),
        source="GEN-01",
    )


NAMESPACE_RULES: Final[Mapping[str, Rule]] = {
    kind: namespace_rule(prefix, kind)
    for kind, prefix in (
        ("IPAddressPool", "pool"),
        ("L2Advertisement", "l2"),
        ("BGPAdvertisement", "bgp"),
        ("BGPPeer", "peer"),
        ("BFDProfile", "bfd"),
        ("Community", "community"),
        ("MetalLB", "metallb"),
    )
}
"""For the kinds that are read from MetalLB's own namespace: no other rule applies elsewhere."""


def bounds_rule(prefix: str, kind: str) -> Rule:
    """Return the rule that an object is small enough to be judged."""

    def check(request: Request[Any]) -> Iterator[Problem]:
        yield from exceeded(kind, request.subject)

    return Rule(
        f"{prefix}-bounds",
        f"{described(kind)}: nothing else is judged of an object that exceeds this",
        check,
        source="GAP",
    )


BOUNDS_RULES: Final[Mapping[str, Rule]] = {
    kind: bounds_rule(prefix, kind)
    for kind, prefix in (
        ("IPAddressPool", "pool"),
        ("L2Advertisement", "l2"),
        ("BGPAdvertisement", "bgp"),
        ("BGPPeer", "peer"),
        ("BFDProfile", "bfd"),
        ("Community", "community"),
        ("FRRConfiguration", "frr"),
        ("MetalLB", "metallb"),
    )
}
"""They come before all others, of which none is made for more."""


def selector_rules(prefix: str, lists: Lists, source: str) -> tuple[Rule, Rule]:
    """Return the rules on an object's lists of label selectors."""

    def syntax(request: Request[Any]) -> Iterator[Problem]:
        for path, selectors in lists(request.subject):
            for place, selector in enumerate(selectors):
                yield from problems(f"{path}[{place}]", selector)

    def repeated(request: Request[Any]) -> Iterator[Problem]:
        for path, selectors in lists(request.subject):
            yield from repetitions(path, selectors)

    return (
        Rule(
            f"{prefix}-selector-syntax",
            "Label selectors use operators, keys and values that Kubernetes accepts",
            syntax,
            source=f"LSEL-01, LSEL-02, LSEL-03, {source}",
        ),
        Rule(
            f"{prefix}-selector-repeated",
            "No list of label selectors repeats a selector, an expression or a value",
            repeated,
            source=f"LSEL-05, LSEL-06, {source}",
        ),
    )


def repeated_values(path: str, values: Sequence[str]) -> Iterator[Problem]:
    """Yield the entries of a list of texts that stand in it before."""
    seen: set[str] = set()
    for place, value in enumerate(values):
        if value in seen:
            yield f"{path}[{place}]", f"{value!r} is listed twice; remove one of them"
        seen.add(value)


def first(things: Iterable[T]) -> tuple[list[T], bool]:
    """Return the first of many, as many as are worth counting, and whether there are more."""
    found = list(islice(things, COUNTED + 1))
    return found[:COUNTED], len(found) > COUNTED


def listed_first(names: Iterable[str]) -> str:
    """Return names as in "a, b, c and 2 more", sorted; of very many it reads the first only."""
    found, more = first(names)
    return f"{', '.join(sorted(found)[:NAMED])} and many more" if more else listed(sorted(found))


def listed(names: Iterable[str]) -> str:
    """Return names as in "a, b, c and 2 more"; costs no more than a few if they are sized."""
    known = names if isinstance(names, Sequence) else tuple(names)
    head = ", ".join(islice(known, NAMED))
    return head if len(known) <= NAMED else f"{head} and {len(known) - NAMED} more"

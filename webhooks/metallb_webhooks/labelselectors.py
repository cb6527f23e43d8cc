"""Label selectors: what is wrong with one, and what it matches.

Syntax and matching are Kubernetes' (apimachinery's LabelSelectorAsSelector); that neither a list
of selectors nor one selector may repeat itself is MetalLB's.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from metallb_crds.meta import LabelSelector, LabelSelectorRequirement

WITH_VALUES: Final = frozenset({"In", "NotIn"})
WITHOUT_VALUES: Final = frozenset({"Exists", "DoesNotExist"})
NAME_MAX: Final = 63
PREFIX_MAX: Final = 253
NAME: Final = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
PREFIX_REMEDY: Final = f"write a DNS name of at most {PREFIX_MAX} characters before the slash"
NAME_REMEDY: Final = (
    f"use at most {NAME_MAX} letters, digits, '-', '_' and '.',"
    " beginning and ending with a letter or digit"
)

Problem = tuple[str, str]


def matches(selector: LabelSelector, labels: Mapping[str, str]) -> bool:
    """Tell whether all of the selector holds; an empty one matches everything.

    An expression with an unknown operator holds for nothing.
    """
    # Loops, since this is asked of thousands of objects at once.
    for key, value in selector.match_labels.items():
        if labels.get(key) != value:
            return False
    for expression in selector.match_expressions:  # noqa: SIM110 - see above
        if not _holds(expression, labels):
            return False
    return True


def matches_any(selectors: Iterable[LabelSelector], labels: Mapping[str, str]) -> bool:
    """Tell whether one of the selectors matches; none does if there is none."""
    return any(matches(selector, labels) for selector in selectors)


def can_meet(one: LabelSelector, other: LabelSelector) -> bool:
    """Tell whether there can be labels that both selectors match."""
    demands: defaultdict[str, list[LabelSelectorRequirement]] = defaultdict(list)
    for expression in (*_expressions(one), *_expressions(other)):
        demands[expression.key].append(expression)
    return all(_satisfiable(expressions) for expressions in demands.values())


def problems(path: str, selector: LabelSelector) -> Iterator[Problem]:
    """Yield what Kubernetes would refuse in the selector at `path`: operators, keys, values."""
    yield from label_problems(f"{path}.matchLabels", selector.match_labels)
    for index, expression in enumerate(selector.match_expressions):
        yield from _expression_problems(f"{path}.matchExpressions[{index}]", expression)


def label_problems(path: str, labels: Mapping[str, str]) -> Iterator[Problem]:
    """Yield what Kubernetes would refuse in the labels at `path`."""
    for key, value in labels.items():
        yield from _key_problems(path, key)
        yield from _value_problems(f"{path}[{key}]", value)


def is_key(text: str) -> bool:
    """Tell whether Kubernetes takes a text as the key of a label, a taint or an annotation."""
    return not any(_key_problems("", text))


def is_value(text: str) -> bool:
    """Tell whether Kubernetes takes a text as the value of a label or a taint."""
    return not any(_value_problems("", text))


def repetitions(path: str, selectors: Iterable[LabelSelector]) -> Iterator[Problem]:
    """Yield what MetalLB refuses as repeated in the list of selectors at `path`.

    That is a selector equal to an earlier one (order of values aside, order of expressions
    counting), and within a selector an expression, and within an expression a value.
    """
    seen: dict[object, int] = {}
    for index, selector in enumerate(selectors):
        first = seen.setdefault(canonical(selector), index)
        if first != index:
            yield f"{path}[{index}]", f"repeats the selector {path}[{first}]; remove one of them"
        yield from _repeated_expressions(f"{path}[{index}].matchExpressions", selector)


def canonical(selector: LabelSelector) -> object:
    """Return a hashable value that is equal for selectors which MetalLB takes as the same."""
    return (
        tuple(sorted(selector.match_labels.items())),
        tuple(_canonical_expression(expression) for expression in selector.match_expressions),
    )


def _expressions(selector: LabelSelector) -> Iterator[LabelSelectorRequirement]:
    for key, value in selector.match_labels.items():
        yield LabelSelectorRequirement(key=key, operator="In", values=(value,))
    yield from selector.match_expressions


def _satisfiable(expressions: Sequence[LabelSelectorRequirement]) -> bool:
    """Tell whether expressions about one label can hold together."""
    operators = {expression.operator for expression in expressions}
    if not operators <= WITH_VALUES | WITHOUT_VALUES:
        return False
    if "DoesNotExist" in operators:
        return operators <= {"DoesNotExist", "NotIn"}
    wanted = [set(one.values) for one in expressions if one.operator == "In"]
    unwanted = [set(one.values) for one in expressions if one.operator == "NotIn"]
    return not wanted or bool(set.intersection(*wanted).difference(*unwanted))


def _holds(expression: LabelSelectorRequirement, labels: Mapping[str, str]) -> bool:
    present = expression.key in labels
    match expression.operator:
        case "In":
            return present and labels[expression.key] in expression.values
        case "NotIn":
            return not present or labels[expression.key] not in expression.values
        case "Exists":
            return present
        case "DoesNotExist":
            return not present
        case _:
            return False


def _expression_problems(path: str, expression: LabelSelectorRequirement) -> Iterator[Problem]:
    operator = expression.operator
    if operator not in WITH_VALUES | WITHOUT_VALUES:
        yield (
            f"{path}.operator",
            f"{operator!r} is no operator; use In, NotIn, Exists or DoesNotExist",
        )
    if operator in WITH_VALUES and not expression.values:
        yield f"{path}.values", f"{operator} compares with values; give at least one"
    if operator in WITHOUT_VALUES and expression.values:
        yield f"{path}.values", f"{operator} takes no values; remove them, or use In"
    yield from _key_problems(f"{path}.key", expression.key)
    for index, value in enumerate(expression.values):
        yield from _value_problems(f"{path}.values[{index}]", value)


def _key_problems(path: str, key: str) -> Iterator[Problem]:
    prefix, slash, name = key.rpartition("/")
    if slash and not (len(prefix) <= PREFIX_MAX and SUBDOMAIN.fullmatch(prefix)):
        yield path, f"the key {key!r} has no valid prefix; {PREFIX_REMEDY}"
    if not (len(name) <= NAME_MAX and NAME.fullmatch(name)):
        yield path, f"{key!r} is no label key; {NAME_REMEDY}"


def _value_problems(path: str, value: str) -> Iterator[Problem]:
    if value and not (len(value) <= NAME_MAX and NAME.fullmatch(value)):
        yield path, f"{value!r} is no label value; {NAME_REMEDY}"


def _canonical_expression(expression: LabelSelectorRequirement) -> tuple[str, str, tuple[str, ...]]:
    return expression.key, expression.operator, tuple(sorted(expression.values))


def _repeated_expressions(path: str, selector: LabelSelector) -> Iterator[Problem]:
    seen: dict[object, int] = {}
    for index, expression in enumerate(selector.match_expressions):
        first = seen.setdefault(_canonical_expression(expression), index)
        if first != index:
            yield f"{path}[{index}]", f"repeats the expression {path}[{first}]; remove one of them"
        for place in _repeated(expression.values):
            yield (
                f"{path}[{index}].values[{place}]",
                f"{expression.values[place]!r} is listed twice; remove one of them",
            )


def _repeated(values: Iterable[str]) -> Iterator[int]:
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield index
        seen.add(value)

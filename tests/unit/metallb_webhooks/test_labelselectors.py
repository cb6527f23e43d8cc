"""Selectors are refused for what Kubernetes and MetalLB refuse, and match what they match."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metallb_crds.meta import LabelSelector
from metallb_webhooks.labelselectors import (
    can_meet,
    canonical,
    matches,
    matches_any,
    problems,
    repetitions,
)


def selector(**fields: Any) -> LabelSelector:  # noqa: ANN401 - whatever JSON holds
    return LabelSelector.parse(fields)


def expression(key: str, operator: str, *values: str) -> LabelSelector:
    return selector(matchExpressions=[{"key": key, "operator": operator, "values": list(values)}])


@pytest.mark.parametrize(
    ("what", "labels", "expected"),
    [
        (selector(), {}, True),
        (selector(), {"a": "b"}, True),
        (selector(matchLabels={"a": "b"}), {"a": "b", "c": "d"}, True),
        (selector(matchLabels={"a": "b"}), {"a": "c"}, False),
        (selector(matchLabels={"a": "b"}), {}, False),
        (selector(matchLabels={"a": ""}), {}, False),
        (selector(matchLabels={"a": ""}), {"a": ""}, True),
        (selector(matchLabels={"a": "b", "c": "d"}), {"a": "b"}, False),
        (expression("a", "In", "b", "c"), {"a": "c"}, True),
        (expression("a", "In", "b", "c"), {"a": "d"}, False),
        (expression("a", "In", "b"), {}, False),
        (expression("a", "NotIn", "b"), {"a": "b"}, False),
        (expression("a", "NotIn", "b"), {"a": "c"}, True),
        (expression("a", "NotIn", "b"), {}, True),
        (expression("a", "Exists"), {"a": ""}, True),
        (expression("a", "Exists"), {"b": ""}, False),
        (expression("a", "DoesNotExist"), {"b": ""}, True),
        (expression("a", "DoesNotExist"), {"a": ""}, False),
        (expression("a", "Gt", "1"), {"a": "2"}, False),
        (
            selector(matchLabels={"a": "b"}, matchExpressions=[{"key": "c", "operator": "Exists"}]),
            {"a": "b"},
            False,
        ),
    ],
)
def test_matching(what: LabelSelector, labels: Mapping[str, str], expected: bool) -> None:  # noqa: FBT001 - a table's column
    assert matches(what, labels) is expected


def test_one_of_several_is_enough_and_none_of_none_matches() -> None:
    assert matches_any((expression("a", "Exists"), selector(matchLabels={"b": "c"})), {"b": "c"})
    assert not matches_any((), {"b": "c"})


@pytest.mark.parametrize(
    "what",
    [
        selector(),
        selector(matchLabels={"app.kubernetes.io/name": "metallb"}),
        selector(matchLabels={"a": ""}),
        selector(matchLabels={"A_b.c-9": "x" * 63}),
        selector(matchLabels={"x" * 63: "1"}),
        selector(matchLabels={"p" * 253 + "/x": "1"}),
        expression("a", "In", "b", ""),
        expression("a", "NotIn", "b"),
        expression("a", "Exists"),
        expression("a", "DoesNotExist"),
    ],
)
def test_a_sound_selector_has_no_problems(what: LabelSelector) -> None:
    assert list(problems("s", what)) == []


@pytest.mark.parametrize(
    ("what", "path", "piece"),
    [
        (expression("a", "Gt", "1"), "s.matchExpressions[0].operator", "'Gt' is no operator"),
        (expression("a", "in", "1"), "s.matchExpressions[0].operator", "'in' is no operator"),
        (expression("a", ""), "s.matchExpressions[0].operator", "'' is no operator"),
        (expression("a", "In"), "s.matchExpressions[0].values", "give at least one"),
        (expression("a", "NotIn"), "s.matchExpressions[0].values", "give at least one"),
        (expression("a", "Exists", "b"), "s.matchExpressions[0].values", "takes no values"),
        (expression("a", "DoesNotExist", ""), "s.matchExpressions[0].values", "takes no values"),
        (expression("", "Exists"), "s.matchExpressions[0].key", "'' is no label key"),
        (expression("-a", "Exists"), "s.matchExpressions[0].key", "'-a' is no label key"),
        (expression("a\n", "Exists"), "s.matchExpressions[0].key", "is no label key"),
        (expression("ä", "Exists"), "s.matchExpressions[0].key", "'ä' is no label key"),
        (expression("x" * 64, "Exists"), "s.matchExpressions[0].key", "is no label key"),
        (expression("/a", "Exists"), "s.matchExpressions[0].key", "no valid prefix"),
        (expression("A/a", "Exists"), "s.matchExpressions[0].key", "no valid prefix"),
        (expression("a/b/c", "Exists"), "s.matchExpressions[0].key", "no valid prefix"),
        (expression("p" * 254 + "/a", "Exists"), "s.matchExpressions[0].key", "no valid prefix"),
        (expression("a/", "Exists"), "s.matchExpressions[0].key", "is no label key"),
        (expression("a", "In", "b", "c d"), "s.matchExpressions[0].values[1]", "'c d' is no label"),
        (expression("a", "In", "x" * 64), "s.matchExpressions[0].values[0]", "is no label value"),
        (selector(matchLabels={"a b": "c"}), "s.matchLabels", "'a b' is no label key"),
        (selector(matchLabels={"a": "b!"}), "s.matchLabels[a]", "'b!' is no label value"),
    ],
)
def test_a_problem_has_a_place_and_a_remedy(what: LabelSelector, path: str, piece: str) -> None:
    [(place, message)] = problems("s", what)
    assert place == path
    assert piece in message


def test_all_problems_are_told() -> None:
    assert len(list(problems("s", expression("", "Is", "!", "?")))) == 4


@pytest.mark.parametrize(
    ("selectors", "paths"),
    [
        ([], []),
        ([selector()], []),
        ([selector(), selector()], ["s[1]"]),
        ([selector(), selector(matchLabels={"a": "b"}), selector(), selector()], ["s[2]", "s[3]"]),
        ([expression("a", "In", "b", "c"), expression("a", "In", "c", "b")], ["s[1]"]),
        ([selector(matchLabels={"a": "b"}), expression("a", "In", "b")], []),
        ([expression("a", "In", "b", "c", "b")], ["s[0].matchExpressions[0].values[2]"]),
        (
            [
                selector(
                    matchExpressions=[
                        {"key": "a", "operator": "In", "values": ["b", "c"]},
                        {"key": "a", "operator": "In", "values": ["c", "b"]},
                    ]
                )
            ],
            ["s[0].matchExpressions[1]"],
        ),
    ],
)
def test_repetitions(selectors: list[LabelSelector], paths: list[str]) -> None:
    found = list(repetitions("s", selectors))
    assert [path for path, _ in found] == paths
    assert all("remove one of them" in message for _, message in found)


def test_the_order_of_expressions_makes_another_selector() -> None:
    one = {"key": "a", "operator": "Exists"}
    two = {"key": "b", "operator": "Exists"}
    assert canonical(selector(matchExpressions=[one, two])) != canonical(
        selector(matchExpressions=[two, one])
    )


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (selector(), selector(), True),
        (selector(), selector(matchLabels={"a": "b"}), True),
        (selector(matchLabels={"a": "b"}), selector(matchLabels={"c": "d"}), True),
        (selector(matchLabels={"a": "b"}), selector(matchLabels={"a": "c"}), False),
        (selector(matchLabels={"a": "b"}), expression("a", "In", "c", "b"), True),
        (selector(matchLabels={"a": "b"}), expression("a", "NotIn", "b"), False),
        (selector(matchLabels={"a": "b"}), expression("a", "DoesNotExist"), False),
        (expression("a", "Exists"), expression("a", "NotIn", "b"), True),
        (expression("a", "Exists"), expression("a", "DoesNotExist"), False),
        (expression("a", "NotIn", "b"), expression("a", "DoesNotExist"), True),
        (expression("a", "In", "b", "c"), expression("a", "NotIn", "b"), True),
        (expression("a", "In"), selector(), False),
        (expression("a", "Like", "b"), selector(), False),
    ],
)
def test_whether_selectors_can_meet(
    one: LabelSelector,
    other: LabelSelector,
    expected: bool,  # noqa: FBT001 - pytest passes parameters by name
) -> None:
    assert can_meet(one, other) is expected
    assert can_meet(other, one) is expected


some = st.builds(
    selector,
    matchLabels=st.dictionaries(st.sampled_from("ab"), st.sampled_from("12")),
    matchExpressions=st.lists(
        st.one_of(
            st.fixed_dictionaries(
                {
                    "key": st.sampled_from("ab"),
                    "operator": st.sampled_from(["In", "NotIn"]),
                    "values": st.lists(st.sampled_from("12"), min_size=1),
                }
            ),
            st.fixed_dictionaries(
                {
                    "key": st.sampled_from("ab"),
                    "operator": st.sampled_from(["Exists", "DoesNotExist"]),
                }
            ),
        ),
        max_size=3,
    ),
)
WORLD = [
    {key: value for key, value in {"a": a, "b": b}.items() if value is not None}
    for a in (None, "1", "2", "other")
    for b in (None, "1", "2", "other")
]


@given(some, some)
def test_selectors_can_meet_if_some_labels_are_matched_by_both(
    one: LabelSelector, other: LabelSelector
) -> None:
    meet = any(matches(one, labels) and matches(other, labels) for labels in WORLD)
    assert can_meet(one, other) is meet

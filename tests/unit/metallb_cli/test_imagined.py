"""Selectors meet on imagined nodes if, and only if, they surely meet on real ones."""

from typing import Any, Final

import pytest

from metallb_cli.imagined import nodes_for, plain, plain_selectors
from metallb_crds.meta import LabelSelector
from metallb_webhooks.labelselectors import matches
from support.samples import bgp, frr, peer, pool

ALL: Final[dict[str, Any]] = {}
RACK_1: Final[dict[str, Any]] = {"matchLabels": {"rack": "1"}}
RACK_2: Final[dict[str, Any]] = {"matchLabels": {"rack": "2"}}
BOTH: Final[dict[str, Any]] = {"matchLabels": {"rack": "1", "zone": "a"}}


def expression(operator: str, *values: str, key: str = "rack") -> dict[str, Any]:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


def meet(one: dict[str, Any], other: dict[str, Any]) -> bool:
    nodes = nodes_for([peer("one", nodeSelectors=[one]), peer("other", nodeSelectors=[other])])
    plain_ones = [plain(LabelSelector.parse(selector)) for selector in (one, other)]
    return any(all(matches(each, node.labels) for each in plain_ones) for node in nodes)


@pytest.mark.parametrize(
    ("one", "other", "surely"),
    [
        (ALL, ALL, True),
        (ALL, RACK_1, True),
        (RACK_1, RACK_1, True),
        (RACK_1, RACK_2, False),
        (RACK_1, BOTH, True),
        (RACK_2, BOTH, False),
        (RACK_1, {"matchLabels": {"zone": "a"}}, False),
        (RACK_1, expression("In", "1"), True),
        (RACK_1, expression("In", "2"), False),
        # Real nodes may have any of several values, or lack what is not wanted.
        (expression("In", "1", "2"), expression("In", "1", "3"), False),
        (expression("In", "1", "2"), expression("In", "2", "1"), True),
        (expression("NotIn", "1"), expression("NotIn", "2"), False),
        (expression("NotIn", "1"), expression("NotIn", "1"), True),
        (expression("NotIn", "1"), ALL, True),
        (expression("NotIn", "1"), RACK_1, False),
        (expression("DoesNotExist"), expression("DoesNotExist", key="zone"), False),
        (expression("Exists"), expression("DoesNotExist"), False),
        (expression("Exists"), expression("Exists", key="zone"), False),
        (RACK_1 | expression("NotIn", "a", key="zone"), RACK_1, True),
    ],
)
def test_who_surely_meets(one: dict[str, Any], other: dict[str, Any], surely: bool) -> None:  # noqa: FBT001 - a table's column
    assert meet(one, other) is surely
    assert meet(other, one) is surely


def test_one_node_has_no_labels_and_names_differ() -> None:
    objects = [
        pool("p", "10.0.0.0/24"),
        peer("a"),
        peer("b", nodeSelectors=[RACK_1, ALL]),
        frr("c", rack="1"),
        bgp("d", nodeSelectors=[RACK_1]),
    ]
    nodes = list(nodes_for(objects))
    assert [node.labels for node in nodes] == [{}, {"rack": "1"}, {}, {"rack": "1"}]
    assert len({node.name for node in nodes}) == len(nodes)


def test_nothing_but_selectors_of_nodes_changes() -> None:
    selective = peer("a", nodeSelectors=[expression("Exists")], holdTime="90s")
    assert plain_selectors(selective).spec.hold_time == "90s"
    assert plain_selectors(selective).spec.node_selectors[0].match_expressions == ()
    assert plain_selectors(frr("c", rack="1")) == frr("c", rack="1")
    assert plain_selectors(pool("p", "10.0.0.0/24")) == pool("p", "10.0.0.0/24")

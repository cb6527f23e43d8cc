"""Troubles that are alike are one sentence, in an order of its own."""

from datetime import timedelta
from itertools import permutations

import pytest

from metallb_operator.troubles import Kind, Trouble, grouped, in_order, told
from support.observed import NOW

CRASHES = tuple(Trouble(Kind.CRASH, f"pod s-{n} on n{n}", "it ends", "speaker") for n in range(7))
SLOW = Trouble(Kind.PENDING, "pod c-1 on n1", "it is being created")
REFUSED = Trouble(Kind.REFUSED, "", "its pods are refused: no")


@pytest.mark.parametrize(
    ("group", "text"),
    [
        ([REFUSED], "its pods are refused: no"),
        ([SLOW], "pod c-1 on n1: it is being created"),
        (CRASHES[:1], "pod s-0 on n0, container speaker: it ends"),
        (CRASHES[:2], "pod s-0 on n0, pod s-1 on n1, container speaker: it ends"),
    ],
)
def test_told(group: list[Trouble], text: str) -> None:
    assert told(group) == text


def test_a_thousand_are_told_as_few() -> None:
    many = [Trouble(Kind.CRASH, f"pod s-{n:04}", "it ends") for n in range(1000)]
    (group,) = grouped(many)
    assert told(group).endswith("pod s-0004 and 995 more: it ends")


def test_the_order_does_not_depend_on_that_of_finding() -> None:
    found = (SLOW, REFUSED, *CRASHES[:2])
    orders = {in_order(order) for order in permutations(found)}
    assert orders == {(REFUSED, *CRASHES[:2], SLOW)}


@pytest.mark.parametrize(
    ("since", "lasts"), [(None, True), (9, False), (10, True), (11, True), (-5, False)]
)
def test_lasts(since: float | None, lasts: bool) -> None:  # noqa: FBT001 - a column
    began = None if since is None else NOW - timedelta(seconds=since)
    assert Trouble(Kind.CRASH, "", "", since=began).lasts(NOW, 10) is lasts

"""docs/differences-from-metallb.md, the comparison with MetalLB and the rules agree."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

import pytest

from metallb_crds.backend import Backend
from metallb_webhooks.rules.registry import RULE_IDS
from support.parity.differences import DIFFERENCES, Difference, Disagreement, explain
from support.parity.examples import EXAMPLES
from support.parity.oracle import Answer
from support.parity.ours import Judgement
from support.parity.worlds import Case, World
from support.reviews import stored

PAGE: Final = Path(__file__).parents[2] / "docs" / "differences-from-metallb.md"
_ROW: Final = re.compile(r'^\| <a id="([^"]+)"></a>`([^`]+)` \|(.*)\|$', re.MULTILINE)
every_difference = pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda one: one.id)


def documented() -> Mapping[str, tuple[str, ...]]:
    """Return the rules that each row of the page names."""
    rows = {}
    for anchor, name, cells in _ROW.findall(PAGE.read_text()):
        assert anchor == name
        rows[name] = tuple(re.findall(r"`([^`]+)`", cells.split("|")[-1]))
    return rows


def test_every_difference_is_documented_and_no_other() -> None:
    assert documented() == {one.id: one.rules for one in DIFFERENCES}


def test_ids_are_there_once() -> None:
    assert len({one.id for one in DIFFERENCES}) == len(DIFFERENCES)


@every_difference
def test_rules_exist(difference: Difference) -> None:
    for pattern in difference.rules:
        assert any(fnmatchcase(rule, pattern) for rule in RULE_IDS), pattern


@every_difference
def test_examples_show_every_rule(difference: Difference) -> None:
    shown = {rule for example in EXAMPLES[difference.id] for rule in example.denied_by}
    assert bool(shown) == bool(difference.rules)
    for pattern in difference.rules:
        assert any(fnmatchcase(rule, pattern) for rule in shown), pattern


@every_difference
def test_a_row_is_complete(difference: Difference) -> None:
    (row,) = (cells for _, name, cells in _ROW.findall(PAGE.read_text()) if name == difference.id)
    *told, rules = (cell.strip() for cell in row.split("|"))
    assert len(told) == 3
    assert all(cell.endswith((".", ")")) for cell in told)
    assert bool(rules) == bool(difference.rules)


POOL: Final = stored("IPAddressPool", "p", addresses=["10.0.0.0/24"])
PEER: Final = stored("BGPPeer", "p", holdTime="90s", routerID="192.0.2.9")
WORLD: Final = World()
MAPPED: Final = stored("IPAddressPool", "old", addresses=["::ffff:10.0.0.0/120"])
FINE: Final = Answer(allowed=True)
NO: Final = Answer(allowed=False, code=403)


def disagreement(
    case: Case, *denying: str, world: World = WORLD, theirs: Answer = NO, rest: Answer = FINE
) -> Disagreement:
    """Return one in which we deny by these rules, or allow if there is none."""
    ours = Judgement(not denying, frozenset(denying), "", ())
    theirs = FINE if denying else theirs
    return Disagreement(Backend.FRR_K8S, world, case, theirs, ours, rest)


@pytest.mark.parametrize(
    ("found", "reasons"),
    [
        pytest.param(disagreement(Case(POOL), "pool-overlap"), (), id="a bug of a rule of both"),
        pytest.param(
            disagreement(Case(POOL), "pool-overlap", world=World((MAPPED,))),
            ("pool-mapped-overlap",),
            id="the same rule where it is meant to differ",
        ),
        pytest.param(
            disagreement(Case(POOL), "pool-overlap", "pool-aggregation"),
            (),
            id="one of two rules is not accounted for",
        ),
        pytest.param(disagreement(Case(PEER), "peer-hold-time"), (), id="a sound hold time"),
        pytest.param(disagreement(Case(PEER), "peer-router-id"), (), id="a sound router id"),
        pytest.param(disagreement(Case(PEER), "unreadable"), (), id="we cannot read it"),
        pytest.param(disagreement(Case(POOL)), (), id="we have no such rule"),
        pytest.param(
            disagreement(Case(POOL), rest=NO), ("stored-bad",), id="what is stored is bad"
        ),
        pytest.param(
            disagreement(Case(PEER, PEER), theirs=Answer(allowed=False, code=400)),
            ("old-unreadable",),
            id="the old object cannot be read",
        ),
        pytest.param(
            disagreement(Case(PEER), theirs=Answer(allowed=False, code=400)),
            (),
            id="the new object cannot be read",
        ),
    ],
)
def test_only_what_is_documented_is_explained(
    found: Disagreement, reasons: tuple[str, ...]
) -> None:
    assert explain(found) == reasons

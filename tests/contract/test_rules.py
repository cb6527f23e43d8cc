"""The rules, their reference, their tests and their frozen names agree."""

import re
from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from metallb_webhooks.rules.base import Rule
from metallb_webhooks.rules.docs import catalogue
from metallb_webhooks.rules.registry import RULE_IDS, RULES

ROOT: Final = Path(__file__).parents[2]
FROZEN: Final = ROOT / "tests" / "data" / "rule_ids.txt"
TESTS: Final = "".join(
    path.read_text()
    for path in (ROOT / "tests" / "unit" / "metallb_webhooks" / "rules").glob("test_*.py")
)
PREFIXES: Final = {
    "IPAddressPool": "pool",
    "L2Advertisement": "l2",
    "BGPAdvertisement": "bgp",
    "BGPPeer": "peer",
    "BFDProfile": "bfd",
    "Community": "community",
    "FRRConfiguration": "frr",
    "MetalLB": "metallb",
}
ALL: Final = [
    pytest.param(kind, rule, id=rule.id) for kind, rules in RULES.items() for rule in rules
]
every_rule = pytest.mark.parametrize(("kind", "rule"), ALL)


def test_the_reference_is_current() -> None:
    assert (ROOT / "docs" / "rules.md").read_text() == catalogue(RULES)


def test_ids_are_there_once() -> None:
    counted = Counter(rule.id for rules in RULES.values() for rule in rules)
    assert [name for name, times in counted.items() if times > 1] == []


def test_ids_are_for_ever() -> None:
    # Users name them in spec.admission.deny: none may go, and a new one is added to the file.
    assert FROZEN.read_text().split() == sorted(RULE_IDS)


@every_rule
def test_an_id_is_kebab_case_and_begins_with_its_kind(kind: str, rule: Rule) -> None:
    assert re.fullmatch(rf"{PREFIXES[kind]}(-[a-z0-9]+)+", rule.id)


@every_rule
def test_a_summary_is_one_sentence_without_its_full_stop(kind: str, rule: Rule) -> None:
    assert rule.summary == rule.summary.strip()
    assert rule.summary[-1] not in ".;:,!?"
    assert re.search(r"[.!?]\s", rule.summary) is None, kind


@every_rule
def test_a_test_names_the_rule(kind: str, rule: Rule) -> None:
    assert f'"{rule.id}"' in TESTS, kind

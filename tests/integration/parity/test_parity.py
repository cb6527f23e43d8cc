"""MetalLB's own webhook server beside ours: whatever it denies we deny, but for what is documented.

`make parity` does the same over many more reviews.
"""

import sys
from pathlib import Path
from typing import Final

import pytest

from metallb_crds.backend import Backend
from support.parity.comparison import BACKENDS, compare, compare_examples, every_cell
from support.parity.differences import shared_rules
from support.parity.examples import EXAMPLES

SEED: Final = 1
CASES: Final = 6000


async def test_there_is_no_unexplained_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tally = await compare(SEED, CASES, tmp_path)
    with capsys.disabled():
        sys.stdout.write(f"\nparity: {CASES} cases, {len(tally.unexplained)} unexplained\n")
    assert tally.unexplained == [], tally.report()
    assert tally.unwarned == []
    assert tally.cases.total() == CASES
    # Had we not the rule, or had MetalLB not been asked, it would have been noticed.
    assert set(every_cell()) <= tally.covered()
    assert shared_rules() <= tally.decisive.keys()


@pytest.mark.parametrize("backend", BACKENDS)
async def test_every_documented_difference_is_real(backend: Backend, tmp_path: Path) -> None:
    shown = [name for name, some in EXAMPLES.items() if any(e.backend is backend for e in some)]
    assert shown
    assert await compare_examples(backend, tmp_path) == []

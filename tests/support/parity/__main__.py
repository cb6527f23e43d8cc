"""`python -m support.parity [--seed N] [--cases N]`: exit 0 if there is no unexplained difference.

`make parity` runs it.
"""

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from random import SystemRandom
from typing import Annotated

import typer
from rich.console import Console

from support.parity.comparison import Tally, compare

DEFAULT_CASES = 30_000


def main(
    *,
    seed: Annotated[int | None, typer.Option(help="Repeats a run; random by default.")] = None,
    cases: Annotated[int, typer.Option(min=1, help="How many reviews.")] = DEFAULT_CASES,
) -> None:
    """Compare MetalLB's webhooks with ours over generated reviews."""
    chosen = SystemRandom().randrange(1_000_000) if seed is None else seed
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(f"MetalLB's webhook server beside ours: seed {chosen}, {cases} cases ...")
    started = time.monotonic()
    tally = _compare(chosen, cases)
    console.print(tally.report())
    console.print(f"seed {chosen}, {time.monotonic() - started:.0f} s")
    sys.exit(1 if tally.unexplained or tally.unwarned else 0)


def _compare(seed: int, cases: int) -> Tally:
    with tempfile.TemporaryDirectory(prefix="metallb-parity-") as folder:
        return asyncio.run(compare(seed, cases, Path(folder)))


if __name__ == "__main__":
    typer.run(main)

"""Everything that is generated here: written, or compared with what is committed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from metallb_crds import committed
from metallb_operator.packaging import bundle, install
from metallb_operator.packaging.examples import read_examples

ROOT: Final = Path(__file__).parents[3]
EXAMPLES: Final = ROOT / "docs" / "examples"


def files() -> Mapping[str, str]:
    """Return the text of every generated file by its path below the repository."""
    return {**install.files(), **bundle.files(read_examples(EXAMPLES))}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, or compare them with what is there; return 1 if they differ."""
    return committed.main(files(), ROOT, __doc__, arguments)

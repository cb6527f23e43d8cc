"""Rewrite, or check, everything that is generated and committed: `make generate`."""

import subprocess
import sys
from typing import Final

GENERATORS: Final = (
    "metallb_crds.generate",
    "metallb_crds.docs",
    "metallb_webhooks.rules.docs",
    "metallb_operator.chartdocs",
    "metallb_operator.packaging",
)


def main(mode: str) -> int:
    """Run every generator with `--write` or `--check`; return how many failed."""
    failed = 0
    for module in GENERATORS:
        done = subprocess.run([sys.executable, "-m", module, mode], check=False)
        failed += done.returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "--check"))

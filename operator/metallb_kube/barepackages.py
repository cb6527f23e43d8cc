"""Packages of others, entered without what they import themselves.

The `kubernetes` package imports everything it has, its synchronous client among it, as soon as
any of its modules is imported: 16 MiB in each process.
"""

import sys
from importlib.util import find_spec, module_from_spec


def enter(*packages: str) -> None:
    """Let modules of these packages be imported without running the packages' own code.

    Args:
        packages: names with dots; each parent comes before what is in it. Those that have been
            imported already stay as they are.

    Raises:
        ModuleNotFoundError: one is not installed.
    """
    for name in packages:
        if name not in sys.modules:
            spec = find_spec(name)
            if spec is None:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)
            sys.modules[name] = module_from_spec(spec)

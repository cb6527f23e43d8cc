"""What every process of ours does at its start: find its namespace, begin to log."""

import logging
from pathlib import Path
from typing import Final

_NAMESPACE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_FORMAT: Final = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


def own_namespace(mounted: Path = _NAMESPACE) -> str:
    """Return the namespace of the pod we run in, "" outside of one.

    Args:
        mounted: where Kubernetes mounts it, with the ServiceAccount's token.
    """
    return mounted.read_text().strip() if mounted.exists() else ""


def start_logging(*, verbose: bool) -> None:
    """Log to standard error from now on, a line an entry."""
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, format=_FORMAT)

"""What we use of the `kubernetes` package, imported so that it does not fail.

The package asks for the user's home directory while it is imported. A container's user often has
no entry in /etc/passwd, and HOME may be unset: then there is no answer, and the import fails
(`Path.home` raises RuntimeError).
"""

import importlib
import os
import tempfile
from pathlib import Path
from typing import Any

__all__ = [
    "ConfigException",
    "Configuration",
    "InClusterConfigLoader",
    "RESTClientObject",
    "ensure_home",
    "load_kube_config",
]


def ensure_home() -> None:
    """Set HOME to the directory for temporary files where there is no home directory."""
    try:
        Path.home()
    except RuntimeError:
        os.environ["HOME"] = tempfile.gettempdir()


ensure_home()

from kubernetes.aio.client import Configuration  # noqa: E402 - see above
from kubernetes.aio.client.rest import RESTClientObject  # noqa: E402 - see above
from kubernetes.aio.config.config_exception import ConfigException  # noqa: E402 - see above
from kubernetes.aio.config.incluster_config import InClusterConfigLoader  # noqa: E402 - see above


async def load_kube_config(**options: Any) -> None:  # noqa: ANN401 - as it takes them
    """Read a kubeconfig (`kubernetes.aio.config.load_kube_config`); nobody needs it in a pod."""
    kubeconfigs = importlib.import_module("kubernetes.aio.config.kube_config")
    await kubeconfigs.load_kube_config(**options)

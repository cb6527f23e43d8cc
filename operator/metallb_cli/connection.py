"""Reach the cluster that kubectl would reach."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from metallb_cli.clusterread import kubeconfig_of
from metallb_kube.client import KubeClient


def path_of(kubeconfig: Path | None) -> Path:
    """Return the kubeconfig to use: the one given, else kubectl's own."""
    return kubeconfig or kubeconfig_of(os.environ, Path.home())


@asynccontextmanager
async def connected(kubeconfig: Path | None, context: str | None) -> AsyncIterator[KubeClient]:
    """Open a client for the length of the block.

    Args:
        kubeconfig: where the cluster is; kubectl's own without it.
        context: of the kubeconfig; its current one without it.

    Raises:
        ConfigurationError: the kubeconfig cannot be read.
    """
    async with KubeClient.connect(path_of(kubeconfig), context) as client:
        yield client

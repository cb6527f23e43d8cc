"""The CRDs on the session's cluster, where they stay, and a namespace of these tests' own."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest

from cluster import Cluster
from metallb_kube.client import KubeClient

CRDS: Final = Path(__file__).parents[3] / "crds"
SPACE: Final = "crd-tests"


@pytest.fixture(scope="session")
def installed(cluster: Cluster) -> Iterator[Cluster]:
    cluster.kubectl("apply", "--server-side", "-f", str(CRDS))
    cluster.kubectl("wait", "--for=condition=Established", "-f", str(CRDS), "--timeout=30s")
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}}
    cluster.kubectl("create", "-f", "-", input=json.dumps(namespace))
    yield cluster
    cluster.kubectl("delete", "namespace", SPACE, "--wait=false")


@pytest.fixture
async def client(installed: Cluster) -> AsyncIterator[KubeClient]:
    async with KubeClient.connect(installed.kubeconfig) as connected:
        yield connected

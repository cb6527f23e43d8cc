"""A control plane of its own: here admission is broken, rotated and restarted on purpose."""

from collections.abc import AsyncIterator, Iterator

import pytest

from cluster import Cluster
from metallb_kube.client import KubeClient
from support.admitting import Admitting, admitting


@pytest.fixture(scope="session")
def admission(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Admitting]:
    with Cluster.start(nodes=1) as own, admitting(own, tmp_path_factory.mktemp("logs")) as made:
        yield made


@pytest.fixture
async def client(admission: Admitting) -> AsyncIterator[KubeClient]:
    """The administrator's client; leaves no configuration behind."""
    async with KubeClient.connect(admission.cluster.kubeconfig) as made:
        yield made
        await admission.clear(made)

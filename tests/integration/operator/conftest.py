"""A cluster of the operator's own: it acts upon one namespace, and tests here break things."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster import Cluster
from support.operating import Operating, install, operating


@pytest.fixture(scope="session")
def own_cluster() -> Iterator[Cluster]:
    with Cluster.start(nodes=3) as running:
        install(running)
        yield running


@pytest.fixture
def operator(own_cluster: Cluster, tmp_path: Path) -> Iterator[Operating]:
    with operating(own_cluster, tmp_path) as running:
        running.wait_ready()
        yield running
        running.delete()

"""A control plane with one node, where MetalLB's own programs run beside the operator."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cluster import Cluster
from support.namespaces import Places
from support.namespaces import places as made
from support.operating import Operating, install, operating


@pytest.fixture(scope="session")
def one_node() -> Iterator[Cluster]:
    with Cluster.start(nodes=1) as running:
        install(running)
        yield running


@pytest.fixture(scope="session")
def places(one_node: Cluster) -> Iterator[Places]:
    with made(urlsplit(one_node.plane.endpoint.url).port or 0) as found:
        yield found


@pytest.fixture
def operator(one_node: Cluster, tmp_path: Path) -> Iterator[Operating]:
    with operating(one_node, tmp_path) as running:
        running.wait_ready()
        yield running
        running.delete()

"""One control plane for the whole session; tests that break it start their own."""

from collections.abc import Iterator

import pytest

from cluster import Cluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with Cluster.start(nodes=3) as running:
        yield running

"""A cluster where both processes are installed; each test starts them in its own way."""

from collections.abc import Iterator

import pytest

from cluster import Cluster
from support.admitting import install_with_admission
from support.operating import install, metallb


@pytest.fixture(scope="session")
def installed() -> Iterator[Cluster]:
    with Cluster.start(nodes=1) as running:
        install(running)
        # One that is not served, and has a status all the same; admission would refuse it.
        running.apply(metallb("ignored"))
        install_with_admission(running)
        yield running

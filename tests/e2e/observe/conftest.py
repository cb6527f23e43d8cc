"""What observes from outside is tried on two namespaces, without a cluster."""

from collections.abc import Iterator

import pytest

from support import wires


@pytest.fixture
def wire() -> Iterator[wires.Wire]:
    with wires.wire() as made:
        yield made

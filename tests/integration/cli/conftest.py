"""A control plane with admission and some configuration: what the linter is compared with."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from cluster import Cluster
from support.admitting import Admitting, admitting
from support.operating import NAMESPACE

STORED: Final[tuple[dict[str, Any], ...]] = (
    {
        "apiVersion": "metallb.io/v1beta1",
        "kind": "IPAddressPool",
        "metadata": {"name": "stored", "namespace": NAMESPACE},
        "spec": {"addresses": ["10.0.0.0/24"]},
    },
    {
        "apiVersion": "metallb.io/v1beta2",
        "kind": "BGPPeer",
        "metadata": {"name": "stored", "namespace": NAMESPACE},
        "spec": {"myASN": 64500, "peerASN": 64501, "peerAddress": "192.0.2.1"},
    },
    {
        "apiVersion": "metallb.io/v1beta1",
        "kind": "BGPAdvertisement",
        "metadata": {"name": "stored", "namespace": NAMESPACE},
    },
)


@pytest.fixture(scope="session")
def admission(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Admitting]:
    with Cluster.start(nodes=1) as own, admitting(own, tmp_path_factory.mktemp("logs")) as made:
        for manifest in STORED:
            applied = made.try_apply(manifest)
            assert applied.returncode == 0, applied.stderr
        yield made

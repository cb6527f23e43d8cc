"""The key with which speakers hear each other, where MetalLB's manifests have installed some."""

import base64
from collections.abc import Iterator

import pytest

from support.operating import NAMESPACE, Operating
from support.waiting import wait_for

KEY = base64.b64encode(b"of the speakers that are there").decode()


@pytest.fixture
def inherited(operator: Operating) -> Iterator[Operating]:
    """A cluster where MetalLB's controller has made its Secret."""
    metadata = {"name": "memberlist", "namespace": NAMESPACE}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata}
    operator.cluster.apply({**secret, "data": {"secretkey": KEY}})
    yield operator
    operator.cluster.kubectl("delete", "secret", "memberlist", "-n", NAMESPACE)


def test_speakers_of_before_and_ours_share_the_key(inherited: Operating) -> None:
    inherited.create(bgpBackend="native")
    made = wait_for(
        "our Secret",
        lambda: (
            inherited.alive() and inherited.cluster.get("secret", "metallb-memberlist", NAMESPACE)
        ),
    )
    assert made["data"]["secretkey"] == KEY

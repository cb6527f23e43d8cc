"""The kubeconfig is the one that kubectl would use."""

from pathlib import Path

import pytest

from metallb_cli.clusterread import kubeconfig_of


@pytest.mark.parametrize(
    ("environment", "path"),
    [
        ({}, "/home/someone/.kube/config"),
        ({"KUBECONFIG": ""}, "/home/someone/.kube/config"),
        ({"KUBECONFIG": "/etc/other"}, "/etc/other"),
        ({"KUBECONFIG": "/a:/b"}, "/a:/b"),
    ],
)
def test_kubeconfig(environment: dict[str, str], path: str) -> None:
    assert kubeconfig_of(environment, Path("/home/someone")) == Path(path)

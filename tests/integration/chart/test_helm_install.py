"""The chart with helm and without the operator, on a real API server."""

import json
import subprocess
from collections.abc import Iterator
from typing import Any, Final

import pytest

from cluster import Cluster
from metallb_operator.chart import FOLDER
from support.rendering import BACKENDS

NAMESPACE: Final = "chart-alone"


@pytest.fixture(scope="module")
def namespace(cluster: Cluster) -> Iterator[str]:
    cluster.kubectl("create", "namespace", NAMESPACE)
    yield NAMESPACE
    helm(cluster, "uninstall", "metallb")


def helm(cluster: Cluster, *arguments: str) -> str:
    done = subprocess.run(
        [
            str(cluster.binaries.helm),
            *arguments,
            *("--namespace", NAMESPACE, "--kubeconfig", str(cluster.kubeconfig)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def secrets(cluster: Cluster) -> dict[str, Any]:
    names = ("metallb-memberlist", "frr-k8s-webhook-server-cert")
    found = cluster.kubectl("get", "secret", *names, "-n", NAMESPACE, "-o", "json")
    return {item["metadata"]["name"]: item["data"] for item in json.loads(found)["items"]}


def test_upgrade_keeps_the_secrets_that_the_installation_made(
    cluster: Cluster, namespace: str
) -> None:
    helm(cluster, "install", "metallb", str(FOLDER))
    made = secrets(cluster)
    assert set(made["frr-k8s-webhook-server-cert"]) == {"tls.crt", "tls.key"}
    helm(cluster, "upgrade", "metallb", str(FOLDER), "--set", "logLevel=debug")
    assert secrets(cluster) == made
    speaker = cluster.kubectl("get", "daemonset", "speaker", "-n", namespace, "-o", "json")
    (container,) = json.loads(speaker)["spec"]["template"]["spec"]["containers"]
    assert "--log-level=debug" in container["args"]


@pytest.mark.parametrize("backend", BACKENDS)
def test_api_server_knows_every_field_that_is_rendered(
    cluster: Cluster, namespace: str, backend: str
) -> None:
    given = ("--set", f"backend={backend}", "--set", "frrK8s.namespace=elsewhere")
    rendered = helm(cluster, "template", "metallb", str(FOLDER), *given)
    applied = cluster.kubectl(
        *("apply", "--server-side", "--dry-run=server", "--validate=strict"),
        *("--force-conflicts", "-n", namespace, "-f", "-"),
        input=rendered,
    )
    assert "daemonset.apps/speaker serverside-applied" in applied

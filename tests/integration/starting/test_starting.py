"""Both processes start where users run them, and do their work there."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Final

import pytest

from cluster import Cluster
from cluster.kubeconfig import Endpoint
from cluster.kubectl import KubectlError
from support.admitting import SERVICE, Replica
from support.api import write_kubeconfig
from support.asinpod import as_in_pod
from support.authorities import HOST, Signed, accepted, refused
from support.operating import NAMESPACE, Operating
from support.processes import free_port, operator_process, running, webhooks_process
from support.tlsfront import Front, fronting
from support.waiting import wait_for

ACCEPTED: Final = accepted()
PLAIN: Final = ACCEPTED["as openssl req -x509 makes it"]
NOBODY: Final = "http://127.0.0.1:1"
"""A proxy that would answer nothing."""

PROXIES: Final = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), NOBODY)
ENVIRONMENTS: Final[Mapping[str, Mapping[str, str]]] = {
    "no home": {},
    "a home that is not there": {"HOME": "/proc/nobody"},
    "a proxy": PROXIES,
    "a proxy for some": {**PROXIES, "NO_PROXY": "example.com"},
}
IGNORED: Final = "ignored"
NO_STATUS: Final = '{"status": null}'


@dataclass(frozen=True, slots=True)
class Started:
    """Both processes, on their way to an API server through a server with another certificate."""

    operator: Operating
    webhooks: Replica

    def wait_ready(self) -> None:
        """Wait until both do their work."""
        self.webhooks.wait_ready()
        self.operator.wait_ready()

    def waiting(self, for_what: str) -> bool:
        """Return whether both say at /readyz that they wait, and for what."""
        told = (self.operator.probe("/readyz"), self.webhooks.probe("/readyz"))
        return all(code == 503 and for_what in text for code, text in told)

    def logs(self) -> tuple[str, str]:
        """Return what both have logged."""
        return self.operator.process.log.read_text(), self.webhooks.process.log.read_text()


@contextmanager
def started(
    cluster: Cluster,
    port: int,
    signed: Signed,
    folder: Path,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Started]:
    """Start both as in pods; the API server is expected at a port of loopback."""
    (folder / "ca.crt").write_bytes(signed.trusted)
    endpoint = Endpoint(f"https://{HOST}:{port}", folder / "ca.crt")
    health, https = free_port(), free_port()
    operator = operator_process(
        _kubeconfig(cluster, endpoint, folder, "metallb-operator"),
        NAMESPACE,
        helm=cluster.binaries.helm,
        logs=folder,
        health_port=health,
        extra=("--health-host", HOST, "--identity", "test"),
    )
    webhooks = webhooks_process(
        _kubeconfig(cluster, endpoint, folder, SERVICE), NAMESPACE, port=https, logs=folder
    )
    own = Operating(cluster, as_in_pod(operator, environment), health)
    replica = Replica(as_in_pod(webhooks, environment), https)
    cluster.route_service(NAMESPACE, SERVICE, [f"{HOST}:{https}"])
    with running(own.process, replica.process):
        yield Started(own, replica)
        replica.process.kill()  # nobody is left for whom it would wait


def _kubeconfig(cluster: Cluster, endpoint: Endpoint, folder: Path, account: str) -> Path:
    made = cluster.kubectl("create", "token", account, "-n", NAMESPACE, "--duration=24h")
    path = folder / f"{account}.kubeconfig"
    return write_kubeconfig(path, endpoint.url, endpoint.authority, token=made.strip())


@contextmanager
def served(cluster: Cluster, signed: Signed, folder: Path, port: int) -> Iterator[Front]:
    with fronting(cluster.plane.endpoint, signed, folder, port) as front:
        yield front


def works(both: Started) -> None:
    """Have one object reported upon, and another one refused."""
    both.wait_ready()
    cluster, where = both.operator.cluster, ["metallb", IGNORED, "-n", NAMESPACE]
    cluster.kubectl("patch", *where, "--subresource=status", "--type=merge", "-p", NO_STATUS)
    wait_for("its status", lambda: both.operator.conditions(IGNORED))
    with pytest.raises(KubectlError, match="metallb-name"):
        both.operator.create("refused")


def test_an_object_is_acted_upon(installed: Cluster, tmp_path: Path) -> None:
    port, signed = free_port(), ACCEPTED["no extensions"]
    with (
        served(installed, signed, tmp_path, port),
        started(installed, port, signed, tmp_path) as both,
    ):
        both.wait_ready()
        both.operator.create(bgpBackend="native")
        both.operator.wait_condition("Progressing", "False")
        both.operator.delete()


@pytest.mark.parametrize(
    ("which", "environment"), tuple(zip(ACCEPTED, cycle(ENVIRONMENTS), strict=False))
)
def test_whatever_signs_and_whatever_is_in_the_environment(
    which: str, environment: str, installed: Cluster, tmp_path: Path
) -> None:
    """As strict as Python 3.13, with no name for the user."""
    port, signed = free_port(), ACCEPTED[which]
    with (
        served(installed, signed, tmp_path, port),
        started(installed, port, signed, tmp_path, ENVIRONMENTS[environment]) as both,
    ):
        works(both)


def test_an_api_server_that_starts_slowly_is_waited_for(installed: Cluster, tmp_path: Path) -> None:
    port = free_port()
    with started(installed, port, PLAIN, tmp_path) as both:
        wait_for("refused", lambda: both.waiting("Connection refused"))
        with served(installed, PLAIN, tmp_path, port) as front:
            front.state = "silent"
            wait_for("no TLS", lambda: both.waiting("no answer in time"), seconds=40)
            front.state = "starting"
            wait_for("starting", lambda: both.waiting("503: the server is starting"), seconds=40)
            front.state = "serving"
            works(both)
            for log in both.logs():
                lines = [line for line in log.splitlines() if "waiting for the API server" in line]
                assert "Connection refused" in lines[0]
                assert len(lines) <= 2, log
                assert "Traceback" not in log


def test_a_certificate_that_is_not_trusted_is_named_and_waited_for(
    installed: Cluster, tmp_path: Path
) -> None:
    signed, why = refused()["a stranger signs"]
    port = free_port()
    with started(installed, port, signed, tmp_path) as both:
        with served(installed, signed, tmp_path, port):
            wait_for("the cause", lambda: both.waiting(f"is not trusted: {why}"))
        (tmp_path / "ca.crt").write_bytes(PLAIN.trusted)
        with served(installed, PLAIN, tmp_path, port):
            works(both)

"""The servers that are compared, as processes over one API server."""

import ssl
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import aiohttp

from cluster import Cluster
from cluster.binaries import binary
from cluster.pki import Authority
from metallb_webhooks.settings import SERVICE
from support.parity.oracle import PORT
from support.processes import Process, free_port, webhooks_process
from support.samples import NAMESPACE

POD: Final = "metallb-webhook"
METALLB: Final = "MetalLB"
OURS: Final = "ours"
FOLLOWER: Final = "ours, other replica"


@dataclass(frozen=True, slots=True)
class Server:
    """One webhook server.

    Attributes:
        port: where it listens on loopback.
        ready_path: what answers 200 once it is of use.
        authority: PEM file of who signed its certificate.
        ahead: another replica, which is started first, so that it is the one that decides.
    """

    name: str
    process: Process
    port: int
    ready_path: str
    authority: Path
    ahead: Process | None = None

    @property
    def url(self) -> str:
        """Where reviews are posted, without path."""
        return f"https://localhost:{self.port}"

    def session(self, clients: int) -> aiohttp.ClientSession:
        """Open so many connections, which are kept, as an API server does."""
        tls = ssl.create_default_context(cafile=str(self.authority))
        connector = aiohttp.TCPConnector(ssl=tls, limit=clients)
        timeout = aiohttp.ClientTimeout(total=300)
        return aiohttp.ClientSession(self.url, connector=connector, timeout=timeout)


def servers(cluster: Cluster, folder: Path) -> tuple[Server, ...]:
    """Describe the three servers; none is started.

    Args:
        cluster: with the install manifest's accounts, and the Pod `POD`.
        folder: for certificates and logs.
    """
    return (
        _metallb(cluster, folder / "metallb"),
        _ours(cluster, folder / "leader", OURS),
        replace(
            _ours(cluster, folder / "follower", FOLLOWER),
            ahead=_ours(cluster, folder / "ahead", OURS).process,
        ),
    )


def _ours(cluster: Cluster, folder: Path, name: str) -> Server:
    authority = _certificate(folder, folder)
    port = free_port()
    process = webhooks_process(
        cluster.service_account_kubeconfig(NAMESPACE, SERVICE),
        NAMESPACE,
        port=port,
        logs=folder,
        extra=("--tls-dir", str(folder), "--bgp-backend", "frr"),
    )
    return Server(name, process, port, "/readyz", authority)


def _metallb(cluster: Cluster, folder: Path) -> Server:
    """Describe MetalLB's; it reads its certificate from below TMPDIR, and its port is fixed."""
    authority = _certificate(folder, folder / "k8s-webhook-server" / "serving-certs")
    process = Process(
        name="metallb-controller",
        command=(
            str(binary("metallb-controller")),
            "--webhook-mode=onlywebhook",
            "--disable-cert-rotation",
            f"--namespace={NAMESPACE}",
            f"--pod-name={POD}",
            f"--port={free_port()}",
            f"--health-probe-port={free_port()}",
            f"--kubeconfig={cluster.kubeconfig}",
            "--log-level=error",
        ),
        log=folder / "log",
        environment={
            "METALLB_BGP_TYPE": "frr",
            "METALLB_ML_SECRET_NAME": "",
            "TMPDIR": str(folder),
        },
    )
    return Server(METALLB, process, PORT, "/", authority)


def _certificate(folder: Path, where: Path) -> Path:
    authority = Authority.create(folder / "pki")
    pair = authority.issue("serving", "localhost")
    where.mkdir(parents=True, exist_ok=True)
    (where / "tls.crt").write_bytes(pair.certificate.read_bytes())
    (where / "tls.key").write_bytes(pair.key.read_bytes())
    return authority.pair.certificate

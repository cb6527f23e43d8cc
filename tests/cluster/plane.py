"""The command lines of the control plane: TLS everywhere, RBAC on, loopback only."""

import json
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cluster.binaries import Binaries
from cluster.components import Component
from cluster.kubeconfig import Endpoint, for_webhooks, with_certificate
from cluster.pki import Authority, Pair, signing_key

HOST: Final = "127.0.0.1"
SERVICE_RANGE: Final = "10.96.0.0/16"
NODE_RANGE: Final = "10.244.0.0/16"

_AUDIT_POLICY: Final = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}


@dataclass(frozen=True, slots=True)
class Ranges:
    """Address ranges of a cluster, in CIDR notation; two with a comma for dual stack."""

    services: str = SERVICE_RANGE
    pods: str = NODE_RANGE


@dataclass(frozen=True, slots=True)
class Plane:
    """Everything that runs, in the order of starting, and how to reach it.

    Attributes:
        webhook_clients: the authority of the certificate that the API server shows to webhooks.
    """

    components: Mapping[str, Component]
    admin: Path
    endpoint: Endpoint
    routes: Path
    audit: Path
    webhook_clients: Path


def free_port() -> int:
    """Return a TCP port on loopback that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def plane(folder: Path, binaries: Binaries) -> Plane:
    """Write keys and configuration below a folder, and describe what is to run."""
    authority = Authority.create(folder / "pki")
    endpoint = Endpoint(f"https://{HOST}:{free_port()}", authority.pair.certificate)
    admin = with_certificate(
        endpoint,
        folder / "admin.kubeconfig",
        authority.issue("admin", "admin", organizations=["system:masters"]),
    )
    tokens = signing_key(authority.folder)
    webhook_clients = Authority.create(folder / "webhook-clients")
    etcd_port = free_port()
    commands = {
        "etcd": etcd_arguments(folder, authority, etcd_port),
        "egress": _egress(folder),
        "kube-apiserver": [
            *_apiserver(folder, authority, tokens, endpoint, etcd_port),
            f"--admission-control-config-file={_admission(folder, webhook_clients)}",
        ],
        "kube-controller-manager": controller_manager_arguments(
            folder, authority, tokens, endpoint
        ),
        "kube-scheduler": scheduler_arguments(folder, authority, endpoint),
        "kwok": _kwok(admin),
    }
    logs = folder / "logs"
    logs.mkdir()
    components = {
        name: Component(name, _command(name, arguments, binaries), logs / f"{name}.log")
        for name, arguments in commands.items()
    }
    return Plane(
        components,
        admin,
        endpoint,
        folder / "routes.json",
        folder / "audit.log",
        webhook_clients.pair.certificate,
    )


def _command(name: str, arguments: list[str], binaries: Binaries) -> tuple[str, ...]:
    if name == "egress":
        return (sys.executable, *arguments)
    return (str(binaries[name]), *arguments)


def etcd_arguments(folder: Path, authority: Authority, port: int) -> list[str]:
    """Return the arguments of an etcd of one member that listens on loopback."""
    server = authority.issue("etcd", "etcd")
    peer_port = free_port()
    return [
        f"--data-dir={folder / 'etcd'}",
        # Tests store objects of a megabyte by the hundred, and every version counts until the
        # API server compacts.
        f"--quota-backend-bytes={8 << 30}",
        f"--listen-client-urls=https://{HOST}:{port}",
        f"--advertise-client-urls=https://{HOST}:{port}",
        f"--listen-peer-urls=https://{HOST}:{peer_port}",
        f"--initial-advertise-peer-urls=https://{HOST}:{peer_port}",
        f"--initial-cluster=default=https://{HOST}:{peer_port}",
        f"--cert-file={server.certificate}",
        f"--key-file={server.key}",
        f"--peer-cert-file={server.certificate}",
        f"--peer-key-file={server.key}",
        f"--trusted-ca-file={authority.pair.certificate}",
        f"--peer-trusted-ca-file={authority.pair.certificate}",
        "--client-cert-auth",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def _egress(folder: Path) -> list[str]:
    script = Path(__file__).parent / "egress.py"
    return [
        *("-I", str(script)),
        f"--socket={folder / 'egress.sock'}",
        f"--routes={folder / 'routes.json'}",
    ]


def _apiserver(
    folder: Path, authority: Authority, tokens: Pair, endpoint: Endpoint, etcd_port: int
) -> list[str]:
    hosts = ("localhost", HOST, "10.96.0.1", "kubernetes.default.svc")
    server = authority.issue("kube-apiserver", "kube-apiserver", hosts=hosts)
    client = authority.issue("kube-apiserver-etcd", "kube-apiserver")
    return [
        f"--etcd-servers=https://{HOST}:{etcd_port}",
        f"--etcd-cafile={authority.pair.certificate}",
        f"--etcd-certfile={client.certificate}",
        f"--etcd-keyfile={client.key}",
        f"--bind-address={HOST}",
        f"--advertise-address={HOST}",
        f"--secure-port={endpoint.url.rpartition(':')[2]}",
        f"--tls-cert-file={server.certificate}",
        f"--tls-private-key-file={server.key}",
        f"--client-ca-file={authority.pair.certificate}",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={tokens.certificate}",
        f"--service-account-signing-key-file={tokens.key}",
        "--authorization-mode=Node,RBAC",
        "--allow-privileged=true",
        "--endpoint-reconciler-type=none",
        f"--egress-selector-config-file={_written(folder / 'egress.json', _selector(folder))}",
        f"--audit-policy-file={_written(folder / 'audit-policy.json', _AUDIT_POLICY)}",
        f"--audit-log-path={folder / 'audit.log'}",
        # Never rotated: who reads it goes by positions.
        "--audit-log-maxsize=8192",
        f"--cert-dir={folder / 'apiserver'}",
    ]


def _admission(folder: Path, clients: Authority) -> Path:
    """Have the API server show a certificate to webhooks that ask for one."""
    kubeconfig = for_webhooks(
        folder / "webhooks.kubeconfig", clients.issue("kube-apiserver", "kube-apiserver")
    )
    plugin = {
        "name": "ValidatingAdmissionWebhook",
        "configuration": {
            "apiVersion": "apiserver.config.k8s.io/v1",
            "kind": "WebhookAdmissionConfiguration",
            "kubeConfigFile": str(kubeconfig),
        },
    }
    configuration = {
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AdmissionConfiguration",
        "plugins": [plugin],
    }
    return _written(folder / "admission.json", configuration)


def _selector(folder: Path) -> dict[str, Any]:
    transport = {"uds": {"udsName": str(folder / "egress.sock")}}
    connection = {"proxyProtocol": "HTTPConnect", "transport": transport}
    return {
        "apiVersion": "apiserver.k8s.io/v1beta1",
        "kind": "EgressSelectorConfiguration",
        "egressSelections": [{"name": "cluster", "connection": connection}],
    }


def controller_manager_arguments(
    folder: Path,
    authority: Authority,
    tokens: Pair,
    endpoint: Endpoint,
    ranges: Ranges = Ranges(),
) -> list[str]:
    """Return the arguments of kube-controller-manager; its kubeconfig is written."""
    name = "kube-controller-manager"
    kubeconfig = _component_kubeconfig(folder, authority, endpoint, name)
    return [
        f"--kubeconfig={kubeconfig}",
        f"--root-ca-file={authority.pair.certificate}",
        f"--service-account-private-key-file={tokens.key}",
        "--use-service-account-credentials=true",
        "--allocate-node-cidrs=true",
        f"--cluster-cidr={ranges.pods}",
        f"--service-cluster-ip-range={ranges.services}",
        "--leader-elect=false",
        "--secure-port=0",
        # A thousand simulated nodes shall not take minutes.
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
        "--concurrent-daemonset-syncs=10",
    ]


def scheduler_arguments(folder: Path, authority: Authority, endpoint: Endpoint) -> list[str]:
    """Return the arguments of kube-scheduler; its kubeconfig is written."""
    kubeconfig = _component_kubeconfig(folder, authority, endpoint, "kube-scheduler")
    return [
        f"--kubeconfig={kubeconfig}",
        "--leader-elect=false",
        "--secure-port=0",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
    ]


def _component_kubeconfig(
    folder: Path, authority: Authority, endpoint: Endpoint, name: str
) -> Path:
    pair = authority.issue(name, f"system:{name}")
    return with_certificate(endpoint, folder / f"{name}.kubeconfig", pair)


def _kwok(admin: Path) -> list[str]:
    return [
        f"--kubeconfig={admin}",
        f"--config={Path(__file__).parent / 'kwok.yaml'}",
        "--manage-all-nodes=true",
        f"--cidr={NODE_RANGE}",
        "--node-ip=192.0.2.1",
        "--node-lease-duration-seconds=40",
    ]


def _written(path: Path, content: Mapping[str, Any]) -> Path:
    path.write_text(json.dumps(content))
    return path

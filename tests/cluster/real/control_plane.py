"""etcd, API server, controllers and scheduler on a machine of their own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cluster.binaries import binary
from cluster.kubeconfig import Endpoint, with_certificate
from cluster.pki import Authority, Pair, signing_key
from cluster.plane import (
    controller_manager_arguments,
    etcd_arguments,
    scheduler_arguments,
)
from cluster.real.addresses import API_SERVICE, CONTROL_PLANE, RANGES
from cluster.real.machine import Machine

PORT: Final = 6443
_ETCD_PORT: Final = 2379


@dataclass(frozen=True, slots=True)
class Secrets:
    """Keys and certificates of a cluster.

    Attributes:
        admin: kubeconfig of the administrator.
    """

    folder: Path
    authority: Authority
    tokens: Pair
    endpoint: Endpoint
    admin: Path

    @classmethod
    def create(cls, folder: Path) -> "Secrets":
        """Write new ones below a folder."""
        authority = Authority.create(folder / "pki")
        endpoint = Endpoint(f"https://{CONTROL_PLANE.ipv4}:{PORT}", authority.pair.certificate)
        admin = with_certificate(
            endpoint,
            folder / "admin.kubeconfig",
            authority.issue("admin", "admin", organizations=["system:masters"]),
        )
        return cls(folder, authority, signing_key(authority.folder), endpoint, admin)


def start_apiserver(machine: Machine, secrets: Secrets) -> None:
    """Start etcd and the API server, which serves some seconds later."""
    etcd = etcd_arguments(secrets.folder, secrets.authority, _ETCD_PORT)
    machine.start("etcd", str(binary("etcd")), *etcd)
    machine.start("kube-apiserver", str(binary("kube-apiserver")), *_apiserver(secrets))


def start_controllers(machine: Machine, secrets: Secrets) -> None:
    """Start controllers and scheduler; they end when the API server is not healthy within 10 s."""
    folder, authority = secrets.folder, secrets.authority
    controllers = controller_manager_arguments(
        folder, authority, secrets.tokens, secrets.endpoint, RANGES
    )
    scheduler = scheduler_arguments(folder, authority, secrets.endpoint)
    machine.start(
        "kube-controller-manager",
        str(binary("kube-controller-manager")),
        *(one for one in controllers if not one.startswith("--allocate-node-cidrs")),
        "--allocate-node-cidrs=false",
    )
    machine.start("kube-scheduler", str(binary("kube-scheduler")), *scheduler)


def _apiserver(secrets: Secrets) -> list[str]:
    authority = secrets.authority
    hosts = ("localhost", "127.0.0.1", CONTROL_PLANE.ipv4, CONTROL_PLANE.ipv6, API_SERVICE)
    server = authority.issue("kube-apiserver", "kube-apiserver", hosts=hosts)
    etcd = authority.issue("kube-apiserver-etcd", "kube-apiserver")
    kubelet = authority.issue(
        "kube-apiserver-kubelet", "kube-apiserver", organizations=["system:masters"]
    )
    return [
        f"--etcd-servers=https://127.0.0.1:{_ETCD_PORT}",
        f"--etcd-cafile={authority.pair.certificate}",
        f"--etcd-certfile={etcd.certificate}",
        f"--etcd-keyfile={etcd.key}",
        f"--advertise-address={CONTROL_PLANE.ipv4}",
        f"--secure-port={PORT}",
        f"--tls-cert-file={server.certificate}",
        f"--tls-private-key-file={server.key}",
        f"--client-ca-file={authority.pair.certificate}",
        f"--kubelet-client-certificate={kubelet.certificate}",
        f"--kubelet-client-key={kubelet.key}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-cluster-ip-range={RANGES.services}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={secrets.tokens.certificate}",
        f"--service-account-signing-key-file={secrets.tokens.key}",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        f"--cert-dir={secrets.folder / 'apiserver'}",
    ]

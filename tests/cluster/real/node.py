"""A node: containerd, kubelet and kube-proxy on a machine."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from cluster.binaries import binary
from cluster.kubeconfig import with_certificate
from cluster.real.addresses import RANGES, Host
from cluster.real.control_plane import Secrets
from cluster.real.machine import Machine

PAUSE_IMAGE: Final = "example.test/workload:1"
SOCKET: Final = "/run/containerd/containerd.sock"
_AGAIN: Final = 'until "$@"; do sleep 1; done'
"""As systemd does on nodes: a kubelet ends if it comes before containerd has read what it had."""
_CNI_BINARIES: Final = "/usr/lib/cni"
_DISK_SIGNALS: Final = ("nodefs.available", "imagefs.available", "nodefs.inodesFree")


def start_runtime(machine: Machine) -> None:
    """Start containerd, whose images and containers stay on the machine's disk."""
    disk = machine.folder / "disk"
    configuration = disk / "containerd.toml"
    configuration.write_text(_containerd(disk))
    machine.start("containerd", "/usr/bin/containerd", "--config", str(configuration))


def runtime_answers(machine: Machine) -> bool:
    """Return whether containerd answers."""
    return not machine.try_run("ctr", "-a", SOCKET, "version").returncode


def import_image(machine: Machine, archive: Path) -> None:
    """Give containerd an image.

    Raises:
        MachineError: it does not take it.
    """
    machine.run(
        *("ctr", "-a", SOCKET, "-n", "k8s.io", "images", "import", str(archive)), seconds=600
    )


def start_kubelet(machine: Machine, host: Host, secrets: Secrets, cgroup: str) -> None:
    """Start kubelet and kube-proxy; the node registers itself."""
    disk = machine.folder / "disk"
    _write(disk / "cni" / "10-bridge.conflist", _network(host, disk))
    kubelet = _write(disk / "kubelet.json", _kubelet(secrets, cgroup, disk))
    (disk / "resolv.conf").write_text("nameserver 192.0.2.1\n")
    pair = secrets.authority.issue(
        f"kubelet-{host.name}", f"system:node:{host.name}", organizations=["system:nodes"]
    )
    account = with_certificate(secrets.endpoint, disk / "kubelet.kubeconfig", pair)
    machine.start(
        "kubelet",
        *("/bin/sh", "-c", _AGAIN, "kubelet"),
        str(binary("kubelet")),
        f"--config={kubelet}",
        f"--kubeconfig={account}",
        f"--hostname-override={host.name}",
        f"--node-ip={host.ipv4},{host.ipv6}",
        f"--cert-dir={disk / 'kubelet-certificates'}",
    )
    start_proxy(machine, host.name, secrets)


def start_proxy(machine: Machine, node: str, secrets: Secrets, mode: str = "nftables") -> None:
    """Start kube-proxy, also where no kubelet runs: the API server calls Services."""
    disk = machine.folder / "disk"
    pair = secrets.authority.issue(f"kube-proxy-{machine.name}", "system:kube-proxy")
    account = with_certificate(secrets.endpoint, disk / "kube-proxy.kubeconfig", pair)
    configuration = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": mode,
        "clientConnection": {"kubeconfig": str(account)},
        "clusterCIDR": RANGES.pods,
        # This kernel's own limits are not ours to set from inside a network namespace.
        "conntrack": {"maxPerCore": 0, "min": None},
        "hostnameOverride": node,
        "nodePortAddresses": ["primary"],
        "oomScoreAdj": 0,
    }
    path = _write(disk / "kube-proxy.json", configuration)
    machine.start("kube-proxy", str(binary("kube-proxy")), f"--config={path}")


def _containerd(disk: Path) -> str:
    return f"""version = 2
root = "{disk / "containerd"}"
state = "/run/containerd"

[grpc]
  address = "{SOCKET}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  # Without CAP_SYS_RESOURCE no process may lower its score.
  restrict_oom_score_adj = true
  disable_apparmor = true

  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{_CNI_BINARIES}"
    conf_dir = "{disk / "cni"}"
"""


def _kubelet(secrets: Secrets, cgroup: str, disk: Path) -> Mapping[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(secrets.authority.pair.certificate)},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroup}",
        "enforceNodeAllocatable": [],
        "failSwapOn": False,
        "failCgroupV1": False,
        "containerRuntimeEndpoint": f"unix://{SOCKET}",
        "resolvConf": str(disk / "resolv.conf"),
        "clusterDomain": "cluster.local",
        # Nobody answers there; without it every pod is warned about.
        "clusterDNS": ["10.96.0.10"],
        # The disk is shared with everything else on this machine.
        "evictionHard": dict.fromkeys(_DISK_SIGNALS, "0%"),
        "imageGCHighThresholdPercent": 100,
        "maxPods": 60,
    }


def _network(host: Host, disk: Path) -> Mapping[str, Any]:
    return {
        "cniVersion": "1.0.0",
        "name": "pods",
        "plugins": [
            {
                "type": "bridge",
                "bridge": "cni0",
                "isGateway": True,
                "hairpinMode": True,
                "ipam": {
                    "type": "host-local",
                    "dataDir": str(disk / "addresses-of-pods"),
                    "ranges": [[{"subnet": subnet}] for subnet in host.pods],
                    "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


def _write(path: Path, content: Mapping[str, Any]) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))
    return path

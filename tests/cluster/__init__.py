"""A real Kubernetes control plane on loopback: etcd, API server, controllers, simulated nodes."""

from cluster.binaries import Binaries, BuildError, build_all
from cluster.core import Cluster, ClusterError
from cluster.kubectl import KubectlError

__all__ = ["Binaries", "BuildError", "Cluster", "ClusterError", "KubectlError", "build_all"]

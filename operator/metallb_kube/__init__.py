"""The Kubernetes API: identities, ordering, errors and the one client. Knows nothing of MetalLB."""

from metallb_kube.barepackages import enter

# Before anything imports it: kopf does, too.
enter("kubernetes", "kubernetes.aio", "kubernetes.aio.config")

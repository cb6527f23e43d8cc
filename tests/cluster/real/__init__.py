"""A real Kubernetes on this machine: nodes, control plane and routers as sets of namespaces.

Nothing here knows MetalLB or the operator. Linux, root and the Debian packages of `packages` are
needed; everything else is built from Go modules.
"""

"""The one MetalLB object that counts, and the BGP backend that follows from it. Pure."""

from typing import Final

from metallb_crds.backend import DEFAULT_BACKEND, Backend, backend_of
from metallb_crds.operator_v1beta1 import MetalLB

METALLB: Final = "metallb"
"""The name of the one MetalLB object that counts."""


def counts(metallb: MetalLB, namespace: str) -> bool:
    """Tell whether a MetalLB object is the one that is acted upon in the operator's namespace."""
    return metallb.metadata.name == METALLB and metallb.metadata.namespace == namespace


def frr_k8s_namespace(metallb: MetalLB | None, backend: Backend, namespace: str) -> str:
    """Return the only namespace whose FRRConfigurations frr-k8s reads: the one that it runs in.

    Source: frr-k8s 0.0.21 to 0.0.26, cmd/frr-k8s-controller (namespaceSelector).

    Args:
        metallb: the object that counts, if there is one.
        backend: in effect.
        namespace: MetalLB's.
    """
    config = metallb.spec.frrk8s_config if metallb else None
    elsewhere = config.namespace if config and backend is Backend.FRR_K8S_EXTERNAL else ""
    return elsewhere or namespace


def backend_in_effect(metallb: MetalLB | None) -> Backend:
    """Return who speaks BGP: whom the object names, else who runs already, else the default.

    An installation that was taken over without naming a backend keeps the one that it had, which
    only the status tells.
    """
    if metallb is None:
        return DEFAULT_BACKEND
    chosen = metallb.spec.bgp_backend or metallb.status.backend
    return backend_of(chosen) or DEFAULT_BACKEND

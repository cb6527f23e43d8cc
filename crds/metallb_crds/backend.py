"""The BGP backends of MetalLB, and which one runs when nobody chose."""

from enum import StrEnum
from typing import Final


class Backend(StrEnum):
    """Who speaks BGP (MetalLB: METALLB_BGP_TYPE)."""

    NATIVE = "native"
    FRR = "frr"
    FRR_K8S = "frr-k8s"
    FRR_K8S_EXTERNAL = "frr-k8s-external"

    @property
    def uses_frr(self) -> bool:
        """Whether FRR speaks BGP, in whichever pod."""
        return self is not Backend.NATIVE


DEFAULT_BACKEND: Final = Backend.FRR_K8S
"""MetalLB's own default since 0.16."""


def backend_of(text: str | None) -> Backend | None:
    """Return the backend of that name; the default for None or "", None for an unknown name."""
    if not text:
        return DEFAULT_BACKEND
    return Backend(text) if text in set(Backend) else None

"""The MetalLB releases that can be run: a row each, with everything that differs. Pure.

Source: MetalLB's release notes and charts of each release.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from metallb_operator.digests import pinned
from metallb_operator.errors import UnsupportedReleaseError


@dataclass(frozen=True, slots=True)
class Ports:
    """TCP ports; on every node where the pod uses the host's network."""

    metrics: int
    health: int
    frr_metrics: int
    frr_k8s_metrics: int
    frr_k8s_frr_metrics: int
    frr_k8s_health: int
    status_cleaner: int


@dataclass(frozen=True, slots=True)
class Release:
    """One MetalLB release.

    Attributes:
        images: by role: controller, speaker, frr (beside speakers), frr-k8s, frr-k8s-frr.
        legacy: before 0.16: metrics over plain HTTP, health asked at the same port, no TLS,
            fewer flags.
        first_kubernetes_without: the first minor version of Kubernetes 1 that refuses its
            objects; None if none is known.
    """

    version: str
    images: Mapping[str, str]
    ports: Ports
    legacy: bool = False
    first_kubernetes_without: int | None = None

    @property
    def order(self) -> tuple[int, ...]:
        """What to compare releases by."""
        return tuple(int(part) for part in self.version.split("."))


def _images(metallb: str, frr: str, frr_k8s: str, frr_k8s_frr: str) -> Mapping[str, str]:
    named = {
        "controller": f"quay.io/metallb/controller:v{metallb}",
        "speaker": f"quay.io/metallb/speaker:v{metallb}",
        "frr": f"quay.io/frrouting/frr:{frr}",
        "frr-k8s": f"quay.io/metallb/frr-k8s:v{frr_k8s}",
        "frr-k8s-frr": f"quay.io/frrouting/frr:{frr_k8s_frr}",
    }
    return {role: pinned(image) for role, image in named.items()}


RELEASES: Final[tuple[Release, ...]] = (
    Release(
        version="0.15.3",
        images=_images("0.15.3", frr="10.4.1", frr_k8s="0.0.21", frr_k8s_frr="10.4.1"),
        ports=Ports(
            metrics=7472,
            health=7472,
            frr_metrics=7473,
            frr_k8s_metrics=7572,
            frr_k8s_frr_metrics=7573,
            frr_k8s_health=7572,
            status_cleaner=19443,
        ),
        legacy=True,
        # Its CRDs hold int32 fields with a larger maximum, which 1.36 refuses.
        first_kubernetes_without=36,
    ),
    Release(
        version="0.16.1",
        images=_images("0.16.1", frr="10.5.3", frr_k8s="0.0.25", frr_k8s_frr="10.4.3"),
        ports=Ports(
            metrics=9120,
            health=17472,
            frr_metrics=9121,
            frr_k8s_metrics=9140,
            frr_k8s_frr_metrics=9141,
            frr_k8s_health=7572,
            status_cleaner=19443,
        ),
    ),
)
"""Oldest first."""

DEFAULT_RELEASE: Final = RELEASES[-1]


def release_for(version: str) -> Release:
    """Return the release of that version, with or without a leading v; the default for "".

    Raises:
        UnsupportedReleaseError: it cannot be run.
    """
    if not version:
        return DEFAULT_RELEASE
    for release in RELEASES:
        if release.version == version.removeprefix("v"):
            return release
    known = ", ".join(release.version for release in RELEASES)
    raise UnsupportedReleaseError(f"spec.version: {version!r} cannot be run; use one of {known}")

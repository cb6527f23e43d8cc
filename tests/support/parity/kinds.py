"""What MetalLB's webhook server reviews, and when it is asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from metallb_kube.resources import resource_for
from metallb_webhooks.paths import path_of

_V1BETA1: Final = "metallb.io/v1beta1"
_V1BETA2: Final = "metallb.io/v1beta2"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind as MetalLB registers it for review.

    Attributes:
        operations: that are reviewed.
    """

    name: str
    api_version: str
    operations: tuple[str, ...] = ("CREATE", "UPDATE")

    @property
    def plural(self) -> str:
        """How the kind is called in paths."""
        return resource_for(self.api_version, self.name).plural

    @property
    def path(self) -> str:
        """Where MetalLB reviews it, and we do."""
        return path_of(self.api_version, self.name)


KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind("IPAddressPool", _V1BETA1),
        Kind("BGPPeer", _V1BETA2),
        Kind("BGPAdvertisement", _V1BETA1),
        Kind("L2Advertisement", _V1BETA1),
        Kind("BFDProfile", _V1BETA1, ("CREATE", "DELETE")),
        Kind("Community", _V1BETA1),
    )
}

"""Which kinds are followed, where, and what is kept of an object. Pure.

Permissions of whoever follows them are `get`, `list` and `watch` on each row: in MetalLB's
namespace only, unless the row says everywhere, or the namespace of frr-k8s, which may be any.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from metallb_webhooks.index import Key, Object
from metallb_webhooks.reading import (
    essence,
    frr_configuration,
    namespace_info,
    node_info,
    read,
    secret_info,
    service_info,
)

_CONFIG: Final = "metallb.io/v1beta1"
_FRR_K8S: Final = "frrk8s.metallb.io/v1beta1"

_WIDE: Final = frozenset({"FRRConfiguration", "MetalLB", "Service"})
"""Kinds whose objects are told apart by namespace, too; as `index.key_of` has it."""


def _whole(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    return manifest


@dataclass(frozen=True, slots=True)
class Followed:
    """One kind that the rules look at.

    Attributes:
        decode: from a manifest to what is kept, None for an object that is not; raises
            UnreadableError.
        keep: what is held of an object until the whole list is read.
        everywhere: in all namespaces, or in none; otherwise in MetalLB's only.
        with_frr_k8s: in the namespace of frr-k8s, which reads no other.
        field_selector: leaves out what nobody looks at.
        may_be_absent: its CRD need not be installed.
    """

    api_version: str
    kind: str
    decode: Callable[[Mapping[str, Any]], Object | None]
    keep: Callable[[Mapping[str, Any]], Mapping[str, Any]] = _whole
    everywhere: bool = False
    with_frr_k8s: bool = False
    field_selector: str = ""
    may_be_absent: bool = False

    def key(self, manifest: Mapping[str, Any]) -> Key:
        """Return what an object is stored under, whether or not it can be read."""
        metadata = manifest["metadata"]
        return self.key_for(str(metadata.get("namespace") or ""), str(metadata["name"]))

    def key_for(self, namespace: str, name: str) -> Key:
        """Return what an object of this namespace and name is stored under."""
        return (namespace, name) if self.kind in _WIDE else name

    def scope(self, manifest: Mapping[str, Any]) -> str:
        """Return the namespace with which an object comes and goes; "" if that is all of them."""
        return str(manifest["metadata"].get("namespace") or "") if self.with_frr_k8s else ""


def _reviewed(api_version: str, kind: str) -> Followed:
    return Followed(api_version, kind, partial(read, api_version, kind))


FOLLOWED: Final[Mapping[str, Followed]] = {
    row.kind: row
    for row in (
        _reviewed(_CONFIG, "IPAddressPool"),
        _reviewed("metallb.io/v1beta2", "BGPPeer"),
        _reviewed(_CONFIG, "BGPAdvertisement"),
        _reviewed(_CONFIG, "L2Advertisement"),
        _reviewed(_CONFIG, "BFDProfile"),
        _reviewed(_CONFIG, "Community"),
        _reviewed(_CONFIG, "MetalLB"),
        # The CRD comes with one backend only.
        Followed(
            _FRR_K8S,
            "FRRConfiguration",
            frr_configuration,
            with_frr_k8s=True,
            may_be_absent=True,
        ),
        Followed("v1", "Node", node_info, essence, everywhere=True),
        Followed("v1", "Namespace", namespace_info, essence, everywhere=True),
        Followed("v1", "Secret", secret_info, essence),
        Followed(
            "v1",
            "Service",
            service_info,
            essence,
            everywhere=True,
            field_selector="spec.type=LoadBalancer",
        ),
    )
}
"""Every kind of `index.KINDS`, by its name."""

"""MetalLB as plain manifests that need neither the operator nor anything made before. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from metallb_cli.manifests import Commented
from metallb_crds.generate import crds
from metallb_kube.objects import Manifest
from metallb_kube.ordering import apply_order
from metallb_operator.namespacelabels import labelled

_OPERATORS_ONLY: Final = frozenset({"MetalLB"})
_MADE_ANEW: Final = "Another one at every rendering: once it is applied, keep it."


def asking(metallb: Manifest, backend: str | None, version: str | None) -> Manifest:
    """Return a MetalLB object with another backend or version, where they are given."""
    chosen = {"bgpBackend": backend, "version": version}
    changes = {key: value for key, value in chosen.items() if value is not None}
    return {**metallb, "spec": {**(metallb.get("spec") or {}), **changes}}


def complete(values: Mapping[str, Any], *, secrets: bool) -> dict[str, Any]:
    """Return the chart's values with everything that the operator's installation has otherwise."""
    return {
        **values,
        "rbac": {"create": True},
        "serviceAccounts": {"create": True},
        "secrets": {"create": secrets},
    }


def documents(
    rendered: Iterable[Manifest], namespace: str, *, definitions: bool
) -> Iterator[Commented]:
    """Yield everything to apply, in order.

    Args:
        rendered: by the chart.
        namespace: of MetalLB; made with the labels that speakers need.
        definitions: whether to begin with the CRDs, that of MetalLB objects left out.
    """
    kept = [
        found
        for found in (crds().values() if definitions else ())
        if found["spec"]["names"]["kind"] not in _OPERATORS_ONLY
    ]
    for manifest in apply_order([labelled(namespace), *kept, *rendered]):
        yield Commented(manifest, (_MADE_ANEW,) if manifest["kind"] == "Secret" else ())

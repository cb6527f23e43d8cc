"""Under which path each kind is reviewed. Pure.

MetalLB's own paths where MetalLB has a webhook for the kind, and paths made the same way for the
rest: `/validate-<group and version with dashes>-<kind in lower case>`, as controller-runtime does
(`pkg/builder`, `generateValidatePath`). Webhook configurations are generated from this table.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from metallb_webhooks.reading import REVIEWED


def path_of(api_version: str, kind: str) -> str:
    """Return the path under which a kind is reviewed.

    Args:
        api_version: of the object, "metallb.io/v1beta1".
        kind: of the object, "IPAddressPool".
    """
    place = api_version.replace(".", "-").replace("/", "-")
    return f"/validate-{place}-{kind.lower()}"


PATHS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {path_of(*reviewed): reviewed for reviewed in sorted(REVIEWED)}
)
"""apiVersion and kind by path, sorted by apiVersion and kind."""

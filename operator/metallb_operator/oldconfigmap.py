"""The ConfigMap that configured MetalLB before 0.13: recognised by what it holds. Pure.

MetalLB's manifests called it `config`; its chart gave it the name of the release.
"""

import re
from typing import Final

from metallb_kube.objects import Manifest
from metallb_operator.fields import text_at

KEY: Final = "config"
_TOP: Final = re.compile(
    r"""^[\s{"']*(?:address-pools|peers|bgp-communities|bfd-profiles)["']?\s*:""", re.MULTILINE
)


def is_old_configuration(manifest: Manifest) -> bool:
    """Return whether a ConfigMap holds a configuration of MetalLB before 0.13."""
    return bool(_TOP.search(text_at(manifest, "data", KEY)))

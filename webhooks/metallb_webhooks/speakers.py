"""What speakers write for frr-k8s, told from what others write. Pure.

Each speaker writes one FRRConfiguration called `metallb-<node>` that selects its one node (MetalLB
0.16.1, internal/bgp/frrk8s).
"""

from typing import Final

from metallb_crds.frrk8s_v1beta1 import FRRConfiguration

_HOSTNAME: Final = "kubernetes.io/hostname"


def is_of_a_speaker(found: FRRConfiguration) -> bool:
    """Tell whether an FRRConfiguration is what a speaker writes: by its name and its one node."""
    selector = found.spec.node_selector
    labels = dict(selector.match_labels)
    node = labels.pop(_HOSTNAME, "")
    alone = not labels and not selector.match_expressions
    return bool(node) and alone and found.metadata.name == f"metallb-{node}"

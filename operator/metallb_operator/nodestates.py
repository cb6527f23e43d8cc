"""Delete what our frr-k8s said of nodes: FRRNodeStates, which have no owner.

Its status cleaner deletes those of nodes without frr-k8s (frr-k8s 0.0.21), so that they have to go
before the cleaner does, and after the last frr-k8s that would write them anew.
"""

from collections.abc import Iterable
from typing import Final

from metallb_kube.errors import KubeError, NotFoundError
from metallb_kube.objects import ObjectRef, ref_of
from metallb_kube.resources import resource_for
from metallb_operator.execute import Failure, delete_all
from metallb_operator.fields import text_at
from metallb_operator.observation import Observation
from metallb_operator.plan import Delete
from metallb_operator.tools import Tools

_API: Final = "frrk8s.metallb.io/v1beta1"
_KIND: Final = "FRRNodeState"
_CLEANER: Final = ("Deployment", "statuscleaner")


def is_writing(seen: Observation) -> bool:
    """Tell whether a pod of our frr-k8s is left."""
    return any(text_at(pod, "metadata", "labels", "component") == "frr-k8s" for pod in seen.pods)


async def forget_nodes(deletes: Iterable[Delete], tools: Tools) -> tuple[Failure, ...]:
    """Delete the states of all nodes if the cleaner is about to go; return what has failed.

    Where somebody else's frr-k8s runs they are its own.

    Args:
        deletes: what is to be deleted next.
        tools: what to work with.
    """
    going = any((step.ref.kind, step.ref.name) == _CLEANER for step in deletes)
    if not going or tools.has_other_frr_k8s():
        return ()
    try:
        listing = await tools.client.list(resource_for(_API, _KIND), metadata_only=True)
    except NotFoundError:
        return ()
    except KubeError as error:
        return (Failure(ObjectRef(_API, _KIND, None, "*"), error),)
    states = [Delete(ref_of(one), text_at(one, "metadata", "uid")) for one in listing.items]
    _, failures = await delete_all(states, tools.client)
    return failures

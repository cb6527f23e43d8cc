"""Another installation that comes back each time it is replaced. Pure.

With consent (`metallb.io/adopt`) what another tool has installed is deleted. A tool that keeps what
it installs, such as Flux or Argo CD, makes it anew; without a word the two would go on for ever.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from metallb_kube.objects import Manifest, ObjectRef
from metallb_operator.conditions import Reason
from metallb_operator.installations import ADOPT_ANNOTATION, Adoption, is_wanted
from metallb_operator.situation import Problem
from metallb_operator.wording import listed

_REMEMBERED: Final = timedelta(hours=1)
"""Tools look every few minutes whether everything is there; Flux by default, every hour at most."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """A workload that was deleted, since ours has taken its place.

    Attributes:
        uid: of the last one of its name.
        again: whether it was not the first one.
        since: when the last one was deleted.
    """

    uid: str
    again: bool
    since: datetime


def replaced(
    before: Mapping[ObjectRef, Replaced], metallb: Manifest, adoption: Adoption, now: datetime
) -> Mapping[ObjectRef, Replaced]:
    """Return what was replaced lately, with what is deleted now.

    Args:
        before: what this has returned at the last look.
        metallb: the MetalLB object: without consent nothing is replaced any more.
        adoption: what is deleted now.
        now: the time.
    """
    if not is_wanted(metallb):
        return {}
    kept = {ref: one for ref, one in before.items() if now - one.since < _REMEMBERED}
    for delete in adoption.deletes:
        known = kept.get(delete.ref)
        came_back = known is not None and (known.again or known.uid != delete.uid)
        again = came_back or delete.ref in adoption.later
        kept[delete.ref] = Replaced(delete.uid, again, now)
    return kept


def problems(found: Mapping[ObjectRef, Replaced]) -> tuple[Problem, ...]:
    """Return what is to be said of workloads that come back."""
    back = sorted(
        f"{ref.kind} {ref.namespace}/{ref.name}" for ref, one in found.items() if one.again
    )
    if not back:
        return ()
    text = (
        f"another tool installs {listed(back)} again after it was replaced, and it is deleted each"
        f" time, since {ADOPT_ANNOTATION} is set: until that ends, two controllers may give away"
        " the same addresses; suspend what installs it, such as a HelmRelease of Flux or an"
        " Application of Argo CD, and remove it there without deleting MetalLB's CRDs"
    )
    return (Problem(Reason.OTHER_INSTALLATION, text),)

"""What was applied last, and what is left of it, where nobody can say what should be there. Pure.

What is gone cannot be seen; but controller and speakers are part of every installation, and the
status lists what was to be there at the last look.
"""

from collections.abc import Mapping
from typing import Any, Final

from metallb_kube.objects import Manifest, ref_of
from metallb_operator.applyset import applyset_id, is_member
from metallb_operator.component import Component
from metallb_operator.fields import count_at, text_at
from metallb_operator.installations import is_installed
from metallb_operator.observation import Observation
from metallb_operator.rollout import components

_ALWAYS: Final = (("Deployment", "controller"), ("DaemonSet", "speaker"))


def standing(
    metallb: Manifest, status: Mapping[str, Any], seen: Observation
) -> tuple[Component, ...]:
    """Return the state of what was applied last, Deployments first; nothing if nothing was.

    Args:
        metallb: the MetalLB object as stored.
        status: the latest, whose rows name workloads.
        seen: what is in its namespace.
    """
    applyset = applyset_id(ref_of(metallb))
    members = [found for found in seen.objects.values() if is_member(found, applyset)]
    there = components(members, seen)
    if not is_installed(metallb, seen.objects):
        return there
    rows = {(text_at(row, "kind"), text_at(row, "name")): row for row in _rows(status)}
    known = {(one.kind, one.name) for one in there}
    gone = (
        _gone(kind, name, rows.get((kind, name), {}))
        for kind, name in dict.fromkeys((*_ALWAYS, *rows))
        if (kind, name) not in known
    )
    return tuple(sorted((*there, *gone), key=lambda one: (one.kind != "Deployment", one.name)))


def _rows(status: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(status.get("components") or ())


def _gone(kind: str, name: str, row: Mapping[str, Any]) -> Component:
    image = text_at(row, "image")
    return Component(name, kind, count_at(row, "desired"), image=image, present=False)

"""Going back to the release that ran before, when an upgrade does not succeed. Pure.

That it happened is noted at the object, with the generation it happened to: a restarted operator
does not try again, and whoever changes the spec does.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from metallb_crds.operator_v1beta1 import MetalLBSpec
from metallb_kube.objects import Manifest
from metallb_operator.conditions import Reason
from metallb_operator.fields import at, count_at, text_at
from metallb_operator.situation import Problem

ANNOTATION: Final = "metallb.io/rolled-back"


@dataclass(frozen=True, slots=True)
class Rollback:
    """An upgrade that was given up.

    Attributes:
        generation: of the object that asked for it.
        wanted: the release that did not come up.
        running: the release that runs instead.
        why: what was wrong.
    """

    generation: int
    wanted: str
    running: str
    why: str

    @property
    def problem(self) -> Problem:
        """What the status says for as long as it is so."""
        text = (
            f"the upgrade to {self.wanted} was given up and {self.running} runs: {self.why};"
            " change the spec to try again"
        )
        return Problem(Reason.ROLLED_BACK, text)

    @property
    def patch(self) -> Mapping[str, Any]:
        """The merge patch that notes it at the object."""
        note = [self.generation, self.wanted, self.running, self.why]
        return {"metadata": {"annotations": {ANNOTATION: json.dumps(note)}}}


def rollback_of(metallb: Manifest) -> Rollback | None:
    """Return what was given up of the present generation; None if nothing was."""
    note = text_at(metallb, "metadata", "annotations", ANNOTATION)
    try:
        found = Rollback(*json.loads(note)) if note else None
    except (TypeError, ValueError):
        return None  # edited by somebody: then it is tried again
    return (
        found if found and found.generation == count_at(metallb, "metadata", "generation") else None
    )


def instead(metallb: Manifest, given_up: Rollback | None) -> Manifest:
    """Return the object as it is acted upon: with the release that runs instead."""
    if given_up is None:
        return metallb
    return {**metallb, "spec": {**(at(metallb, "spec") or {}), "version": given_up.running}}


def is_wanted(spec: MetalLBSpec | None, upgrading: str, *, overdue: bool) -> bool:
    """Tell whether an upgrade is to be given up now.

    Args:
        spec: of the object; None where it cannot be read.
        upgrading: "0.15.3 -> 0.16.1" while a change of release is under way.
        overdue: whether it has made no progress for longer than it may.
    """
    if spec is None or spec.paused or spec.upgrade is None:
        return False
    return spec.upgrade.rollback_on_failure and bool(upgrading) and overdue

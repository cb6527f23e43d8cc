"""Going back to the release that ran before, when an upgrade does not succeed. Pure.

What ran is noted at the object whenever everything has arrived, and that an upgrade was given up
is, too, with the generation that it happened to: a restarted operator does not try again, and
whoever changes the spec does.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from metallb_crds.operator_v1beta1 import MetalLBSpec
from metallb_kube.objects import Manifest
from metallb_operator.conditions import Reason
from metallb_operator.fields import at, count_at, text_at
from metallb_operator.intent import Intent
from metallb_operator.releases import DEFAULT_RELEASE
from metallb_operator.situation import Problem

ANNOTATION: Final = "metallb.io/rolled-back"
"""Which upgrade was given up, and why."""

ARRIVED: Final = "metallb.io/arrived"
"""The fields of the spec that went with what ran last."""


@dataclass(frozen=True, slots=True)
class Rollback:
    """An upgrade that was given up.

    Attributes:
        uid: of the object that asked for it; copies of its annotations ask for nothing.
        generation: of the object that asked for it.
        wanted: the release that did not come up.
        running: the release that runs instead.
        why: what was wrong.
        beside: what of the spec goes with the release that runs: images and backend.
    """

    uid: str
    generation: int
    wanted: str
    running: str
    why: str
    beside: Mapping[str, Any] = field(default_factory=dict)

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
        note = [self.uid, self.generation, self.wanted, self.running, self.why, self.beside]
        return {"metadata": {"annotations": {ANNOTATION: json.dumps(note)}}}


def rollback_of(metallb: Manifest) -> Rollback | None:
    """Return what was given up of what is asked for now; None if nothing was."""
    note = text_at(metallb, "metadata", "annotations", ANNOTATION)
    try:
        found = Rollback(*json.loads(note)) if note else None
    except (TypeError, ValueError):
        return None  # edited by somebody: then it is tried again
    asked = (
        text_at(metallb, "metadata", "uid"),
        count_at(metallb, "metadata", "generation"),
        _asked_for(metallb),
    )
    return found if found and (found.uid, found.generation, found.wanted) == asked else None


def _asked_for(metallb: Manifest) -> str:
    """Return the release asked for: a newer operator may prefer one that was not tried yet."""
    return text_at(metallb, "spec", "version").removeprefix("v") or DEFAULT_RELEASE.version


def instead(metallb: Manifest, given_up: Rollback | None) -> Manifest:
    """Return the object as it is acted upon: with what runs instead."""
    if given_up is None:
        return metallb
    asked = at(metallb, "spec") or {}
    spec = {**asked, **given_up.beside, "version": given_up.running}
    return {**metallb, "spec": {name: value for name, value in spec.items() if value is not None}}


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


def given_up(metallb: Manifest, wanted: str, running: str, why: str) -> Rollback:
    """Return that an upgrade is given up.

    Args:
        metallb: the object as stored.
        wanted: the release that did not come up.
        running: the release that ran before.
        why: what was wrong.
    """
    arrived = _arrived(metallb)
    beside = {k: v for k, v in arrived.items() if k != "version"}
    return Rollback(
        text_at(metallb, "metadata", "uid"),
        count_at(metallb, "metadata", "generation"),
        wanted,
        running,
        why,
        # What went with another release than the one to go back to is of no use for it.
        beside if arrived.get("version") == running else {},
    )


def arrival(metallb: Manifest, intent: Intent) -> Mapping[str, Any] | None:
    """Return the merge patch that notes what runs now; None if it is noted, or was given up.

    It is noted whether or not the spec asks for a way back: that may come with the next release.

    Args:
        metallb: the object as stored.
        intent: what runs, and is all that is asked for.
    """
    runs = {
        "version": intent.release.version,
        "bgpBackend": intent.backend.value,
        "images": at(metallb, "spec", "images"),
    }
    if rollback_of(metallb) or _arrived(metallb) == runs:
        return None
    return {"metadata": {"annotations": {ARRIVED: json.dumps(runs, sort_keys=True)}}}


def _arrived(metallb: Manifest) -> Mapping[str, Any]:
    try:
        found = json.loads(text_at(metallb, "metadata", "annotations", ARRIVED))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}

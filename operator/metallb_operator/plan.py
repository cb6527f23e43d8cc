"""What to write: desired manifests against what is there, as a plan to look at first. Pure.

A plan never deletes what lacks our ApplySet label, never writes what is already as declared,
and is the same for the same input: carried out in part and made anew, it arrives.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Any, Final

from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_kube.ordering import apply_rank
from metallb_operator.applyset import HASH_ANNOTATION, PART_OF_LABEL, is_member
from metallb_operator.compare import Difference, differences, fingerprint, normalised
from metallb_operator.fields import at, is_terminating, text_at
from metallb_operator.reduce import reduced

SPEAKER: Final = ("DaemonSet", "speaker")
MONITORS: Final = 3
"""The last stage."""
_WORKLOADS: Final = frozenset({"DaemonSet", "Deployment"})
_MONITORING: Final = "monitoring.coreos.com/"
# Fields the API server refuses to change: only another object of the same name has another value.
_IMMUTABLE: Final[Mapping[str, tuple[str, ...]]] = {
    "DaemonSet": ("spec.selector",),
    "Deployment": ("spec.selector",),
    "Secret": ("type",),
    "Service": ("spec.clusterIP",),
}
# Of a ConfigMap or Secret with `immutable: true`.
_CONTENT: Final = ("binaryData.", "data.")


class Cause(StrEnum):
    """Why an object is written."""

    CREATED = "created"
    CHANGED = "changed"
    ADOPTED = "adopted"
    RESTORED = "restored"
    REPAIRED = "repaired"

    @property
    def is_drift(self) -> bool:
        """Whether somebody else had deleted or edited it."""
        return self in {Cause.RESTORED, Cause.REPAIRED}


@dataclass(frozen=True, slots=True)
class Apply:
    """One object to write.

    Attributes:
        create_only: to be created if it is missing, never to be changed.
        differences: the fields that are not as declared; empty for a new object.
    """

    ref: ObjectRef
    manifest: Manifest
    cause: Cause
    stage: int
    create_only: bool = False
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Delete:
    """One object of ours to delete.

    Attributes:
        uid: deleted is this incarnation and no other.
        replaced: it comes back, with a field that could not be changed in place.
    """

    ref: ObjectRef
    uid: str
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """One write that is put off, and what it waits for."""

    ref: ObjectRef
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, in order: the applies stage by stage, then the deletions.

    Attributes:
        held: what is still to be written when everything else is done.
        going: of ours, no longer desired, and being deleted already.
        begun: whether the ApplySet is to have members; not before another installation has gone.
    """

    applies: tuple[Apply, ...] = ()
    deletes: tuple[Delete, ...] = ()
    held: tuple[Held, ...] = ()
    unchanged: tuple[ObjectRef, ...] = ()
    going: tuple[ObjectRef, ...] = ()
    begun: bool = True

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write."""
        return not self.applies and not self.deletes

    @property
    def refs(self) -> frozenset[ObjectRef]:
        """Everything that is a member of the ApplySet, is to become one, or has not gone yet."""
        steps: tuple[Apply | Delete | Held, ...] = (*self.applies, *self.deletes, *self.held)
        return frozenset({*(step.ref for step in steps), *self.unchanged, *self.going})

    def stages(self) -> tuple[tuple[Apply, ...], ...]:
        """Return the applies grouped: a group may be written at once, but after the one before."""
        return tuple(tuple(group) for _, group in groupby(self.applies, key=lambda a: a.stage))


def stage_of(ref: ObjectRef) -> int:
    """Return when an object is applied: what pods read, then what speakers need, then speakers.

    Monitors come last: where their CRDs are missing, everything else stands already.
    """
    if ref.api_version.startswith(_MONITORING):
        return MONITORS
    if (ref.kind, ref.name) == SPEAKER:
        return 2
    return 1 if ref.kind in _WORKLOADS else 0


def members(manifests: Iterable[Manifest], applyset: str) -> tuple[Manifest, ...]:
    """Return manifests as they are applied: normalised, labelled, with their hash.

    The hash tells a changed declaration from an edit of somebody else, and makes the removal
    of a field (which no comparison of what is left could show) a change.
    """
    return tuple(_member(normalised(manifest), applyset) for manifest in manifests)


def _member(manifest: Manifest, applyset: str) -> Manifest:
    metadata = dict(manifest["metadata"])
    metadata["labels"] = {**metadata.get("labels", {}), PART_OF_LABEL: applyset}
    annotations = metadata.get("annotations", {})
    metadata["annotations"] = {**annotations, HASH_ANNOTATION: fingerprint(manifest)}
    return {**manifest, "metadata": metadata}


def make_plan(
    desired: Iterable[Manifest],
    observed: Mapping[ObjectRef, Manifest],
    *,
    applyset: str,
    create_only: frozenset[ObjectRef] = frozenset(),
    holds: Mapping[ObjectRef, str] | None = None,
    settled: bool = False,
) -> Plan:
    """Compare what is desired with what is there.

    Args:
        desired: `members` of the ApplySet.
        observed: everything there of the kinds concerned, ours or not, `reduced`.
        applyset: the id that marks our own.
        create_only: objects that are never written once they exist.
        holds: writes to put off, and why.
        settled: this very declaration was fully applied before: what is missing was deleted.
    """
    wanted = {ref_of(manifest): manifest for manifest in desired}
    decided = [
        _decide(
            ref,
            manifest,
            observed.get(ref),
            applyset=applyset,
            create_only=ref in create_only,
            settled=settled,
        )
        for ref, manifest in wanted.items()
    ]
    left = {
        ref: found
        for ref, found in observed.items()
        if ref not in wanted and is_member(found, applyset)
    }
    prune = [
        Delete(ref, text_at(found, "metadata", "uid"))
        for ref, found in left.items()
        if not is_terminating(found)
    ]
    going = [ref for ref, found in left.items() if is_terminating(found)]
    return _arrange([*decided, *prune], holds or {}, going)


_Step = Apply | Delete | Held | ObjectRef


def _decide(
    ref: ObjectRef,
    manifest: Manifest,
    found: Manifest | None,
    *,
    applyset: str,
    create_only: bool,
    settled: bool,
) -> _Step:
    if found is None:
        cause = Cause.RESTORED if settled else Cause.CREATED
        return Apply(ref, manifest, cause, stage_of(ref), create_only=create_only)
    if is_terminating(found):
        return Held(ref, f"{_named(ref)} is being deleted{_why(found)}; it comes back when gone")
    missing = () if create_only else differences(reduced(manifest), found)
    if not missing:
        return ref
    return _change(ref, manifest, found, missing, mine=is_member(found, applyset))


def _change(
    ref: ObjectRef,
    manifest: Manifest,
    found: Manifest,
    missing: tuple[Difference, ...],
    *,
    mine: bool,
) -> _Step:
    fixed = _immutable(found, missing)
    if fixed and mine:
        return Delete(ref, text_at(found, "metadata", "uid"), replaced=True)
    if fixed:
        text = f"{_named(ref)} is not ours and cannot become so ({fixed}): delete or rename it"
        return Held(ref, text)
    cause = _cause(manifest, found, mine=mine)
    return Apply(ref, manifest, cause, stage_of(ref), differences=missing)


def _immutable(found: Manifest, missing: Iterable[Difference]) -> Difference | None:
    paths = _IMMUTABLE.get(found["kind"], ()) + (_CONTENT if found.get("immutable") else ())
    return next((d for d in missing if d.path.startswith(paths)), None)


def _cause(manifest: Manifest, found: Manifest, *, mine: bool) -> Cause:
    there = _hash(found)
    if there == _hash(manifest) or (mine and not there):
        return Cause.REPAIRED
    return Cause.CHANGED if mine else Cause.ADOPTED


def _hash(manifest: Manifest) -> Any:  # noqa: ANN401 - JSON
    return at(manifest, "metadata", "annotations", HASH_ANNOTATION)


def _named(ref: ObjectRef) -> str:
    return f"{ref.kind} {ref.name}"


def _why(found: Manifest) -> str:
    finalizers = at(found, "metadata", "finalizers")
    return f" and held up by {', '.join(finalizers)}" if finalizers else ""


def _arrange(
    steps: Iterable[_Step], holds: Mapping[ObjectRef, str], going: Iterable[ObjectRef]
) -> Plan:
    applies, deletes, held, unchanged = [], [], [], []
    for step in steps:
        if isinstance(step, ObjectRef):
            unchanged.append(step)
        elif isinstance(step, Held):
            held.append(step)
        elif step.ref in holds:
            held.append(Held(step.ref, holds[step.ref]))
        elif isinstance(step, Apply):
            applies.append(step)
        else:
            deletes.append(step)
            if step.replaced:
                held.append(
                    Held(step.ref, f"{_named(step.ref)} comes back when the old one is gone")
                )
    return Plan(
        applies=tuple(sorted(applies, key=lambda a: (a.stage, apply_rank(a.ref.kind), a.ref))),
        deletes=tuple(sorted(deletes, key=lambda d: removal_key(d.ref))),
        held=tuple(sorted(held, key=lambda h: h.ref)),
        unchanged=tuple(sorted(unchanged)),
        going=tuple(sorted(going)),
    )


def removal_key(ref: ObjectRef) -> tuple[int, int, ObjectRef]:
    """Return what to sort deletions by: the reverse of applying, speakers first."""
    return (-stage_of(ref), -apply_rank(ref.kind), ref)

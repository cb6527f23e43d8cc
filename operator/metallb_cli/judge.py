"""Judge everything that was read, as if all of it were applied together. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from metallb_cli.entries import Entry
from metallb_cli.findings import Level, LocatedFinding
from metallb_cli.imagined import nodes_for, plain_selectors
from metallb_crds.backend import Backend
from metallb_crds.frrk8s_v1beta1 import FRRConfiguration
from metallb_crds.meta import Resource
from metallb_crds.operator_v1beta1 import MetalLB, MetalLBStatus
from metallb_webhooks.index import Index, Object, key_of
from metallb_webhooks.installation import METALLB, backend_in_effect
from metallb_webhooks.rules.base import Finding, Operation, Request, Severity
from metallb_webhooks.rules.generic import NAMESPACE_RULES
from metallb_webhooks.rules.registry import evaluate
from metallb_webhooks.service import Subject, raised_by
from metallb_webhooks.snapshot import Snapshot

T = TypeVar("T", bound=Object)

OPERATIONS: Final = frozenset({Operation.CREATE, Operation.UPDATE})
"""What rules are asked about: an object is new, or differs from what the cluster has."""

NEEDS: Final[Mapping[str, str]] = {
    "pool-namespace-unknown": "Namespace",
    "pool-allocation-open": "Namespace",
    "peer-secret-unknown": "Secret",
}
"""Rules that miss something, by what must be known before it can be missed."""

MEETINGS: Final = frozenset(
    {
        *("peer-session-repeated", "peer-router-id-differs", "peer-my-asn-differs"),
        *("peer-frr-disagrees", "frr-merge"),
    }
)
"""Rules about objects that meet on a node, which take all to meet, or none, if no Node is known."""

_UNCERTAIN: Final = (
    ". Whether they meet on a node depends on the nodes' labels: add Node documents, or --cluster"
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What there is besides the files.

    Attributes:
        objects: what the cluster has.
        known: kinds of which all objects are known, those of the files among them.
    """

    objects: tuple[Object, ...] = ()
    known: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Judged:
    """An object of the files, decoded."""

    entry: Entry
    model: Resource


@dataclass(frozen=True, slots=True)
class Bench:
    """Everything that objects are judged by.

    Attributes:
        snapshot: what there would be if everything were applied.
        certain: the same with imagined Nodes; None where Nodes are known.
        stored: what the cluster has.
        raised: ids of warnings that shall deny.
        known: as in `Surroundings`.
    """

    snapshot: Snapshot
    certain: Snapshot | None
    stored: Index
    namespace: str
    backend: Backend
    raised: frozenset[str]
    known: frozenset[str]

    def findings(self, subject: Subject) -> Iterator[Finding]:
        """Yield what does not hold of an object; what is not certain as a warning."""
        sure = dict(self._sure(subject))
        found = {
            (one.rule, one.path): one
            for one in self._evaluate(subject, self.snapshot)
            if NEEDS.get(one.rule, "") in {"", *self.known}
        }
        for key, one in found.items():
            uncertain = one.rule in MEETINGS and self.certain is not None and key not in sure
            yield _uncertain(one) if uncertain else one
        yield from (one for key, one in sure.items() if key not in found)

    def _sure(self, subject: Subject) -> Iterator[tuple[tuple[str, str], Finding]]:
        """Yield what surely does not hold where objects meet on a node, by rule and path."""
        if self.certain is None:
            return
        plain = replace(subject, model=plain_selectors(subject.model))
        for one in self._evaluate(plain, self.certain):
            if one.rule in MEETINGS:
                yield (one.rule, one.path), one

    def _evaluate(self, subject: Subject, snapshot: Snapshot) -> tuple[Finding, ...]:
        found = self._evaluated(subject, snapshot)
        model = subject.model
        if model.kind not in NAMESPACE_RULES or model.metadata.namespace == self.namespace:
            return found
        # A wrong namespace hides the rest from admission, and not from who mends a file.
        here = model.metadata.model_copy(update={"namespace": self.namespace})
        moved = replace(subject, model=model.model_copy(update={"metadata": here}), old=None)
        alone = set(self._evaluated(moved, Snapshot()))
        # In nobody's way, and missed by nobody: only what is wrong with it by itself.
        return (*found, *(one for one in self._evaluated(moved, snapshot) if one in alone))

    def _evaluated(self, subject: Subject, snapshot: Snapshot) -> tuple[Finding, ...]:
        request: Request[Any] = Request(
            subject.model,
            subject.old,
            subject.operation,
            subject.within(snapshot, self),
            self.backend,
            self.namespace,
        )
        return evaluate(request, subject.model.kind, self.raised)


def _uncertain(finding: Finding) -> Finding:
    return replace(
        finding, severity=Severity.WARN, message=finding.message.removesuffix(".") + _UNCERTAIN
    )


def bench(
    objects: Iterable[Object], around: Surroundings, namespace: str, backend: Backend | None
) -> Bench:
    """Put together what objects are judged by.

    Args:
        objects: those of the files; they take the place of the cluster's of their names.
        around: what there is besides.
        namespace: MetalLB's.
        backend: if it is prescribed; otherwise the MetalLB object says, else the default holds.
    """
    stored = Index(around.objects)
    together = [
        *around.objects,
        *(_arriving(one, stored) for one in objects if _is_read(one, namespace)),
    ]
    # What is put later takes the place of what has its name.
    index = Index(together)
    metallb = index.objects["MetalLB"].get((namespace, METALLB))
    return Bench(
        Snapshot(index, nodes_known="Node" in around.known),
        None if "Node" in around.known else _imagined(together),
        stored,
        namespace,
        backend or backend_in_effect(metallb),
        raised_by(metallb),
        around.known,
    )


def _imagined(objects: Sequence[Object]) -> Snapshot:
    return Snapshot(Index([*map(plain_selectors, objects), *nodes_for(objects)]))


def judged(one: Judged, by: Bench) -> Iterator[LocatedFinding]:
    """Yield what the rules say of an object of the files, at its place."""
    for finding in by.findings(_subject(one.model, by)):
        level = Level.ERROR if finding.severity is Severity.DENY else Level.WARNING
        yield one.entry.finding(finding.rule, level, finding.path, finding.message)


def _subject(model: Resource, by: Bench) -> Subject:
    kept = by.stored.objects[model.kind].get(key_of(model))
    old = kept if kept and kept.metadata.namespace == model.metadata.namespace else None
    arriving = _arriving(model, by.stored)
    return Subject(arriving, old, Operation.UPDATE if old else Operation.CREATE)


def _arriving(thing: T, stored: Index) -> T:
    """Return an object as it is once applied: its status is the stored one, whatever files say."""
    if not isinstance(thing, MetalLB):
        return thing
    kept = stored.objects["MetalLB"].get(key_of(thing))
    return thing.model_copy(update={"status": kept.status if kept else MetalLBStatus()})


def _is_read(thing: Object, namespace: str) -> bool:
    # The rules themselves leave out FRRConfigurations that frr-k8s does not read.
    if isinstance(thing, Resource) and not isinstance(thing, FRRConfiguration | MetalLB):
        return thing.metadata.namespace == namespace
    return True

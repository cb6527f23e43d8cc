"""From a review to a verdict, given everything that is stored. Pure.

The denial is only ever about the object under review: what is stored may be as bad as it likes.
An object that is being deleted is never held up, since its finalizers must be removable.

Nothing is decoded that exceeds the bounds, so that a review is short whatever is sent. That leaves
a way out: an object that was stored before there were bounds may be changed to one within them,
deleted, and updated in what no rule looks at.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Protocol

from metallb_crds.backend import Backend
from metallb_crds.frrk8s_v1beta1 import FRRConfiguration
from metallb_crds.meta import Resource
from metallb_crds.operator_v1beta1 import MetalLB
from metallb_webhooks.bounds import exceeded
from metallb_webhooks.installation import METALLB, backend_in_effect, frr_k8s_namespace
from metallb_webhooks.reading import (
    UnknownKindError,
    UnreadableError,
    enumerate_problems,
    read,
)
from metallb_webhooks.review import ReviewRequest, Verdict
from metallb_webhooks.rules import registry
from metallb_webhooks.rules.base import Finding, Operation, Request, Severity
from metallb_webhooks.rules.generic import BOUNDS_RULES
from metallb_webhooks.settings import Settings
from metallb_webhooks.snapshot import Snapshot, key_of

ALLOWED: Final = Verdict(allowed=True)


class ExceededError(ValueError):
    """An object has more in it than is judged.

    Attributes:
        findings: what it has too much of.
    """

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        super().__init__("; ".join(map(str, findings)))
        self.findings = findings


class Evaluate(Protocol):
    """Runs the rules of a kind; `raised` are ids of warnings that shall deny."""

    def __call__(
        self, request: Request[Any], kind: str, raised: frozenset[str], /
    ) -> Iterable[Finding]:
        """Return what does not hold."""


class Place(Protocol):
    """Where MetalLB is: `settings.Settings` say it."""

    @property
    def namespace(self) -> str:
        """MetalLB's."""

    @property
    def backend(self) -> Backend | None:
        """The BGP backend, if it is prescribed."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a review is about, decoded.

    Attributes:
        model: the object as it would be stored; on DELETE as it is.
        old: the object as it is stored, if there is one and it can be read.
    """

    model: Resource
    old: Resource | None
    operation: Operation

    def is_read(self, snapshot: Snapshot, settings: "Place") -> bool:
        """Tell whether MetalLB, or its frr-k8s, reads the object at all.

        Args:
            snapshot: what is stored, the MetalLB object above all.
            settings: MetalLB's namespace, and the backend if it is prescribed.
        """
        where = self.model.metadata.namespace
        if isinstance(self.model, FRRConfiguration):
            metallb = snapshot.metallbs.get((settings.namespace, METALLB))
            backend = settings.backend or backend_in_effect(metallb)
            return where == frr_k8s_namespace(metallb, backend, settings.namespace)
        return isinstance(self.model, MetalLB) or where == settings.namespace

    def within(self, snapshot: Snapshot, settings: "Place") -> Snapshot:
        """Return the snapshot as it would be if the request went through.

        An object that nobody reads, since it is in another namespace, changes nothing.
        """
        model = self.model
        if not self.is_read(snapshot, settings):
            return snapshot
        if self.operation is Operation.DELETE:
            return snapshot.without_object(model.kind, key_of(model))
        return snapshot.with_object(model)


def judge(
    review: ReviewRequest,
    snapshot: Snapshot,
    settings: Settings,
    evaluate: Evaluate = registry.evaluate,
) -> Verdict:
    """Decide about a review.

    Args:
        review: what the API server asks.
        snapshot: everything that is stored, whether or not the reviewed object is in it.
        settings: MetalLB's namespace, the backend if it is prescribed, and what is allowed.
        evaluate: runs the rules.
    """
    try:
        subject = subject_of(review, settings.namespace)
    except UNJUDGED as error:
        return refusal(error)
    return judge_subject(subject, snapshot, settings, evaluate) if subject else ALLOWED


def judge_subject(
    subject: Subject,
    snapshot: Snapshot,
    settings: Settings,
    evaluate: Evaluate = registry.evaluate,
) -> Verdict:
    """Decide about what a review is about; arguments as in `judge`."""
    would_be = subject.within(snapshot, settings)
    metallb = would_be.metallbs.get((settings.namespace, METALLB))
    request = Request(
        subject=subject.model,
        old=subject.old,
        operation=subject.operation,
        snapshot=would_be,
        backend=settings.backend or backend_in_effect(metallb),
        namespace=settings.namespace,
        is_trusted=settings.client_ca_file is not None,
        registries=settings.allowed_registries,
    )
    return verdict_on(evaluate(request, subject.model.kind, raised_by(metallb)))


UNJUDGED: Final = (UnknownKindError, UnreadableError, ExceededError)
"""Why an object is not judged at all."""


def refusal(error: Exception) -> Verdict:
    """Return what is answered to an object that is not judged, for one of `UNJUDGED`."""
    return (
        verdict_on(error.findings) if isinstance(error, ExceededError) else bad_request(str(error))
    )


def subject_of(review: ReviewRequest, namespace: str = "") -> Subject | None:
    """Decode what a review is about; None when there is nothing to say about it.

    That is: a subresource, an object that is being deleted and stays as it is, the deletion of
    an object that cannot be read, and, of what exceeds the bounds, deletions, updates of what no
    rule looks at, and whatever speakers write.

    Args:
        review: what the API server asks.
        namespace: MetalLB's.

    Raises:
        UnknownKindError: there are no rules for the kind.
        ExceededError: the object has more in it than is judged.
        UnreadableError: a value of the object has the wrong type.
    """
    if review.subresource or review.operation not in set(Operation):
        return None
    operation = Operation(review.operation)
    if operation is Operation.UPDATE and _only_goes(review):
        return None
    if operation is not Operation.DELETE and (found := exceeded(review.kind, review.object or {})):
        if _is_as_judged(review) or _is_by_a_speaker(review, namespace):
            return None
        rule = BOUNDS_RULES[review.kind]
        raise ExceededError(tuple(Finding(rule.id, *one, rule.severity) for one in found))
    old = _read_if_possible(review)
    if operation is Operation.DELETE:
        return Subject(old, None, operation) if old else None
    model = read(review.api_version, review.kind, review.object or {})
    return Subject(model, old, operation)


def raised_by(metallb: MetalLB | None) -> frozenset[str]:
    """Return the ids of the warnings that shall deny."""
    if metallb is None or metallb.spec.admission is None:
        return frozenset()
    return frozenset(metallb.spec.admission.deny)


def verdict_on(findings: Iterable[Finding]) -> Verdict:
    """Turn all findings into one answer: it names every problem, not only the first."""
    found = tuple(findings)
    denying = [str(one) for one in found if one.severity is Severity.DENY]
    warnings = tuple(str(one) for one in found if one.severity is Severity.WARN)
    rules = tuple(dict.fromkeys(one.rule for one in found))
    if not denying:
        return Verdict(allowed=True, warnings=warnings, rules=rules)
    return Verdict(
        allowed=False,
        code=HTTPStatus.FORBIDDEN,
        reason="Forbidden",
        message=enumerate_problems(denying),
        warnings=warnings,
        rules=rules,
    )


def internal_error() -> Verdict:
    """Return what is answered when judging failed: never "allowed", and nothing of the inside."""
    return Verdict(
        allowed=False,
        code=HTTPStatus.INTERNAL_SERVER_ERROR,
        reason="InternalError",
        message="the object could not be checked because of an internal error;"
        " the log of metallb-webhooks has the details",
    )


def unread(kinds: Iterable[str]) -> Verdict:
    """Return what is answered while it is not known what is stored of these kinds."""
    return Verdict(
        allowed=False,
        # Not 503: clients would take the API server for the one who cannot be reached.
        code=HTTPStatus.INTERNAL_SERVER_ERROR,
        reason="InternalError",
        message="the object could not be checked: metallb-webhooks cannot read what is stored of"
        f" {', '.join(sorted(kinds))}; try again, and see its log if that lasts",
    )


def late(seconds: float, size: int) -> Verdict:
    """Return what is answered when a review is not decided in time; its size is in bytes."""
    return Verdict(
        allowed=False,
        code=HTTPStatus.INTERNAL_SERVER_ERROR,
        reason="InternalError",
        message=f"the object could not be checked within {seconds:g} s, with a review of"
        f" {size:,} bytes; try again, and with a smaller object if that does not help",
    )


def bad_request(message: str) -> Verdict:
    """Return what is answered to an object that cannot be judged: it says why."""
    return Verdict(allowed=False, code=HTTPStatus.BAD_REQUEST, reason="BadRequest", message=message)


def _only_goes(review: ReviewRequest) -> bool:
    """Tell whether the stored object is being deleted, and as it is, whatever the new one says."""
    old = review.old or {}
    metadata = old.get("metadata")
    going = isinstance(metadata, dict) and bool(metadata.get("deletionTimestamp"))
    return going and (review.object or {}).get("spec") == old.get("spec")


def _is_as_judged(review: ReviewRequest) -> bool:
    """Tell whether an update leaves alone what rules look at; annotations only silence warnings."""
    old, new = review.old or {}, review.object or {}
    return (
        review.operation == Operation.UPDATE
        and old.get("spec") == new.get("spec")
        and _labels(old) == _labels(new)
    )


def _labels(manifest: Mapping[str, Any]) -> object:
    metadata = manifest.get("metadata")
    return (metadata.get("labels") if isinstance(metadata, dict) else None) or {}


def _is_by_a_speaker(review: ReviewRequest, namespace: str) -> bool:
    """Tell whether a speaker writes what it announces, which grows with Services and peers.

    Where webhook configurations have conditions nobody asks about it at all. Refused, its Services
    would not be announced.
    """
    speaker = f"system:serviceaccount:{namespace}:speaker"
    return review.kind == "FRRConfiguration" and review.user == speaker


def _read_if_possible(review: ReviewRequest) -> Resource | None:
    """Decode the stored object. It may be older than any rule, and of any shape and size."""
    if review.old is None or exceeded(review.kind, review.old):
        return None
    try:
        return read(review.api_version, review.kind, review.old)
    except UnreadableError:
        return None

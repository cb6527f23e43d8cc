"""From a review to a verdict, given everything that is stored. Pure.

The denial is only ever about the object under review: what is stored may be as bad as it likes.
An object that is being deleted is never held up, since its finalizers must be removable.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Protocol

from metallb_crds.backend import Backend
from metallb_crds.frrk8s_v1beta1 import FRRConfiguration
from metallb_crds.meta import Resource
from metallb_crds.operator_v1beta1 import MetalLB
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
from metallb_webhooks.settings import Settings
from metallb_webhooks.snapshot import Snapshot, key_of

ALLOWED: Final = Verdict(allowed=True)


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
        subject = subject_of(review)
    except (UnknownKindError, UnreadableError) as error:
        return bad_request(str(error))
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


def subject_of(review: ReviewRequest) -> Subject | None:
    """Decode what a review is about; None when there is nothing to say about it.

    That is: a subresource, an object that is being deleted and stays as it is, and the deletion of
    an object that cannot be read.

    Raises:
        UnknownKindError: there are no rules for the kind.
        UnreadableError: a value of the object has the wrong type.
    """
    if review.subresource or review.operation not in set(Operation):
        return None
    operation = Operation(review.operation)
    if operation is Operation.UPDATE and _only_goes(review):
        return None
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


def bad_request(message: str) -> Verdict:
    """Return what is answered to an object that cannot be judged: it says why."""
    return Verdict(allowed=False, code=HTTPStatus.BAD_REQUEST, reason="BadRequest", message=message)


def _only_goes(review: ReviewRequest) -> bool:
    """Tell whether the stored object is being deleted, and as it is, whatever the new one says."""
    old = review.old or {}
    metadata = old.get("metadata")
    going = isinstance(metadata, dict) and bool(metadata.get("deletionTimestamp"))
    return going and (review.object or {}).get("spec") == old.get("spec")


def _read_if_possible(review: ReviewRequest) -> Resource | None:
    """Decode the stored object. It may be older than any rule, and of any shape."""
    if review.old is None:
        return None
    try:
        return read(review.api_version, review.kind, review.old)
    except UnreadableError:
        return None

"""Judge one object among others, as the webhooks do."""

from typing import Any

from metallb_crds.backend import DEFAULT_BACKEND, Backend
from metallb_crds.meta import Resource
from metallb_webhooks.index import Object
from metallb_webhooks.rules.base import Finding, Operation, Request
from metallb_webhooks.rules.registry import evaluate
from metallb_webhooks.snapshot import Snapshot, key_of
from support.samples import NAMESPACE


def request(
    subject: Resource,
    *others: Object,
    old: Resource | None = None,
    delete: bool = False,
    backend: Backend = DEFAULT_BACKEND,
) -> Request[Any]:
    """Return the request to create, update (if `old` is given) or delete an object.

    `others` are what else is there; the object itself is put into or left out of the snapshot.
    """
    snapshot = Snapshot.of(*others)
    operation = Operation.UPDATE if old else Operation.CREATE
    if delete:
        snapshot = snapshot.without_object(subject.kind, key_of(subject))
        return Request(subject, subject, Operation.DELETE, snapshot, backend, NAMESPACE)
    return Request(subject, old, operation, snapshot.with_object(subject), backend, NAMESPACE)


def judge(
    subject: Resource,
    *others: Object,
    old: Resource | None = None,
    delete: bool = False,
    backend: Backend = DEFAULT_BACKEND,
) -> tuple[Finding, ...]:
    """Return every finding about the object; arguments as in `request`."""
    asked = request(subject, *others, old=old, delete=delete, backend=backend)
    return evaluate(asked, subject.kind)


def by_rule(rule: str, findings: tuple[Finding, ...]) -> list[Finding]:
    """Return the findings of one rule."""
    return [finding for finding in findings if finding.rule == rule]

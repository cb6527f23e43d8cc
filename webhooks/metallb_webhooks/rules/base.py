"""Rules as data: a stable id, a scope, and a pure check over a frozen snapshot."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from metallb_crds.backend import Backend
from metallb_webhooks.snapshot import Snapshot

T = TypeVar("T")


class Severity(StrEnum):
    """What a finding does to a request: refuse it, or let it pass with a warning."""

    DENY = "deny"
    WARN = "warn"


class Operation(StrEnum):
    """What a request does to its object (admission.k8s.io/v1)."""

    CREATE = "CREATE"
    UPDATE = "UPDATE"
    DELETE = "DELETE"


WRITES: Final = frozenset({Operation.CREATE, Operation.UPDATE})
ALWAYS: Final = frozenset(Operation)


@dataclass(frozen=True, slots=True)
class Request(Generic[T]):
    """What a rule judges.

    Attributes:
        subject: the object under review; on DELETE as it was.
        old: the object as it is stored, which need not be valid; None on CREATE.
        snapshot: everything as it would be if the request went through.
        backend: the BGP backend in effect.
        namespace: MetalLB's own.
        is_trusted: whether whoever asks may learn what passwords are stored. A review may come
            from anybody, and a denial that depends on one tells whether a guess was right.
        registries: below which images have to be; anywhere if empty.
    """

    subject: T
    old: T | None
    operation: Operation
    snapshot: Snapshot
    backend: Backend
    namespace: str
    is_trusted: bool = True
    registries: tuple[str, ...] = ()


Problem = tuple[str, str]
"""The JSON path of a field, with indexes, and a sentence that ends in the remedy."""

Check = Callable[[Request[Any]], Iterable[Problem]]


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that does not hold."""

    rule: str
    path: str
    message: str
    severity: Severity

    def __str__(self) -> str:
        return f"{self.path}: {self.message} [{self.rule}]"


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that must hold.

    Attributes:
        id: kebab-case, and never changed once released.
        summary: the rule in one sentence, for docs/rules.md.
        check: yields every problem, not only the first.
        source: where the rule comes from: MetalLB's behaviour, or a gap in it.
        by_backend: whether another backend may make another finding.
    """

    id: str
    summary: str
    check: Check
    severity: Severity = Severity.DENY
    operations: frozenset[Operation] = WRITES
    source: str = ""
    by_backend: bool = False

    def evaluate(self, request: Request[Any]) -> Iterator[Finding]:
        """Yield what does not hold, nothing if the rule is not about such an operation."""
        if request.operation in self.operations:
            for path, message in self.check(request):
                yield Finding(self.id, path, message, self.severity)

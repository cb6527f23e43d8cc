"""What our webhooks say of a review in a world, and by which rules."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from metallb_crds.backend import Backend
from metallb_webhooks import service
from metallb_webhooks.index import Object
from metallb_webhooks.reading import UnreadableError, node_info, read
from metallb_webhooks.rules import registry
from metallb_webhooks.rules.base import Finding, Request, Severity
from metallb_webhooks.rules.generic import BOUNDS_RULES
from metallb_webhooks.settings import Settings
from metallb_webhooks.snapshot import Snapshot
from support.parity.worlds import Case, World
from support.reviews import review
from support.samples import NAMESPACE

BOUNDS_IDS: Final = frozenset(rule.id for rule in BOUNDS_RULES.values())


@dataclass(frozen=True, slots=True)
class Judgement:
    """What we say.

    Attributes:
        denying: ids of the rules that deny; none although denied if the object cannot be read.
        message: why not, for people.
        warnings: shown to whoever wrote the object.
    """

    allowed: bool
    denying: frozenset[str]
    message: str
    warnings: tuple[str, ...]


def snapshot_of(world: World) -> Snapshot:
    """Return what our caches hold while a world is stored."""
    return Snapshot.of(*_objects(world))


def judge(backend: Backend, snapshot: Snapshot, case: Case) -> Judgement:
    """Return what our webhooks say of a review while a world is stored."""
    found: list[Finding] = []

    def noting(request: Request[Any], kind: str, raised: frozenset[str]) -> tuple[Finding, ...]:
        found.extend(registry.evaluate(request, kind, raised))
        return tuple(found)

    new, old = (None if one is None else dict(one) for one in (case.new, case.old))
    settings = Settings(namespace=NAMESPACE, backend=backend)
    verdict = service.judge(review(new, old), snapshot, settings, noting)
    denying = frozenset(one.rule for one in found if one.severity is Severity.DENY)
    # What exceeds the bounds is refused before the rules are asked.
    denying |= frozenset() if verdict.allowed else frozenset(verdict.rules) & BOUNDS_IDS
    return Judgement(verdict.allowed, denying, verdict.message, verdict.warnings)


def _objects(world: World) -> Iterator[Object]:
    """Yield what is stored; what cannot be read is left out."""
    yield from map(node_info, world.nodes)
    for thing in world.stored:
        with suppress(UnreadableError):
            yield read(thing["apiVersion"], thing["kind"], thing)

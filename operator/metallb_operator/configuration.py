"""Everything that is stored, judged by the rules of admission. Pure.

What admission lets in can turn bad later: a node is relabelled, the backend is switched, objects
came in while no webhook was installed. One object that speakers refuse makes them keep the whole
configuration that they had, so that every later change has no effect.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from metallb_crds.backend import Backend
from metallb_crds.meta import Resource
from metallb_kube.objects import Manifest
from metallb_operator.situation import Checked
from metallb_operator.wording import listed
from metallb_webhooks.index import Index, Key
from metallb_webhooks.rules.base import Finding, Operation, Request, Severity
from metallb_webhooks.rules.registry import evaluate
from metallb_webhooks.snapshot import Snapshot

JUDGED: Final = (
    "IPAddressPool",
    "BGPAdvertisement",
    "L2Advertisement",
    "BGPPeer",
    "BFDProfile",
    "Community",
)
"""What speakers and the controller read; a MetalLB object has conditions of its own."""

_FREEZES: Final = (
    "until this is repaired, speakers keep the configuration that they had and ignore every change"
)
_SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Fault:
    """One stored object that the rules say something about.

    Attributes:
        denied: what admission would refuse it for.
        warned: what admission would warn of.
    """

    kind: str
    name: str
    denied: tuple[str, ...]
    warned: tuple[str, ...]


def subjects(index: Index) -> tuple[Resource, ...]:
    """Return what is judged: every stored object of MetalLB's configuration."""
    return tuple(thing for kind in JUDGED for thing in index.objects[kind].values())


def fault(subject: Resource, index: Index, backend: Backend, namespace: str) -> Fault | None:
    """Judge one stored object among all others; None if the rules have nothing to say.

    Args:
        subject: the object.
        index: everything stored, this object included.
        backend: who speaks BGP.
        namespace: MetalLB's.
    """
    # An update that changes nothing: rules on what a change would do stay silent.
    request: Request[Any] = Request(
        subject, subject, Operation.UPDATE, Snapshot(index), backend, namespace
    )
    found = evaluate(request, subject.kind)
    if not found:
        return None
    return Fault(
        subject.kind,
        subject.metadata.name,
        _texts(found, Severity.DENY),
        _texts(found, Severity.WARN),
    )


def _texts(found: Iterable[Finding], severity: Severity) -> tuple[str, ...]:
    return tuple(str(finding) for finding in found if finding.severity is severity)


def told_about(subject: Resource) -> Manifest:
    """Return what an Event about a stored object needs of it."""
    metadata = subject.metadata
    return {
        "apiVersion": subject.api_version,
        "kind": subject.kind,
        "metadata": {
            "name": metadata.name,
            "namespace": metadata.namespace,
            "uid": metadata.uid,
        },
    }


def checked(faults: Iterable[Fault], unreadable: Mapping[tuple[str, Key], str]) -> Checked:
    """Return the outcome as the status has it.

    Args:
        faults: of objects that can be read.
        unreadable: why objects cannot be, by kind and key.
    """
    known = tuple(faults)
    broken = [
        f"{kind} {_name(key)} cannot be read: {why}" for (kind, key), why in unreadable.items()
    ]
    denied = [f"{one.kind} {one.name}: {text}" for one in known for text in one.denied]
    warned = [f"{one.kind} {one.name}: {text}" for one in known for text in one.warned]
    problems = tuple(_bounded([*broken, *denied]))
    return Checked(
        done=True,
        problems=(*problems, _FREEZES) if problems else (),
        warnings=tuple(_bounded(warned)),
    )


def _bounded(texts: list[str]) -> Iterator[str]:
    yield from texts[:_SHOWN]
    more = texts[_SHOWN:]
    if more:
        names = list(dict.fromkeys(text.split(":")[0] for text in more))
        yield f"and {len(more)} more, of {listed(names)}"


def _name(key: Key) -> str:
    return key if isinstance(key, str) else "/".join(key)

"""Whether a MetalLB object that no API server has seen would be let in. Pure.

What is rendered from a file is applied as it is: nothing else judges it on its way.
"""

from collections.abc import Iterator
from typing import Any, Final

from pydantic import ValidationError

from metallb_cli.findings import Level
from metallb_cli.inputs import InputError
from metallb_cli.schema import problems
from metallb_crds.operator_v1beta1 import MetalLB
from metallb_crds.registry import KINDS, Kind
from metallb_kube.objects import Manifest
from metallb_webhooks.index import Index
from metallb_webhooks.installation import backend_in_effect
from metallb_webhooks.reading import enumerate_problems
from metallb_webhooks.rules.base import Operation, Request, Severity
from metallb_webhooks.rules.registry import evaluate
from metallb_webhooks.snapshot import Snapshot

_METALLB: Final[Kind] = next(row for row in KINDS if row.model is MetalLB)


def refuse_invalid(manifest: Manifest, namespace: str) -> None:
    """Judge a MetalLB object by its schema and by the rules of admission, as if it were new.

    Args:
        manifest: the object, decoded.
        namespace: MetalLB's.

    Raises:
        InputError: it would be refused; every problem is named.
    """
    # One word about a field is enough, and a rule has the better one: it ends in the remedy.
    found = dict(_by_schema(manifest)) | dict(_by_rules(manifest, namespace))
    if found:
        told = enumerate_problems(f"{path}: {message}" for path, message in found.items())
        raise InputError(f"this MetalLB object would be refused: {told}")


def _by_schema(manifest: Manifest) -> Iterator[tuple[str, str]]:
    for problem in problems(_without_nulls(manifest), _METALLB):
        if problem.level is Level.ERROR:
            yield problem.path, f"{problem.message} [{problem.rule}]"


def _by_rules(manifest: Manifest, namespace: str) -> Iterator[tuple[str, str]]:
    try:
        subject = MetalLB.parse(manifest)
    except ValidationError:
        return  # its schema says why
    request: Request[Any] = Request(
        subject,
        None,
        Operation.CREATE,
        Snapshot(Index([subject])),
        backend_in_effect(subject),
        namespace,
    )
    for finding in evaluate(request, MetalLB.kind):
        if finding.severity is Severity.DENY:
            yield finding.path, f"{finding.message} [{finding.rule}]"


def _without_nulls(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return what the API server makes of nulls: they count as absent."""
    if isinstance(value, dict):
        return {key: _without_nulls(below) for key, below in value.items() if below is not None}
    return [_without_nulls(below) for below in value] if isinstance(value, list) else value

"""What a MetalLB object asks for, or why it cannot be had. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from metallb_crds.backend import Backend, backend_of
from metallb_crds.operator_v1beta1 import Images, MetalLB, MetalLBSpec
from metallb_kube.objects import Manifest
from metallb_operator.conditions import Reason
from metallb_operator.errors import OperatorError
from metallb_operator.fields import name_of, text_at
from metallb_operator.releases import Release, release_for
from metallb_operator.settings import OBJECT_NAME, Settings
from metallb_operator.situation import Problem
from metallb_operator.values import values
from metallb_webhooks.registries import is_allowed, pulled, refusal

_WITH_BACKEND: Final[Mapping[Backend, tuple[str, ...]]] = {
    Backend.FRR: ("frr",),
    Backend.FRR_K8S: ("frrK8s", "frrK8sFrr"),
}
"""Values of the chart's images that run with one backend only."""
_FIELDS: Final[Mapping[str, str]] = {"frrK8sFrr": "frr"}
"""Fields of spec.images where they are called otherwise than the chart's values."""

_PERCENTAGE: Final = re.compile(r"([1-9][0-9]?|100)%")


@dataclass(frozen=True, slots=True)
class Intent:
    """What is to run.

    Attributes:
        values: the chart's.
    """

    metallb: MetalLB
    release: Release
    backend: Backend
    values: Mapping[str, Any]


def misplaced(manifest: Manifest, namespace: str) -> Problem | None:
    """Say why an object is not the one that is served; None if it is."""
    name, where = name_of(manifest), text_at(manifest, "metadata", "namespace")
    if where != namespace:
        text = (
            f"this object is in namespace {where} and has no effect: the operator serves "
            f"namespace {namespace}; create it there, named {OBJECT_NAME}"
        )
        return Problem(Reason.WRONG_NAMESPACE, text)
    if name != OBJECT_NAME:
        text = (
            f"this object is named {name} and has no effect: the operator serves the one "
            f"named {OBJECT_NAME}; rename it"
        )
        return Problem(Reason.WRONG_NAME, text)
    return None


def intent_of(manifest: Manifest, settings: Settings) -> Intent | Problem:
    """Read what an object asks for.

    Args:
        manifest: the MetalLB object as stored; its spec may be older than the present schema.
        settings: defaults, images that replace those of the release, and what is allowed.
    """
    try:
        metallb = MetalLB.parse(manifest)
    except ValidationError as error:
        return Problem(Reason.INVALID_SPEC, "; ".join(_lines(error)))
    chosen = metallb.spec.bgp_backend
    backend = backend_of(chosen) if chosen else settings.default_backend
    if backend is None:
        known = ", ".join(Backend)
        text = f"spec.bgpBackend: {chosen!r} is no backend; use one of {known}"
        return Problem(Reason.INVALID_SPEC, text)
    try:
        release = release_for(metallb.spec.version)
    except OperatorError as error:
        return Problem(error.reason, str(error))
    obstacle = _obstacle(metallb.spec, release, backend)
    if obstacle:
        return Problem(Reason.INVALID_SPEC, obstacle)
    made = values(metallb.spec, release, backend, settings.images)
    forbidden = _forbidden(metallb.spec, made["images"], backend, settings.allowed_registries)
    if forbidden:
        return Problem(Reason.INVALID_SPEC, forbidden)
    return Intent(metallb, release, backend, made)


def _obstacle(spec: MetalLBSpec, release: Release, backend: Backend) -> str:
    """Return what cannot be had though the schema lets it pass; "" if nothing."""
    given = spec.frrk8s_config
    if backend is Backend.FRR_K8S_EXTERNAL and not (given and given.namespace):
        return (
            f"spec.frrk8sConfig.namespace: is empty; name the namespace of the frr-k8s that "
            f"backend {backend.value} is to use"
        )
    if backend is Backend.FRR_K8S_EXTERNAL and given and given.secret_passthrough:
        return (
            f"spec.frrk8sConfig.secretPassthrough: MetalLB {release.version} can only copy "
            f"passwords into FRRConfigurations, not refer to them; remove it to accept that"
        )
    strategy = spec.update_strategy.speaker if spec.update_strategy else None
    unavailable = strategy.max_unavailable if strategy else None
    if unavailable is not None and not _is_positive(unavailable):
        return (
            f"spec.updateStrategy.speaker.maxUnavailable: {unavailable!r} would let no speaker be "
            f"replaced; use a number from 1 or a percentage from 1% to 100%"
        )
    return ""


def _forbidden(
    spec: MetalLBSpec, images: Mapping[str, str], backend: Backend, allowed: Sequence[str]
) -> str:
    """Return which of the images that would run is not allowed; "" if none.

    Args:
        spec: tells what is the object's own wish.
        images: the chart's values of that name.
        backend: which images run depends on it.
        allowed: registries and repositories; everything if there is none.
    """
    asked = spec.images or Images()
    own = {"controller": asked.controller, "speaker": asked.speaker}
    own |= {"frr": asked.frr, "frrK8s": asked.frr_k8s, "frrK8sFrr": asked.frr}
    for role in ("controller", "speaker", *_WITH_BACKEND.get(backend, ())):
        found = pulled(images[role], images["registry"])
        if not is_allowed(found, allowed):
            field = _FIELDS.get(role, role) if own[role] or not asked.registry else "registry"
            return f"spec.images.{field}: {refusal(found, allowed)}"
    return ""


def _is_positive(number: int | str) -> bool:
    if isinstance(number, int):
        return number > 0
    return _PERCENTAGE.fullmatch(number) is not None


def _lines(error: ValidationError) -> list[str]:
    return [
        f"{'.'.join(str(part) for part in found['loc'])}: {found['msg']}, not {found['input']!r}"
        for found in error.errors(include_url=False)
    ]

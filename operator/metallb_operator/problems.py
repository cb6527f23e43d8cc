"""From errors to what the status says of them. Pure."""

from collections.abc import Iterable, Mapping
from typing import Final

from metallb_kube.errors import (
    ForbiddenError,
    KubeError,
    NotFoundError,
    ThrottledError,
    UnavailableError,
    UnknownKindError,
)
from metallb_operator.conditions import Reason
from metallb_operator.execute import Failure
from metallb_operator.remedies import refused, with_remedy
from metallb_operator.situation import Problem
from metallb_operator.wording import stable

_LONGEST: Final = 1000
_UNAUTHORIZED: Final = 401
_REMEDIES: Final[Mapping[Reason, str]] = {
    Reason.FORBIDDEN: "give the operator's ServiceAccount the permissions of its bundle",
    Reason.MISSING_KIND: "install the CustomResourceDefinition, or switch the feature off",
}


def of_error(error: KubeError, what: str) -> Problem:
    """Return what an error of the API server means for what was being done."""
    reason = _reason(error)
    again = "it is tried again" if error.transient else ""
    remedy = _REMEDIES.get(reason) or refused(error.message) or again
    text = f"{what}: {stable(str(error), _LONGEST)}"
    return Problem(reason, with_remedy(text, remedy))


def of_failures(failures: Iterable[Failure]) -> tuple[Problem, ...]:
    """Return what failed writes mean."""
    return tuple(of_error(failure.error, str(failure.ref)) for failure in failures)


def _reason(error: KubeError) -> Reason:
    if isinstance(error, ForbiddenError):
        return Reason.FORBIDDEN if _is_unauthorized(error) else Reason.REFUSED_BY_API_SERVER
    if isinstance(error, UnknownKindError):
        return Reason.MISSING_KIND
    if isinstance(error, NotFoundError) and error.kind_is_unknown:
        return Reason.MISSING_KIND
    if isinstance(error, ThrottledError):
        return Reason.API_SERVER_UNAVAILABLE
    if isinstance(error, UnavailableError) and not _is_of_webhook(error):
        return Reason.API_SERVER_UNAVAILABLE
    return Reason.REFUSED_BY_API_SERVER


def _is_unauthorized(error: ForbiddenError) -> bool:
    """Whether rights are what lacks: quotas and admission answer 403 as well.

    The API server's authorizer says `User "..." cannot patch resource "..."`, and nobody else does.
    """
    lacking = 'User "' in error.message and '" cannot ' in error.message
    return error.status == _UNAUTHORIZED or lacking


def _is_of_webhook(error: UnavailableError) -> bool:
    """Whether somebody's admission webhook does not answer (then that is a 500)."""
    return "failed calling webhook" in error.message

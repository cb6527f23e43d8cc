"""From errors to what the status says of them. Pure."""

from collections.abc import Iterable, Mapping
from typing import Final

from metallb_kube.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    KubeError,
    NotFoundError,
    ThrottledError,
    UnavailableError,
    UnknownKindError,
)
from metallb_operator.conditions import Reason
from metallb_operator.execute import Failure
from metallb_operator.status import Problem

_REASONS: Final[Mapping[type[KubeError], Reason]] = {
    ForbiddenError: Reason.FORBIDDEN,
    InvalidError: Reason.REFUSED_BY_API_SERVER,
    NotFoundError: Reason.MISSING_KIND,
    UnknownKindError: Reason.MISSING_KIND,
    ThrottledError: Reason.API_SERVER_UNAVAILABLE,
    UnavailableError: Reason.API_SERVER_UNAVAILABLE,
    ConflictError: Reason.REFUSED_BY_API_SERVER,
}
_REMEDIES: Final[Mapping[Reason, str]] = {
    Reason.FORBIDDEN: "give the operator's ServiceAccount the permissions of its bundle",
    Reason.MISSING_KIND: "install the CustomResourceDefinition, or switch the feature off",
    Reason.API_SERVER_UNAVAILABLE: "it is tried again",
}


def of_error(error: KubeError, what: str) -> Problem:
    """Return what an error of the API server means for what was being done."""
    reason = next(
        (reason for kind, reason in _REASONS.items() if isinstance(error, kind)),
        Reason.REFUSED_BY_API_SERVER,
    )
    remedy = _REMEDIES.get(reason)
    return Problem(reason, f"{what}: {error}" + (f"; {remedy}" if remedy else ""))


def of_failures(failures: Iterable[Failure]) -> tuple[Problem, ...]:
    """Return what failed writes mean."""
    return tuple(of_error(failure.error, str(failure.ref)) for failure in failures)

"""One family of errors for everything that can go wrong between us and the API server.

Whether an error may heal by itself is a property of its class (`transient`), so that callers
decide without looking at status codes. Permanent is only what cannot succeed until somebody
changes the object that was sent.
"""

import logging
import math
from collections.abc import Mapping
from typing import Any, ClassVar, Final

_LONGEST_RETRY_AFTER: Final = 60.0
"""More is not believed: a proxy's hour must not become one without a look."""


class KubeError(Exception):
    """The API server refused a request, or could not be asked.

    Attributes:
        transient: whether the same request may succeed later.
        level: how loud callers log it: the client has said already what concerns every request.
        status: the HTTP status, None where no answer arrived.
        reason: the machine-readable reason of the `Status` answer ("NotFound"), "" without one.
        details: `details` of the `Status` answer; carries causes by field.
        retry_after: seconds for which the API server asks to be left alone; 0 if it does not.
    """

    transient: ClassVar[bool] = True
    level: ClassVar[int] = logging.WARNING

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        reason: str = "",
        details: Mapping[str, Any] | None = None,
        retry_after: float = 0.0,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.reason = reason
        self.details: Mapping[str, Any] = details or {}
        self.retry_after = retry_after


class UnknownKindError(KubeError):
    """A kind that is not in the table of resources: a mistake in a manifest or in the table."""

    transient = False


class ConfigurationError(KubeError):
    """The kubeconfig, or the pod's ServiceAccount, cannot be read."""

    transient = False


class NotFoundError(KubeError):
    """404: the object does not exist; without a reason, its kind is not served."""

    @property
    def kind_is_unknown(self) -> bool:
        """Whether the API server does not serve the kind at all (its CRD is not installed)."""
        return self.reason != "NotFound" or not self.details.get("name")


class ConflictError(KubeError):
    """409: somebody else was faster, or owns a field that was applied without force."""


class AlreadyExistsError(KubeError):
    """409 on create: the name is taken."""


class ForbiddenError(KubeError):
    """401 or 403: not allowed now; a role, a token, a quota or a policy can change that."""


class InvalidError(KubeError):
    """400, 422 and their like: the object itself is refused and will be again."""

    transient = False


class GoneError(KubeError):
    """410: the resource version asked for is no longer kept; list anew."""


class ThrottledError(KubeError):
    """429: the API server has too much to do; `retry_after` is never 0 unless it says so."""


class FencedError(KubeError):
    """A write that was not sent: whoever asked for it may not act at this moment."""


class UnavailableError(KubeError):
    """5xx, no connection, no answer in time, or an answer that is none."""


class UnreachableError(UnavailableError):
    """The API server could not be asked, or its answer broke off; the client logs outages."""

    level = logging.DEBUG


class TooLargeError(UnavailableError):
    """An answer that is longer than whoever asked can keep; ask for less at a time."""


class SilentError(UnavailableError):
    """A watch that was answered has fallen silent: its connection is dead."""


_BY_STATUS: Final[Mapping[int, type[KubeError]]] = {
    400: InvalidError,
    401: ForbiddenError,
    403: ForbiddenError,
    404: NotFoundError,
    405: InvalidError,
    406: InvalidError,
    409: ConflictError,
    410: GoneError,
    413: InvalidError,
    415: InvalidError,
    422: InvalidError,
    429: ThrottledError,
    # What stands before an API server that is not there, and one that starts or ends.
    502: UnreachableError,
    503: UnreachableError,
}
_BY_REASON: Final[Mapping[str, type[KubeError]]] = {
    "AlreadyExists": AlreadyExistsError,
    "Expired": GoneError,
    "Gone": GoneError,
}


def error_from(
    status: int,
    body: Mapping[str, Any],
    *,
    text: str = "",
    retry_after: str | None = None,
) -> KubeError:
    """Turn an answer of the API server into an error of ours.

    Args:
        status: the HTTP status, or `code` of a `Status` object inside a watch.
        body: the decoded `Status` object; empty where the answer was something else.
        text: the answer as text, used where there is no message.
        retry_after: the header's value, in seconds.
    """
    reason = str(body.get("reason") or "")
    found = body.get("details")
    details = found if isinstance(found, Mapping) else {}
    message = str(body.get("message") or text.strip() or f"HTTP status {status}")
    kind = _BY_REASON.get(reason) or _BY_STATUS.get(status, UnavailableError)
    wait = _seconds(retry_after, details.get("retryAfterSeconds"))
    if wait is None:
        wait = 1.0 if kind is ThrottledError else 0.0
    return kind(message, status=status, reason=reason, details=details, retry_after=wait)


def _seconds(*candidates: object) -> float | None:
    """Return the first candidate that is a number of seconds, within reason; None without one."""
    for candidate in candidates:
        try:
            seconds = float(str(candidate))
        except ValueError:
            continue
        if math.isfinite(seconds):
            return min(max(0.0, seconds), _LONGEST_RETRY_AFTER)
    return None

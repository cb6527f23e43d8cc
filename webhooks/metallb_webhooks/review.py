"""The wire format of admission: an AdmissionReview in, an AdmissionReview out. Pure.

Source: Kubernetes documentation, "Dynamic Admission Control", and `admission.k8s.io/v1`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import orjson

from metallb_kube.printing import one_line, printable

MAX_BODY_BYTES: Final = 3 * 1024 * 1024
"""What the API server itself accepts for one object, and more than etcd stores."""

API_VERSION: Final = "admission.k8s.io/v1"
OPERATIONS: Final = frozenset({"CREATE", "UPDATE", "DELETE", "CONNECT"})

WARNING_CHARACTERS: Final = 256
"""The API server cuts a warning after so many characters."""
WARNINGS_CHARACTERS: Final = 4096
"""The API server drops what exceeds so many characters in all warnings of one answer."""

_SENTENCE_END: Final = re.compile(r"(?<=[.;:]) ")


class MalformedReviewError(Exception):
    """The request is no AdmissionReview that can be answered.

    Attributes:
        status: the HTTP status to answer with, 4xx.
    """

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class ReviewRequest:
    """What the API server asks.

    Attributes:
        uid: echoed in the answer.
        api_version: of the object, "metallb.io/v1beta1".
        namespace: None for a cluster-scoped object.
        subresource: "" for the object itself.
        object: the object as it would be stored; None on DELETE.
        old: the object as it is stored; None on CREATE.
        size: of the body in bytes; 0 if not known.
        user: who asks, as the API server knows them; whoever reaches the port may write anything.
    """

    uid: str
    api_version: str
    kind: str
    namespace: str | None
    name: str
    operation: str
    subresource: str
    dry_run: bool
    object: Mapping[str, Any] | None
    old: Mapping[str, Any] | None
    size: int = 0
    user: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is answered.

    Attributes:
        code: of the answer's status: 200, or what kubectl is to see (403, 400, 500).
        reason: the machine-readable reason, "" when allowed.
        message: why not, for people.
        warnings: shown by kubectl whether or not the object is allowed.
        rules: ids of the rules that denied or warned, for metrics.
    """

    allowed: bool
    code: HTTPStatus = HTTPStatus.OK
    reason: str = ""
    message: str = ""
    warnings: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()


def check_content_type(content_type: str) -> None:
    """Accept JSON only, as the API server sends it.

    Raises:
        MalformedReviewError: with 415.
    """
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise MalformedReviewError(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"Content-Type is {content_type[:100]!r}; send an AdmissionReview as application/json",
        )


def parse(raw: bytes) -> ReviewRequest:
    """Decode the body of a request.

    Raises:
        MalformedReviewError: it is too large, no JSON, or no AdmissionReview of admission.k8s.io/v1
            with a request in it.
    """
    if len(raw) > MAX_BODY_BYTES:
        raise MalformedReviewError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body exceeds {MAX_BODY_BYTES} bytes"
        )
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _malformed(f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise _malformed("the body is not a JSON object")
    if body.get("kind") != "AdmissionReview" or body.get("apiVersion") != API_VERSION:
        found = f"{_shown(body.get('apiVersion'))} {_shown(body.get('kind'))}"
        raise _malformed(f"the body is {found}, not {API_VERSION} AdmissionReview")
    return _request(_mapping(body, "request"), len(raw))


def _request(request: Mapping[str, Any], size: int) -> ReviewRequest:
    kind = _mapping(request, "kind")
    group, version = _text(kind, "group"), _text(kind, "version", required=True)
    operation = _text(request, "operation", required=True)
    if operation not in OPERATIONS:
        raise _malformed(f"request.operation is {operation[:60]!r}")
    review = ReviewRequest(
        uid=_text(request, "uid", required=True),
        api_version=f"{group}/{version}" if group else version,
        kind=_text(kind, "kind", required=True),
        namespace=_text(request, "namespace") or None,
        name=_text(request, "name"),
        operation=operation,
        subresource=_text(request, "subResource"),
        dry_run=request.get("dryRun") is True,
        object=_optional_mapping(request, "object"),
        old=_optional_mapping(request, "oldObject"),
        size=size,
        user=_text(_optional_mapping(request, "userInfo") or {}, "username"),
    )
    subject = review.old if operation == "DELETE" else review.object
    if subject is None and operation != "CONNECT":
        field = "oldObject" if operation == "DELETE" else "object"
        raise _malformed(f"request.{field} is missing although the operation is {operation}")
    return review


def respond(uid: str, verdict: Verdict) -> bytes:
    """Encode the answer to the request with this uid."""
    response: dict[str, Any] = {"uid": uid, "allowed": verdict.allowed}
    if not verdict.allowed:
        response["status"] = {
            "status": "Failure",
            "code": int(verdict.code),
            "reason": verdict.reason,
            "message": printable(verdict.message),
        }
    warnings = fit_warnings(verdict.warnings)
    if warnings:
        response["warnings"] = warnings
    return orjson.dumps(
        {"apiVersion": API_VERSION, "kind": "AdmissionReview", "response": response}
    )


def fit_warnings(texts: Iterable[str]) -> list[str]:
    """Split and bound warnings so that the API server neither cuts nor drops any.

    A long text becomes several warnings, split between sentences where possible; control
    characters, for which the API server drops a whole warning, become blanks. What does not
    fit in all is counted in the last one.
    """
    pieces = [piece for text in texts for piece in _split(one_line(text))]
    fitting: list[str] = []
    room = WARNINGS_CHARACTERS
    for index, piece in enumerate(pieces):
        more = len(pieces) - index - 1
        closing = _omitted(more + 1)
        # While something follows, room for the closing sentence must remain.
        if len(piece) + (len(closing) if more else 0) > room:
            return [*fitting, closing]
        fitting.append(piece)
        room -= len(piece)
    return fitting


def _split(text: str) -> Sequence[str]:
    """Cut a text into pieces of at most 256 characters, at sentences, else at words."""
    pieces: list[str] = []
    rest = text.strip()
    while len(rest) > WARNING_CHARACTERS:
        ends = [m.end() for m in _SENTENCE_END.finditer(rest, 0, WARNING_CHARACTERS + 1)]
        # A very short first sentence is no good place; words are, and the hard limit always.
        at = next((end for end in reversed(ends) if end > WARNING_CHARACTERS // 3), 0)
        at = at or rest.rfind(" ", 1, WARNING_CHARACTERS + 1)
        at = at if at > 0 else WARNING_CHARACTERS
        pieces.append(rest[:at].rstrip())
        rest = rest[at:].lstrip()
    return [*pieces, rest] if rest else pieces


def _omitted(count: int) -> str:
    return f"{count} more warnings; `kubectl metallb lint` shows all of them."


def _malformed(message: str) -> MalformedReviewError:
    return MalformedReviewError(HTTPStatus.BAD_REQUEST, message)


def _shown(value: object) -> str:
    # What is nested deep enough cannot be turned into text.
    return str(value)[:60] if value is None or isinstance(value, str) else "(no text)"


def _mapping(parent: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    value = _optional_mapping(parent, field)
    if value is None:
        raise _malformed(f"{field} is missing")
    return value


def _optional_mapping(parent: Mapping[str, Any], field: str) -> Mapping[str, Any] | None:
    value = parent.get(field)
    if value is not None and not isinstance(value, dict):
        raise _malformed(f"{field} is not an object")
    return value


def _text(parent: Mapping[str, Any], field: str, *, required: bool = False) -> str:
    value = parent.get(field)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or (required and not value):
        raise _malformed(f"{field} is missing or not text")
    return value

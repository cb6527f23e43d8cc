"""Answers of the API server become errors that know whether they heal."""

from typing import Any

import pytest

from metallb_kube.errors import (
    AlreadyExistsError,
    ConflictError,
    ForbiddenError,
    GoneError,
    InvalidError,
    KubeError,
    NotFoundError,
    ThrottledError,
    UnavailableError,
    UnreachableError,
    error_from,
)


@pytest.mark.parametrize(
    ("status", "reason", "kind", "transient"),
    [
        (400, "BadRequest", InvalidError, False),
        (401, "Unauthorized", ForbiddenError, True),
        (403, "Forbidden", ForbiddenError, True),
        (404, "NotFound", NotFoundError, True),
        (405, "MethodNotAllowed", InvalidError, False),
        (409, "Conflict", ConflictError, True),
        (409, "AlreadyExists", AlreadyExistsError, True),
        (410, "Gone", GoneError, True),
        (410, "Expired", GoneError, True),
        (413, "RequestEntityTooLarge", InvalidError, False),
        (415, "UnsupportedMediaType", InvalidError, False),
        (422, "Invalid", InvalidError, False),
        (429, "TooManyRequests", ThrottledError, True),
        (500, "InternalError", UnavailableError, True),
        (502, "", UnreachableError, True),
        (503, "ServiceUnavailable", UnreachableError, True),
        (504, "Timeout", UnavailableError, True),
        (418, "", UnavailableError, True),
    ],
)
def test_class_by_status_and_reason(
    status: int, reason: str, kind: type[KubeError], *, transient: bool
) -> None:
    error = error_from(status, {"reason": reason, "message": "so it is"})
    assert type(error) is kind
    assert error.transient is transient
    assert (str(error), error.status, error.reason) == ("so it is", status, reason)


@pytest.mark.parametrize(
    ("body", "text", "expected"),
    [
        ({"message": "m"}, "ignored", "m"),
        ({}, " 404 page not found\n", "404 page not found"),
        ({}, "", "HTTP status 404"),
        ({"message": None, "reason": None, "details": None}, "", "HTTP status 404"),
    ],
)
def test_message(body: dict[str, Any], text: str, expected: str) -> None:
    assert str(error_from(404, body, text=text)) == expected


@pytest.mark.parametrize(
    ("header", "details", "seconds"),
    [
        ("3", {}, 3.0),
        (None, {"retryAfterSeconds": 7}, 7.0),
        ("2", {"retryAfterSeconds": 7}, 2.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", {"retryAfterSeconds": 4}, 4.0),
        (None, {}, 1.0),
        ("-5", {}, 0.0),
        ("nan", {"retryAfterSeconds": 4}, 4.0),
        ("inf", {}, 1.0),
        ("86400", {}, 60.0),
        ("3", ["not", "details"], 3.0),
    ],
)
def test_throttling_says_how_long(header: str | None, details: object, seconds: float) -> None:
    error = error_from(429, {"details": details}, retry_after=header)
    assert isinstance(error, ThrottledError)
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    ("status", "header", "seconds"), [(503, "5", 5.0), (500, None, 0.0), (409, "2", 2.0)]
)
def test_any_answer_may_say_how_long(status: int, header: str | None, seconds: float) -> None:
    assert error_from(status, {}, retry_after=header).retry_after == seconds


@pytest.mark.parametrize(
    ("body", "unknown"),
    [
        ({"reason": "NotFound", "details": {"name": "a"}}, False),
        ({"reason": "NotFound", "details": {}}, True),
        ({}, True),
    ],
)
def test_a_missing_kind_differs_from_a_missing_object(
    body: dict[str, Any], *, unknown: bool
) -> None:
    error = error_from(404, body)
    assert isinstance(error, NotFoundError)
    assert error.kind_is_unknown is unknown

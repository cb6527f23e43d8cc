"""AdmissionReviews in and out: what is malformed, how answers look, how warnings fit."""

import json
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metallb_webhooks.review import (
    MAX_BODY_BYTES,
    WARNING_CHARACTERS,
    WARNINGS_CHARACTERS,
    MalformedReviewError,
    ReviewRequest,
    Verdict,
    check_content_type,
    fit_warnings,
    parse,
    respond,
)

KIND = {"group": "metallb.io", "version": "v1beta1", "kind": "Community"}


def review(**changes: object) -> dict[str, Any]:
    request: dict[str, object] = {
        "uid": "u-1",
        "kind": KIND,
        "namespace": "metallb-system",
        "name": "a",
        "operation": "CREATE",
        "object": {"metadata": {"name": "a"}},
        "oldObject": None,
    }
    request.update(changes)
    request = {key: value for key, value in request.items() if value != "absent"}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}


def encoded(body: object) -> bytes:
    return json.dumps(body).encode()


def test_a_create_is_read_field_by_field() -> None:
    raw = encoded(review(dryRun=True))
    assert parse(raw) == ReviewRequest(
        uid="u-1",
        api_version="metallb.io/v1beta1",
        kind="Community",
        namespace="metallb-system",
        name="a",
        operation="CREATE",
        subresource="",
        dry_run=True,
        object={"metadata": {"name": "a"}},
        old=None,
        size=len(raw),
    )


@pytest.mark.parametrize(
    ("changes", "field", "expected"),
    [
        ({"kind": {**KIND, "group": ""}}, "api_version", "v1beta1"),
        ({"kind": {"version": "v1", "kind": "Node"}}, "api_version", "v1"),
        ({"namespace": ""}, "namespace", None),
        ({"namespace": "absent"}, "namespace", None),
        ({"name": "absent"}, "name", ""),
        ({"subResource": "status"}, "subresource", "status"),
        ({"dryRun": "absent"}, "dry_run", False),
        ({"dryRun": "true"}, "dry_run", False),
        ({"operation": "DELETE", "object": None, "oldObject": {"a": 1}}, "old", {"a": 1}),
        ({"operation": "CONNECT", "object": None}, "object", None),
    ],
)
def test_what_is_optional(changes: dict[str, Any], field: str, expected: object) -> None:
    assert getattr(parse(encoded(review(**changes))), field) == expected


@pytest.mark.parametrize(
    ("raw", "status", "text"),
    [
        (b"", 400, "not JSON"),
        (b"{", 400, "not JSON"),
        (b"\xff\xfe", 400, "not JSON"),
        (b"[" * 5000, 400, "not JSON"),
        (b'{"a":' * 5000, 400, "not JSON"),
        (b"null", 400, "not a JSON object"),
        (b"[]", 400, "not a JSON object"),
        (b"{}", 400, "None None, not admission.k8s.io/v1 AdmissionReview"),
        (encoded({**review(), "apiVersion": "admission.k8s.io/v1beta1"}), 400, "v1beta1"),
        (encoded({**review(), "kind": "ConversionReview"}), 400, "ConversionReview"),
        (encoded({**review(), "request": None}), 400, "request is missing"),
        (encoded({**review(), "request": []}), 400, "request is not an object"),
        (encoded(review(uid="absent")), 400, "uid is missing"),
        (encoded(review(uid="")), 400, "uid is missing"),
        (encoded(review(uid=7)), 400, "uid is missing or not text"),
        (encoded(review(kind="Community")), 400, "kind is not an object"),
        (encoded(review(kind={"group": "metallb.io"})), 400, "version is missing"),
        (encoded(review(kind={**KIND, "kind": None})), 400, "kind is missing"),
        (encoded(review(operation="PATCH")), 400, "operation is 'PATCH'"),
        (encoded(review(operation="absent")), 400, "operation is missing"),
        (encoded(review(object=None)), 400, "request.object is missing"),
        (encoded(review(object="text")), 400, "object is not an object"),
        (encoded(review(operation="DELETE")), 400, "request.oldObject is missing"),
        (encoded(review(namespace=1)), 400, "namespace is missing or not text"),
        (b" " * (MAX_BODY_BYTES + 1), 413, "exceeds"),
    ],
)
def test_malformed_requests_say_what_is_wrong(raw: bytes, status: int, text: str) -> None:
    with pytest.raises(MalformedReviewError, match=text) as seen:
        parse(raw)
    assert seen.value.status == status


@given(st.binary(max_size=200))
def test_no_bytes_do_anything_but_parse_or_be_malformed(raw: bytes) -> None:
    with pytest.raises(MalformedReviewError):
        parse(raw)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.sampled_from(sorted(review()["request"])), _JSON)
def test_no_value_of_a_field_does_anything_else(field: str, value: object) -> None:
    with suppress(MalformedReviewError):
        parse(encoded(review(**{field: value})))


@pytest.mark.parametrize(
    ("content_type", "accepted"),
    [
        ("application/json", True),
        ("application/json; charset=utf-8", True),
        ("Application/JSON", True),
        ("application/json-patch+json", False),
        ("application/octet-stream", False),
        ("text/plain", False),
        ("", False),
    ],
)
def test_only_json_is_accepted(content_type: str, *, accepted: bool) -> None:
    if accepted:
        check_content_type(content_type)
        return
    with pytest.raises(MalformedReviewError) as seen:
        check_content_type(content_type)
    assert seen.value.status == 415


def test_an_allowed_answer_is_short() -> None:
    assert json.loads(respond("u-1", Verdict(allowed=True))) == {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {"uid": "u-1", "allowed": True},
    }


def test_a_denial_carries_status_and_warnings() -> None:
    verdict = Verdict(
        allowed=False,
        code=HTTPStatus.FORBIDDEN,
        reason="Forbidden",
        message="no\x1b[31m",
        warnings=("mind",),
    )
    assert json.loads(respond("u-1", verdict))["response"] == {
        "uid": "u-1",
        "allowed": False,
        "status": {"status": "Failure", "code": 403, "reason": "Forbidden", "message": "no [31m"},
        "warnings": ["mind"],
    }


SENTENCE = "x" * 119 + "."


@pytest.mark.parametrize(
    ("given_texts", "expected"),
    [
        ([], []),
        ([""], []),
        (["short"], ["short"]),
        (["a\nb"], ["a b"]),
        (["y" * 256], ["y" * 256]),
        (["y" * 257], ["y" * 256, "y"]),
        ([f"{SENTENCE} {SENTENCE} {SENTENCE}"], [f"{SENTENCE} {SENTENCE}", SENTENCE]),
        (["w " * 200], [("w " * 128).strip(), ("w " * 72).strip()]),
        (["No. " + "v" * 250 + " end."], ["No. " + "v" * 250, "end."]),
    ],
)
def test_warnings_are_split_where_one_would_read_on(
    given_texts: list[str], expected: list[str]
) -> None:
    assert fit_warnings(given_texts) == expected


def test_what_does_not_fit_is_counted() -> None:
    fitted = fit_warnings("z" * 200 for _ in range(50))
    assert fitted[-1] == "30 more warnings; `kubectl metallb lint` shows all of them."
    assert len(fitted) == 21


@given(st.lists(st.text(max_size=900), max_size=30))
def test_the_api_server_neither_cuts_nor_drops(texts: list[str]) -> None:
    fitted = fit_warnings(texts)
    assert all(0 < len(text) <= WARNING_CHARACTERS for text in fitted)
    assert sum(map(len, fitted)) <= WARNINGS_CHARACTERS
    assert all(text.isprintable() for text in fitted)

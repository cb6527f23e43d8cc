import json

import pytest

from observe.inside.writer import code_of, request, said
from observe.writers import Write, account


def test_account() -> None:
    done = Write("POST", 10.0, 0.1, 201, "")
    refused = Write("POST", 11.0, 0.5, 500, "failed calling webhook")
    again = Write("DELETE", 13.0, 0.25, 500, "failed calling webhook")
    away = Write("POST", 12.0, 0.1, 0, "ConnectionRefusedError")
    found = account([done, again, refused, away])
    assert (found.writes, found.refused, found.unanswered) == (4, 2, 1)
    assert (found.first, found.last) == (11.0, 13.25)
    assert str(found) == (
        "2 of 4 writes refused, 1 unanswered, within 2.2 s: failed calling webhook"
    )
    assert str(account([done])) == "0 of 1 writes refused, 0 unanswered"


@pytest.mark.parametrize(
    ("answer", "code", "text"),
    [
        (b"", 0, ""),
        (b"HTTP/1.1 201 Created\r\n\r\n{}", 201, "{}"),
        (b'HTTP/1.1 500 No\r\n\r\n{"message": "no endpoints"}', 500, "no endpoints"),
        # In chunks, when the API server does not know how long an answer will be.
        (b'HTTP/1.1 403 No\r\n\r\n1a\r\n{"message": "denied"}\r\n0\r\n\r\n', 403, "denied"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\nnobody there", 502, "nobody there"),
    ],
)
def test_answers(answer: bytes, code: int, text: str) -> None:
    assert (code_of(answer), said(answer)) == (code, text)


def test_request() -> None:
    head, _, body = request("POST", "192.0.2.10", "/apis", json.dumps({"kind": "é"})).partition(
        b"\r\n\r\n"
    )
    assert head.startswith(b"POST /apis HTTP/1.1\r\nHost: 192.0.2.10\r\n")
    assert f"Content-Length: {len(body)}".encode() in head

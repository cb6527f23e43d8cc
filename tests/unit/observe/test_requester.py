import errno

import pytest

from observe.inside.requester import AnswerError, body_of, kind_of


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutError(), "timeout"),
        (ConnectionRefusedError(), "refused"),
        (ConnectionResetError(), "reset"),
        (BrokenPipeError(), "reset"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "unreachable"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "unreachable"),
        (OSError(errno.EMFILE, "Too many open files"), "OSError"),
        (AnswerError("status 503"), "status 503"),
    ],
)
def test_kinds_of_errors(error: Exception, kind: str) -> None:
    assert kind_of(error) == kind


def test_an_answer() -> None:
    answer = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"node": "n1"}\n'
    assert body_of(answer) == {"node": "n1"}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (b"", "reset"),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "status 503"),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", "not JSON"),
        (b"HTTP/1.1 200 OK\r\n\r\n[]", "not an object"),
        (b"\r\n\r\n{}", "reset"),
        (b"nonsense\r\n\r\n{}", "status "),
    ],
)
def test_wrong_answers(answer: bytes, kind: str) -> None:
    with pytest.raises((AnswerError, OSError)) as refused:
        body_of(answer)
    assert kind_of(refused.value) == kind

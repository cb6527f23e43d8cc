"""What an answer of the API server means to somebody who reads the status."""

from typing import Any

import pytest

from metallb_kube.errors import KubeError, UnknownKindError, error_from
from metallb_kube.objects import ObjectRef
from metallb_operator.conditions import Reason
from metallb_operator.execute import Failure
from metallb_operator.problems import of_error, of_failures

RBAC = (
    'secrets "s" is forbidden: User "system:serviceaccount:m:o" cannot create resource "secrets" '
    'in API group "" in the namespace "m"'
)
TERMINATING = "unable to create new content in namespace m because it is being terminated"


def answer(status: int, message: str = "", reason: str = "", **details: Any) -> KubeError:  # noqa: ANN401 - whatever JSON holds
    return error_from(status, {"message": message, "reason": reason, "details": details})


@pytest.mark.parametrize(
    ("error", "reason", "remedy"),
    [
        (answer(403, RBAC, "Forbidden"), Reason.FORBIDDEN, "permissions of its bundle"),
        (answer(401, "Unauthorized", "Unauthorized"), Reason.FORBIDDEN, "permissions"),
        (
            answer(403, "exceeded quota: q", "Forbidden"),
            Reason.REFUSED_BY_API_SERVER,
            "raise the ResourceQuota",
        ),
        (
            answer(403, TERMINATING, "Forbidden"),
            Reason.REFUSED_BY_API_SERVER,
            "wait until the namespace is gone",
        ),
        (
            answer(403, 'admission webhook "w" denied the request: no', "Forbidden"),
            Reason.REFUSED_BY_API_SERVER,
            "change that policy",
        ),
        (answer(422, "spec.x: Invalid value", "Invalid"), Reason.REFUSED_BY_API_SERVER, ""),
        (
            answer(409, "conflict", "Conflict"),
            Reason.REFUSED_BY_API_SERVER,
            "it is tried again",
        ),
        (answer(404, "404 page not found"), Reason.MISSING_KIND, "CustomResourceDefinition"),
        (UnknownKindError("no kind X"), Reason.MISSING_KIND, "CustomResourceDefinition"),
        (
            answer(404, 'namespaces "m" not found', "NotFound", name="m"),
            Reason.REFUSED_BY_API_SERVER,
            "it is tried again",
        ),
        (answer(429, "slow down"), Reason.API_SERVER_UNAVAILABLE, "it is tried again"),
        (answer(503, "not yet"), Reason.API_SERVER_UNAVAILABLE, "it is tried again"),
        (
            answer(500, 'failed calling webhook "w": connection refused', "InternalError"),
            Reason.REFUSED_BY_API_SERVER,
            "put that webhook right",
        ),
        (KubeError("anything else"), Reason.REFUSED_BY_API_SERVER, "it is tried again"),
    ],
)
def test_of_error(error: KubeError, reason: Reason, remedy: str) -> None:
    found = of_error(error, "Secret m/s")
    assert found.reason is reason
    assert found.message.startswith(f"Secret m/s: {error.message}")
    assert remedy in found.message
    assert found.message.endswith(error.message) == (not remedy)


def test_of_failures_keeps_each() -> None:
    refs = [ObjectRef("v1", "Secret", "m", name) for name in ("a", "b")]
    found = of_failures(Failure(ref, answer(503, "no")) for ref in refs)
    assert [problem.message.split(":")[0] for problem in found] == ["Secret m/a", "Secret m/b"]


def test_long_answers_have_an_end_and_do_not_change() -> None:
    one, other = (
        of_error(answer(500, f"read tcp 10.0.0.1:{port}->10.0.0.2:443: reset {'x' * 5000}"), "it")
        for port in (1234, 5678)
    )
    assert one == other
    assert len(one.message) < 1100

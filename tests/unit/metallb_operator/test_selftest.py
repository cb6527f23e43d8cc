"""What the answer to a probe of admission means."""

import pytest

from metallb_kube.errors import ForbiddenError, KubeError, UnavailableError
from metallb_operator.conditions import Reason
from metallb_operator.selftest import Finding, finding
from metallb_webhooks.selftest import RULE

CALL = (
    'Internal error occurred: failed calling webhook "ipaddresspoolvalidationwebhook.metallb.io": '
)


@pytest.mark.parametrize(
    "error",
    [
        ForbiddenError(f"admission webhook denied the request: spec: no [{RULE}]", status=403),
        ForbiddenError('User "x" cannot create resource "ipaddresspools"', status=403),
        UnavailableError("no answer in time"),
    ],
)
def test_answers_that_name_no_failing_link(error: KubeError) -> None:
    assert finding(error) == Finding()


@pytest.mark.parametrize(
    ("answer", "link"),
    [
        ('failed to call webhook: no endpoints available for service "x"', "no pod behind"),
        ('service "metallb-webhooks" not found', "does not exist"),
        ("tls: failed to verify certificate: x509: unknown authority", "does not trust"),
        ("context deadline exceeded", "port 9443"),
        ("dial tcp 10.0.0.1:9443: connect: connection refused", "nothing answers"),
    ],
)
def test_the_failing_link_is_named_with_its_remedy(answer: str, link: str) -> None:
    problem = finding(UnavailableError(CALL + answer, status=500)).problem
    assert problem is not None
    assert problem.reason is Reason.ADMISSION_FAILED
    assert answer in problem.message
    assert link in problem.message


def test_an_unknown_failure_is_told_as_it_is() -> None:
    problem = finding(UnavailableError(CALL + "something new", status=500)).problem
    assert problem is not None
    assert problem.message.endswith("something new")


def test_a_probe_that_would_be_stored_means_that_nobody_is_asked() -> None:
    assert "no webhook is asked" in finding(None).warning
    assert finding(None).problem is None

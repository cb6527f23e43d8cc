"""What OLM is told, and when."""

import logging
from datetime import timedelta
from typing import Any

import pytest

from metallb_kube.errors import ForbiddenError
from metallb_kube.objects import Manifest, ObjectRef
from metallb_operator.conditions import Reason, Truth, Type, Verdict
from metallb_operator.operatorcondition import OperatorCondition, news
from metallb_operator.status import UPGRADEABLE
from support.observed import NOW, ago

NO = Verdict(Type.UPGRADEABLE, Truth.FALSE, Reason.PAUSED, "spec.paused is true")
OTHER = {"type": "Other", "status": "True", "reason": "x", "message": ""}


def condition(status: str, reason: str, message: str = "m", since: float = 60) -> dict[str, Any]:
    return {
        "type": "Upgradeable",
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": ago(since),
    }


def found(*conditions: dict[str, Any], **spec: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    made = {"conditions": list(conditions)} if conditions else {}
    return {"metadata": {"resourceVersion": "7"}, "spec": {**spec, **made}}


@pytest.mark.parametrize(
    ("stored", "verdict", "written"),
    [
        pytest.param([], UPGRADEABLE, condition("True", "AsExpected", since=0), id="nothing-yet"),
        pytest.param(
            [condition("True", "AsExpected")], NO, condition("False", "Paused", since=0), id="no"
        ),
        pytest.param(
            [condition("False", "Progressing")],
            NO,
            condition("False", "Paused", since=60),
            id="another-reason",
        ),
        pytest.param([condition("False", "Paused", "other words")], NO, None, id="as-before"),
    ],
)
def test_what_is_written(
    stored: list[dict[str, Any]], verdict: Verdict, written: dict[str, Any] | None
) -> None:
    patch = news(found(*stored, overrides=["an"]), verdict, NOW)
    expected = written and {
        "metadata": {"resourceVersion": "7"},
        "spec": {"conditions": [written | {"message": verdict.message}]},
    }
    assert patch == expected


def test_conditions_of_others_stay() -> None:
    patch = news(found(OTHER, condition("True", "AsExpected")), NO, NOW)
    assert patch is not None
    assert [one["type"] for one in patch["spec"]["conditions"]] == ["Other", "Upgradeable"]


class Client:
    """Counts what is asked; refuses the first requests."""

    def __init__(self, stored: Manifest | None, refusals: int = 0) -> None:
        self.stored = stored
        self.refusals = refusals
        self.asked: list[str] = []

    async def get(self, _: ObjectRef) -> Manifest | None:
        self.asked.append("get")
        if self.refusals:
            self.refusals -= 1
            raise ForbiddenError("no", status=403)
        return self.stored

    async def patch(self, ref: ObjectRef, _: object) -> Manifest:
        self.asked.append(f"patch {ref.namespace}/{ref.name}")
        return {}


async def told(client: Client, *verdicts: Verdict, name: str = "v1") -> list[str]:
    olm = OperatorCondition(client, "m", name)  # type: ignore[arg-type] # all that is used of it
    for number, verdict in enumerate(verdicts):
        await olm.tell(verdict, NOW + timedelta(seconds=number))
    return client.asked


LATER = Verdict(NO.type, NO.truth, NO.reason, "other words")


@pytest.mark.parametrize(
    ("verdicts", "asked"),
    [
        pytest.param([NO], ["get", "patch m/v1"], id="once"),
        pytest.param([NO, NO, LATER], ["get", "patch m/v1"], id="the-same-again"),
        pytest.param([NO, UPGRADEABLE], ["get", "patch m/v1", "get", "patch m/v1"], id="changes"),
    ],
)
async def test_only_news_costs_requests(verdicts: list[Verdict], asked: list[str]) -> None:
    assert await told(Client(found()), *verdicts) == asked


async def test_what_is_there_is_read_once_and_not_written() -> None:
    assert await told(Client(found(condition("False", "Paused"))), NO, NO) == ["get"]


async def test_without_olm_nobody_is_told() -> None:
    assert await told(Client(found()), NO, name="") == []
    assert await told(Client(None), NO, NO) == ["get"]


async def test_what_goes_wrong_is_said_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        asked = await told(Client(found(), refusals=1), NO, NO)
    assert asked == ["get", "get", "patch m/v1"]
    assert "OLM cannot be told whether the operator may be upgraded: " in caplog.text

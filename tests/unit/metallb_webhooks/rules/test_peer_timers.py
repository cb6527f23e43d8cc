"""Which timers of a peer are refused or warned of, at their exact bounds."""

from typing import Any

import pytest

from metallb_crds.backend import Backend
from metallb_webhooks.rules.base import Finding
from support.judging import by_rule, judge
from support.samples import peer


def timed(
    hold: str | None = None,
    keepalive: str | None = None,
    **spec: Any,  # noqa: ANN401 - whatever JSON holds
) -> tuple[Finding, ...]:
    return judge(peer("p", holdTime=hold, keepaliveTime=keepalive, **spec))


@pytest.mark.parametrize(
    ("hold", "keepalive", "path", "piece"),
    [
        (
            "1s",
            None,
            "spec.holdTime",
            "'1s' cannot be the hold time: BGP allows 3s to 65535s, or 0s",
        ),
        ("2s", None, "spec.holdTime", "'2s'"),
        ("2.999s", None, "spec.holdTime", "'2.999s'"),
        ("999ms", None, "spec.holdTime", "'999ms'"),
        ("1ns", None, "spec.holdTime", "'1ns'"),
        ("-5s", None, "spec.holdTime", "'-5s'"),
        ("-500ms", None, "spec.holdTime", "'-500ms'"),
        ("65536s", None, "spec.holdTime", "'65536s'"),
        ("70000s", "1s", "spec.holdTime", "'70000s'"),
        (None, "500ms", "spec.keepaliveTime", "three times as long, 1.5s"),
        (None, "30000s", "spec.keepaliveTime", "three times as long, 90000s"),
        (None, "2000000h", "spec.keepaliveTime", "'2000000h'"),
    ],
)
def test_hold_times_that_do_not_exist(
    hold: str | None, keepalive: str | None, path: str, piece: str
) -> None:
    [finding] = by_rule("peer-hold-time", timed(hold, keepalive))
    assert finding.path == path
    assert piece in finding.message


@pytest.mark.parametrize(
    ("hold", "keepalive", "piece"),
    [
        ("0s", "30s", "'30s' is longer than holdTime '0s'"),
        ("90s", "90.001s", "'90.001s' is longer than holdTime '90s'"),
        ("90s", "-1s", "'-1s' is negative"),
        (None, "-1ms", "'-1ms' is negative"),
    ],
)
def test_keepalive_times_that_do_not_fit(hold: str | None, keepalive: str, piece: str) -> None:
    [finding] = by_rule("peer-keepalive-time", timed(hold, keepalive))
    assert finding.path == "spec.keepaliveTime"
    assert piece in finding.message


@pytest.mark.parametrize(
    ("hold", "keepalive"),
    [
        (None, None),
        ("3s", None),
        ("90s", "90s"),
        ("65535s", "30s"),
        ("1h20m", None),
        (None, "1s"),
        (None, "21845s"),
    ],
)
def test_timers_that_are_fine(hold: str | None, keepalive: str | None) -> None:
    assert timed(hold, keepalive) == ()


@pytest.mark.parametrize("field", ["holdTime", "keepaliveTime", "connectTime"])
@pytest.mark.parametrize("text", ["90", "abc", "", "1 s", "300000h0m0s0x"])
def test_texts_that_are_no_duration(field: str, text: str) -> None:
    [finding] = judge(peer("p", **{field: text}))
    assert (finding.rule, finding.path) == ("peer-duration-syntax", f"spec.{field}")
    assert f"{text!r} is no duration: " in finding.message
    assert "write for example 90s" in finding.message


@pytest.mark.parametrize(
    ("hold", "keepalive", "paths"),
    [
        ("3.5s", None, ["spec.holdTime"]),
        ("65535.9s", "1.5s", ["spec.holdTime", "spec.keepaliveTime"]),
        (None, "1.5s", ["spec.keepaliveTime"]),
    ],
)
def test_fractions(hold: str | None, keepalive: str | None, paths: list[str]) -> None:
    found = timed(hold, keepalive)
    assert {finding.rule for finding in found} == {"peer-timer-fraction"}
    assert [finding.path for finding in found] == paths


@pytest.mark.parametrize(
    ("hold", "keepalive", "path"),
    [
        ("0s", None, "spec.holdTime"),
        ("0", "0s", "spec.holdTime"),
        (None, "0s", "spec.keepaliveTime"),
    ],
)
def test_a_hold_time_of_zero(hold: str | None, keepalive: str | None, path: str) -> None:
    [finding] = timed(hold, keepalive)
    assert (finding.rule, finding.path) == ("peer-hold-time-zero", path)


def test_a_hold_time_of_zero_is_fine_with_bfd() -> None:
    assert by_rule("peer-hold-time-zero", timed("0s", bfdProfile="fast")) == []


@pytest.mark.parametrize("keepalive", ["0s", "999ms"])
def test_no_keepalives(keepalive: str) -> None:
    [finding] = by_rule("peer-keepalive-zero", timed("3s", keepalive))
    assert f"'{keepalive}' counts as 0s" in finding.message


def test_the_native_backend_sends_keepalives_whatever_is_said() -> None:
    subject = peer("p", holdTime="3s", keepaliveTime="0s")
    assert judge(subject, backend=Backend.NATIVE) == ()

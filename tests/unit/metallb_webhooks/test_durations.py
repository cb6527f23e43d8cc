"""Durations: every expectation is what Go's time.ParseDuration answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metallb_webhooks import durations
from metallb_webhooks.durations import HOUR, MICROSECOND, MILLISECOND, MINUTE, SECOND, DurationError


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        pytest.param("0", 0, id="zero-needs-no-unit"),
        pytest.param("+0", 0, id="plus-zero"),
        pytest.param("-0", 0, id="minus-zero"),
        pytest.param("0s", 0, id="zero-seconds"),
        pytest.param("5s", 5 * SECOND, id="seconds"),
        pytest.param("30s", 30 * SECOND, id="two-digits"),
        pytest.param("+5s", 5 * SECOND, id="plus"),
        pytest.param("-5s", -5 * SECOND, id="minus"),
        pytest.param("5.0s", 5 * SECOND, id="fraction-zero"),
        pytest.param("5.6s", 5 * SECOND + 600 * MILLISECOND, id="fraction"),
        pytest.param("5.s", 5 * SECOND, id="point-without-digits"),
        pytest.param(".5s", 500 * MILLISECOND, id="only-fraction"),
        pytest.param("1.004s", SECOND + 4 * MILLISECOND, id="leading-zeros-in-fraction"),
        pytest.param("100.00100s", 100 * SECOND + MILLISECOND, id="trailing-zeros"),
        pytest.param("10ns", 10, id="ns"),
        pytest.param("11us", 11 * MICROSECOND, id="us"),
        pytest.param("12\u00b5s", 12 * MICROSECOND, id="micro-sign"),
        pytest.param("12\u03bcs", 12 * MICROSECOND, id="greek-mu"),
        pytest.param("13ms", 13 * MILLISECOND, id="ms"),
        pytest.param("15m", 15 * MINUTE, id="m"),
        pytest.param("16h", 16 * HOUR, id="h"),
        pytest.param("3h30m", 3 * HOUR + 30 * MINUTE, id="two-terms"),
        pytest.param("10.5s4m", 4 * MINUTE + 10 * SECOND + 500 * MILLISECOND, id="any-order"),
        pytest.param("-2m3.4s", -(2 * MINUTE + 3400 * MILLISECOND), id="sign-covers-all"),
        pytest.param("39h9m14.425s", 140954425 * MILLISECOND, id="long"),
        pytest.param("1s1s", 2 * SECOND, id="same-unit-twice"),
        pytest.param("52763797000ns", 52763797000, id="many-digits"),
        pytest.param("0.3333333333333333333h", 20 * MINUTE, id="fraction-of-19-digits"),
        pytest.param("9007199254740993ns", 9007199254740993, id="more-than-a-float-holds"),
        pytest.param("9223372036854775807ns", 2**63 - 1, id="largest"),
        pytest.param("-9223372036854775808ns", -(2**63), id="smallest"),
        pytest.param("9223372036.854775807s", 2**63 - 1, id="largest-in-seconds"),
        pytest.param("0.100000000000000000000h", 6 * MINUTE, id="fraction-of-21-digits"),
        pytest.param("0.830103483285477580700h", 2988372539827, id="fraction-rounds-as-floats-do"),
        pytest.param("0" * 5000 + "1s", SECOND, id="leading-zeros"),
        pytest.param("0.9223372036854775807ns", 0, id="below-a-nanosecond"),
    ],
)
def test_goes_texts(text: str, nanoseconds: int) -> None:
    assert durations.parse(text) == nanoseconds


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "empty", id="empty"),
        pytest.param("-", "empty", id="only-a-sign"),
        pytest.param("+", "empty", id="only-plus"),
        pytest.param("3", "unit is missing", id="no-unit"),
        pytest.param("90", "unit is missing", id="seconds-meant"),
        pytest.param("1s5", "unit is missing", id="second-term-without-unit"),
        pytest.param("s", "not a number", id="only-a-unit"),
        pytest.param("abc", "not a number", id="word"),
        pytest.param(".", "not a number", id="only-a-point"),
        pytest.param(".s", "not a number", id="point-and-unit"),
        pytest.param("+.s", "not a number", id="sign-point-unit"),
        pytest.param("--5s", "not a number", id="two-signs"),
        pytest.param(" 5s", "not a number", id="blank-before"),
        pytest.param("1h-5s", "no unit 'h-'", id="sign-inside"),
        pytest.param("5s ", "no unit 's '", id="blank-behind"),
        pytest.param("1 s", "no unit ' s'", id="blank-between"),
        pytest.param("1d", "no unit 'd'", id="days"),
        pytest.param("1S", "no unit 'S'", id="capital"),
        pytest.param("1,5s", "no unit ','", id="comma"),
        pytest.param("1.2.3s", "unit is missing", id="two-points"),
        pytest.param("\u0663s", "not a number", id="digit-of-another-script"),
        pytest.param("9223372036854775808ns", "292 years", id="one-too-many"),
        pytest.param("-9223372036854775809ns", "292 years", id="one-too-many-below"),
        pytest.param("9223372036854775.808us", "292 years", id="too-long-by-fraction"),
        pytest.param("9223372036854ms775us808ns", "292 years", id="too-long-by-sum"),
        pytest.param("3000000h", "292 years", id="hours"),
        pytest.param("99999999999999999999s", "292 years", id="more-digits-than-an-integer"),
        pytest.param("9" * 5000 + "s", "292 years", id="more-digits-than-python-reads"),
        pytest.param("-3000000h3000000h", "292 years", id="too-long-by-two-terms"),
    ],
)
def test_refuses_what_go_refuses(text: str, why: str) -> None:
    with pytest.raises(DurationError, match=why):
        durations.parse(text)


@given(st.integers(-(2**63), 2**63 - 1))
def test_nanoseconds_are_exact(value: int) -> None:
    assert durations.parse(f"{value}ns") == value


@given(
    hours=st.integers(0, 100_000),
    minutes=st.integers(0, 10_000),
    milliseconds=st.integers(0, 10**9),
)
def test_terms_add_up(hours: int, minutes: int, milliseconds: int) -> None:
    expected = hours * HOUR + minutes * MINUTE + milliseconds * MILLISECOND
    assert durations.parse(f"{hours}h{minutes}m{milliseconds}ms") == expected
    assert durations.parse(f"-{hours}h{minutes}m{milliseconds}ms") == -expected


@given(st.text(max_size=12))
def test_any_text_is_a_number_or_a_duration_error(text: str) -> None:
    try:
        value = durations.parse(text)
    except DurationError:
        return
    assert -(2**63) <= value < 2**63

"""Patterns are judged as Go judges them, not as Python does."""

import pytest

from metallb_webhooks import goregexp
from metallb_webhooks.goregexp import RegexpError


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "^eth0$",
        "veth.*",
        "[[:alpha:]_]",
        "[[:]",
        r"\pL",
        r"a\z",
        r"\Q(",
        "(?i-s:eth)",
        "{",
        "é+",
    ],
)
def test_takes_what_go_compiles(pattern: str) -> None:
    goregexp.check(pattern)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("*.local", "no argument for repetition operator"),
        ("a{1001}", "invalid repetition size"),
        ("(?=a)", "invalid perl operator"),
        (r"(a)\1", "invalid escape sequence"),
        ("[z-a]", "invalid character class range"),
        ("(a", "missing"),
    ],
)
def test_refuses_what_go_refuses(pattern: str, why: str) -> None:
    with pytest.raises(RegexpError, match=why):
        goregexp.check(pattern)


def test_says_nothing_on_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RegexpError):
        goregexp.check("*")
    assert capfd.readouterr().err == ""

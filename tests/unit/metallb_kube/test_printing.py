"""What is fit for a terminal, a log or a message."""

import pytest

from metallb_kube.printing import clipped, one_line, printable


@pytest.mark.parametrize(
    ("text", "kept", "line"),
    [
        ("plain \u00e9 \u65e5\u672c", "plain \u00e9 \u65e5\u672c", "plain \u00e9 \u65e5\u672c"),
        ("a\nb", "a\nb", "a b"),
        ("a\tb\x00c\r", "a b c ", "a b c "),
        ("\x1b[2J\x9b1m\x7f", " [2J 1m ", " [2J 1m "),
        ("\u202ertl\u2066\u200f", " rtl  ", " rtl  "),
        ("\u2028\u2029\x85", "   ", "   "),
        ("\ud800", " ", " "),
    ],
)
def test_nothing_a_terminal_acts_upon_is_passed_on(text: str, kept: str, line: str) -> None:
    assert printable(text) == kept
    assert one_line(text) == line


@pytest.mark.parametrize(
    ("text", "expected"), [("", ""), ("abc", "abc"), ("abcd", "abc..."), ("abc" * 9, "abc...")]
)
def test_a_long_text_is_cut(text: str, expected: str) -> None:
    assert clipped(text, 3) == expected

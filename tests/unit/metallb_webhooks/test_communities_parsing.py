"""Communities are read as Go's strconv and MetalLB read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metallb_webhooks.communities import CommunityError, Value, is_community, parse

halves = st.integers(0, 0xFFFF)
words = st.integers(0, 0xFFFFFFFF)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("0:0", (0, 0)),
        ("64500:1", (64500, 1)),
        ("65535:65535", (65535, 65535)),
        ("0064500:000001", (64500, 1)),
        ("00000000000000000000:1", (0, 1)),
        ("large:0:0:0", (0, 0, 0)),
        ("large:4294967295:1:02", (4294967295, 1, 2)),
    ],
)
def test_accepted(text: str, numbers: tuple[int, ...]) -> None:
    assert parse(text) == Value(numbers)
    assert is_community(text)


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        ("", "is no community"),
        ("vpn-only", "is no community"),
        ("1234", "is no community"),
        ("1:2:3", "is no community"),
        ("1:2:3:4:5", "is no community"),
        ("Large:1:2:3", "is no community"),
        ("small:1:2:3", "is no community"),
        (":1:2:3", "is no community"),
        ("65536:1", "'65536' in '65536:1' is no number from 0 to 65535"),
        ("1:65536", "from 0 to 65535"),
        ("large:4294967296:1:1", "from 0 to 4294967295"),
        (":1", "'' in ':1'"),
        ("1:", "'' in '1:'"),
        ("+1:1", "'+1'"),
        ("-1:1", "'-1'"),
        (" 1:1", "' 1'"),
        ("0x1:1", "'0x1'"),
        ("1_0:1", "'1_0'"),
        ("\u0661:1", "no number"),
        ("\u00b2:1", "no number"),
        ("9" * 5000 + ":1", "no number"),
    ],
)
def test_refused(text: str, piece: str) -> None:
    with pytest.raises(CommunityError, match="write") as caught:
        parse(text)
    assert piece in str(caught.value)
    assert not is_community(text)


@given(st.one_of(st.tuples(halves, halves), st.tuples(words, words, words)))
def test_what_is_written_is_read_again(numbers: tuple[int, ...]) -> None:
    value = Value(numbers)
    assert parse(str(value)) == value
    assert value.large is (len(numbers) == 3)

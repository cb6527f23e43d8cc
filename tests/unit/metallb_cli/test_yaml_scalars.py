"""Plain scalars mean to us what they mean to kubectl (go-yaml v2)."""

import math

import pytest

from metallb_cli.yaml_scalars import Scalar, resolve

TABLE: list[tuple[str, Scalar]] = [
    # The introduction's own community, which PyYAML reads as a base-60 number.
    ("1234:1", "1234:1"),
    ("190:20:30", "190:20:30"),
    # Booleans of YAML 1.1, in the three spellings that count.
    ("true", True),
    ("True", True),
    ("TRUE", True),
    ("tRUE", "tRUE"),
    ("yes", True),
    ("y", True),
    ("Y", True),
    ("on", True),
    ("no", False),
    ("n", False),
    ("Off", False),
    ("oFF", "oFF"),
    # Nothing.
    ("", None),
    ("~", None),
    ("null", None),
    ("NULL", None),
    ("nULL", "nULL"),
    # Go's integers.
    ("0", 0),
    ("64500", 64500),
    ("+5", 5),
    ("-5", -5),
    ("0x1f", 31),
    ("0X1F", 31),
    ("017", 15),
    ("0o17", 15),
    ("0b11", 3),
    ("1_000", 1000),
    ("4294967295", 4294967295),
    ("18446744073709551615", 2**64 - 1),
    # Too wide for an integer, or no Go integer at all: a float.
    ("18446744073709551616", 18446744073709551616.0),
    ("08", 8.0),
    ("1.5", 1.5),
    (".5", 0.5),
    ("1.", 1.0),
    ("1e3", 1000.0),
    ("-1.5e-3", -0.0015),
    (".inf", math.inf),
    ("-.Inf", -math.inf),
    # Timestamps stay text.
    ("2024-01-01", "2024-01-01"),
    ("2024-01-01T10:00:00Z", "2024-01-01T10:00:00Z"),
    ("2024-01-01 10:00:00", "2024-01-01 10:00:00"),
    # What looks like a number and is none.
    ("10.0.0.1", "10.0.0.1"),
    ("10.0.0.0/24", "10.0.0.0/24"),
    ("fc00::/64", "fc00::/64"),
    ("90s", "90s"),
    ("1.2.3", "1.2.3"),
    ("0x", "0x"),
    ("-", "-"),
    ("+", "+"),
    (".", "."),
    ("..", ".."),
    ("hello", "hello"),
]


@pytest.mark.parametrize(("text", "means"), TABLE, ids=[repr(text) for text, _ in TABLE])
def test_means_what_it_means_to_kubectl(text: str, means: Scalar) -> None:
    found = resolve(text)
    assert found == means
    assert type(found) is type(means)


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN"])
def test_not_a_number(text: str) -> None:
    found = resolve(text)
    assert isinstance(found, float)
    assert math.isnan(found)

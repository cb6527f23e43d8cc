"""Amounts of resources, read as Kubernetes reads them."""

from fractions import Fraction

import pytest

from metallb_webhooks.quantities import QuantityError, parse


@pytest.mark.parametrize(
    ("quantity", "amount"),
    [
        (2, Fraction(2)),
        ("0", Fraction(0)),
        ("100m", Fraction(1, 10)),
        ("1.5", Fraction(3, 2)),
        (".5", Fraction(1, 2)),
        ("5.", Fraction(5)),
        ("+1k", Fraction(1000)),
        ("-1Ki", Fraction(-1024)),
        ("128Mi", Fraction(128 * 1024**2)),
        ("1E", Fraction(10**18)),
        ("1e3", Fraction(1000)),
        ("1E-3", Fraction(1, 1000)),
        ("1n", Fraction(1, 10**9)),
        ("1u", Fraction(1, 10**6)),
    ],
)
def test_amounts(quantity: int | str, amount: Fraction) -> None:
    assert parse(quantity) == amount


@pytest.mark.parametrize(
    "text", ["", "m", "1 Mi", "1K", "1mi", "1e", "e3", "0x1", "1,5", "1e999", "9" * 31, "\u0661"]
)
def test_texts_that_are_none(text: str) -> None:
    with pytest.raises(QuantityError, match="write for example 100m or 128Mi"):
        parse(text)

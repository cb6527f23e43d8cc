import pytest

from observe.routes import Change, Interval, fewer

PREFIX = "192.0.2.100/32"


def changes(*counts: int) -> list[Change]:
    """Return a change a second."""
    return [
        Change(float(second), PREFIX, tuple(f"192.0.2.{n}" for n in range(count)))
        for second, count in enumerate(counts)
    ]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((), []),
        ((2,), []),
        # How it came to be does not count.
        ((0, 1, 2), []),
        ((1, 2, 1, 2), [Interval(2, 3)]),
        ((2, 1, 0, 1, 2), [Interval(1, 4)]),
        ((2, 1, 2, 3, 0), [Interval(1, 2), Interval(4, None)]),
    ],
)
def test_intervals_with_fewer_next_hops(counts: tuple[int, ...], expected: list[Interval]) -> None:
    other = [Change(0.5, "192.0.2.101/32", ()), Change(2.5, "192.0.2.101/32", ("a", "b"))]
    assert fewer([*other, *changes(*counts)], PREFIX, 2) == tuple(expected)

import pytest

from observe.announcers import Claim, Span, overlaps, spans, unanswered

ADDRESS = "192.0.2.100"


def claims(**said: str) -> list[Claim]:
    """Return what MACs have answered: `x` a letter that stands for 0.05 s, `!` to everybody."""
    return [
        Claim(round(place * 0.05, 6), ADDRESS, mac, letter == "!")
        for mac, letters in said.items()
        for place, letter in enumerate(letters)
        if letter != "."
    ]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"a": "xxxx"}, []),
        # A hand-over, and one back.
        ({"a": "xxx.......", "b": "...xxxxxxx"}, []),
        ({"a": "xx..........xx", "b": "..xxxxxxxxxx.."}, []),
        ({"a": "xxxxxx....", "b": "...xxxxxxx"}, [("a", "b", 0.15, 0.10)]),
        # Turn by turn is at once.
        ({"a": "x.x.x.x", "b": ".x.x.x."}, [("a", "b", 0.05, 0.20)]),
        # One that was late with a single answer, or a single announcement, is a point in time.
        ({"a": "xx..x", "b": "..xxx"}, [("a", "b", 0.10, 0.10)]),
        ({"a": "xxxxxxxxxx", "b": "...!......"}, []),
        (
            {"a": "xxx", "b": "xxx", "c": ".xx"},
            [("a", "b", 0, 0.1), ("a", "c", 0.05, 0.05), ("b", "c", 0.05, 0.05)],
        ),
    ],
)
def test_overlaps(said: dict[str, str], expected: list[tuple[str, str, float, float]]) -> None:
    found = overlaps(claims(**said))
    assert [(*one.macs, one.since, one.seconds) for one in found] == expected
    longest = max((one.seconds for one in found), default=0.0)
    assert overlaps(claims(**said), tolerance=longest) == ()


def test_addresses_do_not_mix() -> None:
    other = [Claim(one.at, "192.0.2.101", "b") for one in claims(a="xxxx")]
    assert overlaps([*claims(a="xxxx"), *other]) == ()


def test_spans() -> None:
    found = spans(reversed(claims(a="xx........xx", b="..xxxxxxxx..")), ADDRESS)
    assert found == (Span("a", 0, 0.05), Span("b", 0.1, 0.45), Span("a", 0.5, 0.55))


@pytest.mark.parametrize(
    ("letters", "seconds"), [("xxxxx", 0.05), ("x...x", 0.20), ("xx!!!", 0.15), ("", 0.20)]
)
def test_longest_time_unanswered(letters: str, seconds: float) -> None:
    assert unanswered(claims(a=letters), ADDRESS, 0, 0.20) == pytest.approx(seconds)

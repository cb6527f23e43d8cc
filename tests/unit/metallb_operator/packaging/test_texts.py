"""Documents as YAML."""

import pytest
import yaml

from metallb_operator.packaging.texts import HEADER, documents

SHARED = {"a": 1}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": 2}, "b: 1\na: 2\n"),
        ({"one": SHARED, "two": SHARED}, "one:\n  a: 1\ntwo:\n  a: 1\n"),
        ({"text": "two\nlines\n"}, "text: |\n  two\n  lines\n"),
        ({"community": "64500:100"}, "community: 64500:100\n"),
        ({"community": "1234:1"}, "community: '1234:1'\n"),
        ({"truth": "True"}, "truth: 'True'\n"),
    ],
)
def test_text(value: dict[str, object], text: str) -> None:
    written = documents([value])
    assert written == HEADER + text
    assert yaml.safe_load(written) == value


def test_several_documents_are_told_apart() -> None:
    assert list(yaml.safe_load_all(documents([{"a": 1}, {"b": 2}]))) == [{"a": 1}, {"b": 2}]

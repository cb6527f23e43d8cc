"""Whatever text `lint` is given, it ends as documented, and what it prints is plain text."""

from typing import Final

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from metallb_cli.documents import UnusableInputError, read
from metallb_cli.main import app
from metallb_cli.yaml_limits import MAX_DEPTH, MAX_VALUES, Tally, is_deep
from support.site import ROOT

EXAMPLES: Final = sorted((ROOT / "docs" / "examples").rglob("*.yaml"))
TEXTS: Final = [path.read_text() for path in EXAMPLES]

# What means something to YAML, to Kubernetes, to terminals or to pipelines.
PIECES: Final = [
    *("a", "b: ", "- ", "? ", ": ", ", ", "\n", "\n  ", "\n---\n", "...", "[", "]", "{", "}"),
    *("&a ", "*a", "<<: ", "<<: *a", "<<: [*a, *a]", "!!str ", "!!binary ", "!x ", "%TAG ! b\n"),
    *('"', "'", "|\n", ">-\n", "#", "~", "null", "yes", "0x1f", "1e300", "1e999", "9" * 5000),
    *("-" * 20, "[" * 200, "{a: " * 200, '"\\ud800"', '"\\e[2J"', "\\n", '"\\u202e"', "\x1b[2J"),
    *("\u202e", "\u2028", "\x85", "\x00", "\ufeff", "\r", "\t", "::error::x", "##[error]x"),
    *("kind: IPAddressPool\n", "kind: List\nitems:\n", "apiVersion: metallb.io/v1beta1\n"),
    *("metadata: {name: a}\n", "spec:\n  addresses: [10.0.0.0/24]\n", "spec: ", "items: "),
]
pieces = st.lists(st.sampled_from(PIECES), max_size=25).map("".join)


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """Return an example with a few stretches replaced."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 20)))
        text = text[:start] + draw(st.sampled_from(PIECES)) + text[end:]
    return text


def number_of(value: object) -> int:
    """Return how many values there are, keys and the value itself among them."""
    if isinstance(value, dict):
        return 1 + sum(1 + number_of(below) for below in value.values())
    return 1 + sum(map(number_of, value)) if isinstance(value, list) else 1


@settings(derandomize=True, max_examples=250, deadline=None)
@given(st.one_of(pieces, mutated(), st.text(max_size=200)), st.sampled_from(["text", "github"]))
def test_lint_ends_as_documented(text: str, form: str) -> None:
    given_bytes = text.encode("utf-8", "surrogatepass")
    result = CliRunner().invoke(app, ["lint", "-", "-o", form], input=given_bytes)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.exit_code in {0, 1, 2}
    assert (result.exit_code == 2) == bool(result.stderr)
    printed = result.stdout + result.stderr
    assert all(c == "\n" or c.isprintable() for c in printed)
    assert "##[" not in printed


@settings(derandomize=True, max_examples=250, deadline=None)
@given(st.one_of(pieces, mutated()))
def test_what_is_read_is_bounded(text: str) -> None:
    tally = Tally()
    try:
        documents = list(read(text, "x", tally))
    except UnusableInputError:
        assert tally.values <= MAX_VALUES + len(text) * 100
        return
    counted = sum(number_of(document.manifest) for document in documents)
    assert counted <= tally.values <= MAX_VALUES
    assert not any(is_deep(document.manifest) for document in documents)


def test_there_are_examples_to_mutate() -> None:
    assert len(TEXTS) > 3
    assert all(list(yaml.safe_load_all(text)) for text in TEXTS)
    assert MAX_DEPTH > 60

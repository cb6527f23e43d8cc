"""What the documentation names exists."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
SOURCES: Final = ("crds", "operator", "webhooks", "bundle", "docs", "tests")
PAGES: Final = sorted(
    {*ROOT.glob("*.md"), *(page for source in SOURCES for page in (ROOT / source).rglob("*.md"))}
)
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))

_BLOCK: Final = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_CODE: Final = re.compile(r"`([^`\n]+)`")
_LINK: Final = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_MAKE: Final = re.compile(r"(?:^|[\s;&])make((?: +[a-z][a-z0-9-]*)+)", re.MULTILINE)
_HEADING: Final = re.compile(r"^#+ +(.*)$", re.MULTILINE)
_ANCHOR: Final = re.compile(r'<a id="([^"]+)">')
_PLACEHOLDER: Final = re.compile(r"<[^>]*>|…")


def code(text: str) -> Iterator[str]:
    """Yield what a page sets as code: blocks, and pieces of lines."""
    yield from (block[1] for block in _BLOCK.finditer(text))
    yield from (piece[1] for piece in _CODE.finditer(_BLOCK.sub("", text)))


def paths(text: str) -> Iterator[str]:
    """Yield the words within code that look like paths of the repository."""
    for piece in code(text):
        for word in re.split(r"[\s=|;,]+", piece):
            plain = _PLACEHOLDER.sub("*", word.strip("'\"()")).removeprefix("./")
            if "/" in plain and plain.partition("/")[0] in SOURCES:
                yield plain


def anchors(page: Path) -> set[str]:
    """Return what can be linked to within a page, as GitHub names it."""
    text = _BLOCK.sub("", page.read_text())
    headings = {
        re.sub(r"[^\w\- ]", "", heading[1].lower()).replace(" ", "-")
        for heading in _HEADING.finditer(text)
    }
    return headings | set(_ANCHOR.findall(text))


def test_code_is_found() -> None:
    assert list(code("a `b` c\n```sh\nd\n```\n`e f`\n")) == ["d\n", "b", "e f"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("`docs/api.md`", ["docs/api.md"]),
        ("docs/api.md", []),
        ("`example.com/a`", []),
        ("`webhooks/x/<kind>.py`", ["webhooks/x/*.py"]),
        ("`make test ARGS=tests/unit`", ["tests/unit"]),
        ("```\nkubectl apply -f crds/\n```", ["crds/"]),
    ],
)
def test_paths_are_found(text: str, found: list[str]) -> None:
    assert list(paths(text)) == found


@every_page
def test_targets_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        word
        for piece in code(page.read_text())
        for found in _MAKE.findall(piece)
        for word in found.split()
    }
    assert named <= targets


@every_page
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(_CODE, "", _BLOCK.sub("", page.read_text()))
    broken = [link for link in _LINK.findall(text) if not leads_somewhere(page, link)]
    assert broken == []


def leads_somewhere(page: Path, link: str) -> bool:
    if re.match(r"[a-z]+:", link):
        return True
    name, _, anchor = link.partition("#")
    target = page.parent / name if name else page
    return target.exists() and (not anchor or anchor in anchors(target))


@every_page
def test_paths_exist(page: Path) -> None:
    named = set(paths(page.read_text()))
    assert [name for name in sorted(named) if not list(ROOT.glob(name.rstrip("/")))] == []

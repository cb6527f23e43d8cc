import json
from html.parser import HTMLParser
from pathlib import Path

import pytest

from observe import markdown, page
from observe.pictures import timeline, topology
from observe.report import collecting, machine
from observe.results import Dot, Scenario, as_json, thinned
from support.runs import PROMISE, RUN, SWITCH, UPGRADE


class Page(HTMLParser):
    """What of a page comes from elsewhere, and whether its tags are closed."""

    VOID = ("meta", "br")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loaded: list[str] = []
        self.counts: dict[str, int] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href") and not (value or "").startswith("#"):
                self.loaded.append(str(value))
        kind = dict(attrs).get("class") or ""
        self.counts[f"{tag}.{kind}"] = self.counts.get(f"{tag}.{kind}", 0) + 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_page_needs_nothing_else_and_is_well_formed() -> None:
    text = page.render(RUN)
    found = Page(text)
    assert found.open == []
    assert found.loaded == []
    assert "<script" not in text
    assert "url(" not in text
    assert "spec.version is &lt;0.16.1&gt;" in text
    assert "prefers-color-scheme: dark" in text


def test_every_failure_and_mark_is_drawn() -> None:
    found = Page(timeline(UPGRADE))
    assert found.counts["line.fail"] == 1
    assert found.counts["line.mark"] == 2
    assert found.counts["path.ok"] == 2
    assert Page(timeline(SWITCH)).counts["line.fail"] == 60
    assert timeline(PROMISE) == ""


def test_pictures_stay_within_their_frame() -> None:
    late = Scenario("x", start=0.0, lanes=UPGRADE.lanes, marks=UPGRADE.marks)
    for text in (timeline(UPGRADE), timeline(late), topology(("n1", "n2", "n3"))):
        for word in text.replace('"', " ").split():
            if word.replace(".", "", 1).isdigit():
                assert 0 <= float(word) <= 960


def test_what_failed_is_open() -> None:
    text = page.render(RUN)
    assert '<details id="native-to-frr-frr" open>' in text
    assert '<details id="upgrade-0-15-3-to-0-16-1-native">' in text


@pytest.mark.parametrize(
    ("scenario", "words"),
    [(UPGRADE, "2 the same"), (SWITCH, "web: 192.0.2.100 to 192.0.2.102"), (PROMISE, "")],
)
def test_addresses_in_words(scenario: Scenario, words: str) -> None:
    assert page.addresses(scenario) == words


def test_markdown() -> None:
    text = markdown.render(RUN)
    assert "| upgrade 0.15.3 to 0.16.1 | native | 400 | 1 | 0.05 s |" in text
    assert "| **failed:** native to frr | frr | 300 | 60 | 3.00 s |" in text
    assert "| dual stack |  | One address of \\| each family. | 2.5 |" in text
    assert max(map(len, text.splitlines())) < 200


def test_thinned() -> None:
    dots = [Dot(at / 10, 0.001, "timeout" if at % 10 == 0 else "") for at in range(1000)]
    kept = thinned(reversed(dots), most=90)
    assert [dot for dot in kept if dot.error] == [dot for dot in dots if dot.error]
    assert len(kept) == 100 + 90
    assert list(kept) == sorted(kept, key=lambda dot: dot.at)
    assert thinned(dots[:5]) == tuple(dots[:5])


def test_json() -> None:
    document = json.loads(json.dumps(as_json(RUN)))
    upgrade, switch, _ = document["scenarios"]
    assert (upgrade["passed"], switch["passed"]) == (True, False)
    assert upgrade["lanes"][1]["failures"] == [{"at": 4.0, "seconds": 1.0, "error": "timeout"}]
    assert upgrade["lanes"][1]["outcome"]["failed"] == 1


def test_everything_is_written_also_after_a_failure(tmp_path: Path) -> None:
    explained: list[tuple[str, Path]] = []

    def tests() -> None:
        with collecting(tmp_path / "e2e") as evidence:
            evidence.on_failure = lambda name, folder: explained.append((name, folder))
            with evidence.scenario("good", "It works.") as recording:
                recording.mark("now")
            with evidence.scenario("bad one", backend="frr", change=True):
                raise ZeroDivisionError("by zero")

    with pytest.raises(ZeroDivisionError):
        tests()
    assert explained == [("bad one frr", tmp_path / "e2e" / "bad-one-frr")]
    written = json.loads((tmp_path / "e2e" / "report.json").read_text())["scenarios"]
    assert [(one["name"], one["error"]) for one in written] == [
        ("good", ""),
        ("bad one", "ZeroDivisionError: by zero"),
    ]
    assert "bad one" in (tmp_path / "e2e" / "report.html").read_text()
    assert "**failed:** bad one" in (tmp_path / "e2e" / "evidence.md").read_text()


def test_the_machine_in_words() -> None:
    assert "cores" in machine()

"""Generated files are written where they differ, and checked without being touched."""

from pathlib import Path

import pytest

from metallb_crds.committed import main

FILES = {"a.md": "first\n", "b.md": "second\n"}


def run(mode: str, folder: Path) -> int:
    return main(FILES, Path("/nonexistent"), "what it does", [mode, "--dir", str(folder)])


def test_a_check_names_what_is_stale_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.md").write_text("first\n")
    (tmp_path / "b.md").write_text("edited\n")
    assert run("--check", tmp_path) == 1
    told = capsys.readouterr().err
    assert told == f"{tmp_path / 'b.md'} is not current: run `make generate`\n"
    assert (tmp_path / "b.md").read_text() == "edited\n"


def test_a_missing_file_is_stale(tmp_path: Path) -> None:
    assert run("--check", tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


def test_writing_makes_the_check_pass(tmp_path: Path) -> None:
    assert run("--write", tmp_path) == 0
    assert run("--check", tmp_path) == 0
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == FILES


def test_what_is_current_is_not_written_again(tmp_path: Path) -> None:
    run("--write", tmp_path)
    for path in tmp_path.iterdir():
        path.chmod(0o444)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert run("--write", tmp_path) == 0
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("arguments", [[], ["--check", "--write"]])
def test_one_mode_is_needed(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(FILES, Path(), "what it does", arguments)
    assert caught.value.code == 2

"""Files are found and read; what cannot be read says which path it was."""

from pathlib import Path

import pytest

from metallb_cli.inputs import InputError, Text, texts


def write(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"# {name}")


def sources(folder: Path, *paths: str) -> list[str]:
    found = texts(str(folder / path) for path in paths)
    return [str(Path(text.source).relative_to(folder)) for text in found]


def test_a_folder_is_every_manifest_below_it(tmp_path: Path) -> None:
    write(tmp_path, "b.yaml", "a.yml", "below/deep/c.json", "notes.txt", ".hidden.yaml")
    write(tmp_path, ".github/workflows/ci.yaml", "below/.d/e.yaml")
    assert sources(tmp_path, "") == ["a.yml", "b.yaml", "below/deep/c.json"]


def test_a_hidden_folder_is_read_if_it_is_named(tmp_path: Path) -> None:
    write(tmp_path, ".config/a.yaml")
    assert sources(tmp_path, ".config") == [".config/a.yaml"]


def test_a_file_is_read_whatever_its_name(tmp_path: Path) -> None:
    write(tmp_path, "manifest.txt", "a.yaml")
    assert sources(tmp_path, "manifest.txt", "a.yaml") == ["manifest.txt", "a.yaml"]


@pytest.mark.parametrize("raw", [b"kind: \xc3\xa4", b"\xef\xbb\xbfkind: \xc3\xa4"])
def test_texts_are_utf8_with_or_without_a_byte_order_mark(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(raw)
    assert list(texts([str(path)])) == [Text(str(path), "kind: ä")]


@pytest.mark.parametrize(
    ("name", "raw", "problem"),
    [
        ("absent.yaml", None, "No such file or directory"),
        ("latin.yaml", b"kind: \xe4", "is not UTF-8 (byte 6); save it as UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read(
    tmp_path: Path, name: str, raw: bytes | None, problem: str
) -> None:
    path = tmp_path / name
    if raw is not None:
        path.write_bytes(raw)
    with pytest.raises(InputError) as caught:
        list(texts([str(path)]))
    assert str(caught.value) == f"{path}: {problem}"


def test_a_folder_without_manifests_is_a_mistake(tmp_path: Path) -> None:
    write(tmp_path, "notes.txt")
    with pytest.raises(InputError, match=r"no \*\.yaml"):
        list(texts([str(tmp_path)]))

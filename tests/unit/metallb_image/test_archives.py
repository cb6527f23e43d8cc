"""An image is built anew when, and only when, something in it would be another."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from metallb_image.archives import INPUTS, Sources, _clear_up, _prune


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in INPUTS:
        folder = name in {"crds", "image", "operator", "webhooks"}
        path = tmp_path / name / "a.py" if folder else tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    (tmp_path / "docs").mkdir()
    return tmp_path


def touch(name: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text("another")

    return change


def fingerprint(root: Path, helm: str = "helm-1", name: str = "x:1") -> str:
    return Sources(root, Path("/cache") / helm, name).fingerprint()


@pytest.mark.parametrize(
    ("changed", "another"),
    [
        ("operator/a.py", True),
        ("webhooks/new.py", True),
        ("requirements.lock", True),
        ("Containerfile", True),
        ("operator/__pycache__/a.cpython-311.pyc", False),
        ("docs/install.md", False),
        ("Makefile", False),
    ],
)
def test_content_decides(root: Path, changed: str, *, another: bool) -> None:
    before = fingerprint(root)
    touch(changed)(root)
    assert (fingerprint(root) != before) == another


def test_a_moved_file_is_another_image(root: Path) -> None:
    before = fingerprint(root)
    (root / "operator" / "a.py").rename(root / "operator" / "b.py")
    assert fingerprint(root) != before


def test_helm_and_name_decide_too(root: Path) -> None:
    assert len({fingerprint(root), fingerprint(root, "helm-2"), fingerprint(root, name="y:1")}) == 3


def test_only_the_newest_stay(tmp_path: Path) -> None:
    for age in range(5):
        (tmp_path / f"{age}.tar").touch()
        os.utime(tmp_path / f"{age}.tar", (1000 - age, 1000 - age))
    _prune(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.tar", "1.tar", "2.tar"]


def test_what_a_killed_build_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "storage-x" / "root").mkdir(parents=True)
    for name in ("a.tar.new", "a.tar", "lock"):
        (tmp_path / name).touch()
    _clear_up(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar", "lock"]

"""The command line: write, and find out whether it is needed."""

from pathlib import Path

import pytest

from metallb_operator.packaging.generate import files, main


def test_written_files_are_current_and_changed_ones_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = f"--dir={tmp_path}"
    assert main(["--check", where]) == 1
    assert main(["--write", where]) == 0
    assert main(["--check", where]) == 0
    capsys.readouterr()
    (tmp_path / "bundle" / "install" / "kustomization.yaml").write_text("edited\n")
    assert main(["--check", where]) == 1
    assert "kustomization.yaml is not current" in capsys.readouterr().err


def test_everything_is_below_the_bundle() -> None:
    assert all(name.startswith("bundle/") for name in files())

"""The kubernetes package is imported where there is no home directory."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import support
from metallb_kube.sdk import ensure_home

NAMELESS = Path(support.__path__[0]) / "pod"


def test_without_a_home_it_is_the_folder_for_temporary_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setenv("HOME", "as it was")
    ensure_home()
    assert os.environ["HOME"] == "as it was"
    monkeypatch.setattr(Path, "home", nowhere)
    ensure_home()
    assert os.environ["HOME"] == tempfile.gettempdir()


@pytest.mark.parametrize("module", ["metallb_kube.client", "metallb_cli.main"])
def test_a_user_without_name_and_home_can_import_it(module: str) -> None:
    path = os.pathsep.join((str(NAMELESS), *filter(None, sys.path)))
    done = subprocess.run(
        [sys.executable, "-c", f"import {module}"],
        env={"PYTHONPATH": path, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", ["metallb_webhooks.cli", "metallb_operator.cli"])
def test_what_is_not_used_of_it_is_not_imported(module: str) -> None:
    unused = ("kubernetes.client.api", "kubernetes.watch", "kubernetes.aio.config.kube_config")
    code = f"import {module}, sys; print(*[one for one in {unused} if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""

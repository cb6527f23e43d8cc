"""The bundle, by the validators of the Operator Framework itself."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from cluster.binaries import binary

BUNDLE: Final = Path(__file__).parents[2] / "bundle"
CSV: Final = "manifests/metallb-operator.clusterserviceversion.yaml"
# It says of itself that it is to be called by three other names.
_DEPRECATED: Final = 'The \\"operatorhub\\" validator is deprecated'


def found(bundle: Path) -> list[str]:
    """Return what the validators find: errors and warnings."""
    options = ["--object_validate", "--operatorhub_validate"]
    asked = subprocess.run(
        [binary("operator-verify"), "manifests", *options, bundle],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = (asked.stdout + asked.stderr).splitlines()
    return [line for line in lines if line and _DEPRECATED not in line]


def _with(old: str, new: str) -> Callable[[Path], None]:
    def change(bundle: Path) -> None:
        text = (bundle / CSV).read_text()
        assert old in text
        (bundle / CSV).write_text(text.replace(old, new, 1))

    return change


def test_validators_find_nothing() -> None:
    assert found(BUNDLE) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(_with("  version: ", "  version: not."), "version", id="no-version"),
        pytest.param(
            _with("alm-examples: |-\n      [", "alm-examples: |-\n      {"),
            "invalid example",
            id="no-json",
        ),
        pytest.param(
            lambda bundle: (bundle / "manifests/metallbs.metallb.io.yaml").unlink(),
            "Kind=MetalLB: owned CRD",
            id="no-definition",
        ),
    ],
)
def test_they_would_find_something(
    change: Callable[[Path], None], said: str, tmp_path: Path
) -> None:
    copy = shutil.copytree(BUNDLE, tmp_path / "bundle")
    change(copy)
    assert any(said in line for line in found(copy))

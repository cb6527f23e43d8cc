"""What the image is made of is told in full, and the same each time."""

import json
from typing import Any

import pytest

from metallb_image.building import ROOT
from metallb_image.locked import dependencies, needed, parse
from metallb_image.sbom import Made, document

LOCK = (ROOT / "requirements.lock").read_text()
PYPROJECT = (ROOT / "pyproject.toml").read_text()
MODULES = (ROOT / "tests/cluster/modules/helm/go.mod").read_text()
MADE = Made(
    "example.com/it:v1", "1.0.0", "python:3.13-slim", LOCK, PYPROJECT, MODULES, 1_800_000_000
)


@pytest.fixture(scope="module")
def read() -> Any:  # noqa: ANN401 - JSON
    return json.loads(document(MADE))


def test_it_says_of_what_it_speaks(read: Any) -> None:  # noqa: ANN401 - JSON
    assert (read["bomFormat"], read["specVersion"]) == ("CycloneDX", "1.6")
    told = read["metadata"]["component"]
    assert (told["type"], told["name"], told["version"]) == ("container", MADE.name, "1.0.0")
    assert read["metadata"]["timestamp"].startswith("2027-01-15")


def test_every_package_that_is_installed_is_there_with_its_hashes(read: Any) -> None:  # noqa: ANN401 - JSON
    found = {one["name"]: one for one in read["components"] if "pkg:pypi/" in one.get("purl", "")}
    assert set(found) == set(needed(parse(LOCK), dependencies(PYPROJECT)))
    assert {"kopf", "kubernetes", "pydantic"} <= set(found)
    assert not {"hatchling", "pytest", "ruff"} & set(found)
    for one in found.values():
        assert one["purl"] == f"pkg:pypi/{one['name']}@{one['version']}"
        assert {entry["alg"] for entry in one["hashes"]} == {"SHA-256"}


def test_helm_is_there_with_all_that_it_needs(read: Any) -> None:  # noqa: ANN401 - JSON
    found = {
        one["name"]: one["version"] for one in read["components"] if "golang" in one["bom-ref"]
    }
    required = [line.split() for line in MODULES.splitlines() if " v" in line]
    assert found == {
        line[-2 if line[-1] != "indirect" else -4]: _version(line) for line in required
    }
    assert "helm.sh/helm/v4" in found


def _version(words: list[str]) -> str:
    return next(word for word in words if word.startswith("v") and word[1:2].isdigit())


def test_the_base_is_named(read: Any) -> None:  # noqa: ANN401 - JSON
    assert "python:3.13-slim" in [one["name"] for one in read["components"]]


def test_it_is_the_same_each_time() -> None:
    assert document(MADE) == document(MADE)

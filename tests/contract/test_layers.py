"""The contracts of import-linter leave no package out; `make lint` checks that they are kept."""

import re
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text())
SHIPPED: Final = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
PACKAGES: Final[dict[str, Path]] = {Path(path).name: ROOT / path for path in SHIPPED}
CONTRACTS: Final = {
    contract["name"]: contract for contract in PROJECT["tool"]["importlinter"]["contracts"]
}


def source(name: str, role: str = "source_modules") -> set[str]:
    return set(CONTRACTS[name][role])


def exists(module: str) -> bool:
    package, *parts = module.split(".")
    path = PACKAGES[package].joinpath(*parts)
    return path.is_dir() or path.with_suffix(".py").is_file()


def test_every_shipped_package_is_linted_and_layered() -> None:
    assert set(PROJECT["tool"]["importlinter"]["root_packages"]) == PACKAGES.keys()
    layers = " ".join(CONTRACTS["packages are layered"]["layers"])
    assert set(re.findall(r"\w+", layers)) == PACKAGES.keys()
    assert set(PROJECT["tool"]["mypy"]["packages"]) == PACKAGES.keys()


def test_every_source_root_holds_shipped_packages_only() -> None:
    found = {
        str(path.parent.relative_to(ROOT))
        for root in ("crds", "operator", "webhooks")
        for path in (ROOT / root).glob("*/__init__.py")
    }
    assert found == set(SHIPPED)


@pytest.mark.parametrize("root", ["crds", "operator", "webhooks", "tests"])
def test_source_roots_are_no_packages(root: str) -> None:
    # operator/__init__.py would shadow the standard library's module.
    assert not (ROOT / root / "__init__.py").exists()


def test_no_package_is_free_to_import_a_client() -> None:
    kubernetes = source("kubernetes is imported by metallb_kube only")
    assert kubernetes | {"metallb_kube"} == PACKAGES.keys()
    assert source("frameworks are imported by their adapters only") == PACKAGES.keys()


@pytest.mark.parametrize("name", CONTRACTS)
def test_what_contracts_name_exists(name: str) -> None:
    contract: dict[str, Any] = CONTRACTS[name]
    named = set(contract.get("source_modules", ()))
    named |= {edge.partition(" -> ")[0] for edge in contract.get("ignore_imports", ())}
    assert [module for module in sorted(named) if not exists(module)] == []

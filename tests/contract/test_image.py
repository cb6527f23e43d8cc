"""The Containerfile agrees with what it is built from and with what manifests expect of it."""

import re
import tomllib
from typing import Any, Final

import pytest

from cluster.binaries import MODULES
from metallb_image.archives import INPUTS
from metallb_image.building import ROOT, defaults
from metallb_image.pipconf import AUTHORITIES
from metallb_image.selection import COMMANDS, HELM, PRODUCT
from metallb_operator.packaging.clusterserviceversion import _REPOSITORY
from metallb_operator.packaging.generate import files
from metallb_operator.packaging.image import IMAGE

PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
TEXT: Final = (ROOT / "Containerfile").read_text().replace("\\\n", "")
STAGES: Final = re.split(r"^FROM ", TEXT, flags=re.MULTILINE)[1:]
FINAL: Final = STAGES[-1]


def label(name: str) -> str:
    [found] = re.findall(rf'org\.opencontainers\.image\.{name}="([^"]*)"', FINAL)
    return str(found)


def test_nothing_but_the_chosen_files_is_in_the_image() -> None:
    lines = [line.split("#")[0].strip() for line in FINAL.splitlines()]
    words = [line.split()[0] for line in lines if line]
    assert FINAL.startswith("scratch\n")
    assert [line for line in lines if line.startswith("COPY")] == ["COPY --from=rootfs /rootfs/ /"]
    assert "RUN" not in words
    assert "ADD" not in words


def test_the_image_runs_as_nobody_in_particular() -> None:
    assert re.findall(r"^USER (\S+)$", TEXT, re.MULTILINE) == ["65532:65532"]
    assert "cp -a /rootfs /tried && python3 -m metallb_image.chrooted /tried 65532" in TEXT


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", PROJECT["name"]),
        ("description", PROJECT["description"]),
        ("licenses", PROJECT["license"]),
        ("source", _REPOSITORY),
        ("version", "${VERSION}"),
        ("revision", "${REVISION}"),
    ],
)
def test_labels_are_those_of_the_project(name: str, value: str) -> None:
    assert label(name) == value


def test_versions_are_the_projects_unless_given() -> None:
    assert defaults(FINAL) == {"VERSION": PROJECT["version"], "REVISION": "unknown"}


def test_base_and_go_can_be_replaced() -> None:
    assert set(defaults(TEXT.partition("FROM ")[0])) == {"BASE", "GO", "HELM"}
    assert [stage.split()[0] for stage in STAGES] == ["${GO}", "${HELM}", "${BASE}", "scratch"]


def test_the_image_is_built_with_the_helm_that_is_tested() -> None:
    assert f"COPY {MODULES.relative_to(ROOT)}/helm/ ./" in STAGES[0]
    assert f"COPY --from=helm /helm {HELM}\n" in TEXT
    assert re.search(rf"\bHELM={HELM}\b", FINAL)


def test_everything_that_is_copied_decides_whether_to_build_anew() -> None:
    copied = {
        source.rstrip("/")
        for stage in STAGES[2:]
        for line in re.findall(r"^COPY (?!--from)(.*)$", stage, re.MULTILINE)
        for source in line.split()[:-1]
    }
    assert copied | {"Containerfile"} == set(INPUTS)
    for name in INPUTS:
        assert (ROOT / name).exists(), name


def test_commands_are_those_of_the_project() -> None:
    assert set(COMMANDS) == set(PROJECT["scripts"])
    assert f"python3 -m venv --without-pip {PRODUCT}" in TEXT
    assert f"ENV PATH={PRODUCT}/bin:" in FINAL


def test_what_pip_is_told_is_a_secret() -> None:
    assert f"--mount=type=secret,id=ca,target={AUTHORITIES} " in TEXT
    assert "--mount=type=secret,id=pip,target=/etc/pip.conf " in TEXT
    assert "--require-hashes" in TEXT


def test_the_published_name_is_one_setting() -> None:
    """Renamed in one place, nothing generated names the old one; nothing else names it at all."""
    repository = IMAGE.rpartition(":")[0]
    assert not [name for name, text in files("example.com/x:1").items() if repository in text]
    named = {
        str(path.relative_to(ROOT))
        for root in ("crds", "image", "operator", "webhooks", "docs", "Containerfile", "Makefile")
        for path in ([ROOT / root] if (ROOT / root).is_file() else (ROOT / root).rglob("*"))
        if path.suffix in {"", ".py", ".md", ".yaml"} and path.is_file()
        if repository in path.read_text()
    }
    # The kustomization there is built by a test, which would not rename anything otherwise.
    assert named == {"operator/metallb_operator/packaging/image.py", "docs/install.md"}

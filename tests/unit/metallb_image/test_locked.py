"""What is downloaded for the image is what runs in it, and what builds it."""

import pytest

from metallb_image.building import ROOT
from metallb_image.locked import LockError, asked_for, main, needed, parse

LOCK = """\
aiohttp==3.14.5 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
    # via
    #   Kopf
    #   metallb-operator (pyproject.toml)
attrs==26.1.0 \\
    --hash=sha256:cc
    # via aiohttp
kopf==1.45.2 \\
    --hash=sha256:dd
    # via metallb-operator (pyproject.toml)
pytest==9.2.0 \\
    --hash=sha256:ee
    # via metallb-operator (pyproject.toml)

# The following packages are considered to be unsafe in a requirements file:
Ruamel.Yaml==1 \\
    --hash=sha256:ff
    # via pytest
"""
PYPROJECT = """\
[project]
dependencies = ["kopf>=1.45", "Ruamel_yaml[jinja2]>=0.18; python_version > '3'"]
[build-system]
requires = ["hatchling>=1.27"]
"""


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (("attrs",), ("attrs",)),
        (("aiohttp",), ("aiohttp", "attrs")),
        (("kopf",), ("aiohttp", "attrs", "kopf")),
        (("pytest", "attrs"), ("attrs", "pytest", "ruamel-yaml")),
        ((), ()),
    ],
)
def test_needs_are_followed_downwards(wanted: tuple[str, ...], found: tuple[str, ...]) -> None:
    assert needed(parse(LOCK), wanted) == found


def test_requirements_keep_their_hashes_and_lose_the_notes() -> None:
    assert parse(LOCK)["aiohttp"].text == (
        "aiohttp==3.14.5 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
    )


def test_an_unlocked_package_is_named() -> None:
    with pytest.raises(LockError, match="does not hold hatchling, zzz"):
        needed(parse(LOCK), ("zzz", "kopf", "hatchling"))


def test_names_are_normalised_and_free_of_versions() -> None:
    assert asked_for(PYPROJECT) == ("kopf", "ruamel-yaml", "hatchling")


def test_developers_tools_are_not_downloaded(capsys: pytest.CaptureFixture[str]) -> None:
    main([str(ROOT / "requirements.lock"), str(ROOT / "pyproject.toml")])
    printed = capsys.readouterr().out
    names = {line.partition("==")[0] for line in printed.splitlines() if "==" in line}
    assert {"kopf", "kubernetes", "pydantic-core", "cffi", "hatchling"} <= names
    assert not names & {"mypy", "ruff", "pytest", "hypothesis", "pip", "pip-tools", "pre-commit"}
    # Every line but the last of a requirement is continued, or pip would read a hash by itself.
    assert printed.count("==") == sum(not line.endswith("\\") for line in printed.splitlines())

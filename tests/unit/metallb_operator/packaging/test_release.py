"""A release is made once, from one version, of images that nobody can replace."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from metallb_operator.packaging.clusterserviceversion import CREATED
from metallb_operator.packaging.generate import ROOT, released_image
from metallb_operator.packaging.image import IMAGE, REPOSITORY
from metallb_operator.packaging.release import ReleaseError, finish, prepare, record
from metallb_operator.releases import RELEASES

NOW = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)
DIGEST = f"sha256:{'a' * 64}"
DIGESTS = {image: DIGEST for release in RELEASES for image in release.images.values()}
OWN = f"{REPOSITORY}:v1.2.3@{DIGEST}"
CSV = "operator/metallb_operator/packaging/clusterserviceversion.py"
FILES = ("pyproject.toml", "CHANGELOG.md", CSV, "operator/metallb_operator/digests.json")
CRDS = ("crds/ipaddresspools.metallb.io.yaml", "bundle/install/metallb-operator.yaml")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what a release changes, and of some of what it keeps."""
    for name in (*FILES, *CRDS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    return tmp_path


def released(tree: Path, version: str = "1.2.3") -> None:
    prepare(tree, version, DIGESTS, NOW)
    finish(tree, version, OWN.replace("1.2.3", version))
    record(tree, version)


def test_the_tree_gets_the_version_and_the_digests(tree: Path) -> None:
    prepare(tree, "1.2.3", DIGESTS, NOW)
    assert '\nversion = "1.2.3"\n' in (tree / "pyproject.toml").read_text()
    changelog = (tree / "CHANGELOG.md").read_text()
    assert "## [Unreleased]\n\n## [1.2.3] - 2027-01-02\n\n### Added\n" in changelog
    csv = (tree / CSV).read_text()
    assert 'CREATED: Final = "2027-01-02T03:04:05Z"' in csv
    assert CREATED not in csv
    assert json.loads((tree / "operator/metallb_operator/digests.json").read_text()) == DIGESTS


def test_what_was_made_is_kept(tree: Path) -> None:
    released(tree)
    kept = tree / "tests" / "data" / "releases" / "1.2.3"
    assert all((kept / name).read_bytes() == (tree / name).read_bytes() for name in CRDS)
    assert released_image(tree) == OWN


def test_between_releases_our_image_goes_by_its_tag(tree: Path) -> None:
    assert released_image(tree) == IMAGE
    released(tree)
    prepare(tree, "1.2.4", DIGESTS, NOW)
    assert released_image(tree) == IMAGE


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("1.2.3", "1.2.3 was released"),
        ("1.2.2", "1.2.2 is older than 1.2.3"),
        ("1.2", "'1.2' is no version"),
        ("v1.2.4", "'v1.2.4' is no version"),
        ("../1.2.4", "is no version"),
    ],
)
def test_no_version_is_made_twice(tree: Path, version: str, said: str) -> None:
    released(tree)
    for step in (
        lambda: prepare(tree, version, DIGESTS, NOW),
        lambda: finish(tree, version, OWN),
        lambda: record(tree, version),
    ):
        with pytest.raises(ReleaseError, match=said):
            step()


@pytest.mark.parametrize("digest", [None, "", "latest", "sha256:short"])
def test_every_image_needs_its_digest(tree: Path, digest: str | None) -> None:
    image = "quay.io/metallb/speaker:v0.16.1"
    before = (tree / "pyproject.toml").read_text()
    given = {**DIGESTS, image: digest} if digest is not None else {**DIGESTS}
    if digest is None:
        del given[image]
    with pytest.raises(ReleaseError, match=f"{image} has no digest"):
        prepare(tree, "1.2.3", given, NOW)
    assert (tree / "pyproject.toml").read_text() == before


@pytest.mark.parametrize(
    "image",
    [f"{REPOSITORY}:v1.2.3", OWN.replace("v1.2.3", "v1.2.4"), f"other/image:v1.2.3@{DIGEST}", ""],
)
def test_our_image_is_of_the_version_and_has_a_digest(tree: Path, image: str) -> None:
    prepare(tree, "1.2.3", DIGESTS, NOW)
    with pytest.raises(ReleaseError, match=r"is not .*@sha256"):
        finish(tree, "1.2.3", image)
    with pytest.raises(ReleaseError, match="finish the release first"):
        record(tree, "1.2.3")


def test_what_is_not_prepared_is_not_kept(tree: Path) -> None:
    with pytest.raises(ReleaseError, match="prepare it first"):
        record(tree, "1.2.3")


def test_a_definition_that_breaks_stored_objects_stops_a_release(tree: Path) -> None:
    released(tree)
    path = tree / CRDS[0]
    definition = yaml.safe_load(path.read_text())
    schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    schema["spec"]["properties"]["autoAssign"]["default"] = False
    path.write_text(yaml.safe_dump(definition))
    with pytest.raises(ReleaseError, match=r"the default of spec\.autoAssign was True"):
        prepare(tree, "1.2.4", DIGESTS, NOW)

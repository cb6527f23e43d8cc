"""Manifests run the image that they are told to run."""

import argparse
from pathlib import Path

import pytest
import yaml

from metallb_operator.packaging.generate import files, main, reference
from metallb_operator.packaging.image import IMAGE, VERSION

OURS = "registry.example.com:5000/me/metallb-operator:v1"
DIGEST = f"@sha256:{'0' * 64}"
TEMPLATE = "bundle/catalog/catalog-templates/semver.yaml"
CSV = "bundle/manifests/metallb-operator.clusterserviceversion.yaml"


def test_every_mention_is_replaced_and_nothing_else() -> None:
    before, after = files(), files(OURS)
    assert before.keys() == after.keys()
    changed = {path for path in before if before[path] != after[path]}
    assert changed == {"bundle/install/metallb-operator.yaml", CSV, TEMPLATE}
    for path in changed - {TEMPLATE}:
        assert before[path].count(IMAGE) == after[path].count(OURS) > 0
        assert IMAGE not in after[path]


@pytest.mark.parametrize("image", [OURS, f"{OURS}{DIGEST}", f"{OURS.removesuffix(':v1')}{DIGEST}"])
def test_the_bundle_lies_beside_the_image(image: str) -> None:
    template = yaml.safe_load(files(image)[TEMPLATE])
    [bundle] = template["Candidate"]["Bundles"]
    assert bundle["Image"] == f"{OURS.removesuffix(':v1')}-bundle:v{VERSION}"


def test_catalogues_are_told_the_image_that_runs() -> None:
    csv = yaml.safe_load(files(OURS)[CSV])
    assert csv["metadata"]["annotations"]["containerImage"] == OURS
    assert OURS in {entry["image"] for entry in csv["spec"]["relatedImages"]}


def test_manifests_are_written_elsewhere(tmp_path: Path) -> None:
    assert main(["--write", "--dir", str(tmp_path), "--image", OURS]) == 0
    assert main(["--check", "--dir", str(tmp_path), "--image", OURS]) == 0
    assert main(["--check", "--dir", str(tmp_path)]) == 1


@pytest.mark.parametrize(
    "name",
    [
        *(OURS, "x:1", "localhost/x:v0.1.0", "quay.io/a/b_c/d-e:A.b_c-1"),
        *(f"quay.io/a/b{DIGEST}", f"quay.io/a/b:v1{DIGEST}"),
    ],
)
def test_names_of_images_are_taken(name: str) -> None:
    assert reference(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", "x", "quay.io/a/b", "registry.example.com:5000/a", "quay.io/A/b:1", "quay.io/a b:1"),
        *("quay.io/a/b:", "quay.io//b:1", "-x:1", "a:1\n  - b", f"quay.io/a/b{DIGEST}0", "a:#"),
    ],
)
def test_what_nodes_could_not_pull_or_would_pull_anew_is_refused(name: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="with a tag or a digest"):
        reference(name)

"""The bundle, file by file."""

from typing import Any

import pytest
import yaml

from metallb_crds.registry import KINDS
from metallb_operator.packaging.bundle import files, manifests
from metallb_operator.packaging.clusterserviceversion import cluster_service_version
from metallb_operator.packaging.icon import SVG, icon
from metallb_operator.packaging.image import IMAGE, VERSION
from metallb_operator.packaging.related import related_images
from metallb_operator.releases import RELEASES

EXAMPLES: dict[str, dict[str, Any]] = {
    row.kind: {"apiVersion": row.model.api_version, "kind": row.kind, "metadata": {"name": "x"}}
    for row in KINDS
}
CSV = cluster_service_version(EXAMPLES)


def test_every_object_has_a_file_of_its_own() -> None:
    found = files(EXAMPLES)
    documents = [text for name, text in found.items() if name.startswith("bundle/manifests/")]
    assert len(documents) == len(list(manifests())) + 1
    assert not any("\n---\n" in text for text in documents)


@pytest.mark.parametrize(
    "name",
    [
        "bundle/manifests/metallb-operator.clusterserviceversion.yaml",
        "bundle/manifests/ipaddresspools.metallb.io.yaml",
        "bundle/manifests/metallb-webhooks_poddisruptionbudget.yaml",
        "bundle/metadata/annotations.yaml",
        "bundle/tests/scorecard/config.yaml",
        "bundle/bundle.Dockerfile",
    ],
)
def test_names_of_files(name: str) -> None:
    assert name in files(EXAMPLES)


def test_the_scorecard_runs_every_test_once() -> None:
    config = yaml.safe_load(files(EXAMPLES)["bundle/tests/scorecard/config.yaml"])
    [stage] = config["stages"]
    names = [test["entrypoint"][1] for test in stage["tests"]]
    assert len(names) == len(set(names)) == 6


def test_nothing_but_csv_says_what_is_installed() -> None:
    accounts = {
        entry["serviceAccountName"] for entry in CSV["spec"]["install"]["spec"]["permissions"]
    }
    assert accounts == {
        "controller",
        "frr-k8s-daemon",
        "metallb-operator",
        "metallb-webhooks",
        "speaker",
    }


def test_an_account_without_rights_of_a_scope_is_not_listed_there() -> None:
    spec = CSV["spec"]["install"]["spec"]
    cluster = {entry["serviceAccountName"] for entry in spec["clusterPermissions"]}
    own = {entry["serviceAccountName"] for entry in spec["permissions"]}
    assert cluster - own == {"metrics-reader"}
    assert all(entry["rules"] for entry in (*spec["clusterPermissions"], *spec["permissions"]))


def test_related_images_name_every_image_once_and_the_latest_release_first() -> None:
    found = related_images()
    names = [entry["name"] for entry in found]
    assert names[:2] == ["metallb-operator", f"controller-{RELEASES[-1].version}"]
    assert {entry["image"] for entry in found} == {IMAGE}.union(
        *(release.images.values() for release in RELEASES)
    )
    assert len(found) == len({entry["image"] for entry in found})


def test_our_image_has_the_version_as_its_tag() -> None:
    assert IMAGE.endswith(f":v{VERSION}")


def test_the_icon_has_the_size_that_catalogues_show() -> None:
    [entry] = icon()
    assert entry["mediatype"] == "image/svg+xml"
    assert 'width="80" height="40"' in SVG

import re

import pytest

from metallb_operator.conditions import Reason
from metallb_operator.errors import UnsupportedReleaseError
from metallb_operator.releases import DEFAULT_RELEASE, RELEASES, Release, release_for

ROLES = {"controller", "speaker", "frr", "frr-k8s", "frr-k8s-frr"}
every_release = pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.version)


@pytest.mark.parametrize(
    ("version", "found"),
    [
        ("", "0.16.1"),
        ("0.16.1", "0.16.1"),
        ("v0.16.1", "0.16.1"),
        ("0.15.3", "0.15.3"),
        ("v0.15.3", "0.15.3"),
    ],
)
def test_release_is_found_by_version(version: str, found: str) -> None:
    assert release_for(version).version == found


@pytest.mark.parametrize("version", ["0.16.0", "0.14.9", "latest", "v", " 0.16.1", "0.16"])
def test_other_versions_are_refused_with_those_that_would_do(version: str) -> None:
    with pytest.raises(UnsupportedReleaseError) as caught:
        release_for(version)
    expected = f"spec.version: {version!r} cannot be run; use one of 0.15.3, 0.16.1"
    assert str(caught.value) == expected
    assert caught.value.reason is Reason.INVALID_SPEC


def test_default_is_the_newest() -> None:
    assert DEFAULT_RELEASE is max(RELEASES, key=lambda release: release.order)
    assert list(RELEASES) == sorted(RELEASES, key=lambda release: release.order)


def test_releases_are_compared_by_number() -> None:
    newer = Release("0.16.10", {}, DEFAULT_RELEASE.ports)
    assert newer.order > Release("0.16.9", {}, DEFAULT_RELEASE.ports).order


@every_release
def test_every_role_has_a_pinned_image(release: Release) -> None:
    assert set(release.images) == ROLES
    for image in release.images.values():
        assert re.fullmatch(r"quay\.io/[a-z0-9/-]+:v?[0-9]+\.[0-9]+\.[0-9]+", image)
    assert release.images["controller"].endswith(f":v{release.version}")
    assert release.images["speaker"].endswith(f":v{release.version}")


@every_release
def test_ports_on_a_node_are_distinct_but_where_one_process_serves_two_things(
    release: Release,
) -> None:
    ports = release.ports
    on_nodes = [ports.metrics, ports.frr_metrics, ports.frr_k8s_metrics, ports.frr_k8s_frr_metrics]
    assert len(set(on_nodes)) == 4
    assert (ports.health == ports.metrics) == release.legacy
    assert (ports.frr_k8s_health == ports.frr_k8s_metrics) == release.legacy


@pytest.mark.parametrize(
    ("version", "frr", "frr_k8s", "frr_k8s_frr"),
    [("0.15.3", "10.4.1", "v0.0.21", "10.4.1"), ("0.16.1", "10.5.3", "v0.0.25", "10.4.3")],
)
def test_frr_k8s_and_frr_are_those_that_the_release_was_tested_with(
    version: str, frr: str, frr_k8s: str, frr_k8s_frr: str
) -> None:
    images = release_for(version).images
    tags = {role: images[role].rpartition(":")[2] for role in ("frr", "frr-k8s", "frr-k8s-frr")}
    assert tags == {"frr": frr, "frr-k8s": frr_k8s, "frr-k8s-frr": frr_k8s_frr}


def test_only_releases_before_0_16_are_legacy() -> None:
    assert {release.version for release in RELEASES if release.legacy} == {
        release.version for release in RELEASES if release.order < (0, 16)
    }


@pytest.mark.parametrize(("version", "first"), [("0.15.3", 36), ("0.16.1", None)])
def test_kubernetes_that_refuses_a_release_is_known(version: str, first: int | None) -> None:
    assert release_for(version).first_kubernetes_without == first

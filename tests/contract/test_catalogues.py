"""What the pipelines of community catalogues check before they take a bundle.

The checks are those of redhat-openshift-ecosystem/operator-pipelines 1.15.0, suites
operatorcert.static_tests.common and .community, which is no package that can be installed from an
index; each test names the check whose rule it holds. `operator-sdk bundle validate`, which two of
them run, is what test_olm.py runs.
"""

import base64
import re
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from metallb_operator.packaging.catalog import CHANNELS, OPENSHIFT
from metallb_operator.packaging.image import VERSION, bundle_image

BUNDLE: Final = Path(__file__).parents[2] / "bundle"
CATALOG: Final = BUNDLE / "catalog"
_KUBERNETES: Final = {"v4.17": "1.30", "v4.18": "1.31", "v4.19": "1.32", "v4.20": "1.33"}
"""Of OpenShift's releases."""


def read(path: Path) -> Any:  # noqa: ANN401 - whatever YAML holds
    return yaml.safe_load(path.read_text())


MANIFESTS: Final = [read(path) for path in sorted((BUNDLE / "manifests").glob("*.yaml"))]
[CSV] = [one for one in MANIFESTS if one["kind"] == "ClusterServiceVersion"]
ANNOTATIONS: Final = read(BUNDLE / "metadata" / "annotations.yaml")["annotations"]
CI: Final = read(CATALOG / "ci.yaml")


def test_no_network_policy() -> None:
    """check_network_policy_presence."""
    assert "NetworkPolicy" not in {one["kind"] for one in MANIFESTS}


def test_versions_of_openshift_and_kubernetes_agree() -> None:
    """check_api_version_constraints."""
    oldest = ANNOTATIONS["com.redhat.openshift.versions"]
    assert oldest == OPENSHIFT[0]
    assert CSV["spec"]["minKubeVersion"] == f"{_KUBERNETES[oldest]}.0"


def test_the_image_of_the_bundle_has_the_same_labels() -> None:
    text = (BUNDLE / "bundle.Dockerfile").read_text()
    assert all(f"LABEL {key}={value}\n" in text for key, value in ANNOTATIONS.items())


@pytest.mark.parametrize(
    ("field", "pattern"),
    [
        ("metadata.annotations.containerImage", r"[^/]+/[^/]+/[^/:]+:.+"),
        ("metadata.annotations.repository", r"https?://.+"),
        ("metadata.annotations.support", r".{3,}"),
        ("metadata.annotations.alm-examples", r"(?s).{30,}"),
        ("metadata.annotations.description", r".{10,}"),
        ("spec.displayName", r".{3,50}"),
        ("spec.description", r"(?s).{20,}"),
        ("spec.version", r"\d+\.\d+\.\d+"),
        ("spec.provider.name", r".{3,}"),
        ("spec.maintainers.0.email", r"[^@\s]+@[^@\s]+"),
        ("spec.links.0.url", r"https?://.+"),
        ("spec.keywords.0", r".+"),
    ],
)
def test_required_fields(field: str, pattern: str) -> None:
    """check_required_fields."""
    value: Any = CSV
    for key in field.split("."):
        value = value[int(key)] if key.isdigit() else value[key]
    assert re.fullmatch(pattern, value)


def test_capability_category_date_and_icon() -> None:
    """check_required_fields, and what it calls in validations.py."""
    annotations = CSV["metadata"]["annotations"]
    assert annotations["capabilities"] in {
        *("Basic Install", "Seamless Upgrades", "Full Lifecycle", "Deep Insights", "Auto Pilot")
    }
    assert annotations["categories"] == "Networking"
    assert datetime.fromisoformat(annotations["createdAt"]).tzinfo
    [icon] = CSV["spec"]["icon"]
    assert icon["mediatype"] == "image/svg+xml"
    assert base64.b64decode(icon["base64data"], validate=True)


def test_names_and_version_agree() -> None:
    """check_operator_name, check_operator_version_directory_name."""
    package = ANNOTATIONS["operators.operatorframework.io.bundle.package.v1"]
    assert CSV["metadata"]["name"] == f"{package}.v{VERSION}"
    assert CSV["spec"]["version"] == VERSION


def test_settings_of_the_pipeline() -> None:
    """check_schema_operator_ci_config, check_catalog_usage_ci_config."""
    assert CI["fbc"]["enabled"] is True
    assert isinstance(CI["reviewers"], list)
    mapping = CI["fbc"]["catalog_mapping"]
    assert {one["type"] for one in mapping} <= {"olm.template.basic", "olm.semver"}
    catalogs = [name for one in mapping for name in one["catalog_names"]]
    assert len(catalogs) == len(set(catalogs))
    assert all(re.fullmatch(r"v4\.\d+", name) for name in catalogs)
    for one in mapping:
        assert (CATALOG / "catalog-templates" / one["template_name"]).is_file()


def test_where_a_release_goes() -> None:
    """check_schema_bundle_release_config: of a template by versions, no `replaces`."""
    [release] = read(CATALOG / "release-config.yaml")["catalog_templates"]
    assert release.keys() == {"template_name", "channels"}
    assert release["channels"]
    assert set(release["channels"]) <= set(CHANNELS)
    assert release["template_name"] in {
        one["template_name"] for one in CI["fbc"]["catalog_mapping"]
    }


def test_the_template_names_every_channel_and_this_version() -> None:
    """What `opm alpha render-template semver` reads."""
    template = read(CATALOG / "catalog-templates" / "semver.yaml")
    assert template["Schema"] == "olm.semver"
    assert set(CHANNELS) < set(template)
    images = [one["Image"] for channel in CHANNELS for one in template[channel]["Bundles"]]
    assert images == [bundle_image()]


FEATURES: Final = (
    *("disconnected", "fips-compliant", "proxy-aware", "tls-profiles", "cnf", "cni", "csi"),
    *("token-auth-aws", "token-auth-azure", "token-auth-gcp"),
)


@pytest.mark.parametrize("name", FEATURES)
def test_features_are_said_to_be_there_or_not(name: str) -> None:
    annotations = CSV["metadata"]["annotations"]
    assert annotations[f"features.operators.openshift.io/{name}"] in {"true", "false"}

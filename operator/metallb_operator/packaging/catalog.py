"""What community catalogues want beside a bundle: where it goes, and who reviews. Pure.

Sources: the catalogue templates of OLM (https://olm.operatorframework.io/docs/reference/
catalog-templates/), and of the pipelines of community catalogues the documentation of `ci.yaml`
and `release-config.yaml` (redhat-openshift-ecosystem/operator-pipelines 1.15.0, docs/users).
"""

from collections.abc import Mapping
from typing import Any, Final

from metallb_operator.packaging.image import bundle_image
from metallb_operator.packaging.texts import documents

Document = dict[str, Any]

OPENSHIFT: Final = ("v4.17", "v4.18", "v4.19", "v4.20", "v4.21")
"""Catalogues of OpenShift; the first one is the oldest whose Kubernetes, 1.30, is new enough."""

TEMPLATE: Final = "semver.yaml"
CHANNELS: Final = ("Candidate", "Fast", "Stable")
FOLDER: Final = "bundle/catalog"


def files() -> Mapping[str, str]:
    """Return the text of every file by its path."""
    return {
        f"{FOLDER}/ci.yaml": documents([_settings()]),
        f"{FOLDER}/release-config.yaml": documents([_release()]),
        f"{FOLDER}/catalog-templates/{TEMPLATE}": documents([template()]),
    }


def template() -> Document:
    """Return the template: a version is a candidate first, and moved on when it has proven itself.

    OLM derives the channels, candidate-v0.1 and the like, and what replaces what.
    """
    bundles = {"Candidate": [{"Image": bundle_image()}]}
    return {
        "Schema": "olm.semver",
        "GenerateMajorChannels": False,
        "GenerateMinorChannels": True,
        **{channel: {"Bundles": bundles.get(channel, [])} for channel in CHANNELS},
    }


def _settings() -> Document:
    mapping = {
        "template_name": TEMPLATE,
        "catalog_names": list(OPENSHIFT),
        "type": "olm.semver",
    }
    return {
        "reviewers": [],
        "fbc": {
            "enabled": True,
            "version_promotion_strategy": "review-needed",
            "catalog_mapping": [mapping],
        },
    }


def _release() -> Document:
    return {"catalog_templates": [{"template_name": TEMPLATE, "channels": ["Candidate"]}]}

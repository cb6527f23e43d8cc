"""The bundle for Operator Lifecycle Manager, file by file. Pure.

OLM makes Services, certificates and webhook configurations itself, and RBAC and ServiceAccounts
out of the CSV: as files of the bundle they would stay behind when it is removed. The accounts of
MetalLB's own pods are files all the same, since these pods stay behind, too: OLM gives such
accounts no owner, so that a CSV that is deleted and installed again leaves the pods their tokens.
It hangs at the step from a bundle without these files to one with them; they are there from the
first release on. NetworkPolicies are the operator's to apply: catalogues take no bundle with any.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from metallb_crds.generate import crds
from metallb_operator.packaging import workloads
from metallb_operator.packaging.catalog import OPENSHIFT
from metallb_operator.packaging.clusterserviceversion import cluster_service_version
from metallb_operator.packaging.image import OPERATOR
from metallb_operator.packaging.permissions import OPERANDS
from metallb_operator.packaging.rbac import account
from metallb_operator.packaging.texts import HEADER, documents

Document = dict[str, Any]

CHANNEL: Final = "alpha"
_SCORECARD_IMAGE: Final = "quay.io/operator-framework/scorecard-test:v1.42.0"
_PREFIX: Final = "operators.operatorframework.io"

_LABELS: Final[Mapping[str, str]] = {
    f"{_PREFIX}.bundle.mediatype.v1": "registry+v1",
    f"{_PREFIX}.bundle.manifests.v1": "manifests/",
    f"{_PREFIX}.bundle.metadata.v1": "metadata/",
    f"{_PREFIX}.bundle.package.v1": OPERATOR,
    f"{_PREFIX}.bundle.channels.v1": CHANNEL,
    f"{_PREFIX}.bundle.channel.default.v1": CHANNEL,
    f"{_PREFIX}.test.mediatype.v1": "scorecard+v1",
    f"{_PREFIX}.test.config.v1": "tests/scorecard/",
    # This one and every newer one.
    "com.redhat.openshift.versions": OPENSHIFT[0],
}

_SCORECARD_TESTS: Final[Mapping[str, str]] = {
    "basic-check-spec": "basic",
    "olm-bundle-validation": "olm",
    "olm-crds-have-validation": "olm",
    "olm-crds-have-resources": "olm",
    "olm-spec-descriptors": "olm",
    "olm-status-descriptors": "olm",
}


def manifests() -> Iterator[Document]:
    """Yield the objects of the bundle besides the CSV. Their namespace is OLM's to choose."""
    yield from crds().values()
    for manifest in (*map(account, OPERANDS), workloads.disruption_budget()):
        metadata = {key: text for key, text in manifest["metadata"].items() if key != "namespace"}
        yield {**manifest, "metadata": metadata}


def files(by_kind: Mapping[str, Document]) -> Mapping[str, str]:
    """Return the text of every file by its path.

    Args:
        by_kind: an example of every kind.
    """
    found = [(_file_name(manifest), manifest) for manifest in manifests()]
    found.append((f"{OPERATOR}.clusterserviceversion.yaml", cluster_service_version(by_kind)))
    return {
        **{f"bundle/manifests/{name}": documents([manifest]) for name, manifest in found},
        "bundle/metadata/annotations.yaml": documents([{"annotations": dict(_LABELS)}]),
        "bundle/tests/scorecard/config.yaml": documents([_scorecard()]),
        "bundle/bundle.Dockerfile": _dockerfile(),
    }


def _file_name(manifest: Document) -> str:
    name, kind = manifest["metadata"]["name"], manifest["kind"].lower()
    return f"{name}.yaml" if kind == "customresourcedefinition" else f"{name}_{kind}.yaml"


def _scorecard() -> Document:
    tests = [
        {
            "image": _SCORECARD_IMAGE,
            "entrypoint": ["scorecard-test", test],
            "labels": {"suite": suite, "test": f"{test}-test"},
        }
        for test, suite in _SCORECARD_TESTS.items()
    ]
    return {
        "apiVersion": "scorecard.operatorframework.io/v1alpha3",
        "kind": "Configuration",
        "metadata": {"name": "config"},
        "stages": [{"parallel": True, "tests": tests}],
    }


def _dockerfile() -> str:
    labels = "".join(f"LABEL {key}={value}\n" for key, value in _LABELS.items())
    folders = "".join(
        f"COPY {folder} /{folder}/\n" for folder in ("manifests", "metadata", "tests/scorecard")
    )
    build = "# Build it in this folder: docker build -f bundle.Dockerfile ."
    return f"{HEADER}{build}\nFROM scratch\n\n{labels}\n{folders}"

"""What OLM v1 checks of a bundle before it installs one.

The checks are those of operator-controller 1.11.0, internal/operator-controller/rukpak/render/
registryv1 (validators and the kinds that it takes); each test names the one whose rule it holds.
What it refuses in the step from one release's CRDs to the next is `packaging/crd_changes.py`.
"""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from metallb_operator.packaging.catalog import CHANNELS
from metallb_operator.packaging.image import NAMESPACE, OPERATOR, VERSION

ROOT: Final = Path(__file__).parents[2]
_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_KINDS: Final = {"ClusterServiceVersion", "CustomResourceDefinition"} | {
    *("ServiceAccount", "PodDisruptionBudget", "Service", "ConfigMap", "Secret", "PriorityClass"),
    *("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "PrometheusRule"),
    *("ServiceMonitor", "VerticalPodAutoscaler", "ConsoleYAMLSample", "ConsoleQuickStart"),
    *("ConsoleCLIDownload", "ConsoleLink", "NetworkPolicy"),
}
"""operator-registry, pkg/lib/bundle/supported_resources.go."""


def read(path: Path) -> Any:  # noqa: ANN401 - whatever YAML holds
    return yaml.safe_load(path.read_text())


MANIFESTS: Final = [read(p) for p in sorted((ROOT / "bundle" / "manifests").glob("*.yaml"))]
[CSV] = [one for one in MANIFESTS if one["kind"] == "ClusterServiceVersion"]
SPEC: Final = CSV["spec"]
DEPLOYMENTS: Final = [one["name"] for one in SPEC["install"]["spec"]["deployments"]]
DEFINITIONS: Final = [
    one["metadata"]["name"] for one in MANIFESTS if one["kind"] == "CustomResourceDefinition"
]
WEBHOOKS: Final = SPEC["webhookdefinitions"]


def test_deployments_have_names_of_their_own() -> None:
    """CheckDeploymentSpecUniqueness, CheckDeploymentNameIsDNS1123SubDomain."""
    assert len(set(DEPLOYMENTS)) == len(DEPLOYMENTS) > 0
    assert all(_SUBDOMAIN.fullmatch(name) for name in DEPLOYMENTS)


def test_definitions_are_there_once() -> None:
    """CheckOwnedCRDExistence, CheckCRDResourceUniqueness."""
    owned = {one["name"] for one in SPEC["customresourcedefinitions"]["owned"]}
    assert owned <= set(DEFINITIONS)
    assert len(set(DEFINITIONS)) == len(DEFINITIONS)


def test_the_package_has_a_name() -> None:
    """CheckPackageNameNotEmpty."""
    annotations = read(ROOT / "bundle" / "metadata" / "annotations.yaml")["annotations"]
    assert annotations["operators.operatorframework.io.bundle.package.v1"] == OPERATOR


def test_all_namespaces_can_be_targets_and_no_webhook_converts() -> None:
    """CheckWebhookSupport: with a conversion webhook no other install mode may be supported."""
    modes = {one["type"]: one["supported"] for one in SPEC["installModes"]}
    assert modes["AllNamespaces"]
    assert {one["type"] for one in WEBHOOKS} == {"ValidatingAdmissionWebhook"}
    conversions = [one["spec"].get("conversion", {}) for one in MANIFESTS if one["kind"] == _CRD]
    assert {one.get("strategy", "None") for one in conversions} == {"None"}


_CRD: Final = "CustomResourceDefinition"


@pytest.mark.parametrize("webhook", WEBHOOKS, ids=lambda one: str(one["generateName"]))
def test_webhooks(webhook: dict[str, Any]) -> None:
    """CheckWebhookDeploymentReferentialIntegrity, CheckWebhookNameIsDNS1123SubDomain, and
    CheckWebhookRules.
    """
    assert webhook["deploymentName"] in DEPLOYMENTS
    assert _SUBDOMAIN.fullmatch(webhook["generateName"].removesuffix("-"))
    for rule in webhook["rules"]:
        groups = set(rule["apiGroups"])
        assert not groups & {"*", "olm.operatorframework.io", "admissionregistration.k8s.io"}


def test_webhooks_have_names_of_their_own() -> None:
    """CheckWebhookNameUniqueness: configurations are called by them, less what follows."""
    names = [one["generateName"].removesuffix("-") for one in WEBHOOKS]
    assert len(set(names)) == len(names)


def test_kinds_are_those_that_it_installs() -> None:
    assert {one["kind"] for one in MANIFESTS} <= _KINDS


def test_certificates_are_where_it_puts_them() -> None:
    """It mounts tls.crt and tls.key of cert-manager, or of OpenShift's service CA, there."""
    [spec] = [
        one["spec"]
        for one in SPEC["install"]["spec"]["deployments"]
        if one["name"] == "metallb-webhooks"
    ]
    [container] = spec["template"]["spec"]["containers"]
    assert "--tls-dir=/tmp/k8s-webhook-server/serving-certs" in container["args"]


def test_the_example_names_the_package_and_a_channel_of_the_template() -> None:
    document = (ROOT / "docs" / "install.md").read_text()
    blocks = re.findall(r"^```yaml\n(.*?)^```", document, re.MULTILINE | re.DOTALL)
    [text] = [block for block in blocks if "kind: ClusterExtension" in block]
    [extension] = [one for one in yaml.safe_load_all(text) if one["kind"] == "ClusterExtension"]
    catalog = extension["spec"]["source"]["catalog"]
    assert catalog["packageName"] == OPERATOR
    minor = ".".join(VERSION.split(".")[:2])
    assert catalog["channels"] == [f"{CHANNELS[0].lower()}-v{minor}"]
    assert extension["spec"]["namespace"] == NAMESPACE

"""The order of the manifest, and its namespace."""

from metallb_operator.packaging.install import install, kustomization, namespace


def test_what_others_need_comes_first_and_webhooks_come_last() -> None:
    kinds = [document["kind"] for document in install()]
    order = list(dict.fromkeys(kinds))
    assert order[:3] == ["Namespace", "CustomResourceDefinition", "ServiceAccount"]
    assert order.index("ClusterRole") < order.index("ClusterRoleBinding")
    assert order.index("RoleBinding") < order.index("Deployment")
    assert order[-1] == "ValidatingWebhookConfiguration"


def test_it_is_the_same_every_time() -> None:
    assert install() == install()


def test_there_is_no_secret_in_it() -> None:
    assert "Secret" not in {document["kind"] for document in install()}


def test_the_namespace_lets_speakers_use_the_nodes_network() -> None:
    labels = namespace()["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "privileged"


def test_the_kustomization_is_the_manifest() -> None:
    assert kustomization()["resources"] == ["metallb-operator.yaml"]

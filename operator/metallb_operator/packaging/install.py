"""Everything for one `kubectl apply --server-side -f`. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from metallb_crds.generate import crds
from metallb_kube.ordering import apply_order
from metallb_operator.packaging import admission, workloads
from metallb_operator.packaging.image import NAMESPACE, labels
from metallb_operator.packaging.permissions import self_sufficient
from metallb_operator.packaging.policies import policies
from metallb_operator.packaging.rbac import rbac
from metallb_operator.packaging.texts import documents

Document = dict[str, Any]

MANIFEST: Final = "metallb-operator.yaml"
ELSEWHERE: Final = "elsewhere.yaml"


def install() -> tuple[Mapping[str, Any], ...]:
    """Return what is installed, in the order of applying."""
    return apply_order(_objects())


def _objects() -> Iterator[Document]:
    yield namespace()
    yield from crds().values()
    yield from rbac(self_sufficient())
    yield from policies()
    yield admission.service()
    yield workloads.disruption_budget()
    yield workloads.operator()
    yield workloads.webhooks()
    yield admission.configuration()


def namespace() -> Document:
    """Return the namespace: speakers use the nodes' network, which Pod Security must allow."""
    levels = {
        f"pod-security.kubernetes.io/{mode}": "privileged" for mode in ("enforce", "audit", "warn")
    }
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": NAMESPACE, "labels": {**labels("metallb"), **levels}},
    }


def kustomization() -> Document:
    """Return the kustomization around the manifest, to be used as a base or as it is."""
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": [MANIFEST],
    }


def files() -> Mapping[str, str]:
    """Return the text of every file by its path."""
    return {
        f"bundle/install/{MANIFEST}": documents(install()),
        "bundle/install/kustomization.yaml": documents([kustomization()]),
        f"bundle/install/{ELSEWHERE}": documents([admission.replacements()]),
    }

"""The ClusterServiceVersion: what Operator Lifecycle Manager installs, and shows of it. Pure.

Source: operator-framework/api, v1alpha1 `ClusterServiceVersion`; the required fields of community
catalogues.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from metallb_operator.packaging import admission, workloads
from metallb_operator.packaging.descriptors import internal_objects, owned
from metallb_operator.packaging.examples import examples
from metallb_operator.packaging.icon import icon
from metallb_operator.packaging.image import IMAGE, NAMESPACE, OPERATOR, VERSION
from metallb_operator.packaging.install import namespace
from metallb_operator.packaging.permissions import ACCOUNTS, Account, Rule, UrlRule
from metallb_operator.packaging.related import related_images

Document = dict[str, Any]

NAME: Final = f"{OPERATOR}.v{VERSION}"

CREATED: Final = "2026-11-25T00:00:00Z"
"""When this version was made. Changed with the version only: any change restarts the pods."""

MIN_KUBERNETES: Final = "1.30.0"
"""Since 1.30 all that is used is on by default: CEL rules in CRDs, conditions of webhooks."""

_FEATURES: Final = "features.operators.openshift.io"
FEATURES: Final[Mapping[str, bool]] = {
    # Every image is listed, and each can be named otherwise (spec.images).
    "disconnected": True,
    # Python's TLS is the image's OpenSSL, which is not a validated one.
    "fips-compliant": False,
    # The API server is asked through HTTPS_PROXY; nothing else is outside.
    "proxy-aware": True,
    # spec.tls has the settings; those of the cluster are not read.
    "tls-profiles": False,
    "token-auth-aws": False,
    "token-auth-azure": False,
    "token-auth-gcp": False,
    "cnf": False,
    "cni": False,
    "csi": False,
}
"""What catalogues of OpenShift show as supported (Operator SDK, "Infrastructure features")."""

_REPOSITORY: Final = "https://github.com/metallb-operator/metallb-operator"

_SUMMARY: Final = "Gives bare-metal clusters working Services of type LoadBalancer with MetalLB"

_DESCRIPTION: Final = f"""\
Installs, configures, upgrades, repairs and removes [MetalLB](https://metallb.io) from one object,
and refuses configuration that could not work in a sentence that names the field and the remedy.

After installation, create a `MetalLB` object named `metallb` in the operator's namespace; it is
told in its status if it is anywhere else. Then add an `IPAddressPool`, and an `L2Advertisement` or
a `BGPPeer` and a `BGPAdvertisement`.

**Namespace.** MetalLB's speakers use the nodes' network. The namespace must allow privileged pods;
the suggested one, `{NAMESPACE}`, does. An OperatorGroup whose only target is that namespace keeps
the operator's access to Secrets to that namespace; one without targets widens it to the cluster.

**Removal.** Delete the `MetalLB` object and wait until it is gone before you uninstall the
operator. CRDs, and pools and peers with them, stay.
"""

# OLM turns Roles into ClusterRoles where all namespaces are targets. A MetalLB object is served in
# the operator's own namespace alone, so that other targets would only mislead.
_INSTALL_MODES: Final[Mapping[str, bool]] = {
    "OwnNamespace": True,
    "SingleNamespace": False,
    "MultiNamespace": False,
    "AllNamespaces": True,
}


def cluster_service_version(by_kind: Mapping[str, Document]) -> Document:
    """Return the ClusterServiceVersion.

    Args:
        by_kind: an example of every kind.
    """
    return {
        "apiVersion": "operators.coreos.com/v1alpha1",
        "kind": "ClusterServiceVersion",
        "metadata": {
            "name": NAME,
            # OLM replaces it by the namespace that it installs into.
            "namespace": "placeholder",
            "annotations": _annotations(by_kind),
            "labels": {
                f"operatorframework.io/{platform}": "supported"
                for platform in ("arch.amd64", "arch.arm64", "os.linux")
            },
        },
        "spec": {**_presentation(), **_installation()},
    }


def _annotations(by_kind: Mapping[str, Document]) -> dict[str, str]:
    return {
        "alm-examples": _json(examples(by_kind)),
        # Operands are upgraded in order and unsupported versions named; nothing is backed up.
        "capabilities": "Seamless Upgrades",
        "categories": "Networking",
        "certified": "false",
        "containerImage": IMAGE,
        "createdAt": CREATED,
        "description": _SUMMARY,
        "repository": _REPOSITORY,
        "support": "Community",
        "operatorframework.io/initialization-resource": _json(by_kind["MetalLB"]),
        "operatorframework.io/suggested-namespace": NAMESPACE,
        "operatorframework.io/suggested-namespace-template": _json(namespace()),
        "operators.operatorframework.io/internal-objects": _json(internal_objects()),
        **{f"{_FEATURES}/{name}": str(has).lower() for name, has in FEATURES.items()},
    }


def _presentation() -> Document:
    return {
        "displayName": "MetalLB Operator",
        "description": _DESCRIPTION,
        "version": VERSION,
        "maturity": "alpha",
        "minKubeVersion": MIN_KUBERNETES,
        "icon": icon(),
        "keywords": ["metallb", "load balancer", "bare metal", "bgp", "networking"],
        "provider": {"name": "MetalLB operator authors", "url": _REPOSITORY},
        "maintainers": [
            {"name": "MetalLB operator authors", "email": "maintainers@metallb-operator.example"}
        ],
        "links": [
            {"name": "Documentation", "url": f"{_REPOSITORY}/tree/main/docs"},
            {"name": "MetalLB", "url": "https://metallb.io"},
        ],
    }


def _installation() -> Document:
    return {
        "installModes": [
            {"type": mode, "supported": supported} for mode, supported in _INSTALL_MODES.items()
        ],
        "install": {
            "strategy": "deployment",
            "spec": {
                "clusterPermissions": _permissions(lambda account: account.cluster),
                "permissions": _permissions(lambda account: account.own),
                "deployments": [
                    _deployment(workloads.operator()),
                    _deployment(workloads.webhooks(mounted_certificate=True)),
                ],
            },
        },
        "customresourcedefinitions": {"owned": owned()},
        "webhookdefinitions": admission.definitions(),
        "relatedImages": related_images(),
    }


def _permissions(rules: Callable[[Account], tuple[Rule | UrlRule, ...]]) -> list[Document]:
    # Naming an account here is what makes OLM create it, the operands' included.
    return [
        {
            "serviceAccountName": account.name,
            "rules": [rule.manifest() for rule in rules(account)],
        }
        for account in ACCOUNTS
        if rules(account)
    ]


def _deployment(manifest: Document) -> Document:
    metadata = manifest["metadata"]
    return {"name": metadata["name"], "label": metadata["labels"], "spec": manifest["spec"]}


def _json(value: object) -> str:
    return json.dumps(value, indent=2)

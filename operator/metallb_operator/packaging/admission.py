"""Which requests API servers put to the webhooks, and which never. Pure.

Every path of `metallb_webhooks.paths` has a webhook. An outage refuses writes of configuration,
since what nobody has judged must not come into effect; but it never holds up what runs: speakers,
the operator, and deletions that would only have been warned about.

Sources: Kubernetes documentation, "Dynamic Admission Control"; MetalLB's own names of webhooks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from metallb_crds.registry import kind_for
from metallb_operator.packaging.image import NAMESPACE, OPERATOR, WEBHOOKS, labels
from metallb_operator.packaging.permissions import SPEAKER
from metallb_webhooks.paths import PATHS
from metallb_webhooks.rules.base import WRITES, Operation, Severity
from metallb_webhooks.rules.registry import RULES
from metallb_webhooks.settings import CONFIGURATION_LABEL, SERVICE

Document = dict[str, Any]

SERVICE_PORT: Final = 443
PORT: Final = 9443
_TIMEOUT_SECONDS: Final = 5

IS_NOT_A_SPEAKER: Final = "is-not-a-speaker"
IS_NOT_THE_OPERATOR: Final = "is-not-the-operator"

_NAMES: Final[Mapping[tuple[str, str], str]] = {
    ("metallb.io/v1beta1", "IPAddressPool"): "ipaddresspool",
    ("metallb.io/v1beta1", "BGPAdvertisement"): "bgpadvertisement",
    ("metallb.io/v1beta1", "L2Advertisement"): "l2advertisement",
    ("metallb.io/v1beta1", "BFDProfile"): "bfdprofile",
    ("metallb.io/v1beta1", "Community"): "community",
    ("metallb.io/v1beta2", "BGPPeer"): "bgppeers",
    ("metallb.io/v1beta1", "BGPPeer"): "bgppeersv1beta1",
    ("metallb.io/v1beta1", "MetalLB"): "metallb",
    ("frrk8s.metallb.io/v1beta1", "FRRConfiguration"): "frrconfigurations",
}


def _is_not(name: str) -> str:
    # By namespace, too: anybody may make a ServiceAccount of this name in a namespace of theirs.
    return f"request.userInfo.username != 'system:serviceaccount:{NAMESPACE}:{name}'"


_ALWAYS: Final[Mapping[str, str]] = {
    # Whoever has a finalizer must be able to take it off. Nothing but the stored object tells that
    # it is going: what is created may say so itself, and what is going still counts.
    "is-not-going-already": (
        "!(request.operation == 'UPDATE' && has(oldObject.metadata.deletionTimestamp)"
        " && has(object.spec) == has(oldObject.spec)"
        " && (!has(object.spec) || object.spec == oldObject.spec))"
    ),
    # A namespace that is deleted takes everything with it, whatever refers to what.
    "is-not-cleaning-up": (
        "!(request.userInfo.username in ['system:kube-controller-manager',"
        " 'system:serviceaccount:kube-system:namespace-controller',"
        " 'system:serviceaccount:kube-system:generic-garbage-collector'])"
    ),
}
_OF_KIND: Final[Mapping[str, Mapping[str, str]]] = {
    # Speakers write what frr-k8s announces: refused, addresses would be unreachable.
    "FRRConfiguration": {IS_NOT_A_SPEAKER: _is_not(SPEAKER.name)},
    # The operator writes its finalizer and annotations, never a spec.
    "MetalLB": {IS_NOT_THE_OPERATOR: _is_not(OPERATOR)},
}
# Where conditions cannot be had (OLM), speakers must still be able to write.
_LENIENT_WITHOUT_CONDITIONS: Final = frozenset({"FRRConfiguration"})


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook: what is asked about, where, and what is never asked.

    Attributes:
        conditions: CEL by name; what does not meet them all is not asked about.
        strict: whether a request is refused when nobody answers.
    """

    name: str
    path: str
    group: str
    version: str
    kind: str
    plural: str
    operations: tuple[Operation, ...]
    conditions: Mapping[str, str]
    strict: bool = True

    @property
    def rule(self) -> Document:
        """The requests that it is about. Subresources are not: a status is never held up."""
        return {
            "apiGroups": [self.group],
            "apiVersions": [self.version],
            "operations": [operation.value for operation in self.operations],
            "resources": [self.plural],
        }

    @property
    def common(self) -> Document:
        """What a ValidatingWebhookConfiguration and a CSV say alike."""
        return {
            "admissionReviewVersions": ["v1"],
            # Every version has a path of its own: a user reads about the fields that they wrote.
            "matchPolicy": "Exact",
            "rules": [self.rule],
            # What was allowed is noted for the other replica, unless it is a dry run.
            "sideEffects": "NoneOnDryRun",
            "timeoutSeconds": _TIMEOUT_SECONDS,
        }


def webhooks() -> Iterator[Webhook]:
    """Yield the webhooks: one for each path, and another for deletions that are only warned of."""
    for path, (api_version, kind) in PATHS.items():
        row = kind_for(api_version, kind)
        if row is None:
            raise ValueError(f"{path}: {api_version} {kind} is not in metallb_crds.registry")
        judged, told = _operations(kind)
        strict = Webhook(
            f"{_NAMES[api_version, kind]}validationwebhook.metallb.io",
            path,
            row.group,
            row.version,
            kind,
            row.plural,
            judged,
            {**_ALWAYS, **_OF_KIND.get(kind, {})},
        )
        yield strict
        if told:
            name = f"{_NAMES[api_version, kind]}deletionwebhook.metallb.io"
            yield replace(strict, name=name, operations=told, strict=False)


def _operations(kind: str) -> tuple[tuple[Operation, ...], tuple[Operation, ...]]:
    """Return the operations that are judged, and those that are at most warned about."""
    rules = RULES.get(kind, ())
    denied = {each for rule in rules if rule.severity is Severity.DENY for each in rule.operations}
    judged = WRITES | denied
    told = {each for rule in rules for each in rule.operations} - judged
    return tuple(o for o in Operation if o in judged), tuple(o for o in Operation if o in told)


def configuration() -> Document:
    """Return the webhook configuration; its CA is filled in by the webhooks themselves."""
    key, _, value = CONFIGURATION_LABEL.partition("=")
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": WEBHOOKS, "labels": {**labels(WEBHOOKS), key: value}},
        "webhooks": [_registered(webhook) for webhook in webhooks()],
    }


def _registered(webhook: Webhook) -> Document:
    service = {
        "name": SERVICE,
        "namespace": NAMESPACE,
        "path": webhook.path,
        "port": SERVICE_PORT,
    }
    return {
        "name": webhook.name,
        "clientConfig": {"service": service},
        "failurePolicy": "Fail" if webhook.strict else "Ignore",
        "matchConditions": [
            {"name": name, "expression": text} for name, text in webhook.conditions.items()
        ],
        **webhook.common,
    }


def definitions() -> list[Document]:
    """Return the webhookdefinitions of a CSV: OLM makes Service, certificate and CA of them.

    Source: Operator Lifecycle Manager, api v1alpha1 `WebhookDescription`, which knows no
    matchConditions.
    """
    return [_defined(webhook) for webhook in webhooks()]


def _defined(webhook: Webhook) -> Document:
    strict = webhook.strict and webhook.kind not in _LENIENT_WITHOUT_CONDITIONS
    return {
        "type": "ValidatingAdmissionWebhook",
        "generateName": webhook.name,
        "deploymentName": WEBHOOKS,
        "containerPort": SERVICE_PORT,
        "targetPort": PORT,
        "webhookPath": webhook.path,
        "failurePolicy": "Fail" if strict else "Ignore",
        **webhook.common,
    }


def replacements() -> Document:
    """Return kustomize's replacements that name our accounts by the namespace they are moved to.

    Source: kustomize, "replacements": they see the namespace that the same kustomization sets.
    """
    targets = [
        f"webhooks.[name={webhook.name}].matchConditions.[name={name}].expression"
        for webhook in webhooks()
        for name in webhook.conditions
        if name in (IS_NOT_A_SPEAKER, IS_NOT_THE_OPERATOR)
    ]
    return {
        "source": {"kind": "Service", "name": SERVICE, "fieldPath": "metadata.namespace"},
        "targets": [
            {
                "select": {"kind": "ValidatingWebhookConfiguration", "name": WEBHOOKS},
                "fieldPaths": targets,
                # system:serviceaccount:NAMESPACE:NAME
                "options": {"delimiter": ":", "index": 2},
            }
        ],
    }


def service() -> Document:
    """Return the Service under whose name API servers call."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": SERVICE, "namespace": NAMESPACE, "labels": labels(WEBHOOKS)},
        "spec": {
            "selector": {"app.kubernetes.io/name": WEBHOOKS},
            "ports": [
                {"name": "https", "protocol": "TCP", "port": SERVICE_PORT, "targetPort": PORT}
            ],
        },
    }

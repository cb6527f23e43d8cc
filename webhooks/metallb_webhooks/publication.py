"""What the certificate store keeps in a Secret, and what it writes into configurations. Pure."""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Any, Final

from metallb_kube.objects import Manifest, ObjectRef
from metallb_webhooks.certs import Material, same_bundle
from metallb_webhooks.settings import SECRET, SERVICE

CONFIGURATION: Final = ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration")

_KEYS: Final[Mapping[str, str]] = {
    "certificate": "tls.crt",
    "key": "tls.key",
    "bundle": "ca.crt",
    "next_certificate": "next.crt",
    "next_key": "next.key",
}
"""Keys of the Secret by the fields of `Material`."""

_OPTIONAL: Final = frozenset({"next_certificate", "next_key"})


def secret_ref(namespace: str) -> ObjectRef:
    """Return the identity of the Secret that the replicas share."""
    return ObjectRef("v1", "Secret", namespace, SECRET)


def secret_of(material: Material, namespace: str, stored: Manifest | None) -> Manifest:
    """Return the Secret to write.

    Args:
        material: what is to be in it.
        namespace: MetalLB's.
        stored: the Secret as it is, whose type cannot be changed; None where there is none. Its
            resourceVersion is kept: the write fails if somebody else was faster.
    """
    data = {
        name: b64encode(value).decode()
        for field, name in _KEYS.items()
        if (value := getattr(material, field)) or field not in _OPTIONAL
    }
    if stored is not None:
        return {**stored, "data": data}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": SECRET,
            "namespace": namespace,
            "labels": {"app.kubernetes.io/name": SERVICE},
        },
        "type": "kubernetes.io/tls",
        "data": data,
    }


def material_of(secret: Manifest | None) -> Material | None:
    """Return what is in the Secret; None where anything of it is missing or no base64."""
    data = (secret or {}).get("data") or {}
    try:
        return Material(
            **{
                field: b64decode(data[name], validate=True)
                for field, name in _KEYS.items()
                if name in data or field not in _OPTIONAL
            }
        )
    except (KeyError, Base64Error):
        return None


def our_webhooks(configuration: Manifest, namespace: str) -> tuple[Mapping[str, Any], ...]:
    """Return the webhooks of a configuration that call our Service."""
    return tuple(
        webhook
        for webhook in configuration.get("webhooks") or ()
        if _calls_us(webhook.get("clientConfig") or {}, namespace)
    )


def carries(configuration: Manifest, namespace: str, bundle: bytes) -> bool:
    """Tell whether all of our webhooks in a configuration trust exactly this bundle."""
    return all(same_bundle(found, bundle) for found in bundles(configuration, namespace))


def bundles(configuration: Manifest, namespace: str) -> tuple[bytes, ...]:
    """Return what each of our webhooks in a configuration trusts; b"" where it is no base64."""
    return tuple(_bundle_of(webhook) for webhook in our_webhooks(configuration, namespace))


def injection(configuration: Manifest, namespace: str, bundle: bytes) -> Manifest:
    """Return what to apply server-side: the caBundle of each of our webhooks, nothing else.

    All of them are named every time: what is left out of an apply is given up. The uid keeps
    a configuration that has just been deleted from being made anew.
    """
    metadata = configuration["metadata"]
    api_version, kind = CONFIGURATION
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": metadata["name"], "uid": metadata["uid"]},
        "webhooks": [
            {"name": webhook["name"], "clientConfig": {"caBundle": b64encode(bundle).decode()}}
            for webhook in our_webhooks(configuration, namespace)
        ],
    }


def _calls_us(client: Mapping[str, Any], namespace: str) -> bool:
    service = client.get("service") or {}
    return service.get("name") == SERVICE and service.get("namespace") == namespace


def _bundle_of(webhook: Mapping[str, Any]) -> bytes:
    text = webhook["clientConfig"].get("caBundle") or ""
    try:
        return b64decode(text, validate=True)
    except Base64Error:
        return b""

"""Which addresses Services have before and after the controller is replaced. Pure.

The controller keeps its assignments in the Services only. They are written down before it is
replaced, in a ConfigMap, so that whoever finishes an upgrade can tell what has become of them.
"""

import gzip
import json
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable, Mapping
from typing import Any, Final

from metallb_kube.objects import Manifest, ObjectRef
from metallb_operator.events import Note
from metallb_operator.fields import name_of, text_at
from metallb_operator.plan import Cause, Plan
from metallb_operator.wording import listed
from metallb_webhooks.index import ServiceInfo

Addresses = Mapping[str, tuple[str, ...]]
"""Addresses by `namespace/name` of the Service."""

_NAME: Final = "metallb-operator-addresses"
_KEY: Final = "services.json.gz"
_REPLACING: Final = frozenset({Cause.CHANGED, Cause.ADOPTED})


def note_ref(namespace: str) -> ObjectRef:
    """Return the identity of the ConfigMap."""
    return ObjectRef("v1", "ConfigMap", namespace, _NAME)


def replaces_controller(plan: Plan) -> bool:
    """Tell whether a plan has another controller take the place of the one that runs."""
    return any(
        (step.ref.kind, step.ref.name) == ("Deployment", "controller") and step.cause in _REPLACING
        for step in plan.applies
    )


def addresses_of(services: Iterable[ServiceInfo]) -> Addresses:
    """Return the addresses of the Services that have any."""
    return {
        f"{service.namespace}/{service.name}": tuple(sorted(service.addresses))
        for service in services
        if service.addresses
    }


def note(addresses: Addresses, metallb: Manifest) -> Manifest:
    """Return the ConfigMap that remembers addresses; it goes with the MetalLB object.

    5,000 Services take some 100 KiB of the 1 MiB that a ConfigMap may have.
    """
    text = json.dumps(addresses, sort_keys=True, separators=(",", ":"))
    owner: dict[str, Any] = {
        "apiVersion": metallb["apiVersion"],
        "kind": metallb["kind"],
        "name": name_of(metallb),
        "uid": text_at(metallb, "metadata", "uid"),
    }
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": _NAME,
            "namespace": text_at(metallb, "metadata", "namespace"),
            "ownerReferences": [owner],
        },
        "binaryData": {_KEY: b64encode(gzip.compress(text.encode(), mtime=0)).decode()},
    }


def noted(found: Manifest | None) -> Addresses:
    """Return the addresses that a ConfigMap remembers; none if there is none, or it was edited."""
    text = text_at(found, "binaryData", _KEY)
    try:
        content = json.loads(gzip.decompress(b64decode(text, validate=True)))
        return {str(name): tuple(map(str, held)) for name, held in content.items()}
    except (AttributeError, Base64Error, EOFError, OSError, TypeError, ValueError):
        return {}


def compared(before: Addresses, services: Iterable[ServiceInfo]) -> Note | None:
    """Tell what has become of addresses; None if there were none.

    Services that are gone are not spoken of.
    """
    now = {f"{service.namespace}/{service.name}": service.addresses for service in services}
    kept = {name: held for name, held in before.items() if name in now}
    if not kept:
        return None
    changed = [
        f"{name} has {' and '.join(now[name]) or 'none'} in place of {' and '.join(held)}"
        for name, held in sorted(kept.items())
        if set(now[name]) != set(held)
    ]
    if not changed:
        text = f"the controller was replaced; the addresses of {_services(kept)} are as before"
        return Note("AddressesKept", text)
    text = (
        f"the controller was replaced, and the addresses of {len(changed)} of {_services(kept)}"
        f" are not as before: {listed(changed)}; see the controller's log, and ask for the old"
        " ones with the annotation metallb.io/loadBalancerIPs"
    )
    return Note("AddressesChanged", text, warning=True)


def _services(held: Addresses) -> str:
    return f"{len(held)} Service{'' if len(held) == 1 else 's'}"

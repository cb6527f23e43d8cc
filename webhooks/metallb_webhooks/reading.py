"""Decode what the API server sends into what rules look at, and say what is wrong with types.

Pure. Source: `metallb_crds.base`: decoding enforces types only.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from metallb_crds.config_v1beta1 import BGPPeerV1Beta1
from metallb_crds.config_v1beta2 import BGPPeer
from metallb_crds.meta import Resource
from metallb_crds.registry import model_for
from metallb_webhooks.index import NamespaceInfo, NodeInfo, SecretInfo, ServiceInfo

REVIEWED: Final = frozenset(
    {
        ("metallb.io/v1beta1", "IPAddressPool"),
        ("metallb.io/v1beta1", "BGPAdvertisement"),
        ("metallb.io/v1beta1", "L2Advertisement"),
        ("metallb.io/v1beta1", "BFDProfile"),
        ("metallb.io/v1beta1", "Community"),
        ("metallb.io/v1beta1", "MetalLB"),
        ("metallb.io/v1beta1", "BGPPeer"),
        ("metallb.io/v1beta2", "BGPPeer"),
        ("frrk8s.metallb.io/v1beta1", "FRRConfiguration"),
    }
)
"""apiVersion and kind of what is reviewed."""

NAMED_PROBLEMS: Final = 100
"""How many problems one message lists before it counts the rest."""

_VALUE_CHARACTERS: Final = 60

_EXPECTED: Final[Mapping[str, str]] = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "dict_type": "an object",
    "mapping_type": "an object",
}


class UnreadableError(ValueError):
    """An object has values of the wrong type; the message names every field and value."""


class UnknownKindError(ValueError):
    """An object is of a kind that is not reviewed."""


def read(api_version: str, kind: str, manifest: Mapping[str, Any]) -> Resource:
    """Decode an object of a kind that is reviewed.

    A BGPPeer comes back as v1beta2 whatever it was: both versions have the same fields, and
    nothing but v1beta2 is stored.

    Raises:
        UnknownKindError: it is of another kind.
        UnreadableError: a value has the wrong type.
    """
    model = model_for(api_version, kind) if (api_version, kind) in REVIEWED else None
    if model is None:
        raise UnknownKindError(f"{api_version} {kind} is not reviewed here")
    try:
        found = model.parse(manifest)
        return BGPPeer.parse(manifest) if isinstance(found, BGPPeerV1Beta1) else found
    except ValidationError as error:
        raise UnreadableError(enumerate_problems(map(_type_problem, error.errors()))) from error


def enumerate_problems(problems: Iterable[str]) -> str:
    """Return one problem as it is, several as a list with a line each."""
    texts = list(problems)
    if len(texts) == 1:
        return texts[0]
    more = len(texts) - NAMED_PROBLEMS
    closing = [f"- and {more} more"] if more > 0 else []
    lines = [f"- {text}" for text in texts[:NAMED_PROBLEMS]]
    return "\n".join([f"{len(texts)} problems:", *lines, *closing])


def node_info(manifest: Mapping[str, Any]) -> NodeInfo:
    """Return what rules know of a Node."""
    spec, status = manifest.get("spec") or {}, manifest.get("status") or {}
    addresses = tuple(
        str(entry.get("address"))
        for entry in status.get("addresses") or ()
        if entry.get("type") in {"InternalIP", "ExternalIP"}
    )
    networks = tuple(spec.get("podCIDRs") or ([spec["podCIDR"]] if spec.get("podCIDR") else []))
    return NodeInfo(_name(manifest), _labels(manifest), addresses, networks)


def namespace_info(manifest: Mapping[str, Any]) -> NamespaceInfo:
    """Return what rules know of a Namespace."""
    terminating = bool(manifest["metadata"].get("deletionTimestamp"))
    return NamespaceInfo(_name(manifest), _labels(manifest), terminating)


def secret_info(manifest: Mapping[str, Any]) -> SecretInfo:
    """Return what rules know of a Secret. Its values are dropped here and kept nowhere."""
    keys = frozenset(manifest.get("data") or {})
    return SecretInfo(_name(manifest), str(manifest.get("type") or ""), keys)


def service_info(manifest: Mapping[str, Any]) -> ServiceInfo | None:
    """Return what rules know of a Service; None if it is not of type LoadBalancer."""
    if (manifest.get("spec") or {}).get("type") != "LoadBalancer":
        return None
    ingress = ((manifest.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    addresses = tuple(str(entry["ip"]) for entry in ingress if entry.get("ip"))
    namespace = str(manifest["metadata"].get("namespace") or "")
    return ServiceInfo(namespace, _name(manifest), _labels(manifest), addresses)


def _name(manifest: Mapping[str, Any]) -> str:
    return str(manifest["metadata"]["name"])


def _labels(manifest: Mapping[str, Any]) -> dict[str, str]:
    return dict(manifest["metadata"].get("labels") or {})


def _type_problem(error: ErrorDetails) -> str:
    path = _path(error["loc"])
    expected = _EXPECTED.get(error["type"])
    # Whatever stands where a password belongs may be one.
    value = "the value" if "password" in path.lower() else _shown(error["input"])
    if expected is None:
        return f"{path}: {value} cannot be used: {error['msg']}"
    return f"{path}: {value} is not {expected}"


def _path(location: tuple[int | str, ...]) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location)
    return text.removeprefix(".")


def _shown(value: object) -> str:
    text = orjson.dumps(value, default=str).decode()
    return text if len(text) <= _VALUE_CHARACTERS else f"{text[:_VALUE_CHARACTERS]}..."

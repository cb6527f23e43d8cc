"""Decode what the API server sends into what rules look at, and say what is wrong with types.

Pure. Source: `metallb_crds.base`: decoding enforces types only.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

import orjson
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from metallb_crds.config_v1beta1 import BGPPeerV1Beta1
from metallb_crds.config_v1beta2 import BGPPeer
from metallb_crds.frrk8s_v1beta1 import (
    Advertise,
    FRRConfiguration,
    Neighbor,
    RawConfig,
    Receive,
    Router,
)
from metallb_crds.meta import Resource
from metallb_crds.registry import model_for
from metallb_webhooks.index import NamespaceInfo, NodeInfo, SecretInfo, ServiceInfo

R = TypeVar("R", bound=Resource)

_READ: Final[Mapping[str, tuple[str, ...]]] = {
    "metadata": ("name", "namespace", "uid", "resourceVersion", "labels", "deletionTimestamp"),
    "spec": ("type", "podCIDR", "podCIDRs"),
    "status": ("addresses", "loadBalancer"),
}
"""Fields of Nodes, Namespaces, Secrets and Services that anything below looks at."""

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
    found = _decoded(model, manifest)
    return _decoded(BGPPeer, manifest) if isinstance(found, BGPPeerV1Beta1) else found


def _decoded(model: type[R], manifest: Mapping[str, Any]) -> R:
    try:
        return model.parse(manifest)
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


def frr_configuration(manifest: Mapping[str, Any]) -> FRRConfiguration:
    """Return what rules look up of a stored FRRConfiguration: what others must agree with.

    Lists of prefixes, which may be long, and lines of FRR's own are left out.

    Raises:
        UnreadableError: a value has the wrong type.
    """
    found = _decoded(FRRConfiguration, manifest)
    routers = tuple(map(_router, found.spec.bgp.routers))
    bgp = found.spec.bgp.model_copy(update={"routers": routers})
    spec = found.spec.model_copy(update={"bgp": bgp, "raw": RawConfig()})
    metadata = found.metadata.model_copy(update={"labels": {}, "annotations": {}})
    return found.model_copy(update={"metadata": metadata, "spec": spec})


def _router(router: Router) -> Router:
    neighbors = tuple(map(_neighbor, router.neighbors))
    return router.model_copy(update={"neighbors": neighbors, "prefixes": (), "imports": ()})


def _neighbor(neighbor: Neighbor) -> Neighbor:
    said = Advertise(with_local_pref=neighbor.to_advertise.with_local_pref)
    return neighbor.model_copy(update={"to_advertise": said, "to_receive": Receive()})


def essence(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is read below of a Node, Namespace, Secret or Service.

    The rest may be as large as whoever has written it likes. Values of Secrets are dropped.
    """
    kept = {name: manifest[name] for name in ("apiVersion", "kind", "type") if name in manifest}
    for part, names in _READ.items():
        found = manifest.get(part) or {}
        kept[part] = {name: found[name] for name in names if name in found}
    return {**kept, "data": dict.fromkeys(manifest.get("data") or (), "")}


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
    try:
        text = orjson.dumps(value, default=str).decode()
    except orjson.JSONEncodeError:
        # A number of more than 64 bits, such as 1e300, or what is nested deeper than 254 levels.
        text = str(value) if isinstance(value, int) else "the value"
    return text if len(text) <= _VALUE_CHARACTERS else f"{text[:_VALUE_CHARACTERS]}..."

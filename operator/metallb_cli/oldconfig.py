"""MetalLB's configuration before 0.13, one ConfigMap, as the objects that came after it. Pure.

Source: MetalLB 0.12's documentation of the ConfigMap `config` and its release notes of 0.13.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final

from metallb_cli.manifests import Commented
from metallb_cli.yaml_limits import UnusableTextError
from metallb_cli.yaml_nodes import compose, plain
from metallb_cli.yaml_scalars import resolve
from metallb_kube.objects import Manifest
from metallb_kube.ordering import apply_rank
from metallb_operator.oldconfigmap import KEY

_GROUP: Final = "metallb.io/v1beta1"
_NO_NAME: Final = re.compile(r"[^a-z0-9.-]+")
_ENDS: Final = re.compile(r"^[^a-z0-9]+|[^a-z0-9]+$")

# Fields by their old names; what is in no table is told of as not carried over.
_POOL: Final = {"addresses": "addresses", "auto-assign": "autoAssign"} | {
    "avoid-buggy-ips": "avoidBuggyIPs"
}
_POOL_ELSEWHERE: Final = frozenset({"name", "protocol", "bgp-advertisements"})
_ADVERTISEMENT: Final = {
    "aggregation-length": "aggregationLength",
    "aggregation-length-v6": "aggregationLengthV6",
    "localpref": "localPref",
    "communities": "communities",
}
_PEER: Final = {
    "my-asn": "myASN",
    "peer-asn": "peerASN",
    "peer-address": "peerAddress",
    "source-address": "sourceAddress",
    "peer-port": "peerPort",
    "hold-time": "holdTime",
    "keepalive-time": "keepaliveTime",
    "router-id": "routerID",
    "ebgp-multihop": "ebgpMultiHop",
}
_PEER_ELSEWHERE: Final = frozenset({"bfd-profile", "node-selectors", "password"})
_BFD: Final = {
    "receive-interval": "receiveInterval",
    "transmit-interval": "transmitInterval",
    "detect-multiplier": "detectMultiplier",
    "echo-interval": "echoInterval",
    "echo-mode": "echoMode",
    "passive-mode": "passiveMode",
    "minimum-ttl": "minimumTtl",
}
_EXPRESSION: Final = {"key": "key", "operator": "operator", "values": "values"}
# Of those in the tables above; the others are numbers or booleans.
_TEXTS: Final = frozenset({"key", "operator", "hold-time", "keepalive-time", "router-id"}) | {
    "peer-address",
    "source-address",
}
_ABSENT: Final = ("", "~", "null")
_DEFAULT_PORT: Final = ("peer-port", "0")
"""MetalLB took 0 for 179; the schema of today refuses it."""
TOP: Final = frozenset({"address-pools", "peers", "bgp-communities", "bfd-profiles"})


class OldConfigurationError(Exception):
    """The text is not the old configuration; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What takes the old configuration's place.

    Attributes:
        documents: in the order to apply them in.
        notes: what is not carried over with any of them.
    """

    documents: tuple[Commented, ...]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Carried:
    """A spec being filled from old fields, with what could not be."""

    spec: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def configuration_in(manifest: Manifest) -> Mapping[str, Any]:
    """Return the configuration that a ConfigMap holds.

    Raises:
        OldConfigurationError: it holds none.
    """
    text = (manifest.get("data") or {}).get(KEY)
    if not isinstance(text, str):
        raise OldConfigurationError(
            f"the ConfigMap has no key {KEY!r}: MetalLB before 0.13 read its configuration there"
        )
    found = _read(text)
    if not found:
        return {}
    if not isinstance(found, dict):
        raise OldConfigurationError(f"data.{KEY} is not a map with address-pools, peers, ...")
    return found


def _read(text: str) -> Any:  # noqa: ANN401 - YAML
    try:
        # Every scalar as it stands: MetalLB read `0123` as a password, and `y` as a label.
        documents = [plain(node) for node in compose(text, scalar=str)]
    except UnusableTextError as error:
        raise OldConfigurationError(f"data.{KEY}: {error}") from error
    if len(documents) > 1:
        raise OldConfigurationError(
            f"data.{KEY} holds {len(documents)} YAML documents, and MetalLB read the first;"
            " remove the others"
        )
    return documents[0] if documents else None


def offer(old: Mapping[str, Any], namespace: str) -> Offer:
    """Return what takes the place of an old configuration.

    Args:
        old: what `configuration_in` returned.
        namespace: for the new objects.

    Raises:
        OldConfigurationError: a part of it is not a list of maps.
    """
    documents = [
        *_pools(_entries(old, "address-pools"), namespace),
        *_communities(old.get("bgp-communities") or {}, namespace),
        *_profiles(_entries(old, "bfd-profiles"), namespace),
        *_peers(_entries(old, "peers"), namespace),
    ]
    documents.sort(key=lambda document: apply_rank(document.manifest["kind"]))
    return Offer(tuple(documents), tuple(_lost(old, TOP)))


def _entries(old: Mapping[str, Any], key: str) -> Sequence[Mapping[str, Any]]:
    found = old.get(key)
    if not found or found in _ABSENT:
        return ()
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise OldConfigurationError(f"{key} is not a list of maps")
    return found


def _pools(entries: Iterable[Mapping[str, Any]], namespace: str) -> Iterator[Commented]:
    for index, entry in enumerate(entries):
        name, renamed = _named(entry, f"pool-{index + 1}")
        carried = _carried(entry, _POOL, _POOL_ELSEWHERE)
        _mend_addresses(carried)
        yield _made(
            _object("IPAddressPool", name, namespace, carried.spec), (*renamed, *carried.notes)
        )
        yield from _announced(entry, name, namespace)


def _mend_addresses(carried: _Carried) -> None:
    """Write a list of ranges where something else stood, which MetalLB has refused all along."""
    found = carried.spec.get("addresses")
    if isinstance(found, str):
        carried.notes.append("Was no list of addresses, so that the pool has never worked.")
        found = [found]
    if not isinstance(found, list):
        return
    carried.spec["addresses"] = [_range(one, carried.notes) for one in found]


def _range(entry: Any, notes: list[str]) -> Any:  # noqa: ANN401 - YAML
    try:
        length = ip_address(entry).max_prefixlen
    except ValueError:
        return entry
    notes.append(f"Was {entry}, which is no range, so that the pool has never worked.")
    return f"{entry}/{length}"


def _announced(entry: Mapping[str, Any], pool: str, namespace: str) -> Iterator[Commented]:
    protocol = entry.get("protocol")
    to = {"ipAddressPools": [pool]}
    if protocol == "layer2":
        yield Commented(_object("L2Advertisement", pool, namespace, to))
        return
    if protocol != "bgp":
        raise OldConfigurationError(
            f"address-pools: pool {pool} has protocol {protocol!r}; it is layer2 or bgp"
        )
    # Without advertisements every address was announced on its own.
    advertised = _entries(entry, "bgp-advertisements") or [{}]
    for index, advertisement in enumerate(advertised):
        name = pool if len(advertised) == 1 else f"{pool}-{index + 1}"
        carried = _carried(advertisement, _ADVERTISEMENT)
        spec = {**to, **carried.spec}
        yield _made(_object("BGPAdvertisement", name, namespace, spec), carried.notes)


def _communities(old: Any, namespace: str) -> Iterator[Commented]:  # noqa: ANN401 - YAML
    if not isinstance(old, dict):
        raise OldConfigurationError("bgp-communities is not a map of names to communities")
    if old:
        aliases = [{"name": str(name), "value": str(value)} for name, value in old.items()]
        spec = {"communities": aliases}
        yield Commented(_object("Community", "communities", namespace, spec))


def _profiles(entries: Iterable[Mapping[str, Any]], namespace: str) -> Iterator[Commented]:
    for index, entry in enumerate(entries):
        name, renamed = _named(entry, f"profile-{index + 1}")
        carried = _carried(entry, _BFD, frozenset({"name"}))
        manifest = _object("BFDProfile", name, namespace, carried.spec)
        yield _made(manifest, (*renamed, *carried.notes))


def _peers(entries: Iterable[Mapping[str, Any]], namespace: str) -> Iterator[Commented]:
    for index, entry in enumerate(entries):
        name = f"peer-{index + 1}"
        carried = _carried(entry, _PEER, _PEER_ELSEWHERE)
        if profile := entry.get("bfd-profile"):
            carried.spec["bfdProfile"] = _dns_name(str(profile))
        if selectors := _entries(entry, "node-selectors"):
            carried.spec["nodeSelectors"] = [_selector(one, carried.notes) for one in selectors]
        if password := entry.get("password"):
            carried.spec["passwordSecret"] = {"name": f"{name}-password"}
            yield Commented(_secret(f"{name}-password", namespace, str(password)))
        manifest = _object("BGPPeer", name, namespace, carried.spec)
        yield _made({**manifest, "apiVersion": "metallb.io/v1beta2"}, carried.notes)


def _selector(old: Mapping[str, Any], notes: list[str]) -> dict[str, Any]:
    notes.extend(_lost(old, frozenset({"match-labels", "match-expressions"})))
    expressions = [
        _carried(expression, _EXPRESSION).spec for expression in _entries(old, "match-expressions")
    ]
    return {
        **({"matchLabels": old["match-labels"]} if old.get("match-labels") else {}),
        **({"matchExpressions": expressions} if expressions else {}),
    }


def _carried(
    old: Mapping[str, Any], names: Mapping[str, str], elsewhere: frozenset[str] = frozenset()
) -> _Carried:
    spec = {
        new: _value(name, old[name])
        for name, new in names.items()
        if old.get(name, "") not in _ABSENT and (name, old[name]) != _DEFAULT_PORT
    }
    return _Carried(spec, list(_lost(old, elsewhere | names.keys())))


def _value(name: str, found: Any) -> Any:  # noqa: ANN401 - YAML
    return found if name in _TEXTS or not isinstance(found, str) else resolve(found)


def _lost(old: Mapping[str, Any], known: frozenset[str]) -> Iterator[str]:
    for key in old:
        if key not in known:
            yield f"Not carried over: {key}; there is no such field any more."


def _named(entry: Mapping[str, Any], otherwise: str) -> tuple[str, tuple[str, ...]]:
    """Return the name of an object, and a note where it is not the old one."""
    old = str(entry.get("name") or "")
    new = _dns_name(old) or otherwise
    if new == old:
        return new, ()
    return new, (f"Was named {old!r}, which Kubernetes takes for no object's name.",)


def _dns_name(text: str) -> str:
    return _ENDS.sub("", _NO_NAME.sub("-", text.lower()))


def _object(kind: str, name: str, namespace: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": _GROUP, "kind": kind, "metadata": metadata, "spec": dict(spec)}


def _secret(name: str, namespace: str, password: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": "kubernetes.io/basic-auth",
        "stringData": {"password": password},
    }


def _made(manifest: Manifest, notes: Iterable[str]) -> Commented:
    return Commented(manifest, tuple(notes))

"""Is what we declare what is there: the comparison behind "unchanged, no write" and drift. Pure.

Server-side apply merges by the structure of a kind (KEP-555): what we declare must be there as
declared, fields of others beside it are theirs. The tables below are that structure for the
kinds we apply (Kubernetes' OpenAPI and the CRDs of the Prometheus operator:
x-kubernetes-list-type, -list-map-keys, -map-type);
everything they do not name is a granular map or an atomic list, which is the API's default.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeAlias, cast

from metallb_kube.objects import Manifest

Json: TypeAlias = Any

_LIST_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "containers": ("name",),
    "env": ("name",),
    "groups": ("name",),
    "hostAliases": ("ip",),
    "imagePullSecrets": ("name",),
    "initContainers": ("name",),
    "ownerReferences": ("uid",),
    "ports": ("containerPort", "port", "protocol"),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "volumeDevices": ("devicePath",),
    "volumeMounts": ("mountPath",),
    "volumes": ("name",),
}
_KEY_DEFAULTS: Final[Mapping[str, str]] = {"protocol": "TCP"}
_SETS: Final = frozenset({"finalizers"})
_ATOMIC_MAPS: Final = frozenset(
    {
        "configMapKeyRef",
        "fieldRef",
        "labelSelector",
        "nodeSelector",
        "podSelector",
        "resourceFieldRef",
        "secretKeyRef",
        "selector",
    }
)
# What the API server fills in inside of values that are otherwise ours as a whole.
_ATOMIC_DEFAULTS: Final[Mapping[str, Json]] = {
    "apiVersion": "v1",
    "divisor": "0",
    "expirationSeconds": 3600,
    "protocol": "TCP",
}
_QUANTITIES: Final = frozenset({"limits", "requests", "sizeLimit", "divisor"})
# Maps whose keys people choose: nothing in them is a field name.
_FREE_MAPS: Final = frozenset(
    {
        "annotations",
        "binaryData",
        "data",
        "labels",
        "matchLabels",
        "nodeSelector",
        "stringData",
    }
)
# An empty selector selects everything, an absent one nothing.
_MEANS_SOMETHING_EMPTY: Final = frozenset(
    {"emptyDir", "labelSelector", "namespaceSelector", "podSelector"}
)
# Stored without when they are zero: the Go types have no pointer there, but omitempty.
_OMITTED_WHEN_ZERO: Final = frozenset(
    {
        "effect",
        "hostIPC",
        "hostNetwork",
        "hostPID",
        "hostPort",
        "initialDelaySeconds",
        "key",
        "minReadySeconds",
        "nodePort",
        "operator",
        "paused",
        "priorityClassName",
        "publishNotReadyAddresses",
        "readOnly",
        "stdin",
        "stdinOnce",
        "tty",
        "value",
    }
)


class _Absent:
    """Stands for a field that is not there; None is a value in JSON."""

    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = _Absent()


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that is not as declared.

    Attributes:
        path: such as "spec.template.spec.containers[speaker].image".
        found: ABSENT where there is no such field.
    """

    path: str
    wanted: Json
    found: Json

    def __str__(self) -> str:
        return f"{self.path} is {_short(self.found)}, not {_short(self.wanted)}"


def normalised(manifest: Manifest) -> dict[str, Any]:
    """Return the manifest without what the API server would not store.

    Nulls, empty maps and lists without a meaning of their own, and zeros of fields that are
    left out when zero would otherwise look like drift for ever.
    """
    return cast("dict[str, Any]", _clean(manifest, free=False))


def fingerprint(manifest: Manifest) -> str:
    """Return 16 hexadecimal digits that stand for the whole manifest, whatever its key order."""
    text = json.dumps(manifest, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def differences(wanted: Manifest, found: Manifest) -> tuple[Difference, ...]:
    """Return every declared field that is not there as declared; empty when all are.

    Args:
        wanted: what we apply, `normalised`.
        found: the object as the API server has it.
    """
    return tuple(_map(wanted, found, ""))


def _clean(value: Json, *, free: bool) -> Json:
    if isinstance(value, Mapping):
        cleaned = {
            key: _clean(item, free=key in _FREE_MAPS)
            for key, item in value.items()
            if item is not None
        }
        return {key: item for key, item in cleaned.items() if free or not _omitted(key, item)}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_clean(item, free=False) for item in value]
    return value


def _omitted(key: str, value: Json) -> bool:
    if isinstance(value, Mapping | list):
        return not value and key not in _MEANS_SOMETHING_EMPTY
    return key in _OMITTED_WHEN_ZERO and not value


def _map(wanted: Manifest, found: Json, path: str) -> Iterator[Difference]:
    if not isinstance(found, Mapping):
        yield Difference(path, wanted, found)
        return
    for key, value in wanted.items():
        where = f"{path}.{key}" if path else key
        yield from _field(key, value, found.get(key, ABSENT), where)


def _field(key: str, wanted: Json, found: Json, path: str) -> Iterator[Difference]:
    if isinstance(wanted, Mapping) and key not in _ATOMIC_MAPS:
        if key in _QUANTITIES and isinstance(found, Mapping):
            yield from _quantities(wanted, found, path)
        else:
            yield from _map(wanted, found, path)
    elif isinstance(wanted, list) and key in _LIST_KEYS:
        yield from _keyed(wanted, found, path, _LIST_KEYS[key])
    elif isinstance(wanted, list) and key in _SETS:
        if not isinstance(found, list) or not set(wanted) <= set(found):
            yield Difference(path, wanted, found)
    elif not _same(wanted, found, quantity=key in _QUANTITIES):
        yield Difference(path, wanted, found)


def _quantities(wanted: Manifest, found: Manifest, path: str) -> Iterator[Difference]:
    for name, value in wanted.items():
        there = found.get(name, ABSENT)
        if not _same(value, there, quantity=True):
            yield Difference(f"{path}.{name}", value, there)


def _keyed(
    wanted: Sequence[Manifest], found: Json, path: str, keys: tuple[str, ...]
) -> Iterator[Difference]:
    items = found if isinstance(found, list) else []
    by_key = {_key(item, keys): item for item in items}
    for item in wanted:
        key = _key(item, keys)
        where = f"{path}[{'/'.join(str(part) for part in key if part is not None)}]"
        if key in by_key:
            yield from _map(item, by_key[key], where)
        else:
            yield Difference(where, item, ABSENT)


def _key(item: Manifest, keys: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(item.get(name, _KEY_DEFAULTS.get(name)) for name in keys)


def _same(wanted: Json, found: Json, *, quantity: bool = False) -> bool:
    """Compare values that are ours as a whole."""
    if isinstance(wanted, Mapping):
        return isinstance(found, Mapping) and _same_map(wanted, found)
    if isinstance(wanted, list):
        return (
            isinstance(found, list) and len(wanted) == len(found) and all(map(_same, wanted, found))
        )
    if quantity and found is not ABSENT:
        return _amount(wanted) == _amount(found)
    # In Python True equals 1; in JSON it does not.
    return bool(wanted == found) and isinstance(wanted, bool) == isinstance(found, bool)


def _same_map(wanted: Manifest, found: Manifest) -> bool:
    extra = [key for key in found if key not in wanted]
    return all(_ATOMIC_DEFAULTS.get(key, ABSENT) == found[key] for key in extra) and all(
        _same(value, found.get(key, ABSENT), quantity=key in _QUANTITIES)
        for key, value in wanted.items()
    )


_SUFFIXES: Final[Mapping[str, Decimal]] = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    **{unit: Decimal(1000) ** power for power, unit in enumerate("kMGTPE", start=1)},
    **{f"{unit}i": Decimal(1024) ** power for power, unit in enumerate("KMGTPE", start=1)},
}


def _amount(quantity: Json) -> Decimal | str:
    """Read a Kubernetes quantity ("500m", "1Gi", 1); what is none stays text."""
    text = str(quantity)
    digits = text.rstrip("numkKMGTPEi")
    try:
        return Decimal(digits) * _SUFFIXES[text[len(digits) :]]
    except (InvalidOperation, KeyError):
        return text


def _short(value: Json) -> str:
    text = repr(value) if isinstance(value, _Absent | str) else json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."  # noqa: PLR2004 - one line of text

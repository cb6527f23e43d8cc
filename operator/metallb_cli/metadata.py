"""What the API server demands of every object's metadata, and what the linter reads of core kinds.

As schemas; the CRDs say nothing of metadata. Sources: Kubernetes documentation, "Object Names and
IDs" and "Labels and Selectors".
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from jsonschema import FormatChecker

from metallb_webhooks.addresses import AddressError, parse_cidr

ANYTHING: Final[Mapping[str, Any]] = {"x-kubernetes-preserve-unknown-fields": True}

FORMATS: Final = FormatChecker(formats=())
"""The formats of our schemas that the API server checks, and those of names and labels."""

WORDING: Final[Mapping[str, str]] = {
    "cidr": "prefix such as 192.0.2.0/24",
    "name": "name that Kubernetes accepts: at most 253 lower-case letters, digits, '-' and '.'",
    "namespace": "name of a namespace: at most 63 lower-case letters, digits and '-'",
    "label": "value of a label: at most 63 letters, digits, '-', '_' and '.'",
}
"""What a value is not, by the format that it misses."""

_TEXT: Final = {"type": "string"}
METADATA: Final[Mapping[str, Any]] = {
    "type": "object",
    **ANYTHING,
    "properties": {
        "name": {"type": "string", "format": "name"},
        "generateName": _TEXT,
        "namespace": {"type": "string", "format": "namespace"},
        "labels": {
            "type": "object",
            "additionalProperties": {"type": "string", "format": "label"},
        },
        "annotations": {"type": "object", "additionalProperties": _TEXT},
    },
}
"""The schema of metadata, as far as the API server refuses what is otherwise."""

_DNS_LABEL: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_PATTERNS: Final[Mapping[str, tuple[re.Pattern[str], int]]] = {
    "name": (re.compile(rf"{_DNS_LABEL}(\.{_DNS_LABEL})*"), 253),
    "namespace": (re.compile(_DNS_LABEL), 63),
    "label": (re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"), 63),
}


def _core(**properties: Any) -> Mapping[str, Any]:  # noqa: ANN401 - parts of a schema
    return {"type": "object", **ANYTHING, "properties": {"metadata": METADATA} | properties}


def _part(**properties: Any) -> Mapping[str, Any]:  # noqa: ANN401 - parts of a schema
    return {"type": "object", **ANYTHING, "properties": properties}


_OBJECT: Final = {"type": "object", **ANYTHING}
_OBJECTS: Final = {"type": "array", "items": _OBJECT}

CORE: Final[Mapping[str, Mapping[str, Any]]] = {
    "Namespace": _core(),
    "Node": _core(
        spec=_part(podCIDR=_TEXT, podCIDRs={"type": "array", "items": _TEXT}),
        status=_part(addresses=_OBJECTS),
    ),
    "Secret": _core(type=_TEXT, data=_OBJECT, stringData=_OBJECT),
    "Service": _core(
        spec=_part(type=_TEXT),
        status=_part(loadBalancer=_part(ingress=_OBJECTS)),
    ),
}
"""The schemas of v1 kinds that the rules look at, as far as they do."""


@FORMATS.checks("cidr", raises=AddressError)
def _is_cidr(value: object) -> bool:
    if isinstance(value, str):
        parse_cidr(value)
    return True


@FORMATS.checks("name")
def _is_name(value: object) -> bool:
    return _fits("name", value)


@FORMATS.checks("namespace")
def _is_namespace(value: object) -> bool:
    return _fits("namespace", value)


@FORMATS.checks("label")
def _is_label(value: object) -> bool:
    return _fits("label", value)


def _fits(name: str, value: object) -> bool:
    pattern, longest = _PATTERNS[name]
    if not isinstance(value, str):
        return True  # of the wrong type, which is another finding
    return len(value) <= longest and pattern.fullmatch(value) is not None

"""How catalogues present the kinds: names, sentences, and what each of them leads to. Pure.

Fields are described by the CRDs' own schema, so that nothing is written twice.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from metallb_crds.registry import KINDS, Kind
from metallb_crds.structural import structural_schema

Document = dict[str, Any]

_NAMES: Final[Mapping[str, str]] = {
    "MetalLB": "MetalLB",
    "IPAddressPool": "IP Address Pool",
    "L2Advertisement": "Layer 2 Advertisement",
    "BGPAdvertisement": "BGP Advertisement",
    "BGPPeer": "BGP Peer",
    "BFDProfile": "BFD Profile",
    "Community": "BGP Community",
    "ConfigurationState": "Configuration State",
    "ServiceL2Status": "Service Layer 2 Status",
    "ServiceBGPStatus": "Service BGP Status",
    "FRRConfiguration": "FRR Configuration",
    "FRRNodeState": "FRR Node State",
    "BGPSessionState": "BGP Session State",
    "FRRK8sConfiguration": "FRR-K8s Configuration",
}

_SERVICE: Final = ("Service", "v1")
_SECRET: Final = ("Secret", "v1")
_NODE: Final = ("Node", "v1")
_DAEMON_SET: Final = ("DaemonSet", "v1")

_LEADS_TO: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "MetalLB": (
        ("Deployment", "v1"),
        _DAEMON_SET,
        ("Pod", "v1"),
        ("ConfigMap", "v1"),
        _SECRET,
        _SERVICE,
        ("NetworkPolicy", "v1"),
    ),
    "IPAddressPool": (_SERVICE,),
    "L2Advertisement": (_SERVICE, ("IPAddressPool", "v1beta1")),
    "BGPAdvertisement": (_SERVICE, ("IPAddressPool", "v1beta1"), ("BGPPeer", "v1beta2")),
    "BGPPeer": (_SECRET, ("BFDProfile", "v1beta1")),
    "BFDProfile": (("BGPPeer", "v1beta2"),),
    "Community": (("BGPAdvertisement", "v1beta1"),),
    "ConfigurationState": (_NODE,),
    "ServiceL2Status": (_SERVICE, _NODE),
    "ServiceBGPStatus": (_SERVICE, _NODE),
    "FRRConfiguration": (_SECRET, _NODE),
    "FRRNodeState": (_NODE,),
    "BGPSessionState": (_NODE,),
    "FRRK8sConfiguration": (_DAEMON_SET,),
}

_WRITTEN_BY_METALLB: Final = (
    "ConfigurationState",
    "ServiceL2Status",
    "ServiceBGPStatus",
    "FRRNodeState",
    "BGPSessionState",
)

_ACRONYMS: Final = frozenset({"asn", "bfd", "bgp", "ebgp", "frr", "ip", "lb", "tls", "vrf"})
_NEW_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z][a-z])")


def owned() -> list[Document]:
    """Return the CRDs that the CSV owns, an entry for every version."""
    return [_owned(row) for row in sorted(KINDS, key=lambda row: (row.crd_name, row.version))]


def internal_objects() -> list[str]:
    """Return the CRDs whose objects are written by MetalLB, not by users."""
    return sorted(row.crd_name for row in KINDS if row.kind in _WRITTEN_BY_METALLB)


def _owned(row: Kind) -> Document:
    schema = structural_schema(row.model)
    deprecated = " (deprecated)" if row.deprecation else ""
    return {
        "name": row.crd_name,
        "version": row.version,
        "kind": row.kind,
        "displayName": f"{_NAMES[row.kind]}{deprecated}",
        "description": schema["description"],
        "resources": [
            {"kind": kind, "version": version, "name": ""} for kind, version in _LEADS_TO[row.kind]
        ],
        **_described(schema, "spec"),
        **_described(schema, "status"),
    }


def _described(schema: Mapping[str, Any], part: str) -> Document:
    found = list(_descriptors(schema["properties"].get(part, {})))
    return {f"{part}Descriptors": found} if found else {}


def _descriptors(schema: Mapping[str, Any]) -> Iterator[Document]:
    for name, field in sorted(schema.get("properties", {}).items()):
        yield {
            "path": name,
            "displayName": words(name),
            "description": field["description"],
            **({"x-descriptors": [_CONDITIONS]} if name == "conditions" else {}),
        }


_CONDITIONS: Final = "urn:alm:descriptor:io.kubernetes.conditions"


def words(name: str) -> str:
    """Return the name of a field as people read it: "bgpBackend" becomes "BGP Backend"."""
    return " ".join(_word(part) for part in _NEW_WORD.split(name))


def _word(part: str) -> str:
    return part.upper() if part in _ACRONYMS else part[:1].upper() + part[1:]

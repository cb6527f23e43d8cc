"""The schemas are structural, say what fields declare, and no more."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import pytest

from metallb_crds.base import Items, Model, cel, required, schema
from metallb_crds.core import Quantity
from metallb_crds.meta import Resource
from metallb_crds.registry import KINDS, Kind
from metallb_crds.structural import structural_schema

ALLOWED = {
    "additionalProperties",
    "anyOf",
    "default",
    "description",
    "enum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "pattern",
    "properties",
    "required",
    "type",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
    "x-kubernetes-validations",
}
"""What apiextensions.k8s.io/v1 knows, as far as it is used."""

MEASURE = cel("self.size > 0", "must have a size")


class Inner(Model):
    """An inner part."""

    size: int = required(0, minimum=1)
    """Its size."""

    model_config = {  # noqa: RUF012 - pydantic reads it as it is
        "json_schema_extra": {"x-kubernetes-validations": [MEASURE]}
    }


class OuterSpec(Model):
    """A spec."""

    inner: Inner | None = schema()
    """How the inner part is."""
    many: Items[Inner] = schema((), maxItems=3)
    """Inner parts."""
    by_name: Mapping[str, Inner] = schema({})
    """Inner parts by name."""
    count: int | None = schema(default=2)
    """A number."""
    limits: Mapping[str, Quantity] = schema({})
    """Amounts."""
    zeta: str = required("")
    """The last."""
    alpha: str = required("")
    """The first."""
    preset: str = schema("not for the schema")
    """A text."""


class Outer(Resource):
    """A kind."""

    api_version: ClassVar[str] = "example.com/v1"
    kind: ClassVar[str] = "Outer"

    spec: OuterSpec = required(OuterSpec())
    """The spec of it."""


INNER: dict[str, Any] = {
    "type": "object",
    "required": ["size"],
    "properties": {"size": {"type": "integer", "minimum": 1, "description": "Its size."}},
    "x-kubernetes-validations": [MEASURE],
}


def spec() -> dict[str, Any]:
    found: dict[str, Any] = structural_schema(Outer)["properties"]["spec"]
    return found


def nodes(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every schema within a schema, with its path."""
    yield path, node
    for name, below in node.get("properties", {}).items():
        yield from nodes(below, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if key in node:
            yield from nodes(node[key], f"{path}[{key}]")


def is_structural(node: dict[str, Any]) -> bool:
    if node.get("x-kubernetes-int-or-string"):
        typed = "type" not in node and node["anyOf"] == [{"type": "integer"}, {"type": "string"}]
    elif node.get("type") == "array":
        typed = "items" in node
    else:
        typed = node.get("type") in {"object", "string", "integer", "boolean"}
    return typed and node.keys() <= ALLOWED and ("anyOf" in node) is ("type" not in node)


def test_the_head_is_of_every_object() -> None:
    whole = structural_schema(Outer)
    assert list(whole["properties"]) == ["apiVersion", "kind", "metadata", "spec"]
    assert whole["properties"]["metadata"] == {"type": "object"}
    assert whole["required"] == ["spec"]
    assert whole["description"] == "A kind."


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("inner", INNER | {"description": "How the inner part is."}),
        (
            "many",
            {
                "type": "array",
                "maxItems": 3,
                "description": "Inner parts.",
                "items": INNER | {"description": "An inner part."},
            },
        ),
        (
            "byName",
            {
                "type": "object",
                "description": "Inner parts by name.",
                "additionalProperties": INNER | {"description": "An inner part."},
            },
        ),
        ("count", {"type": "integer", "default": 2, "description": "A number."}),
        ("preset", {"type": "string", "description": "A text."}),
    ],
)
def test_fields(field: str, expected: dict[str, Any]) -> None:
    assert spec()["properties"][field] == expected


def test_amounts_may_be_numbers_or_texts() -> None:
    amount = spec()["properties"]["limits"]["additionalProperties"]
    assert amount["x-kubernetes-int-or-string"] is True
    assert amount["anyOf"] == [{"type": "integer"}, {"type": "string"}]
    assert "type" not in amount


def test_what_is_required_and_what_fields_there_are_is_sorted() -> None:
    assert spec()["required"] == ["alpha", "zeta"]
    assert list(spec()["properties"]) == sorted(spec()["properties"])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.kind}-{kind.version}")
def test_every_schema_is_structural(kind: Kind) -> None:
    schemas = nodes(structural_schema(kind.model))
    assert [path for path, node in schemas if not is_structural(node)] == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.kind}-{kind.version}")
def test_every_field_is_described_in_a_sentence(kind: Kind) -> None:
    bad = [
        path
        for path, node in nodes(structural_schema(kind.model))
        # What stands below a list or a map is described by the list or the map.
        if not path.endswith(("]", ".metadata"))
        and not (node["description"].endswith(".") and node["description"][0].isupper())
    ]
    assert bad == []


def test_defaults_stand_where_they_are_declared_and_nowhere_else() -> None:
    found = {
        f"{kind.kind}/{kind.version}{path}": node["default"]
        for kind in KINDS
        for path, node in nodes(structural_schema(kind.model))
        if "default" in node
    }
    neighbor = "FRRConfiguration/v1beta1.spec.bgp.routers[items].neighbors[items]"
    assert found == {
        "MetalLB/v1beta1.spec.excludeInterfaces.enabled": True,
        "MetalLB/v1beta1.spec.memberlist.enabled": True,
        "MetalLB/v1beta1.spec.networkPolicies.enabled": True,
        "IPAddressPool/v1beta1.spec.autoAssign": True,
        "IPAddressPool/v1beta1.spec.avoidBuggyIPs": False,
        "BGPAdvertisement/v1beta1.spec.aggregationLength": 32,
        "BGPAdvertisement/v1beta1.spec.aggregationLengthV6": 128,
        "BGPPeer/v1beta2.spec.disableMP": False,
        "BGPPeer/v1beta2.spec.dualStackAddressFamily": False,
        "BGPPeer/v1beta2.spec.peerPort": 179,
        f"{neighbor}.disableMP": False,
        f"{neighbor}.dualStackAddressFamily": False,
        f"{neighbor}.toAdvertise.allowed.mode": "filtered",
        f"{neighbor}.toReceive.allowed.mode": "filtered",
    }


def test_expressions_stand_where_they_are_declared_and_nowhere_else() -> None:
    found = {
        f"{kind.kind}/{kind.version}{path}"
        for kind in KINDS
        for path, node in nodes(structural_schema(kind.model))
        if "x-kubernetes-validations" in node
    }
    service = ("node", "serviceName", "serviceNamespace")
    assert found == {
        "MetalLB/v1beta1.spec.metrics",
        "BGPAdvertisement/v1beta1.spec",
        "BGPPeer/v1beta2.spec.connectTime",
        "BGPPeer/v1beta2.spec.enableGracefulRestart",
        "FRRConfiguration/v1beta1.spec.bgp.routers[items].neighbors[items].connectTime",
        *(f"ServiceL2Status/v1beta1.status.{name}" for name in service),
        *(f"ServiceBGPStatus/v1beta1.status.{name}" for name in service),
    }

"""Manifests are checked against the schemas as the API server does it."""

from typing import Any

import pytest

from metallb_cli.findings import Level
from metallb_cli.schema import Problem, problems
from metallb_crds.registry import kind_for

PEER: dict[str, Any] = {"myASN": 64500, "peerASN": 64501, "peerAddress": "10.0.0.1"}
META: dict[str, Any] = {"name": "it", "namespace": "metallb-system"}


def found(kind: str, spec: Any, metadata: Any = META, **parts: Any) -> list[Problem]:  # noqa: ANN401 - whatever JSON holds
    name, _, version = kind.partition("/")
    row = kind_for(f"metallb.io/{version or 'v1beta1'}", name) or kind_for(
        "frrk8s.metallb.io/v1beta1", name
    )
    assert row
    head = {"apiVersion": row.model.api_version, "kind": name, "metadata": metadata}
    return list(problems({**head, "spec": spec, **parts}, row))


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("IPAddressPool", {"addresses": []}),
        ("BGPPeer/v1beta2", PEER),
        ("BGPPeer/v1beta2", PEER | {"dynamicASN": "internal", "connectTime": "10s"}),
        ("BGPAdvertisement", {"aggregationLength": 33}),
        ("Community", {"communities": [{}]}),
        ("MetalLB", {}),
        ("MetalLB", {"updateStrategy": {"speaker": {"maxUnavailable": 2}}}),
        ("MetalLB", {"updateStrategy": {"speaker": {"maxUnavailable": "25%"}}}),
        ("MetalLB", {"controllerConfig": {"resources": {"limits": {"cpu": 1}}}}),
        ("MetalLB", {"nodeSelector": {"any.thing/here": "goes"}}),
    ],
)
def test_accepted(kind: str, spec: dict[str, Any]) -> None:
    assert found(kind, spec) == []


@pytest.mark.parametrize(
    ("kind", "spec", "rule", "path", "message"),
    [
        ("IPAddressPool", {}, "schema-required", "spec.addresses", "is required and missing"),
        (
            "IPAddressPool",
            {"addresses": [1]},
            "schema-type",
            "spec.addresses[0]",
            "1 is not text; put it in quotes",
        ),
        (
            "IPAddressPool",
            {"addresses": [], "autoAssign": "false"},
            "schema-type",
            "spec.autoAssign",
            '"false" is not true or false; take the quotes off',
        ),
        (
            "BGPAdvertisement",
            {"aggregationLength": "32"},
            "schema-type",
            "spec.aggregationLength",
            '"32" is not a whole number; take the quotes off',
        ),
        (
            "BGPAdvertisement",
            {"aggregationLength": "all"},
            "schema-type",
            "spec.aggregationLength",
            '"all" is not a whole number',
        ),
        (
            "IPAddressPool",
            {"addresses": [["10.0.0.0/24"]]},
            "schema-type",
            "spec.addresses[0]",
            '["10.0.0.0/24"] is not text',
        ),
        (
            "IPAddressPool",
            {"addresses": "10.0.0.0/24"},
            "schema-type",
            "spec.addresses",
            '"10.0.0.0/24" is not a list',
        ),
        (
            "IPAddressPool",
            {"addresses": [], "autoAssign": "yes"},
            "schema-type",
            "spec.autoAssign",
            '"yes" is not true or false; take the quotes off',
        ),
        (
            "BGPPeer/v1beta2",
            PEER | {"myASN": True},
            "schema-type",
            "spec.myASN",
            "true is not a whole number",
        ),
        (
            "BGPPeer/v1beta2",
            PEER | {"myASN": 4294967296},
            "schema-value",
            "spec.myASN",
            "4294967296 is greater than 4294967295",
        ),
        (
            "BGPPeer/v1beta2",
            PEER | {"peerPort": 0},
            "schema-value",
            "spec.peerPort",
            "0 is less than 1",
        ),
        (
            "BGPPeer/v1beta2",
            PEER | {"dynamicASN": "any"},
            "schema-value",
            "spec.dynamicASN",
            '"any" is none of internal, external',
        ),
        (
            "BGPPeer/v1beta2",
            PEER | {"connectTime": "1.5s"},
            "schema-validation",
            "spec.connectTime",
            "must be a whole number of seconds",
        ),
        # Whatever stands where a password belongs is told to nobody.
        (
            "BGPPeer/v1beta2",
            PEER | {"password": 1234},
            "schema-type",
            "spec.password",
            "the value is not text; put it in quotes",
        ),
        (
            "MetalLB",
            {"updateStrategy": {"speaker": {"maxUnavailable": []}}},
            "schema-type",
            "spec.updateStrategy.speaker.maxUnavailable",
            "[] is neither a whole number nor text",
        ),
        (
            "MetalLB",
            {"nodeSelector": {"a.b/c": True}},
            "schema-type",
            'spec.nodeSelector["a.b/c"]',
            "true is not text; put it in quotes",
        ),
        (
            "MetalLB",
            {"loadBalancerClass": "metallb\n"},
            "schema-value",
            "spec.loadBalancerClass",
            None,
        ),
        (
            "MetalLB",
            {"loadBalancerClass": "métallb"},
            "schema-value",
            "spec.loadBalancerClass",
            None,
        ),
        (
            "MetalLB",
            {"admission": {"deny": ["x"] * 129}},
            "schema-value",
            "spec.admission.deny",
            "the list has more than 128 entries",
        ),
        (
            "FRRConfiguration",
            {
                "bgp": {
                    "routers": [
                        {
                            "asn": 1,
                            "neighbors": [
                                {
                                    "address": "10.0.0.1",
                                    "toReceive": {
                                        "allowed": {"prefixes": [{"prefix": "10.0.0.0"}]}
                                    },
                                }
                            ],
                        }
                    ]
                }
            },
            "schema-value",
            "spec.bgp.routers[0].neighbors[0].toReceive.allowed.prefixes[0].prefix",
            '"10.0.0.0" is no prefix such as 192.0.2.0/24',
        ),
    ],
)
def test_refused(
    kind: str, spec: dict[str, Any], rule: str, path: str, message: str | None
) -> None:
    (problem,) = found(kind, spec)
    assert (problem.rule, problem.path, problem.level) == (rule, path, Level.ERROR)
    assert message in {None, problem.message}


@pytest.mark.parametrize(
    ("kind", "spec", "path", "hint"),
    [
        (
            "IPAddressPool",
            {"addresses": [], "autoasign": False},
            "spec.autoasign",
            "did you mean 'autoAssign'?",
        ),
        (
            "BGPPeer/v1beta2",
            PEER | {"nodeSelector": []},
            "spec.nodeSelector",
            "did you mean 'nodeSelectors'?",
        ),
        ("Community", {"zzz": 1}, "spec.zzz", "known are communities"),
        (
            "L2Advertisement",
            {"nodeSelectors": [{"matchLabel": {}}]},
            "spec.nodeSelectors[0].matchLabel",
            "did you mean 'matchLabels'?",
        ),
    ],
)
def test_unknown_fields_are_warned_of(
    kind: str, spec: dict[str, Any], path: str, hint: str
) -> None:
    (problem,) = found(kind, spec)
    assert (problem.rule, problem.level, problem.path) == (
        "schema-unknown-field",
        Level.WARNING,
        path,
    )
    assert problem.message.endswith(hint)


def test_an_unknown_part_beside_the_spec() -> None:
    (problem,) = found("IPAddressPool", {"addresses": []}, specs={})
    assert problem.path == "specs"


def test_the_status_is_the_api_servers_to_ignore() -> None:
    assert found("IPAddressPool", {"addresses": []}, status={"anything": 1}) == []


@pytest.mark.parametrize(
    ("metadata", "path"),
    [
        ({"name": "First"}, "metadata.name"),
        ({"name": "a_b"}, "metadata.name"),
        ({"name": "-a"}, "metadata.name"),
        ({"name": "a" * 254}, "metadata.name"),
        ({"name": 5}, "metadata.name"),
        ({"name": "a", "namespace": "a.b"}, "metadata.namespace"),
        ({"name": "a", "labels": {"zone": 1}}, "metadata.labels.zone"),
        ({"name": "a", "labels": {"zone": "a b"}}, "metadata.labels.zone"),
        ({"name": "a", "labels": {"zone": "a" * 64}}, "metadata.labels.zone"),
        ({"name": "a", "annotations": {"a.b/c": True}}, 'metadata.annotations["a.b/c"]'),
        ("text", "metadata"),
    ],
)
def test_metadata_that_is_refused(metadata: Any, path: str) -> None:  # noqa: ANN401 - whatever JSON holds
    (problem,) = found("IPAddressPool", {"addresses": []}, metadata)
    assert (problem.path, problem.level) == (path, Level.ERROR)


@pytest.mark.parametrize(
    "metadata",
    [
        {"name": "a.b-c.1", "labels": {"zone": "", "rack": "A_1.b"}, "uid": "anything"},
        {"name": "a" * 253, "annotations": {"a": "any\nthing"}},
    ],
)
def test_metadata_that_is_accepted(metadata: dict[str, Any]) -> None:
    assert found("IPAddressPool", {"addresses": []}, metadata) == []

from typing import Any

import orjson
import pytest

from metallb_crds.config_v1beta1 import BFDProfile
from metallb_crds.config_v1beta2 import BGPPeer
from metallb_webhooks.index import NamespaceInfo, NodeInfo, SecretInfo, ServiceInfo
from metallb_webhooks.reading import (
    NAMED_PROBLEMS,
    REVIEWED,
    UnknownKindError,
    UnreadableError,
    enumerate_problems,
    namespace_info,
    node_info,
    read,
    secret_info,
    service_info,
)

BETA1 = "metallb.io/v1beta1"
BETA2 = "metallb.io/v1beta2"

DEEP: Any = orjson.loads(b"[" * 500 + b"]" * 500)


@pytest.mark.parametrize(("api_version", "kind"), sorted(REVIEWED))
def test_every_kind_that_is_reviewed_has_a_model(api_version: str, kind: str) -> None:
    found = read(api_version, kind, {"metadata": {"name": "a"}})
    assert found.kind == kind
    assert found.metadata.name == "a"


@pytest.mark.parametrize("api_version", [BETA1, BETA2])
def test_a_peer_is_of_the_stored_version(api_version: str) -> None:
    selectors = [{"matchLabels": {"a": "b"}}]
    spec = {"myASN": 1, "peerASN": 2, "peerAddress": "192.0.2.1", "nodeSelectors": selectors}
    found = read(api_version, "BGPPeer", {"metadata": {"name": "a"}, "spec": spec})
    assert isinstance(found, BGPPeer)
    assert found.spec.peer_asn == 2
    assert found.spec.node_selectors[0].match_labels == {"a": "b"}


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [("v1", "Pod"), (BETA2, "IPAddressPool"), (BETA1, "ConfigurationState"), ("", "")],
)
def test_other_kinds_are_refused(api_version: str, kind: str) -> None:
    with pytest.raises(UnknownKindError, match="not reviewed"):
        read(api_version, kind, {})


@pytest.mark.parametrize(
    ("kind", "manifest", "message"),
    [
        ("IPAddressPool", {"spec": 5}, "spec: 5 is not an object"),
        ("IPAddressPool", {"metadata": []}, "metadata: [] is not an object"),
        ("IPAddressPool", {"spec": {"addresses": "a"}}, 'spec.addresses: "a" is not a list'),
        ("IPAddressPool", {"spec": {"addresses": ["a", 5]}}, "spec.addresses[1]: 5 is not text"),
        (
            "IPAddressPool",
            {"spec": {"autoAssign": "no"}},
            'spec.autoAssign: "no" is not true or false',
        ),
        (
            "IPAddressPool",
            {"spec": {"serviceAllocation": {"priority": 1.5}}},
            "spec.serviceAllocation.priority: 1.5 is not a whole number",
        ),
        (
            "IPAddressPool",
            {"metadata": {"labels": {"a": True}}},
            "metadata.labels.a: true is not text",
        ),
        ("BGPPeer", {"spec": {"peerASN": "65000"}}, 'spec.peerASN: "65000" is not a whole number'),
        ("BGPPeer", {"spec": {"password": 123456}}, "spec.password: the value is not text"),
        (
            "BFDProfile",
            {"spec": {"receiveInterval": "x" * 100}},
            f'spec.receiveInterval: "{"x" * 59}... is not a whole number',
        ),
        # Neither can be written as JSON by what writes the others.
        (
            "BGPAdvertisement",
            {"spec": {"ipAddressPools": [10**300]}},
            f"spec.ipAddressPools[0]: 1{'0' * 59}... is not text",
        ),
        (
            "BGPAdvertisement",
            {"spec": {"ipAddressPools": [DEEP]}},
            "spec.ipAddressPools[0]: the value is not text",
        ),
        (
            "Community",
            {"spec": {"communities": [{"name": 1, "value": 2}]}},
            (
                "2 problems:\n"
                "- spec.communities[0].name: 1 is not text\n"
                "- spec.communities[0].value: 2 is not text"
            ),
        ),
    ],
)
def test_a_wrong_type_is_named_with_field_and_value(
    kind: str, manifest: dict[str, Any], message: str
) -> None:
    with pytest.raises(UnreadableError) as caught:
        read(BETA1, kind, manifest)
    assert str(caught.value) == message


def test_null_counts_as_absent() -> None:
    found = read(BETA1, "BFDProfile", {"spec": {"receiveInterval": None}, "metadata": None})
    assert isinstance(found, BFDProfile)
    assert found.spec.receive_interval is None


@pytest.mark.parametrize(
    ("number", "lines", "last"),
    [
        (2, 3, "- problem 1"),
        (NAMED_PROBLEMS, NAMED_PROBLEMS + 1, "- problem 99"),
        (NAMED_PROBLEMS + 7, NAMED_PROBLEMS + 2, "- and 7 more"),
    ],
)
def test_problems_have_a_line_each_and_an_end(number: int, lines: int, last: str) -> None:
    text = enumerate_problems(f"problem {n}" for n in range(number)).split("\n")
    assert text[0] == f"{number} problems:"
    assert len(text) == lines
    assert text[-1] == last


def test_a_single_problem_stands_for_itself() -> None:
    assert enumerate_problems(["so it is"]) == "so it is"


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        ({"metadata": {"name": "n"}}, NodeInfo("n")),
        (
            {
                "metadata": {"name": "n", "labels": {"a": "b"}},
                "spec": {"podCIDR": "10.0.0.0/24", "podCIDRs": ["10.0.0.0/24", "fd00::/64"]},
                "status": {
                    "addresses": [
                        {"type": "InternalIP", "address": "192.0.2.1"},
                        {"type": "ExternalIP", "address": "198.51.100.1"},
                        {"type": "Hostname", "address": "n.example"},
                    ]
                },
            },
            NodeInfo(
                "n",
                {"a": "b"},
                ("192.0.2.1", "198.51.100.1"),
                ("10.0.0.0/24", "fd00::/64"),
            ),
        ),
        (
            {"metadata": {"name": "n"}, "spec": {"podCIDR": "10.0.0.0/24"}},
            NodeInfo("n", {}, (), ("10.0.0.0/24",)),
        ),
        (
            {"metadata": {"name": "n", "labels": None}, "spec": None, "status": None},
            NodeInfo("n"),
        ),
    ],
)
def test_nodes(manifest: dict[str, Any], expected: NodeInfo) -> None:
    assert node_info(manifest) == expected


def test_namespaces() -> None:
    manifest = {"metadata": {"name": "n", "labels": {"a": "b"}}}
    assert namespace_info(manifest) == NamespaceInfo("n", {"a": "b"})
    going = {"metadata": {"name": "n", "deletionTimestamp": "2026-01-01T00:00:00Z"}}
    assert namespace_info(going) == NamespaceInfo("n", {}, terminating=True)


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        ({"metadata": {"name": "s"}}, SecretInfo("s")),
        (
            {"metadata": {"name": "s"}, "type": "Opaque", "data": {"a": "c2VjcmV0", "b": ""}},
            SecretInfo("s", "Opaque", frozenset({"a", "b"})),
        ),
    ],
)
def test_secrets_lose_their_values(manifest: dict[str, Any], expected: SecretInfo) -> None:
    found = secret_info(manifest)
    assert found == expected
    assert "c2VjcmV0" not in repr(found)


@pytest.mark.parametrize(
    ("spec", "status", "expected"),
    [
        ({"type": "ClusterIP"}, {}, None),
        ({}, {}, None),
        (None, None, None),
        ({"type": "LoadBalancer"}, {}, ()),
        ({"type": "LoadBalancer"}, {"loadBalancer": {"ingress": None}}, ()),
        (
            {"type": "LoadBalancer"},
            {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}, {"hostname": "a"}, {"ip": "::1"}]}},
            ("192.0.2.1", "::1"),
        ),
    ],
)
def test_services_of_type_load_balancer(
    spec: object, status: object, expected: tuple[str, ...] | None
) -> None:
    metadata = {"name": "web", "namespace": "shop", "labels": {"a": "b"}}
    found = service_info({"metadata": metadata, "spec": spec, "status": status})
    wanted = None if expected is None else ServiceInfo("shop", "web", {"a": "b"}, expected)
    assert found == wanted

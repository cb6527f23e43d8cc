"""The ConfigMap of MetalLB before 0.13: what comes of each field, and what is told of the rest."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from metallb_cli.main import app
from metallb_cli.oldconfig import Offer, OldConfigurationError, configuration_in, offer


def configmap(text: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "config", "namespace": "metallb-system"},
        "data": {"config": text},
    }


def offered(text: str) -> Offer:
    return offer(configuration_in(configmap(text)), "m")


def specs(text: str) -> list[tuple[str, str, Any]]:
    found = [document.manifest for document in offered(text).documents]
    return [(m["kind"], m["metadata"]["name"], m.get("spec", m.get("stringData"))) for m in found]


def pool(**more: Any) -> str:  # noqa: ANN401 - whatever YAML holds
    entry = {"name": "a", "protocol": "layer2", "addresses": ["192.0.2.0/24"], **more}
    return yaml.safe_dump({"address-pools": [entry]})


def peer(more: str = "") -> str:
    return f"peers: [{{my-asn: 64500, peer-asn: 64501, peer-address: 10.0.0.1{more}}}]"


PEER = {"myASN": 64500, "peerASN": 64501, "peerAddress": "10.0.0.1"}
A = {"addresses": ["192.0.2.0/24"]}
OF_A = {"ipAddressPools": ["a"]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("{}", []),
        ("peers: null", []),
        (pool(), [("IPAddressPool", "a", A), ("L2Advertisement", "a", OF_A)]),
        (
            pool(**{"auto-assign": False, "avoid-buggy-ips": True}),
            [
                ("IPAddressPool", "a", {**A, "autoAssign": False, "avoidBuggyIPs": True}),
                ("L2Advertisement", "a", OF_A),
            ],
        ),
        (
            pool(protocol="bgp"),
            [("IPAddressPool", "a", A), ("BGPAdvertisement", "a", OF_A)],
        ),
        (
            pool(
                protocol="bgp",
                **{
                    "bgp-advertisements": [
                        {"aggregation-length": 24, "localpref": 100, "communities": ["x", "64:1"]},
                        {"aggregation-length-v6": 64},
                    ]
                },
            ),
            [
                ("IPAddressPool", "a", A),
                (
                    "BGPAdvertisement",
                    "a-1",
                    {
                        **OF_A,
                        "aggregationLength": 24,
                        "localPref": 100,
                        "communities": ["x", "64:1"],
                    },
                ),
                ("BGPAdvertisement", "a-2", {**OF_A, "aggregationLengthV6": 64}),
            ],
        ),
        (
            "bgp-communities: {x: 64500:10}",
            [("Community", "communities", {"communities": [{"name": "x", "value": "64500:10"}]})],
        ),
        (
            "bfd-profiles: [{name: f, receive-interval: 300, echo-mode: yes, minimum-ttl: 9}]",
            [("BFDProfile", "f", {"receiveInterval": 300, "echoMode": True, "minimumTtl": 9})],
        ),
        (peer(), [("BGPPeer", "peer-1", PEER)]),
        (
            peer(", hold-time: 90s, peer-port: 1179, ebgp-multihop: true, router-id: 10.0.0.9"),
            [
                (
                    "BGPPeer",
                    "peer-1",
                    {
                        **PEER,
                        "holdTime": "90s",
                        "peerPort": 1179,
                        "ebgpMultiHop": True,
                        "routerID": "10.0.0.9",
                    },
                )
            ],
        ),
        (
            peer(", password: 0123"),
            [
                ("Secret", "peer-1-password", {"password": "0123"}),
                ("BGPPeer", "peer-1", {**PEER, "passwordSecret": {"name": "peer-1-password"}}),
            ],
        ),
        (
            peer(", bfd-profile: Fast_One"),
            [("BGPPeer", "peer-1", {**PEER, "bfdProfile": "fast-one"})],
        ),
        (
            peer(
                ", node-selectors: [{match-labels: {a: y}},"
                " {match-expressions: [{key: k, operator: In, values: [1]}]}]"
            ),
            [
                (
                    "BGPPeer",
                    "peer-1",
                    {
                        **PEER,
                        "nodeSelectors": [
                            {"matchLabels": {"a": "y"}},
                            {"matchExpressions": [{"key": "k", "operator": "In", "values": ["1"]}]},
                        ],
                    },
                )
            ],
        ),
    ],
)
def test_fields(text: str, expected: list[tuple[str, str, Any]]) -> None:
    assert specs(text) == expected


@pytest.mark.parametrize(
    ("text", "index", "notes"),
    [
        (pool(), 0, ()),
        (pool(name="My Pool"), 0, ("Was named 'My Pool', which Kubernetes takes for no",)),
        (pool(colour="red"), 0, ("Not carried over: colour;",)),
        (peer(", colour: red"), 0, ("Not carried over: colour;",)),
        (peer(", node-selectors: [{a: b}]"), 0, ("Not carried over: a;",)),
    ],
)
def test_notes(text: str, index: int, notes: tuple[str, ...]) -> None:
    found = offered(text).documents[index].notes
    assert len(found) == len(notes)
    assert all(note.startswith(start) for note, start in zip(found, notes, strict=True))


def test_what_has_no_place_at_all_is_told() -> None:
    assert offered("peer-autodiscovery: {}").notes == (
        "Not carried over: peer-autodiscovery; there is no such field any more.",
    )


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ({"kind": "ConfigMap"}, "no key 'config'"),
        (configmap("a: ["), "data.config: line 1, column 5: did not find"),
        (configmap("[1]"), "is not a map"),
        (configmap("peers: 1"), "peers is not a list of maps"),
        (configmap("peers: [1]"), "peers is not a list of maps"),
        (configmap("bgp-communities: [1]"), "bgp-communities is not a map"),
        (configmap("address-pools: [{name: a}]"), "pool a has protocol None"),
    ],
)
def test_what_is_refused(manifest: dict[str, Any], said: str) -> None:
    with pytest.raises(OldConfigurationError, match=said):
        offer(configuration_in(manifest), "m")


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, list(arguments), input=stdin)


def test_what_is_printed_lints_clean() -> None:
    """The whole way: a ConfigMap in, manifests out, and the linter has nothing to say."""
    text = """
peers:
- {my-asn: 64500, peer-asn: 64501, peer-address: 10.0.0.1, password: 0o17, bfd-profile: Fast,
   node-selectors: [{match-labels: {rack: "y"}}]}
bgp-communities: {no-export: 65535:65281, own: 64500:10}
bfd-profiles: [{name: Fast, receive-interval: 300}]
address-pools:
- {name: Default, protocol: layer2, addresses: [192.0.2.0/28]}
- name: routed
  protocol: bgp
  addresses: [198.51.100.0/24]
  bgp-advertisements: [{aggregation-length: 32, communities: [own]}]
"""
    migrated = run("migrate", "-f", "-", stdin=yaml.safe_dump(configmap(text)))
    assert migrated.exit_code == 0, migrated.output
    assert "# Was named 'Default'" in migrated.stdout
    checked = run("lint", "--strict", "-", stdin=migrated.stdout)
    assert checked.exit_code == 0, checked.output


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "said"),
    [
        (["-f", "-"], "", 1, "holds 0 configurations"),
        (["-f", "no/such"], "", 1, "No such file"),
        (["-f", "-", "--from-helm", "x"], "", 2, "exclude each other"),
        (["--kubeconfig", "no/such"], "", 1, "no/such"),
        (["--from-helm", "x", "--kubeconfig", "no/such"], "", 1, "no executable no/helm"),
    ],
)
def test_exit_codes(arguments: list[str], stdin: str, code: int, said: str) -> None:
    found = CliRunner(env={"HELM": "no/helm"}).invoke(app, ["migrate", *arguments], input=stdin)
    assert (found.exit_code, said in found.stderr) == (code, True), found.output


def test_a_line_break_does_not_end_a_comment(tmp_path: Path) -> None:
    path = tmp_path / "old.yaml"
    path.write_text(yaml.safe_dump(configmap('"a\\nb: c": 1')))
    found = run("migrate", "-f", str(path))
    assert found.stdout.startswith("# Not carried over: a b: c;")
    assert found.stdout.count("\n") == 1


OLD = {
    "address-pools": [{"name": "a", "protocol": "layer2", "addresses": ["192.0.2.0/24"]}],
    "peers": [{"my-asn": "64500", "peer-asn": "64501", "peer-address": "10.0.0.1"}],
}


INLINE = {"configInline": OLD}
VALUES = yaml.safe_dump(INLINE)


def flux(values: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": {"name": "metallb"},
        "spec": {"values": values},
    }


def address_pool(name: str, **spec: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever YAML holds
    given = {"protocol": "layer2", "addresses": ["192.0.2.0/24"], **spec}
    return {
        "apiVersion": "metallb.io/v1beta1",
        "kind": "AddressPool",
        "metadata": {"name": name},
        "spec": given,
    }


POOLS = ["IPAddressPool", "L2Advertisement"]
OTHER_POOL = address_pool("b", protocol="bgp", addresses=["198.51.100.0/24"])


@pytest.mark.parametrize(
    ("documents", "kinds"),
    [
        pytest.param([configmap(yaml.safe_dump(OLD))], [*POOLS, "BGPPeer"], id="configmap"),
        pytest.param([OLD], [*POOLS, "BGPPeer"], id="what-it-holds"),
        pytest.param([flux({"configInline": OLD})], [*POOLS, "BGPPeer"], id="flux"),
        pytest.param([{"configInline": OLD}], [*POOLS, "BGPPeer"], id="values"),
        pytest.param(
            [{"nginx": {}, "metallb": {"configInline": OLD}}], [*POOLS, "BGPPeer"], id="umbrella"
        ),
        pytest.param(
            [{"kind": "HelmChart", "spec": {"valuesContent": VALUES}}],
            [*POOLS, "BGPPeer"],
            id="k3s",
        ),
        pytest.param(
            [{"kind": "Application", "spec": {"source": {"helm": {"values": VALUES}}}}],
            [*POOLS, "BGPPeer"],
            id="argo",
        ),
        pytest.param(
            [{"kind": "Application", "spec": {"sources": [{"helm": {"valuesObject": INLINE}}]}}],
            [*POOLS, "BGPPeer"],
            id="argo-sources",
        ),
        pytest.param(
            [{"kind": "ConfigMap", "data": {"values.yaml": VALUES}}, flux({})],
            [*POOLS, "BGPPeer"],
            id="flux-values-from",
        ),
        pytest.param(
            [{"kind": "ConfigMap", "data": {"a": "configInline: ["}}, OLD],
            [*POOLS, "BGPPeer"],
            id="beside-others",
        ),
        pytest.param([address_pool("a")], POOLS, id="address-pool"),
        pytest.param(
            [address_pool("a"), OTHER_POOL, {"kind": "Other"}],
            ["IPAddressPool", "IPAddressPool", "L2Advertisement", "BGPAdvertisement"],
            id="address-pools",
        ),
    ],
)
def test_wherever_it_is_kept(documents: list[Any], kinds: list[str]) -> None:
    migrated = run("migrate", "-f", "-", stdin=yaml.safe_dump_all(documents))
    assert migrated.exit_code == 0, migrated.output
    found = [document["kind"] for document in yaml.safe_load_all(migrated.stdout)]
    assert sorted(found) == sorted(kinds)
    assert run("lint", "-", stdin=migrated.stdout).exit_code == 0


def test_an_address_pool_keeps_its_settings() -> None:
    old = address_pool(
        "a",
        protocol="bgp",
        autoAssign=False,
        bgpAdvertisements=[{"aggregationLength": 32, "localPref": 7, "communities": ["1:2"]}],
    )
    migrated = run("migrate", "-f", "-", stdin=yaml.safe_dump(old))
    found = {d["kind"]: d["spec"] for d in yaml.safe_load_all(migrated.stdout)}
    assert found == {
        "IPAddressPool": {"addresses": ["192.0.2.0/24"], "autoAssign": False},
        "BGPAdvertisement": {
            "ipAddressPools": ["a"],
            "aggregationLength": 32,
            "localPref": 7,
            "communities": ["1:2"],
        },
    }


@pytest.mark.parametrize(
    "documents",
    [
        pytest.param([], id="nothing"),
        pytest.param([flux({})], id="flux-without"),
        pytest.param([OLD, configmap("peers: []")], id="two"),
        pytest.param([address_pool("a"), OLD], id="two-forms"),
        pytest.param(["text"], id="text"),
        pytest.param([{"kind": "HelmRelease", "spec": {"values": [INLINE, INLINE]}}], id="twice"),
        pytest.param([flux({"configInline": "text"})], id="flux-text"),
    ],
)
def test_not_exactly_one(documents: list[Any]) -> None:
    migrated = run("migrate", "-f", "-", stdin=yaml.safe_dump_all(documents))
    assert migrated.exit_code == 1
    assert "give exactly one: a ConfigMap" in migrated.stderr


@pytest.mark.parametrize(
    ("addresses", "written", "said"),
    [
        (["192.0.2.7"], ["192.0.2.7/32"], "Was 192.0.2.7, which is no range"),
        (["2001:db8::7"], ["2001:db8::7/128"], "Was 2001:db8::7, which is no range"),
        ("192.0.2.0/28", ["192.0.2.0/28"], "Was no list of addresses"),
    ],
)
def test_a_pool_that_never_worked(addresses: Any, written: list[str], said: str) -> None:  # noqa: ANN401 - YAML
    [found, _] = offered(pool(addresses=addresses)).documents
    assert found.manifest["spec"]["addresses"] == written
    assert said in found.notes[0]


def test_the_port_that_stood_for_the_default_is_left_out() -> None:
    [found] = offered(peer(", peer-port: 0")).documents
    assert "peerPort" not in found.manifest["spec"]

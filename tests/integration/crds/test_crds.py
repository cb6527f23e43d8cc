"""The API server takes the CRDs and the examples, and enforces what the schemas say."""

import json
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import pytest

from cluster import Cluster
from metallb_crds.generate import crds
from metallb_crds.registry import KINDS, Kind
from metallb_kube.client import KubeClient
from metallb_kube.errors import KubeError
from metallb_kube.objects import ref_of

SPACE: Final = "crd-tests"
EXAMPLES: Final = Path(__file__).parents[3] / "docs" / "examples"

VERSIONS: Final = {"BGPPeer": "v1beta2"}
GROUPS: Final = {row.kind: row.group for row in KINDS}

PEER: Final = {"myASN": 64500, "peerASN": 64501, "peerAddress": "10.0.0.1"}
OLD_PEER: Final = "BGPPeer/v1beta1"
NEIGHBOR: Final = {"address": "10.0.0.1", "asn": 64501}
SECOND: Final = "must lie between one second and 65535 seconds"
WHOLE: Final = "must be a whole number of seconds"


def thing(kind: str, name: str = "it", **parts: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    """Return an object; a version other than the stored one stands behind the kind."""
    kind, _, version = kind.partition("/")
    version = version or VERSIONS.get(kind, "v1beta1")
    return {
        "apiVersion": f"{GROUPS[kind]}/{version}",
        "kind": kind,
        "metadata": {"name": name, "namespace": SPACE},
        **parts,
    }


def router(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    return {"bgp": {"routers": [{"asn": 64500} | fields]}}


def neighbor(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    return router(neighbors=[NEIGHBOR | fields])


def profile(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    return {"bgp": {"bfdProfiles": [{"name": "p"} | fields]}}


ACCEPTED: list[tuple[str, dict[str, Any]]] = [
    # What no schema refuses; what of it makes no sense is for the webhooks to say.
    ("IPAddressPool", {"addresses": []}),
    ("IPAddressPool", {"addresses": ["no address"], "serviceAllocation": {"priority": -1}}),
    ("L2Advertisement", {}),
    ("L2Advertisement", {"preferredNodeSelectors": [{"weight": 1, "preference": {}}]}),
    ("L2Advertisement", {"preferredNodeSelectors": [{"weight": 100, "preference": {}}]}),
    ("BGPAdvertisement", {"aggregationLength": 1, "aggregationLengthV6": -1}),
    ("BGPAdvertisement", {"aggregationLength": 33, "aggregationLengthV6": 129}),
    ("BGPAdvertisement", {"localPref": 2147483647, "communities": ["no community"]}),
    ("BGPAdvertisement", {"serviceSelectors": [{}]}),
    ("BGPAdvertisement", {"serviceSelectors": [], "aggregationLength": 24}),
    ("BGPPeer", {"myASN": 0}),
    ("BGPPeer", PEER | {"myASN": 4294967295, "peerASN": 4294967295, "localASN": 4294967295}),
    ("BGPPeer", PEER | {"dynamicASN": "internal"}),
    ("BGPPeer", PEER | {"peerPort": 16384, "localASN": 1}),
    ("BGPPeer", PEER | {"holdTime": "no duration"}),
    ("BGPPeer", PEER | {"connectTime": "1s"}),
    ("BGPPeer", PEER | {"connectTime": "18h12m15s"}),
    ("BGPPeer", PEER | {"connectTime": "1000ms"}),
    (OLD_PEER, PEER | {"peerPort": 0}),
    (OLD_PEER, PEER | {"nodeSelectors": [{"matchLabels": {"a": "b"}}]}),
    ("BFDProfile", {}),
    ("BFDProfile", {"receiveInterval": 10, "transmitInterval": 60000, "echoInterval": 10}),
    ("BFDProfile", {"detectMultiplier": 255, "minimumTtl": 254}),
    ("Community", {"communities": [{}, {"name": "a", "value": "no community"}]}),
    ("FRRConfiguration", {"raw": {"priority": -1, "rawConfig": "anything"}}),
    ("FRRConfiguration", neighbor(port=0, connectTime="5s")),
    ("FRRK8sConfiguration", {"logLevel": "none"}),
    ("MetalLB", {}),
    ("MetalLB", {"loadBalancerClass": "example.com/metallb"}),
    ("MetalLB", {"loadBalancerClass": "metallb"}),
    ("MetalLB", {"bgpBackend": "no backend"}),
    ("MetalLB", {"updateStrategy": {"speaker": {"maxUnavailable": 2}}}),
    ("MetalLB", {"updateStrategy": {"speaker": {"maxUnavailable": "25%"}}}),
    ("MetalLB", {"controllerConfig": {"resources": {"limits": {"cpu": 1, "memory": "1.5Gi"}}}}),
    ("MetalLB", {"metrics": {"serviceMonitor": {"enabled": True, "interval": "1m30s"}}}),
    (
        "MetalLB",
        {"metrics": {"serviceMonitor": {"enabled": False}, "podMonitor": {"enabled": True}}},
    ),
]

REFUSED: list[tuple[str, dict[str, Any], str]] = [
    # Required fields.
    ("IPAddressPool", {}, "spec.addresses: Required value"),
    ("L2Advertisement", {"preferredNodeSelectors": [{"weight": 1}]}, "preference: Required value"),
    ("L2Advertisement", {"preferredNodeSelectors": [{"preference": {}}]}, "weight: Required value"),
    ("L2Advertisement", {"nodeSelectors": [{"matchExpressions": [{}]}]}, "key: Required value"),
    ("BGPPeer", {}, "spec.myASN: Required value"),
    (OLD_PEER, {"myASN": 1, "peerASN": 1}, "spec.peerAddress: Required value"),
    (OLD_PEER, {"myASN": 1, "peerAddress": "10.0.0.1"}, "spec.peerASN: Required value"),
    ("FRRConfiguration", {"bgp": {"routers": [{}]}}, "spec.bgp.routers[0].asn: Required value"),
    ("FRRConfiguration", {"bgp": {"bfdProfiles": [{}]}}, "name: Required value"),
    # Types.
    ("IPAddressPool", {"addresses": "10.0.0.0/24"}, "spec.addresses: Invalid value"),
    ("IPAddressPool", {"addresses": [1]}, "must be of type string"),
    ("IPAddressPool", {"addresses": [], "autoAssign": "yes"}, "must be of type boolean"),
    ("BGPPeer", PEER | {"myASN": "64500"}, "must be of type integer"),
    ("BGPPeer", PEER | {"holdTime": 90}, "must be of type string"),
    ("Community", {"communities": [{"name": "a", "value": 74041}]}, "must be of type string"),
    ("MetalLB", {"nodeSelector": {"a": True}}, "must be of type string"),
    # Bounds.
    (
        "L2Advertisement",
        {"preferredNodeSelectors": [{"weight": 0, "preference": {}}]},
        "greater than or equal to 1",
    ),
    (
        "L2Advertisement",
        {"preferredNodeSelectors": [{"weight": 101, "preference": {}}]},
        "less than or equal to 100",
    ),
    ("BGPAdvertisement", {"aggregationLength": 0}, "greater than or equal to 1"),
    ("BGPPeer", PEER | {"myASN": -1}, "greater than or equal to 0"),
    ("BGPPeer", PEER | {"myASN": 4294967296}, "less than or equal to 4294967295"),
    ("BGPPeer", PEER | {"localASN": 0}, "spec.localASN"),
    ("BGPPeer", PEER | {"peerPort": 0}, "greater than or equal to 1"),
    ("BGPPeer", PEER | {"peerPort": 16385}, "less than or equal to 16384"),
    (OLD_PEER, PEER | {"peerPort": 16385}, "less than or equal to 16384"),
    ("BFDProfile", {"receiveInterval": 9}, "greater than or equal to 10"),
    ("BFDProfile", {"transmitInterval": 60001}, "less than or equal to 60000"),
    ("BFDProfile", {"echoInterval": 9}, "spec.echoInterval"),
    ("BFDProfile", {"detectMultiplier": 1}, "greater than or equal to 2"),
    ("BFDProfile", {"detectMultiplier": 256}, "less than or equal to 255"),
    ("BFDProfile", {"minimumTtl": 0}, "greater than or equal to 1"),
    ("BFDProfile", {"minimumTtl": 255}, "less than or equal to 254"),
    ("FRRConfiguration", router(asn=4294967296), "less than or equal to 4294967295"),
    ("FRRConfiguration", neighbor(port=16385), "less than or equal to 16384"),
    ("FRRConfiguration", neighbor(localASN=0), "greater than or equal to 1"),
    ("FRRConfiguration", profile(detectMultiplier=1), "greater than or equal to 2"),
    (
        "FRRConfiguration",
        neighbor(toReceive={"allowed": {"prefixes": [{"prefix": "10.0.0.0/8", "le": 129}]}}),
        "less than or equal to 128",
    ),
    (
        "FRRConfiguration",
        neighbor(toReceive={"allowed": {"prefixes": [{"prefix": "10.0.0.0"}]}}),
        "must be of type cidr",
    ),
    (
        "FRRConfiguration",
        neighbor(toAdvertise={"withCommunity": [{"community": "1:1", "prefixes": []}]}),
        "should have at least 1 items",
    ),
    ("MetalLB", {"uninstall": {"timeoutSeconds": 4}}, "greater than or equal to 5"),
    ("MetalLB", {"memberlist": {"bindPort": 65536}}, "less than or equal to 65535"),
    ("MetalLB", {"admission": {"deny": ["x"] * 129}}, "must have at most 128 items"),
    # Words.
    ("BGPPeer", PEER | {"dynamicASN": ""}, "Unsupported value"),
    ("BGPPeer", PEER | {"dynamicASN": "Internal"}, '"internal", "external"'),
    ("FRRConfiguration", neighbor(dynamicASN="any"), "Unsupported value"),
    (
        "FRRConfiguration",
        neighbor(toReceive={"allowed": {"mode": "none"}}),
        '"all", "filtered"',
    ),
    ("FRRK8sConfiguration", {"logLevel": "trace"}, "Unsupported value"),
    ("MetalLB", {"logLevel": "trace"}, '"all", "debug", "info", "warn", "error", "none"'),
    ("MetalLB", {"images": {"pullPolicy": "Sometimes"}}, "Unsupported value"),
    # Patterns.
    ("MetalLB", {"loadBalancerClass": ""}, "spec.loadBalancerClass"),
    ("MetalLB", {"loadBalancerClass": "a/b/c"}, "spec.loadBalancerClass"),
    ("MetalLB", {"loadBalancerClass": "-a"}, "should match"),
    ("MetalLB", {"metrics": {"podMonitor": {"interval": "30"}}}, "should match"),
    (
        "MetalLB",
        {"controllerConfig": {"resources": {"limits": {"memory": "1 Gi"}}}},
        "should match",
    ),
    # Expressions.
    (
        "BGPAdvertisement",
        {"serviceSelectors": [{}], "aggregationLength": 24},
        "leave aggregationLength at 32",
    ),
    (
        "BGPAdvertisement",
        {"serviceSelectors": [{}], "aggregationLengthV6": 64},
        "leave aggregationLength at 32",
    ),
    ("BGPPeer", PEER | {"connectTime": "0s"}, SECOND),
    ("BGPPeer", PEER | {"connectTime": "-5s"}, SECOND),
    ("BGPPeer", PEER | {"connectTime": "65536s"}, SECOND),
    ("BGPPeer", PEER | {"connectTime": "1500ms"}, WHOLE),
    ("BGPPeer", PEER | {"connectTime": "soon"}, "spec.connectTime"),
    ("FRRConfiguration", neighbor(connectTime="1500ms"), WHOLE),
    (
        "MetalLB",
        {"metrics": {"serviceMonitor": {"enabled": True}, "podMonitor": {"enabled": True}}},
        "would scrape everything twice",
    ),
]

STATUS: Final = dict.fromkeys(("assignedIPv4", "assignedIPv6", "availableIPv4", "availableIPv6"), 0)
"""What a pool's status must have; of another kind's status it is pruned."""

UPDATES: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    # enableGracefulRestart stays what it is once it is there, and may come and go.
    ("kept", {"enableGracefulRestart": True}, {"enableGracefulRestart": True}, ""),
    ("added", {}, {"enableGracefulRestart": True}, ""),
    ("removed", {"enableGracefulRestart": True}, {}, ""),
    (
        "changed",
        {"enableGracefulRestart": True},
        {"enableGracefulRestart": False},
        "cannot be changed after creation",
    ),
]


async def refusal(client: KubeClient, manifest: dict[str, Any]) -> str:
    """Return what the API server says against creating an object, "" if nothing."""
    try:
        await client.create(manifest, dry_run=True)
    except KubeError as error:
        if error.status != HTTPStatus.UNPROCESSABLE_ENTITY:
            raise
        return error.message
    return ""


def test_all_are_established(installed: Cluster) -> None:
    found = json.loads(installed.kubectl("get", "crds", "-o", "json"))["items"]
    established = {
        item["metadata"]["name"]
        for item in found
        for condition in item["status"]["conditions"]
        if (condition["type"], condition["status"]) == ("Established", "True")
    }
    assert established >= crds().keys()


def test_the_api_server_finds_every_schema_structural(installed: Cluster) -> None:
    found = json.loads(installed.kubectl("get", "crds", "-o", "json"))["items"]
    complaints = {
        item["metadata"]["name"]: condition["message"]
        for item in found
        for condition in item["status"]["conditions"]
        if condition["type"] == "NonStructuralSchema" and item["metadata"]["name"] in crds()
    }
    assert complaints == {}


def test_every_example_can_be_applied(installed: Cluster) -> None:
    paths = sorted(EXAMPLES.rglob("*.yaml"))
    text = "---\n".join(path.read_text() for path in paths)
    here = text.replace("namespace: metallb-system", f"namespace: {SPACE}")
    arguments = ("apply", "--server-side", "--dry-run=server", "-o", "json", "-f", "-")
    applied = json.loads(installed.kubectl(*arguments, input=here))["items"]
    assert len(applied) == text.count("\nkind: ")
    # kubectl takes this for text although it is not quoted.
    aliases = [item["spec"]["communities"] for item in applied if item["kind"] == "Community"]
    assert [{"name": "vpn-only", "value": "1234:1"}] in aliases


@pytest.mark.parametrize(("kind", "spec"), ACCEPTED)
async def test_accepted(client: KubeClient, kind: str, spec: dict[str, Any]) -> None:
    assert await refusal(client, thing(kind, spec=spec)) == ""


@pytest.mark.parametrize(("kind", "spec", "fragment"), REFUSED)
async def test_refused(client: KubeClient, kind: str, spec: dict[str, Any], fragment: str) -> None:
    assert fragment in await refusal(client, thing(kind, spec=spec))


async def test_a_pool_needs_a_spec(client: KubeClient) -> None:
    assert "spec: Required value" in await refusal(client, thing("IPAddressPool"))


@pytest.mark.parametrize(("name", "before", "after", "fragment"), UPDATES)
async def test_updates_of_a_peer(
    client: KubeClient, name: str, before: dict[str, Any], after: dict[str, Any], fragment: str
) -> None:
    stored = await client.create(thing("BGPPeer", f"update-{name}", spec=PEER | before))
    changed = {**stored, "spec": PEER | after}
    if not fragment:
        assert (await client.replace(changed))["spec"].items() >= after.items()
        return
    with pytest.raises(KubeError, match=fragment):
        await client.replace(changed)


@pytest.mark.parametrize("kind", ["ServiceL2Status", "ServiceBGPStatus"])
@pytest.mark.parametrize("field", ["node", "serviceName", "serviceNamespace"])
async def test_what_a_service_status_is_about_stays(
    client: KubeClient, kind: str, field: str
) -> None:
    reference = ref_of(await client.create(thing(kind, f"stays-{field.lower()}")))
    for value in ("one", "one"):
        await client.patch(reference, {"status": {field: value}}, subresource="status")
    with pytest.raises(KubeError, match="cannot be changed once it is set"):
        await client.patch(reference, {"status": {field: "two"}}, subresource="status")


@pytest.mark.parametrize(
    ("kind", "spec", "filled"),
    [
        ("IPAddressPool", {"addresses": []}, {"autoAssign": True, "avoidBuggyIPs": False}),
        (
            "IPAddressPool",
            {"addresses": [], "autoAssign": None, "avoidBuggyIPs": True},
            {"autoAssign": True},
        ),
        ("BGPAdvertisement", {}, {"aggregationLength": 32, "aggregationLengthV6": 128}),
        ("BGPPeer", PEER, {"peerPort": 179, "disableMP": False, "dualStackAddressFamily": False}),
        ("MetalLB", {"networkPolicies": {}}, {"networkPolicies": {"enabled": True}}),
        (
            "MetalLB",
            {"excludeInterfaces": {"patterns": ["x"]}},
            {"excludeInterfaces": {"enabled": True, "patterns": ["x"]}},
        ),
        # Where nothing is said, nothing is filled in.
        ("MetalLB", {}, {}),
        ("L2Advertisement", {}, {}),
        ("BFDProfile", {}, {}),
    ],
)
async def test_defaults(
    client: KubeClient, kind: str, spec: dict[str, Any], filled: dict[str, Any]
) -> None:
    stored = (await client.create(thing(kind, spec=spec), dry_run=True))["spec"]
    assert stored.items() >= filled.items()
    assert stored.keys() == spec.keys() | filled.keys()


async def test_unknown_fields_are_pruned(client: KubeClient) -> None:
    spec = PEER | {"unheardOf": 1, "nodeSelectors": [{"matchLabels": {}, "unheardOf": 1}]}
    stored = await client.create(thing("BGPPeer", spec=spec, unheardOf={}), dry_run=True)
    assert "unheardOf" not in json.dumps({**stored, "metadata": {}})
    assert stored["spec"]["nodeSelectors"] == [{"matchLabels": {}}]


@pytest.mark.parametrize("row", KINDS, ids=lambda row: f"{row.kind}-{row.version}")
async def test_status_is_a_subresource(client: KubeClient, row: Kind) -> None:
    spec = {"IPAddressPool": {"addresses": []}, "BGPPeer": PEER}.get(row.kind)
    manifest = thing(f"{row.kind}/{row.version}", f"status-{row.version}", status={})
    stored = await client.create(manifest | ({"spec": spec} if spec else {}))
    assert "status" not in stored
    changed = await client.patch(ref_of(stored), {"status": STATUS}, subresource="status")
    assert "status" in changed
    await client.delete(ref_of(stored))


async def test_conditions_with_the_same_type_are_refused(client: KubeClient) -> None:
    reference = ref_of(await client.create(thing("ConfigurationState", "twice")))
    condition = {
        "type": "configReconcilerValid",
        "status": "True",
        "reason": "Reconciled",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    status = {"status": {"conditions": [condition, condition]}}
    with pytest.raises(KubeError, match="Duplicate value"):
        await client.patch(reference, status, subresource="status")


async def test_a_peer_can_be_read_and_written_in_both_versions(client: KubeClient) -> None:
    expression = {"key": "c", "operator": "In", "values": ["d"]}
    selectors = [{"matchLabels": {"a": "b"}, "matchExpressions": [expression]}]
    spec = PEER | {"holdTime": "90s", "nodeSelectors": selectors, "peerPort": 1179}
    old = await client.create(thing(OLD_PEER, "both", spec=spec))
    assert (old["apiVersion"], old["spec"]) == ("metallb.io/v1beta1", spec)
    new = await client.get(ref_of(thing("BGPPeer", "both")))
    assert new is not None
    defaults = {"disableMP": False, "dualStackAddressFamily": False}
    assert (new["apiVersion"], new["spec"]) == ("metallb.io/v1beta2", spec | defaults)
    await client.replace({**new, "spec": spec | {"holdTime": "30s"}})
    again = await client.get(ref_of(old))
    assert again is not None
    assert (again["apiVersion"], again["spec"]) == (
        "metallb.io/v1beta1",
        spec | {"holdTime": "30s"},
    )


async def test_a_time_that_is_absent_in_the_old_version_of_a_peer_stays_absent(
    client: KubeClient,
) -> None:
    await client.create(thing(OLD_PEER, "timeless", spec=PEER))
    new = await client.get(ref_of(thing("BGPPeer", "timeless")))
    assert new is not None
    assert not {"holdTime", "keepaliveTime"} & new["spec"].keys()


async def test_writing_the_old_version_of_a_peer_drops_what_only_the_new_one_has(
    client: KubeClient,
) -> None:
    await client.create(thing("BGPPeer", "dropped", spec=PEER | {"vrf": "red"}))
    old = await client.get(ref_of(thing(OLD_PEER, "dropped")))
    assert old is not None
    await client.replace(old)
    new = await client.get(ref_of(thing("BGPPeer", "dropped")))
    assert new is not None
    assert "vrf" not in new["spec"]


async def test_the_old_version_of_a_peer_warns(installed: Cluster) -> None:
    done = installed.try_kubectl("get", "bgppeers.v1beta1.metallb.io", "-n", SPACE)
    assert "BGPPeer is deprecated; use metallb.io/v1beta2" in done.stderr

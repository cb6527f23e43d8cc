"""The linter says of a manifest what the API server and the webhooks say when it is applied."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from typer.testing import CliRunner

from metallb_cli.main import app
from metallb_crds.registry import KINDS
from support.admitting import Admitting
from support.operating import NAMESPACE

VERSIONS: Final = {row.kind: row.model.api_version for row in KINDS}
RULE: Final = re.compile(r"\[([a-z0-9]+-[a-z0-9-]+)\]")
PEER: Final = {"myASN": 64500, "peerASN": 64501, "peerAddress": "192.0.2.2"}
NEIGHBOR: Final = {"address": "192.0.2.2", "asn": 64501}
MONITORS: Final = {"serviceMonitor": {"enabled": True}, "podMonitor": {"enabled": True}}


def thing(kind: str, spec: Any, **metadata: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    head = {"name": "it", "namespace": NAMESPACE} | metadata
    return {"apiVersion": VERSIONS[kind], "kind": kind, "metadata": head, "spec": spec}


def pool(*addresses: Any, **spec: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    return thing("IPAddressPool", {"addresses": list(addresses), **spec})


def peer(**spec: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    return thing("BGPPeer", PEER | spec)


def adv(**spec: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    return thing("BGPAdvertisement", spec)


def neighbor(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    routers = [{"asn": 64500, "neighbors": [NEIGHBOR | fields]}]
    return thing("FRRConfiguration", {"bgp": {"routers": routers}})


def metallb(**spec: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    return thing("MetalLB", spec, name="metallb")


MANIFESTS: Final[list[dict[str, Any]]] = [
    # Sound.
    pool("10.1.0.0/24"),
    pool("10.1.0.0/24", autoAssign=None),
    thing("L2Advertisement", {}),
    peer(),
    peer(connectTime="10s", holdTime="90s"),
    adv(aggregationLength=32, localPref=0),
    thing("Community", {"communities": [{"name": "a", "value": "1234:1"}]}),
    thing("BFDProfile", {"receiveInterval": 10}),
    neighbor(connectTime="5s"),
    metallb(bgpBackend="frr"),
    # Not so by their schema.
    thing("IPAddressPool", {}),
    thing("IPAddressPool", None),
    thing("IPAddressPool", "10.0.0.0/24"),
    pool(1),
    pool(None),
    pool("10.1.0.0/24", autoAssign="yes"),
    pool("10.1.0.0/24", serviceAllocation={"priority": 1.5}),
    peer(myASN="64500"),
    peer(myASN=4294967296),
    peer(peerPort=16385),
    peer(dynamicASN=""),
    peer(connectTime="70000s"),
    peer(connectTime="1.5s"),
    peer(connectTime="soon"),
    adv(aggregationLength=0),
    adv(aggregationLength=24, serviceSelectors=[{"matchLabels": {"a": "b"}}]),
    thing("L2Advertisement", {"nodeSelectors": [{"matchExpressions": [{"key": "a"}]}]}),
    thing("BFDProfile", {"detectMultiplier": 1}),
    thing("Community", {"communities": [{"name": "a", "value": 74041}]}),
    neighbor(toReceive={"allowed": {"prefixes": [{"prefix": "10.0.0.0"}]}}),
    metallb(logLevel="trace"),
    metallb(loadBalancerClass="a b"),
    metallb(metrics=MONITORS),
    metallb(nodeSelector={"a": True}),
    # Not so by their metadata.
    thing("L2Advertisement", {}, name="It"),
    thing("L2Advertisement", {}, labels={"a": "b c"}),
    # Not so by rules.
    pool("10.0.0.7/32"),
    pool("10.1.0.0/33"),
    pool(),
    thing("IPAddressPool", {"addresses": ["10.1.0.0/24"]}, namespace="default"),
    thing("IPAddressPool", {"addresses": ["10.0.0.0/25"]}, name="stored"),
    peer(peerAddress="192.0.2.1"),
    peer(peerAddress="192.0.2.1", myASN=64600),
    peer(holdTime="1s"),
    peer(password="a", passwordSecret={"name": "b"}),
    adv(localPref=100),
    adv(communities=["1:2:3"]),
    thing("L2Advertisement", {"ipAddressPools": ["a", "a"]}),
    thing("Community", {"communities": [{"name": "a", "value": "x"}]}),
    thing("FRRConfiguration", {"bgp": {"bfdProfiles": [{"name": "a"}, {"name": "a"}]}}),
    metallb(version="0.1"),
    thing("MetalLB", {}, name="other"),
]


def lint(admission: Admitting, text: str, *arguments: str) -> dict[str, Any]:
    """Return what the linter finds together with the cluster, as JSON."""
    where = ["--cluster", "--kubeconfig", str(admission.cluster.kubeconfig)]
    done = CliRunner().invoke(app, ["lint", "-", *where, *arguments, "-o", "json"], input=text)
    assert done.exit_code in {0, 1}, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.exit_code == int(found["summary"]["errors"] > 0)
    return found


def last_step(path: str) -> str:
    return path.partition("[")[0].rpartition(".")[2]


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda one: f"{one['kind']}-{one['spec']}"[:60])
def test_the_verdict_is_that_of_the_cluster(admission: Admitting, manifest: dict[str, Any]) -> None:
    text = yaml.safe_dump(manifest)
    applied = admission.cluster.try_kubectl(
        "apply", "--dry-run=server", "--validate=warn", "-f", "-", stdin=text
    )
    report = lint(admission, text)
    found = report["findings"]
    assert (report["summary"]["errors"] > 0) is (applied.returncode != 0), (found, applied.stderr)
    by_schema = [one for one in found if one["rule"].startswith("schema-")]
    if applied.returncode == 0 or "denied the request" in applied.stderr:
        assert by_schema == []
        assert {one["rule"] for one in found} == set(RULE.findall(applied.stderr))
    else:
        # The API server asks no rule about what the schema refuses; the linter tells all at once.
        assert by_schema
        assert all(last_step(one["path"]) in applied.stderr for one in by_schema)


def test_a_field_that_kubectl_refuses_is_warned_of(admission: Admitting) -> None:
    text = yaml.safe_dump(pool("10.1.0.0/24", autoasign=False))
    applied = admission.cluster.try_kubectl("apply", "--dry-run=server", "-f", "-", stdin=text)
    assert 'unknown field "spec.autoasign"' in applied.stderr
    (finding,) = lint(admission, text)["findings"]
    assert (finding["rule"], finding["severity"]) == ("schema-unknown-field", "warning")


def test_a_context_of_the_kubeconfig(admission: Admitting, tmp_path: Path) -> None:
    """The current context leads nowhere; the named one to the cluster."""
    config = yaml.safe_load(admission.cluster.kubeconfig.read_text())
    config["clusters"].append({"name": "gone", "cluster": {"server": "https://127.0.0.1:1"}})
    user = config["users"][0]["name"]
    config["contexts"].append({"name": "gone", "context": {"cluster": "gone", "user": user}})
    named, config["current-context"] = config["current-context"], "gone"
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    text = yaml.safe_dump(pool("10.0.0.7/32"))
    codes = {
        context: CliRunner()
        .invoke(app, ["lint", "-", "--cluster", "--kubeconfig", str(path), *context], input=text)
        .exit_code
        for context in ((), ("--context", named), ("--context", "unknown"))
    }
    assert codes == {(): 2, ("--context", named): 1, ("--context", "unknown"): 2}


def test_what_one_may_not_list_is_told_and_not_missed(admission: Admitting) -> None:
    """The webhooks' account may list all but what MetalLB reports; a bare account nothing."""
    cluster = admission.cluster
    cluster.kubectl("create", "serviceaccount", "reader", "-n", NAMESPACE)
    cluster.kubectl(
        "create",
        "role",
        "reader",
        "-n",
        NAMESPACE,
        "--verb=list",
        "--resource=ipaddresspools.metallb.io,bgppeers.metallb.io,bgpadvertisements.metallb.io,"
        "l2advertisements.metallb.io,bfdprofiles.metallb.io,communities.metallb.io",
    )
    cluster.kubectl(
        "create",
        "rolebinding",
        "reader",
        "-n",
        NAMESPACE,
        "--role=reader",
        f"--serviceaccount={NAMESPACE}:reader",
    )
    account = cluster.service_account_kubeconfig(NAMESPACE, "reader")
    text = yaml.safe_dump(peer(passwordSecret={"name": "keys"}))
    arguments = ["lint", "-", "--cluster", "--kubeconfig", str(account)]
    refused = CliRunner().invoke(app, arguments, input=text)
    assert (refused.exit_code, "metallbs" in refused.stderr) == (2, True)
    cluster.kubectl(
        "create",
        "clusterrole",
        "lint-reader",
        "--verb=list",
        "--resource=metallbs.metallb.io,frrconfigurations.frrk8s.metallb.io",
    )
    cluster.kubectl(
        "create",
        "clusterrolebinding",
        "lint-reader",
        "--clusterrole=lint-reader",
        f"--serviceaccount={NAMESPACE}:reader",
    )
    done = CliRunner().invoke(app, arguments, input=text)
    assert done.exit_code == 0, done.output
    assert "you may not list Namespace, Node, Secret, Service in the cluster" in done.stderr
    assert "peer-secret-unknown" not in done.stdout

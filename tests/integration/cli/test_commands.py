"""The commands that ask a cluster, on one where the operator has installed MetalLB."""

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from typer.testing import CliRunner, Result

from cluster import Cluster
from metallb_cli.main import app
from support.operating import NAMESPACE, install, metallb, operating

POOL: Final = {
    "apiVersion": "metallb.io/v1beta1",
    "kind": "IPAddressPool",
    "metadata": {"name": "first", "namespace": NAMESPACE},
    "spec": {"addresses": ["192.0.2.0/28"], "autoAssign": False},
}
SERVICE: Final = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
}
OLD: Final = """
peers: [{my-asn: 64500, peer-asn: 64501, peer-address: 10.0.0.1, password: geheim}]
address-pools: [{name: old, protocol: bgp, addresses: [198.51.100.0/28]}]
"""


@pytest.fixture(scope="module")
def empty() -> Iterator[Cluster]:
    with Cluster.start(nodes=1) as own:
        install(own)
        yield own


@pytest.fixture(scope="module")
def installed(empty: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    """MetalLB installed, and the operator gone: nothing repairs what tests break."""
    with operating(empty, tmp_path_factory.mktemp("logs")) as operator:
        operator.wait_ready()
        operator.create(bgpBackend="native")
        operator.wait_condition("Available", "True")
        operator.wait_condition("Progressing", "False")
    return empty


def run(cluster: Cluster, *arguments: str, stdin: str | None = None) -> Result:
    environment = {"HELM": str(cluster.binaries.helm)}
    command = [arguments[0], "--kubeconfig", str(cluster.kubeconfig), *arguments[1:]]
    return CliRunner(env=environment).invoke(app, command, input=stdin)


def planned(cluster: Cluster, *arguments: str, stdin: str | None = None) -> tuple[int, Any]:
    found = run(cluster, "plan", "-o", "json", *arguments, stdin=stdin)
    assert found.stdout, found.output
    changes = json.loads(found.stdout)["changes"]
    return found.exit_code, [(c["action"], c["kind"], c["name"]) for c in changes]


def test_before_anything_is_installed(empty: Cluster) -> None:
    status = run(empty, "status")
    assert (status.exit_code, "there is no MetalLB object" in status.stdout) == (1, True)
    plan = run(empty, "plan")
    assert (plan.exit_code, "there is no MetalLB object metallb" in plan.stderr) == (1, True)
    wanted = yaml.safe_dump(metallb(bgpBackend="native"))
    code, changes = planned(empty, "-f", "-", stdin=wanted)
    assert code == 2
    assert ("create", "Deployment", "controller") in changes
    assert {action for action, _, _ in changes} <= {"create", "wait"}


def test_nothing_to_change_once_it_is_installed(installed: Cluster) -> None:
    assert planned(installed) == (0, [])
    text = run(installed, "plan").stdout
    assert text.endswith("with backend native in namespace metallb-system: nothing would change\n")


def test_what_a_change_would_do(installed: Cluster) -> None:
    wanted = yaml.safe_dump(metallb(bgpBackend="native", logLevel="debug"))
    code, changes = planned(installed, "-f", "-", stdin=wanted)
    assert code == 2
    assert ("change", "Deployment", "controller") in changes
    text = run(installed, "plan", "-f", "-", stdin=wanted).stdout
    assert "--log-level=debug" in text


def test_a_downgrade_that_the_operator_refuses_has_no_plan(installed: Cluster) -> None:
    advertisement = {
        "apiVersion": "metallb.io/v1beta1",
        "kind": "BGPAdvertisement",
        "metadata": {"name": "some", "namespace": NAMESPACE},
        "spec": {"serviceSelectors": [{"matchLabels": {"public": "yes"}}]},
    }
    older = metallb(bgpBackend="native", version="0.15.3")
    installed.apply(advertisement)
    found = run(installed, "plan", "-f", "-", stdin=yaml.safe_dump(older))
    assert found.exit_code == 1
    assert "spec.version: 0.15.3 is older than 0.16.1, which runs" in found.stderr
    assert "spec.serviceSelectors of BGPAdvertisement 'some'" in found.stderr
    older["metadata"]["annotations"] = {"metallb.io/allow-downgrade": "0.15.3"}
    code, changes = planned(installed, "-f", "-", stdin=yaml.safe_dump(older))
    assert (code, ("change", "Deployment", "controller") in changes) == (2, True)
    installed.kubectl("delete", "bgpadvertisement", "some", "-n", NAMESPACE)


def test_what_stays_until_speakers_configuration_is_withdrawn(installed: Cluster) -> None:
    speaker = installed.get("daemonset", "speaker", NAMESPACE) or {}
    label = "applyset.kubernetes.io/part-of"
    left = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {
            "name": "frr-k8s",
            "namespace": NAMESPACE,
            "labels": {label: speaker["metadata"]["labels"][label]},
        },
        "spec": {
            "selector": {"matchLabels": {"a": "b"}},
            "template": {
                "metadata": {"labels": {"a": "b"}},
                "spec": {
                    "nodeSelector": {"no": "node"},
                    "containers": [{"name": "frr", "image": "example.test/frr:1"}],
                },
            },
        },
    }
    written = {
        "apiVersion": "frrk8s.metallb.io/v1beta1",
        "kind": "FRRConfiguration",
        "metadata": {"name": "metallb-node-1", "namespace": NAMESPACE},
        "spec": {"nodeSelector": {"matchLabels": {"kubernetes.io/hostname": "node-1"}}},
    }
    installed.apply(left, written)
    assert planned(installed) == (2, [("wait", "DaemonSet", "frr-k8s")])
    assert "until what speakers wrote for it is deleted" in run(installed, "plan").stdout
    installed.kubectl("delete", "frrconfiguration", "metallb-node-1", "-n", NAMESPACE)
    assert planned(installed) == (2, [("delete", "DaemonSet", "frr-k8s")])
    installed.kubectl("delete", "daemonset", "frr-k8s", "-n", NAMESPACE)
    assert planned(installed) == (0, [])


def test_status(installed: Cluster) -> None:
    installed.apply(POOL, SERVICE)
    found = run(installed, "status", "-o", "json")
    told = json.loads(found.stdout)
    assert found.exit_code == 1
    assert [row["name"] for row in told["pools"]] == ["first"]
    assert {row["name"] for row in told["components"]} == {"controller", "speaker"}
    assert [(row["name"], row["reason"]) for row in told["pending"]] == [
        ("web", "pool first is not given away unasked: spec.autoAssign is false")
    ]
    installed.kubectl("delete", "service", "web")
    after = run(installed, "status")
    assert "MetalLB 0.16.1, backend native" in after.stdout
    assert "Services without address" not in after.stdout


def test_a_status_that_nobody_renews(installed: Cluster) -> None:
    """The operator is gone; its Lease is written as if it were not, and as if it died."""

    def told(renewed: datetime) -> Any:  # noqa: ANN401 - JSON
        lease = {
            "holderIdentity": "gone",
            "leaseDurationSeconds": 30,
            "renewTime": renewed.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        patch = ("lease", "metallb-operator", "-n", NAMESPACE, "--type=merge", "-p")
        installed.kubectl("patch", *patch, json.dumps({"spec": lease}))
        return json.loads(run(installed, "status", "-o", "json").stdout)

    now = datetime.now(UTC)
    # A little ahead, whatever time the commands take.
    assert told(now + timedelta(minutes=1))["silence"] == ""
    late = told(now - timedelta(seconds=100))
    assert late["as_of"] == (now - timedelta(seconds=100)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert "Deployment metallb-operator has no pod" in late["silence"]
    before = CliRunner().invoke(app, ["--kubeconfig", str(installed.kubeconfig), "status"])
    assert before.exit_code == 1
    assert re.match(rf"nobody has looked since {late['as_of']} \(\d+ min", before.stdout)


def test_who_may_not_read_is_told(installed: Cluster) -> None:
    installed.kubectl("create", "serviceaccount", "nobody", "-n", NAMESPACE)
    account = installed.service_account_kubeconfig(NAMESPACE, "nobody")
    for command, code in (("status", 2), ("plan", 1)):
        found = CliRunner().invoke(app, [command, "--kubeconfig", str(account)])
        assert (found.exit_code, "metallbs" in found.stderr) == (code, True)


@pytest.mark.parametrize(
    "options",
    [
        ("--backend", "native", "--version", "0.16.1", "--no-secrets"),
        ("--backend", "frr", "--version", "0.15.3"),
        ("--backend", "frr-k8s", "--version", "0.16.1", "--crds"),
    ],
)
def test_what_is_rendered_applies(installed: Cluster, options: tuple[str, ...]) -> None:
    found = run(installed, "render", *options, "-n", "default")
    assert found.exit_code == 0, found.output
    installed.kubectl(
        "apply",
        "--server-side",
        "--force-conflicts",
        "--dry-run=server",
        "-f",
        "-",
        input=found.stdout,
    )


def test_an_old_configuration_of_the_cluster(installed: Cluster) -> None:
    assert run(installed, "migrate").exit_code == 1
    metadata = {"name": "config", "namespace": NAMESPACE}
    installed.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"config": OLD}}
    )
    found = run(installed, "migrate")
    assert found.exit_code == 0, found.output
    installed.kubectl("delete", "configmap", "config", "-n", NAMESPACE)
    # MetalLB's chart named it after the release.
    by_chart = {**metadata, "name": "lb-metallb"}
    installed.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": by_chart, "data": {"config": OLD}}
    )
    assert run(installed, "migrate").stdout == found.stdout
    installed.apply(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"config": "a: b"}}
    )
    assert "not carried over: a" in run(installed, "migrate").stdout.lower()
    installed.kubectl("delete", "configmap", "config", "lb-metallb", "-n", NAMESPACE)
    applied = installed.kubectl("apply", "-f", "-", input=found.stdout)
    assert len(applied.splitlines()) == 4


def helm_chart(folder: Path, name: str, version: str, values: str, **more: str) -> Path:
    (folder / "templates").mkdir(parents=True)
    fields = {"apiVersion": "v2", "name": name, "version": version, **more}
    (folder / "Chart.yaml").write_text(yaml.safe_dump(fields))
    (folder / "values.yaml").write_text(values)
    metadata = "{name: 'of-{{ .Release.Name }}-{{ .Chart.Name }}'}"
    (folder / "templates" / "it.yaml").write_text(
        f"{{apiVersion: v1, kind: ConfigMap, metadata: {metadata}}}"
    )
    return folder


def helm_install(cluster: Cluster, release: str, folder: Path, *setting: str) -> None:
    command = (cluster.binaries.helm, "install", release, folder, "-n", NAMESPACE)
    kubeconfig = ("--kubeconfig", str(cluster.kubeconfig))
    values = [word for one in setting for word in ("--set", one)]
    subprocess.run([*map(str, command), *kubeconfig, *values], check=True, capture_output=True)


def test_a_helm_release(installed: Cluster, tmp_path: Path) -> None:
    values = "{frrk8s: {enabled: true}}"
    folder = helm_chart(tmp_path / "chart", "metallb", "0.16.1", values, appVersion="v0.16.1")
    helm_install(installed, "old", folder, "controller.logLevel=warn")
    found = run(installed, "migrate", "--from-helm", "old")
    assert found.exit_code == 0, found.output
    assert yaml.safe_load(found.stdout)["spec"] == {
        "bgpBackend": "frr-k8s",
        "version": "0.16.1",
        "logLevel": "warn",
    }
    absent = run(installed, "migrate", "--from-helm", "absent")
    assert (absent.exit_code, "metallb-system/absent cannot be read" in absent.stderr) == (1, True)


def test_a_helm_release_of_a_chart_that_has_metallbs_in_it(
    installed: Cluster, tmp_path: Path
) -> None:
    # Helm takes versions that are no semantic ones, and names with dots.
    folder = helm_chart(tmp_path / "stack", "stack", "1", "{}")
    below = folder / "charts" / "metallb"
    values = "{controller: {}, speaker: {frr: {enabled: true}}}"
    helm_chart(below, "metallb", "0.15.3", values, appVersion="v0.15.3")
    declared = {"dependencies": [{"name": "metallb", "version": "0.15.3", "alias": "lb"}]}
    with (folder / "Chart.yaml").open("a") as file:
        file.write(yaml.safe_dump(declared))
    helm_install(installed, "the.stack", folder, "lb.speaker.nodeSelector.role=edge")
    found = run(installed, "migrate", "--from-helm", "the.stack")
    assert found.exit_code == 0, found.output
    spec = yaml.safe_load(found.stdout)["spec"]
    assert spec == {"bgpBackend": "frr", "version": "0.15.3", "nodeSelector": {"role": "edge"}}
    other = helm_chart(tmp_path / "other", "other", "0.1", "{}")
    helm_install(installed, "other", other)
    refused = run(installed, "migrate", "--from-helm", "other")
    assert refused.exit_code == 1
    assert "chart 'other' has nothing of MetalLB's chart in it" in refused.stderr

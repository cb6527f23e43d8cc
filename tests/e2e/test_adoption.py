"""What upstream's manifests, chart and operator have installed becomes ours; nothing is lost."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from typing import Final

import pytest

from cluster.binaries import binary, module_folder
from cluster.kubectl import KubectlError
from cluster.real.core import RealCluster
from cluster.real.images import WORKLOAD
from observe.report import Evidence
from observe.router import Router
from support.changes import under_traffic
from support.site import NAMESPACE, ROOT, Document, Site, pool
from support.waiting import wait_for

RELEASE: Final = "0.15.3"
ADOPTED_GAP: Final = {"manifests": 0.5, "chart": 12.0, "operator": 0.5}
"""Seconds: speakers of the chart have other names, and are replaced on every node at once."""
_OLD_WEBHOOKS: Final = ("metallb-webhook-configuration", "frr-k8s-validating-webhook-configuration")
_LINES: Final = re.MULTILINE | re.DOTALL
_THEIR_OPERATOR: Final = ("metallb-operator-controller-manager", "metallb-operator-webhook-server")
_CHARTS_OWN: Final = "app.kubernetes.io/managed-by=Helm,app.kubernetes.io/instance=metallb"


@pytest.fixture
def bare(installed: Site) -> Iterator[Site]:
    """A cluster without anything of ours but CRDs; afterwards, without anything of others."""
    installed.remove()
    installed.kubectl("delete", "namespace", NAMESPACE, "--timeout=120s")
    installed.kubectl(
        *("delete", "clusterroles,clusterrolebindings,validatingwebhookconfigurations"),
        *("-l", "app.kubernetes.io/part-of=metallb"),
    )
    yield installed
    kinds = ("deployment,daemonset", "-n", NAMESPACE, "-l", _CHARTS_OWN)
    installed.kubectl("delete", *kinds, "--ignore-not-found")


@pytest.mark.parametrize("how", ["manifests", "operator", "chart"])
def test_adopted(
    bare: Site, real: RealCluster, router: Router, evidence: Evidence, how: str
) -> None:
    site = bare
    speaker, controller = install_upstream(site, how)
    for workload in (f"daemonset/{speaker}", f"deployment/{controller}"):
        site.rolled_out(workload)
    wait_for("its webhooks answer", lambda: _accepts(site), seconds=120, every=1)
    with under_traffic(
        site,
        real,
        router,
        evidence,
        f"Upstream's {how} of {RELEASE} taken over",
        backend="native",
        longest_gap=ADOPTED_GAP[how],
    ) as watched:
        document = (ROOT / "docs" / "migration.md").read_text()
        [command] = re.findall(r"^ *kubectl (patch crd .*)$", document, re.MULTILINE)
        site.kubectl(*shlex.split(command))
        watched.mark("operator installed")
        site.install()
        watched.mark("MetalLB object")
        if how != "operator":
            site.declare()
        if how == "operator":
            _wait_held(site)
            watched.mark("its operator removed")
            section = document.partition('<a id="from-the-go-operator">')[2]
            [commands] = re.findall(r"^```sh\n(.*?)^```", section.partition("\n<a id")[0], _LINES)
            for line in commands.splitlines():
                site.kubectl(*shlex.split(line)[1:])
        if how == "chart":
            _wait_held(site)
            watched.mark("adoption granted")
            site.kubectl("annotate", "metallb", "metallb", "-n", NAMESPACE, "metallb.io/adopt=true")
        old = ("delete", "--ignore-not-found", "validatingwebhookconfiguration")
        site.kubectl(*old, *_OLD_WEBHOOKS)
        site.wait_settled(300)
        watched.mark("settled")
        assert site.metallb()["status"]["backend"] == "native"
        if how == "chart":
            forget(site)
            site.wait_settled()
    # What the old installation was called is gone; under the names of ours are ours.
    names = site.kubectl("get", "deployments,daemonsets", "-n", NAMESPACE, "-o", "name").split()
    assert sorted(name.partition("/")[2] for name in names) == [
        *("controller", "metallb-operator", "metallb-webhooks", "speaker"),
    ]


def install_upstream(site: Site, how: str) -> tuple[str, str]:
    """Install MetalLB as its project says; return the names of speaker and controller."""
    source = module_folder(f"metallb-{RELEASE}", "go.universe.tf/metallb")
    if how == "manifests":
        manifest = source / "config" / "manifests" / "metallb-native.yaml"
        site.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(manifest))
        return "speaker", "controller"
    if how == "operator":
        manifest = source / "config" / "manifests" / "metallb-native.yaml"
        _install_as_their_operator(site, manifest.read_text())
        return "speaker", "controller"
    labels = ("enforce", "audit", "warn")
    site.kubectl("create", "namespace", NAMESPACE)
    privileged = (f"pod-security.kubernetes.io/{label}=privileged" for label in labels)
    site.kubectl("label", "namespace", NAMESPACE, *privileged)
    values = ("speaker.frr.enabled=false", "frrk8s.enabled=false")
    rendered = subprocess.run(
        [
            *(str(binary("helm")), "template", "metallb", str(source / "charts" / "metallb")),
            *("--namespace", NAMESPACE, "--include-crds"),
            *(f"--set={value}" for value in values),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    options = ("--server-side", "--force-conflicts", "-n", NAMESPACE, "-f", "-")
    site.kubectl("apply", *options, stdin=rendered)
    return "metallb-speaker", "metallb-controller"


def _install_as_their_operator(site: Site, manifest: str) -> None:
    """Make what the operator of MetalLB's project leaves on a cluster.

    Its program is no Go module that can be had from a proxy. What it applies is the manifest's
    with the key of memberlist under another name, and belongs to the MetalLB object
    (metallb-operator, bindata/deployment/helm/metallb and controllers/metallb_controller.go).
    """
    options = ("--server-side", "--force-conflicts", "-f", "-")
    for name in ("value", "secretName"):
        manifest = manifest.replace(f"{name}: memberlist\n", f"{name}: metallb-memberlist\n")
    manifest = manifest.replace("  - memberlist\n", "  - metallb-memberlist\n")
    site.kubectl("apply", *options, stdin=manifest)
    site.kubectl("apply", *options, stdin=(ROOT / "crds" / "metallbs.metallb.io.yaml").read_text())
    site.kubectl("wait", "--for=condition=Established", "crd/metallbs.metallb.io")
    site.declare()
    owner = {
        "apiVersion": "metallb.io/v1beta1",
        "kind": "MetalLB",
        "name": "metallb",
        "uid": site.metallb()["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    for kind, name in (("deployment", "controller"), ("daemonset", "speaker")):
        site.patch(kind, name, {"metadata": {"ownerReferences": [owner]}}, NAMESPACE)
    site.real.kubectl.apply(*map(_their_operator, _THEIR_OPERATOR))
    for name in _THEIR_OPERATOR:
        site.rolled_out(f"deployment/{name}")


def _their_operator(name: str) -> Document:
    """Return a Deployment that is told what to install as theirs is, and does nothing."""
    images = {
        f"{part.upper()}_IMAGE": f"quay.io/metallb/{part}:v{RELEASE}"
        for part in ("controller", "speaker")
    }
    container = {
        "name": "manager",
        "image": WORKLOAD,
        "args": ["pause"],
        "env": [{"name": variable, "value": image} for variable, image in images.items()],
    }
    labels = {"control-plane": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def forget(site: Site) -> None:
    """Take away what is left of the chart, as the documentation of a migration says."""
    kinds = "serviceaccount,role,rolebinding,service"
    site.kubectl("delete", kinds, "-n", NAMESPACE, "-l", _CHARTS_OWN)
    site.kubectl("delete", "clusterrole,clusterrolebinding", "-l", _CHARTS_OWN)


def _accepts(site: Site) -> bool:
    tried = pool("tried", "203.0.113.1/32")
    try:
        site.kubectl("apply", "--dry-run=server", "-f", "-", stdin=json.dumps(tried))
    except KubectlError:
        return False
    return True


def _wait_held(site: Site) -> None:
    """Wait until the status says that nothing is touched without consent."""
    wait_for(
        "the other installation is told",
        lambda: site.conditions().get("Degraded", {}).get("reason") == "OtherInstallation",
        seconds=60,
        every=0.5,
    )

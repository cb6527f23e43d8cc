"""What upstream's manifests and chart have installed becomes ours, and nothing is lost."""

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
from observe.report import Evidence
from observe.router import Router
from support.changes import under_traffic
from support.site import NAMESPACE, ROOT, Site, pool
from support.waiting import wait_for

RELEASE: Final = "0.15.3"
ADOPTED_GAP: Final = {"manifests": 0.5, "chart": 12.0}
"""Seconds: speakers of the chart have other names, and are replaced on every node at once."""
_OLD_WEBHOOKS: Final = ("metallb-webhook-configuration", "frr-k8s-validating-webhook-configuration")
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


@pytest.mark.parametrize("how", ["manifests", "chart"])
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
        site.declare()
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

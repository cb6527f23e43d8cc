"""Our two Deployments on real nodes: where their pods are, and what may happen to them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cluster.real.control_plane import PORT
from cluster.real.core import RealCluster
from observe.writers import Access, Writing, writing
from support.site import DEPLOYMENTS, NAMESPACE, Document, Site
from support.waiting import wait_for

WEBHOOKS, OPERATOR = DEPLOYMENTS
LEADERS: Final = {OPERATOR: "metallb-operator", WEBHOOKS: "metallb-webhooks"}
"""The Leases of those that lead."""
_WRITTEN: Final = "203.0.113."
_REPAIRED: Final = "app.kubernetes.io/part-of"
_OWNED: Final = "controller"


def pods(site: Site, deployment: str) -> tuple[Document, ...]:
    """Return the pods of a Deployment of ours that are not being deleted."""
    found = site.pods(f"app.kubernetes.io/name={deployment}")
    return tuple(pod for pod in found if "deletionTimestamp" not in pod["metadata"])


def nodes_of(site: Site, deployment: str) -> tuple[str, ...]:
    """Return the nodes of these pods, sorted; "" where one has none."""
    return tuple(sorted(pod["spec"].get("nodeName", "") for pod in pods(site, deployment)))


def leader(site: Site, deployment: str) -> Document:
    """Return the pod that holds the Lease."""

    def holding() -> Document:
        lease = site.real.kubectl.get("lease", LEADERS[deployment], NAMESPACE) or {"spec": {}}
        holder = str(lease["spec"].get("holderIdentity", ""))
        named = (pod for pod in pods(site, deployment) if pod["metadata"]["name"] in holder)
        return next(named, {})

    return wait_for(f"a pod of {deployment} leads", holding, seconds=60, every=0.3)


def delete(site: Site, pod: Document, *how: str) -> None:
    """Delete a pod, and do not wait."""
    name = pod["metadata"]["name"]
    site.kubectl("delete", "pod", name, "-n", NAMESPACE, "--wait=false", *how)


def kill(site: Site, pod: Document) -> None:
    """Kill the processes of a pod on its node as the kernel would when memory runs out."""
    machine = site.real.nodes[pod["spec"]["nodeName"]]
    uid = pod["metadata"]["uid"]
    found = [
        pid
        for pid in machine.run("sh", "-c", f"grep -l {uid} /proc/[0-9]*/cgroup || true").split()
        if "python" in machine.try_run("cat", pid.replace("cgroup", "cmdline")).stdout
    ]
    assert found, f"no process of {pod['metadata']['name']} on {machine.name}"
    machine.run("kill", "-9", *(pid.split("/")[2] for pid in found))


def restart(site: Site, deployment: str) -> None:
    """Roll a Deployment."""
    site.kubectl("rollout", "restart", f"deployment/{deployment}", "-n", NAMESPACE)
    site.rolled_out(f"deployment/{deployment}")


def move(site: Site, deployment: str, away_from: str) -> None:
    """Have a Deployment's pods leave a node, which takes pods again afterwards."""
    with cordoned(site, away_from):
        for pod in pods(site, deployment):
            if pod["spec"].get("nodeName") == away_from:
                delete(site, pod)
        wait_for(
            f"{deployment} has left {away_from}",
            lambda: away_from not in nodes_of(site, deployment),
            seconds=60,
            every=0.3,
        )
        site.rolled_out(f"deployment/{deployment}")


@contextmanager
def cordoned(site: Site, node: str) -> Iterator[None]:
    """Have a node take no new pods until the end of the block."""
    site.kubectl("cordon", node)
    try:
        yield
    finally:
        site.kubectl("uncordon", node)


def drain(site: Site, node: str) -> None:
    """Drain a node as its administrator would."""
    how = ("--ignore-daemonsets", "--delete-emptydir-data", "--timeout=120s")
    site.kubectl("drain", node, *how, seconds=130)


def wait_repairs(site: Site, seconds: float = 90) -> None:
    """Return when the operator has put something right: it is there, leads and works."""
    key = _REPAIRED.replace(".", "\\.")
    edit = (f"{_REPAIRED}=edited", "--overwrite")
    site.kubectl("label", "deployment", _OWNED, "-n", NAMESPACE, *edit)
    path = f"jsonpath={{.metadata.labels.{key}}}"
    wait_for(
        "the operator puts a label right",
        lambda: site.kubectl("get", "deployment", _OWNED, "-n", NAMESPACE, "-o", path) != "edited",
        seconds=seconds,
        every=0.3,
    )


@contextmanager
def under_writes(real: RealCluster) -> Iterator[Writing]:
    """Create and delete pools, five writes a second, until the end of the block."""
    folder = real.secrets.authority.folder
    access = Access(
        real.hosts[real.control.name].ipv4,
        PORT,
        real.secrets.authority.pair.certificate,
        folder / "admin.crt",
        folder / "admin.key",
        NAMESPACE,
    )
    with writing(real.control, access, _WRITTEN) as under_way:
        yield under_way


def told(real: RealCluster) -> "subprocess.CompletedProcess[str]":
    """Return what `kubectl metallb status` says to the administrator."""
    program = Path(sys.executable).with_name("kubectl-metallb")
    return subprocess.run(
        [*real.control.network_command(str(program)), "status"],
        env={**os.environ, "KUBECONFIG": str(real.secrets.admin)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

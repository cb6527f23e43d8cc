"""README's install section, word for word, on a cluster that has nothing of ours yet."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from cluster.binaries import binary
from cluster.real.core import RealCluster
from observe.report import Evidence
from support.outside import put_on_link, wait_announcing, wait_answer
from support.site import ROOT, Site, service, workload
from support.waiting import wait_for

README = (ROOT / "README.md").read_text()

RESIDENT = {"metallb-operator": 62, "metallb-webhooks": 52}
"""What a pod of ours may hold at rest, in MiB; the Go operator's take 57 to 64."""

pytestmark = pytest.mark.core


def section(title: str) -> str:
    """Return a section of README."""
    return README.partition(f"## {title}\n")[2].partition("\n## ")[0]


def blocks(title: str, kind: str) -> list[str]:
    """Return the code blocks of a section."""
    return re.findall(rf"^```{kind}\n(.*?)^```", section(title), re.MULTILINE | re.DOTALL)


def shell(real: RealCluster, folder: Path, text: str) -> "subprocess.CompletedProcess[str]":
    """Run a block as pasted into a shell at the root of the checkout."""
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    kubectl = programs / "kubectl"
    if not kubectl.exists():
        kubectl.symlink_to(binary("kubectl"))
    path = f"{programs}:{os.environ['PATH']}"
    return subprocess.run(
        [*real.control.network_command("bash", "-euo", "pipefail"), "-c", text],
        cwd=ROOT,
        env={**os.environ, "PATH": path, "KUBECONFIG": str(real.secrets.admin)},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


def test_install_as_readme_says(
    site: Site, real: RealCluster, evidence: Evidence, tmp_path: Path
) -> None:
    """The manifest, the waits and the object; then its first pool, and the refusal it shows."""
    [commands] = [text for text in blocks("Install on a cluster", "console") if "bundle/" in text]
    with evidence.scenario("README's install section") as shown:
        done = shell(real, tmp_path, commands)
        assert done.returncode == 0, done.stdout + done.stderr
        assert site.conditions()["Available"]["status"] == "True"
        shown.mark("Available")
        [pool] = blocks("First addresses", "yaml")
        (tmp_path / "first-pool.yaml").write_text(pool)
        done = shell(real, tmp_path, f"cd {tmp_path} && kubectl apply -f first-pool.yaml")
        assert done.returncode == 0, done.stderr
        real.kubectl.apply(workload(), service("first"))
        put_on_link(real.router)
        [address] = site.wait_addresses("first")
        assert address == "192.168.1.240"
        wait_announcing(real, address)
        shown.mark("announced")
        wait_answer(real.router, address)
        overlapping = pool.partition("---")[0].replace("first-pool", "second")
        overlapping = overlapping.replace("192.168.1.240-192.168.1.250", "192.168.1.0/24")
        (tmp_path / "overlapping.yaml").write_text(overlapping)
        [example] = blocks("First addresses", "console")
        done = shell(real, tmp_path, f"cd {tmp_path} && kubectl apply -f overlapping.yaml")
        assert done.returncode == 1
        promised = " ".join(example.partition("\n")[2].split())
        assert " ".join(done.stderr.split()) == promised
    shell(
        real,
        tmp_path,
        f"kubectl delete service first; kubectl delete -f {tmp_path}/first-pool.yaml",
    )


def test_processes_are_nobody_in_the_image(site: Site, evidence: Evidence) -> None:
    """Neither user nor group is root, though containerd takes the user alone from the image."""
    with evidence.scenario("Uid and gid of our processes"):
        for name in ("metallb-operator", "metallb-webhooks"):
            where = ("-n", "metallb-system", f"deployment/{name}", "--", "python3", "-c")
            told = site.kubectl("exec", *where, "import os; print(os.getuid(), os.getgid())")
            assert told.split() == ["65532", "65532"]


def test_the_operator_is_ready_only_when_it_works(site: Site, evidence: Evidence) -> None:
    """A pod that is ready stays: nothing is found out later that ends it."""
    with evidence.scenario("No restarts after the rollout"):
        for name in ("metallb-operator", "metallb-webhooks"):
            site.rolled_out(f"deployment/{name}")
            pods = site.pods(f"app.kubernetes.io/name={name}")
            restarts = [
                status["restartCount"]
                for pod in pods
                for status in pod["status"]["containerStatuses"]
            ]
            assert restarts == [0] * len(pods)
        wait_for("MetalLB is available", lambda: site.conditions()["Available"]["status"] == "True")


def test_memory_at_rest(site: Site, evidence: Evidence) -> None:
    """With ten objects stored, as the kubelet counts it: without the pages of the image's files."""
    with evidence.scenario("Memory of our pods, ten objects stored") as shown, site.clean():
        site.run(bgpBackend="native")
        site.apply(*(_pool(number) for number in range(10)))
        for name, most in RESIDENT.items():
            for pod in site.pods(f"app.kubernetes.io/name={name}"):
                held = _resident(site, pod["metadata"]["name"])
                shown.notes.append(f"{name}: {held:.0f} MiB.")
                assert held < most


def _pool(number: int) -> dict[str, object]:
    return {
        "apiVersion": "metallb.io/v1beta1",
        "kind": "IPAddressPool",
        "metadata": {"name": f"stored-{number}", "namespace": "metallb-system"},
        "spec": {"addresses": [f"203.0.113.{number}/32"]},
    }


def _resident(site: Site, pod: str) -> float:
    """Return what the first process of a pod holds, in MiB.

    It is what the kubelet's summary calls rssBytes where there is cgroup v2: `anon` of memory.stat
    (cadvisor, container/libcontainer/handler.go).
    """
    command = "print(open('/proc/1/status').read())"
    told = site.kubectl("exec", "-n", "metallb-system", pod, "--", "python3", "-c", command)
    [kibibytes] = re.findall(r"^RssAnon:\s+(\d+) kB$", told, re.MULTILINE)
    return int(kibibytes) / 1024

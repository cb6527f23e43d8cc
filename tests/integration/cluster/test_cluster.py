"""The embedded cluster keeps what its users rely on."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cluster import Cluster, KubectlError
from support.waiting import wait_for

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "simulated", "namespace": "default"},
    "spec": {"containers": [{"name": "main", "image": "example.test/image"}]},
}


def test_two_clusters_run_at_once_and_know_nothing_of_each_other(cluster: Cluster) -> None:
    with Cluster.start() as other:
        other.kubectl("create", "namespace", "only-here")
        assert cluster.get("namespace", "only-here") is None
        assert other.url != cluster.url


def test_pods_are_scheduled_and_run(cluster: Cluster) -> None:
    cluster.apply(POD)
    cluster.kubectl("wait", "--for=condition=Ready", "pod/simulated", "--timeout=30s")
    cluster.kubectl("delete", "pod", "simulated", "--timeout=30s")


def test_a_service_account_has_its_own_rights_only(cluster: Cluster) -> None:
    kubeconfig = cluster.service_account_kubeconfig("default", "default")
    with pytest.raises(KubectlError, match="forbidden"):
        cluster.kubectl("--kubeconfig", str(kubeconfig), "get", "nodes")


def test_without_a_certificate_or_token_nothing_is_served(cluster: Cluster) -> None:
    with pytest.raises(KubectlError, match=r"Unauthorized|forbidden|provide credentials"):
        cluster.kubectl(
            "--kubeconfig=/dev/null",
            f"--server={cluster.url}",
            f"--certificate-authority={cluster.plane.endpoint.authority}",
            "--username=nobody",
            "--password=none",
            "get",
            "nodes",
        )


def test_the_audit_log_tells_who_wrote_what(cluster: Cluster) -> None:
    start = cluster.audit_position()
    cluster.kubectl("create", "configmap", "audited")
    cluster.kubectl("delete", "configmap", "audited")
    verbs = [
        event["verb"]
        for event in cluster.audit(start)
        if event.get("objectRef", {}).get("name") == "audited"
    ]
    assert "create" in verbs
    assert "delete" in verbs


def test_it_survives_a_restart_of_the_api_server() -> None:
    with Cluster.start() as own:
        own.kubectl("create", "namespace", "kept")
        own.restart_api_server()
        assert own.get("namespace", "kept") is not None


def test_killing_whoever_started_it_leaves_nothing_running(tmp_path: Path) -> None:
    script = (
        "import json, signal\n"
        "from cluster import Cluster\n"
        "cluster = Cluster.start()\n"
        "parts = cluster.plane.components.values()\n"
        "print(json.dumps([part.pid for part in parts]), flush=True)\n"
        "signal.pause()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "TMPDIR": str(tmp_path)},
    )
    assert holder.stdout is not None
    pids = json.loads(holder.stdout.readline())
    assert all(_runs(pid) for pid in pids)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    wait_for("everything has ended", lambda: not any(_runs(pid) for pid in pids), seconds=10)


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state.rpartition(")")[2].split()[0] != "Z"

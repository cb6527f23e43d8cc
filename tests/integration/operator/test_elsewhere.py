"""What others keep in namespaces of theirs does not fill the operator's memory."""

from pathlib import Path
from typing import Any, Final

import pytest

from metallb_kube.client import KubeClient
from metallb_kube.objects import ref_of
from support.operating import Operating
from support.reviews import stored

SPACE: Final = "tenant"
COUNT: Final = 200
BYTES: Final = 1_000_000
MOST_MEBIBYTES: Final = 192


@pytest.fixture
def large() -> list[dict[str, Any]]:
    raw = {"rawConfig": "!" * BYTES}
    return [stored("FRRConfiguration", f"large-{n}", SPACE, raw=raw) for n in range(COUNT)]


async def test_large_objects_elsewhere_fill_no_memory(
    operator: Operating, large: list[dict[str, Any]]
) -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}}
    async with KubeClient.connect(operator.cluster.kubeconfig) as client:
        await client.apply(namespace, field_manager="tests")
        try:
            for manifest in large:
                await client.create(manifest)
            operator.process.stop()
            operator.process.start()
            operator.wait_ready()
            operator.create()
            # It says so once everything that it follows is listed and judged.
            operator.wait_condition("ConfigurationValid", "True")
            most = _most_mebibytes(operator.process.pid)
        finally:
            for manifest in large:
                await client.delete(ref_of(manifest))
    assert most < MOST_MEBIBYTES


def _most_mebibytes(pid: int) -> float:
    """Return the most resident memory that a process has had."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    [value] = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(value) / 1024

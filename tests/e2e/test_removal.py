"""The namespace is deleted with everything in it, and the operator comes back."""

import json
import time
from typing import Final

from cluster.real.core import RealCluster
from observe.report import Evidence
from support.changes import LAYER2
from support.outside import announcing, eventually, put_on_link, wait_announcing, wait_answer
from support.site import NAMESPACE, Document, Site, configured, pool, service, workload

REMOVED_SECONDS: Final = 60


def test_namespace_deleted_and_installed_again(
    installed: Site, real: RealCluster, evidence: Evidence
) -> None:
    site = installed
    site.run(bgpBackend="native")
    with evidence.scenario("Namespace deleted, then installed again") as shown:
        _announce(site, real)
        began = time.monotonic()
        shown.mark("namespace deleted")
        how = ("--wait=true", f"--timeout={REMOVED_SECONDS}s")
        site.kubectl("delete", "namespace", NAMESPACE, *how)
        shown.mark("gone")
        shown.notes.append(f"The namespace was gone after {time.monotonic() - began:.0f} s.")
        eventually("nobody answers for the address", lambda: not announcing(real, LAYER2))
        elsewhere = _elsewhere(pool("elsewhere", "203.0.113.9/32"))
        site.kubectl("apply", "-f", "-", stdin=json.dumps(elsewhere))
        site.kubectl("delete", "-f", "-", stdin=json.dumps(elsewhere))
        shown.mark("a pool elsewhere was taken")
        site.install()
        site.run(bgpBackend="native")
        shown.mark("installed again")
        # The pools went with the namespace, and came back with nobody but their owner.
        _announce(site, real)
        assert site.addresses("by-layer-2") == (LAYER2,)


def _announce(site: Site, real: RealCluster) -> None:
    """Have an address announced, and answered."""
    put_on_link(real.router)
    site.real.kubectl.apply(workload())
    site.apply(
        pool("by-layer-2", f"{LAYER2}-192.168.1.245", autoAssign=False),
        configured("L2Advertisement", "by-layer-2", ipAddressPools=["by-layer-2"]),
        service("by-layer-2", annotations={"metallb.io/loadBalancerIPs": LAYER2}),
    )
    wait_announcing(real, LAYER2, seconds=60)
    wait_answer(real.router, LAYER2)


def _elsewhere(document: Document) -> Document:
    return {**document, "metadata": {**document["metadata"], "namespace": "default"}}

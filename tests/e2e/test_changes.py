"""Nothing is lost when we change things: restarts, releases, backends, under clients at 20 Hz."""

from typing import Any

import pytest

from cluster.real.core import RealCluster
from observe.report import Evidence
from observe.router import Router
from support.changes import under_traffic
from support.site import NAMESPACE, Site

OLD, NEW = "0.15.3", "0.16.1"
BACKENDS = ("native", "frr", "frr-k8s")
SPEAKERS = {"native": ("speaker",), "frr": ("speaker",), "frr-k8s": ("frr-k8s", "speaker")}


class Changing:
    """What every test here asks for, in one place."""

    def __init__(self, site: Site, real: RealCluster, router: Router, evidence: Evidence) -> None:
        self.site, self.real, self.router, self.evidence = site, real, router, evidence

    def to(self, name: str, before: dict[str, Any], after: dict[str, Any]) -> None:
        """Change the MetalLB object from one spec to another under traffic."""
        self.site.run(**before)
        label = f"{after['bgpBackend']}"
        with under_traffic(
            self.site, self.real, self.router, self.evidence, name, backend=label
        ) as watched:
            watched.mark("changed")
            self.site.run(**after)


@pytest.fixture
def changing(installed: Site, real: RealCluster, router: Router, evidence: Evidence) -> Changing:
    return Changing(installed, real, router, evidence)


def of(backend: str, version: str = NEW, **spec: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {"bgpBackend": backend, "version": version, **spec}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("native", "frr-k8s", marks=pytest.mark.core),
        ("frr-k8s", "frr"),
        ("frr", "native"),
        ("native", "frr"),
        ("frr", "frr-k8s"),
        ("frr-k8s", "native"),
    ],
)
def test_backend_switch(changing: Changing, before: str, after: str) -> None:
    changing.to(f"Switch from {before}", of(before), of(after))


@pytest.mark.parametrize(
    "backend", ["native", "frr", pytest.param("frr-k8s", marks=pytest.mark.core)]
)
def test_upgrade(changing: Changing, backend: str) -> None:
    changing.to(f"Upgrade {OLD} to {NEW}", of(backend, OLD), of(backend, NEW))


@pytest.mark.parametrize("backend", BACKENDS)
def test_downgrade(changing: Changing, backend: str) -> None:
    changing.to(f"Downgrade {NEW} to {OLD}", of(backend, NEW), of(backend, OLD))


@pytest.mark.parametrize("backend", BACKENDS)
def test_change_of_a_flag(changing: Changing, backend: str) -> None:
    changing.to("Log level", of(backend), of(backend, logLevel="debug"))


@pytest.mark.parametrize("backend", BACKENDS)
def test_restart(changing: Changing, backend: str) -> None:
    site = changing.site
    site.run(**of(backend))
    with under_traffic(
        site, changing.real, changing.router, changing.evidence, "Restart", backend=backend
    ) as watched:
        for name in SPEAKERS[backend]:
            watched.mark(f"restart {name}")
            site.kubectl("rollout", "restart", f"daemonset/{name}", "-n", NAMESPACE)
            site.rolled_out(f"daemonset/{name}")
        watched.mark("restart controller")
        site.kubectl("rollout", "restart", "deployment/controller", "-n", NAMESPACE)
        site.rolled_out("deployment/controller")
        site.wait_settled()

"""Nothing is lost when we change things: restarts, releases, backends, under clients at 20 Hz.

Each change begins where the one before has ended, so that nothing is rolled out unwatched.
"""

from dataclasses import dataclass
from typing import Any, Final

import pytest

from cluster.real.core import RealCluster
from observe.report import Evidence
from observe.router import Router
from support.changes import under_traffic
from support.site import NAMESPACE, Site

OLD, NEW = "0.15.3", "0.16.1"
SPEAKERS = {"native": ("speaker",), "frr": ("speaker",), "frr-k8s": ("frr-k8s", "speaker")}

Spec = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """From one spec of the MetalLB object to the next one; the same one is a restart."""

    name: str
    before: Spec
    after: Spec
    core: bool = False

    @property
    def backend(self) -> str:
        """The one that it ends with."""
        return str(self.after["bgpBackend"])


def of(backend: str, version: str = NEW, **spec: Any) -> Spec:  # noqa: ANN401 - any JSON
    return {"bgpBackend": backend, "version": version, **spec}


def on(backend: str, *, core: bool = False) -> list[Change]:
    """Return every change but that of the backend, in the order of a chain."""
    newer, older, debug = of(backend), of(backend, OLD), of(backend, logLevel="debug")
    return [
        Change(f"Downgrade {NEW} to {OLD}", newer, older),
        Change(f"Upgrade {OLD} to {NEW}", older, newer, core),
        Change("Log level", newer, debug),
        Change("Restart", debug, debug),
    ]


def switch(before: str, after: str, *, core: bool = False, **spec: Any) -> Change:  # noqa: ANN401 - any JSON
    """Return a change of backend; the spec is of what there was before."""
    return Change(f"Switch from {before}", of(before, **spec), of(after), core)


DEBUG: Final[Spec] = {"logLevel": "debug"}
CHANGES: Final = (
    *on("native"),
    switch("native", "frr-k8s", core=True, **DEBUG),
    *on("frr-k8s", core=True),
    switch("frr-k8s", "frr", **DEBUG),
    *on("frr"),
    switch("frr", "native", **DEBUG),
    switch("native", "frr"),
    switch("frr", "frr-k8s"),
    switch("frr-k8s", "native"),
)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            change,
            id=f"{change.name}-{change.backend}".replace(" ", "-").lower(),
            marks=[pytest.mark.core] if change.core else [],
        )
        for change in CHANGES
    ],
)
def test_change(
    installed: Site, real: RealCluster, router: Router, evidence: Evidence, change: Change
) -> None:
    installed.run(**change.before)
    with under_traffic(
        installed, real, router, evidence, change.name, backend=change.backend
    ) as watched:
        if change.before != change.after:
            watched.mark("changed")
            installed.run(**change.after)
            return
        for name in SPEAKERS[change.backend]:
            watched.mark(f"restart {name}")
            installed.kubectl("rollout", "restart", f"daemonset/{name}", "-n", NAMESPACE)
            installed.rolled_out(f"daemonset/{name}")
        watched.mark("restart controller")
        installed.kubectl("rollout", "restart", "deployment/controller", "-n", NAMESPACE)
        installed.rolled_out("deployment/controller")
        installed.wait_settled()

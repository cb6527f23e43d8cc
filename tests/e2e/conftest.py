"""Two real nodes, two routers and our image: one cluster for the whole run.

Tests run in the order of their files. What is installed, and with which backend, is part of the
fixtures that a test asks for, so each file can be run alone.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cluster.image import archive
from cluster.real import images
from cluster.real.addresses import ROUTER, SECOND_ROUTER
from cluster.real.core import RealCluster, real_cluster
from observe.bgpconfig import Bgp, Neighbor
from observe.evidence import capturing, save
from observe.report import FOLDER_VARIABLE, Evidence
from observe.router import Router, routing
from support.site import NAMESPACE, ROOT, Site, workload

FOLDER = Path(os.environ.get(FOLDER_VARIABLE) or ROOT / "build" / "e2e")
NODES = (11, 12)
"""The last parts of the nodes' addresses."""


_ORDER = ("test_install", "test_introduction", "test_changes")
"""Files that leave something behind that the next one begins with; others go after them."""
_LAST = ("test_adoption", "test_removal")
"""Files that take away what the others have installed."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Install first, then use it, then change it."""
    for item in items:
        # What observes is tried on each change: without it nothing that is observed counts.
        if item.path.parent.name == "observe":
            item.add_marker(pytest.mark.core)
    rank = {name: index for index, name in enumerate((*_ORDER, "", *_LAST))}
    items.sort(key=lambda item: rank.get(item.path.stem, rank[""]))


@pytest.fixture(scope="session")
def real() -> Iterator[RealCluster]:
    with real_cluster(images.archives(), keep=FOLDER / "machines") as running:
        running.load([archive()])
        yield running


@pytest.fixture(scope="session")
def evidence(real: RealCluster) -> Iterator[Evidence]:
    FOLDER.mkdir(parents=True, exist_ok=True)
    collector = Evidence(FOLDER, datetime.now(UTC))
    with capturing(real.lan, "br0", FOLDER) as capture:

        def explain(_: str, folder: Path) -> None:
            save(
                folder,
                places=[machine for machine in real.machines if machine.up],
                kubectl=real.kubectl.run,
                namespaces=(NAMESPACE, "default"),
                logs=[*(machine.folder / "logs" for machine in real.machines), capture],
            )

        collector.on_failure = explain
        yield collector
        collector.write()


@pytest.fixture(scope="session")
def site(real: RealCluster, evidence: Evidence) -> Site:  # noqa: ARG001 - recorded from here on
    """The cluster, with nothing of ours on it."""
    return Site(real)


@pytest.fixture(scope="session")
def installed(site: Site) -> Site:
    """The operator and its webhooks, by the manifest, and pods that answer."""
    if not os.path.lexists(site.real.folder / "installed"):
        site.install()
        site.real.kubectl.apply(workload())
        site.kubectl("rollout", "status", "daemonset/web", "--timeout=60s")
        (site.real.folder / "installed").touch()
    return site


@pytest.fixture(scope="session")
def router(real: RealCluster) -> Iterator[Router]:
    """The router of the introduction: 10.0.0.1, ASN 64501."""
    neighbors = tuple(Neighbor(f"10.0.0.{number}", 64500) for number in NODES)
    bgp = Bgp(64501, "10.0.0.1", neighbors)
    with routing(real.outside[ROUTER.name], bgp, real.folder / ROUTER.name / "logs") as running:
        yield running


@pytest.fixture(scope="session")
def second_router(real: RealCluster) -> Iterator[Router]:
    """The router of the introduction that BFD watches: 172.30.0.3, ASN 64512, as the nodes."""
    neighbors = tuple(Neighbor(f"172.30.0.{number}", 64512, bfd=True) for number in NODES)
    bgp = Bgp(64512, "172.30.0.3", neighbors)
    where = real.outside[SECOND_ROUTER.name]
    with routing(where, bgp, real.folder / SECOND_ROUTER.name / "logs") as running:
        yield running


@pytest.fixture(scope="session")
def backend(installed: Site) -> Callable[[str], Site]:
    """Return what makes MetalLB run with a backend, in the default release."""

    def run(name: str) -> Site:
        installed.run(bgpBackend=name)
        return installed

    return run


@pytest.fixture(autouse=True)
def _tidy(request: pytest.FixtureRequest) -> Iterator[None]:
    with ExitStack() as stack:
        if "installed" in request.fixturenames:
            stack.enter_context(request.getfixturevalue("installed").clean())
        yield

"""A release that cannot be had costs nothing; one that is pulled beforehand, neither."""

from typing import Any, Final

import pytest

from cluster.real.core import RealCluster
from observe.report import Evidence
from observe.router import Router
from support.changes import under_traffic
from support.site import NAMESPACE, Site
from support.waiting import wait_for

OLD, NEW = "0.15.3", "0.16.1"
MISSING: Final = {
    "controller": "registry.invalid/controller:missing",
    "speaker": "registry.invalid/speaker:missing",
}
DEADLINE_SECONDS: Final = 30
BACKEND: Final = "native"
TOLD_SECONDS: Final = 120


@pytest.mark.parametrize("pulled_before", [False, True])
def test_rollback(
    installed: Site, real: RealCluster, router: Router, evidence: Evidence, *, pulled_before: bool
) -> None:
    """The new release has an image that nobody has: the old one returns, or stays."""
    site = installed
    site.run(bgpBackend=BACKEND, version=OLD)
    name = "Upgrade to an image that does not exist"
    name += ", with a pull before" if pulled_before else ", with rollback"
    upgrade: dict[str, Any] = {"progressDeadlineSeconds": DEADLINE_SECONDS}
    upgrade |= {"prePullImages": True} if pulled_before else {"rollbackOnFailure": True}
    with under_traffic(site, real, router, evidence, name, backend=BACKEND) as watched:
        watched.mark("changed")
        site.declare(bgpBackend=BACKEND, version=NEW, images=MISSING, upgrade=upgrade)
        told = wait_for("it is told", lambda: _degraded(site), seconds=TOLD_SECONDS, every=0.5)
        watched.mark("told")
        watched.shown.notes.append(told)
        if not pulled_before:
            wait_for(
                f"{OLD} runs again",
                lambda: _images(site) == {OLD} and _is_available(site),
                seconds=TOLD_SECONDS,
                every=0.5,
            )
            watched.mark(f"{OLD} again")
        assert _images(site) == {OLD}
        site.run(bgpBackend=BACKEND, version=OLD)
        watched.mark("taken back")


def test_upgrade_with_images_pulled_before(
    installed: Site, real: RealCluster, router: Router, evidence: Evidence
) -> None:
    site = installed
    site.run(bgpBackend=BACKEND, version=OLD)
    name = f"Upgrade {OLD} to {NEW}, images pulled before"
    with under_traffic(site, real, router, evidence, name, backend=BACKEND) as watched:
        watched.mark("changed")
        site.run(bgpBackend=BACKEND, version=NEW, upgrade={"prePullImages": True})
        assert _images(site) == {NEW}


def _images(site: Site) -> set[str]:
    """Return the releases that controller and speakers are to run; what is none, as it is."""
    path = "jsonpath={.items[*].spec.template.spec.containers[*].image}"
    what = ("deployment/controller", "daemonset/speaker")
    images = site.kubectl("get", *what, "-n", NAMESPACE, "-o", path).split()
    return {image.rpartition("/metallb/")[2].rpartition(":v")[2] or image for image in images}


def _degraded(site: Site) -> str:
    found = site.conditions().get("Degraded", {})
    return str(found.get("message", "")) if found.get("status") == "True" else ""


def _is_available(site: Site) -> bool:
    return bool(site.conditions().get("Available", {}).get("status") == "True")

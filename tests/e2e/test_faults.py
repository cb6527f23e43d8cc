"""Operator, webhooks and control plane are killed, rolled, moved, and nobody notices."""

import base64
import time
from collections.abc import Callable
from typing import Any, Final

import pytest

from cluster.real.core import RealCluster
from observe.report import Evidence
from observe.router import Router
from support import ours
from support.changes import under_traffic
from support.ours import OPERATOR, WEBHOOKS
from support.site import NAMESPACE, Site
from support.waiting import wait_for

BACKEND: Final = "native"
CERTIFICATE: Final = "metallb-webhooks-cert"
LONGEST_GAP: Final = 0.2
"""Seconds: nothing that announces or answers is touched."""
NOTICED_SECONDS: Final = 3
SETTLED_SECONDS: Final = 90
"""The Lease of an operator that ended without a word lasts for 30 seconds."""

Scenario = Callable[..., Any]


def delete(site: Site, deployment: str) -> None:
    ours.delete(site, ours.leader(site, deployment))


def delete_by_force(site: Site, deployment: str) -> None:
    ours.delete(site, ours.leader(site, deployment), "--force", "--grace-period=0")


def kill(site: Site, deployment: str) -> None:
    ours.kill(site, ours.leader(site, deployment))


def move(site: Site, deployment: str) -> None:
    ours.move(site, deployment, ours.leader(site, deployment)["spec"]["nodeName"])


def delete_all(site: Site, deployment: str) -> None:
    """Delete one after the other; the next one when there are two again."""
    for pod in ours.pods(site, deployment):
        ours.delete(site, pod)
        site.rolled_out(f"deployment/{deployment}")


@pytest.fixture
def scenario(
    installed: Site, real: RealCluster, router: Router, evidence: Evidence
) -> Callable[[str], Any]:
    """Return what runs a change under traffic, with MetalLB in its default release."""
    installed.run(bgpBackend=BACKEND)

    def under(name: str, **how: Any) -> Any:  # noqa: ANN401 - passed on
        how = {"longest_gap": LONGEST_GAP, **how}
        return under_traffic(installed, real, router, evidence, name, backend=BACKEND, **how)

    return under


@pytest.mark.parametrize(
    ("name", "disturb"),
    [
        ("deleted", delete),
        ("deleted by force", delete_by_force),
        ("rolled", ours.restart),
        ("killed", kill),
        ("moved to another node", move),
    ],
)
def test_operator(
    installed: Site,
    scenario: Scenario,
    name: str,
    disturb: Callable[[Site, str], None],
) -> None:
    with scenario(f"Operator {name}") as watched:
        began = time.monotonic()
        watched.mark(name)
        disturb(installed, OPERATOR)
        ours.wait_repairs(installed, SETTLED_SECONDS)
        watched.shown.notes.append(f"It works again after {time.monotonic() - began:.0f} s.")
        installed.rolled_out(f"deployment/{OPERATOR}")
        installed.wait_settled(SETTLED_SECONDS)
    assert time.monotonic() - began < SETTLED_SECONDS


@pytest.mark.parametrize(
    ("name", "disturb"),
    [
        ("deleted, one after the other", delete_all),
        ("deleted by force, the leader", delete_by_force),
        ("rolled", ours.restart),
        ("killed, the leader", kill),
        ("moved, the leader", move),
    ],
)
def test_webhooks(
    installed: Site,
    real: RealCluster,
    scenario: Scenario,
    name: str,
    disturb: Callable[[Site, str], None],
) -> None:
    with scenario(f"Webhooks {name}") as watched, ours.under_writes(real) as writing:
        watched.mark(name)
        disturb(installed, WEBHOOKS)
        installed.rolled_out(f"deployment/{WEBHOOKS}")
        ours.leader(installed, WEBHOOKS)
        writing.wait_written(10)
        found = writing.account()
        watched.shown.notes.append(f"{found}.")
    if disturb is kill:
        # Its address leads to nobody until the kubelet has noticed, or started it again.
        assert found.last - found.first < NOTICED_SECONDS, found
        assert found.unanswered == 0
    else:
        assert (found.refused, found.unanswered) == (0, 0), found


def test_certificate(installed: Site, real: RealCluster, scenario: Scenario) -> None:
    """A certificate that is lost is made anew by one replica and served by both."""
    with (
        scenario("Certificate of the webhooks replaced") as watched,
        ours.under_writes(real) as writing,
    ):
        before = _certificate(installed)
        watched.mark("Secret deleted")
        installed.kubectl("delete", "secret", CERTIFICATE, "-n", NAMESPACE)

        def everywhere() -> bool:
            now = _certificate(installed)
            return bool(now) and now != before and _served(installed, real) == {now}

        wait_for("both replicas serve a new certificate", everywhere, seconds=90, every=1)
        watched.mark("served by both")
        writing.wait_written(10)
        found = writing.account()
        watched.shown.notes.append(f"{found}.")
    assert (found.refused, found.unanswered) == (0, 0), found


@pytest.mark.parametrize("program", ["kube-apiserver", "kube-controller-manager"])
def test_control_plane(
    installed: Site, real: RealCluster, scenario: Scenario, program: str
) -> None:
    with scenario(f"{program} restarted") as watched:
        running = real.control.programs[program]
        watched.mark("stopped")
        running.stop()
        running.start()
        watched.mark("started")
        serves = ("get", "--raw", "/readyz")
        wait_for(
            "the API server is ready",
            lambda: not real.kubectl.try_run(*serves).returncode,
            seconds=60,
            every=0.5,
        )
        watched.mark("ready")
        ours.wait_repairs(installed)
        installed.wait_settled()


def _certificate(site: Site) -> str:
    """Return what the Secret holds, PEM; "" if it is not there."""
    found = site.real.kubectl.get("secret", CERTIFICATE, NAMESPACE)
    return base64.b64decode(found["data"]["tls.crt"]).decode().strip() if found else ""


def _served(site: Site, real: RealCluster) -> set[str]:
    """Return the certificates that the replicas serve, PEM."""
    script = "openssl s_client -connect {}:9443 </dev/null 2>/dev/null | openssl x509"
    return {
        real.control.try_run("sh", "-c", script.format(pod["status"]["podIP"])).stdout.strip()
        for pod in ours.pods(site, WEBHOOKS)
    }

"""The webhooks as processes behind their Service, under their own rights, on a cluster."""

import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from cluster import Cluster
from cluster.egress import PROBE_SECONDS
from metallb_kube.client import KubeClient
from metallb_kube.objects import ref_of
from metallb_kube.resources import resource_for
from metallb_webhooks.followed import FOLLOWED
from support.operating import INSTALL, NAMESPACE
from support.processes import Process, free_port, running, webhooks_process
from support.waiting import wait_for

SERVICE: Final = "metallb-webhooks"
_NOTICED_SECONDS: Final = 3 * PROBE_SECONDS


@dataclass(frozen=True, slots=True)
class Replica:
    """One process of the webhooks, and where it listens on loopback."""

    process: Process
    port: int

    def probe(self, path: str = "/readyz") -> tuple[int, str]:
        """Ask as the kubelet does, which does not verify; status 0 where nothing answers."""
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        url = f"https://127.0.0.1:{self.port}{path}"
        try:
            with urllib.request.urlopen(url, timeout=5, context=context) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def ready(self) -> bool:
        """Return whether it is ready; raises with the end of its log if it has ended."""
        if not self.process.alive:
            raise AssertionError(f"{self.process.name} ended:\n{self.process.tail(40)}")
        return self.probe()[0] == 200

    def wait_ready(self) -> None:
        """Wait until it is ready, and was for longer than whoever routes takes to notice."""
        since: list[float] = []

        def lasts() -> bool:
            if not self.ready():
                since.clear()
                return False
            since.append(time.monotonic())
            return since[-1] - since[0] > _NOTICED_SECONDS

        wait_for(f"{self.process.name} is ready", lasts, seconds=30)


@dataclass(frozen=True, slots=True)
class Admitting:
    """A cluster whose API server asks the replicas."""

    cluster: Cluster
    replicas: tuple[Replica, ...]

    def wait_ready(self) -> None:
        """Wait until every replica is ready, and the API server gets answers."""
        for replica in self.replicas:
            replica.wait_ready()
        wait_for("admission works", lambda: self.try_apply(probe()).returncode == 0)

    def try_apply(self, manifest: dict[str, Any]) -> Any:  # noqa: ANN401 - what subprocess returns
        """Apply a manifest as kubectl does, and return what that said."""
        dry = ["--dry-run=server"] if manifest["metadata"]["name"] == "probe" else []
        return self.cluster.try_kubectl("apply", *dry, "-f", "-", stdin=yaml.safe_dump(manifest))

    async def clear(self, client: KubeClient) -> None:
        """Delete all configuration."""
        for kind in ("BGPAdvertisement", "L2Advertisement", "BGPPeer", "IPAddressPool"):
            api_version = FOLLOWED[kind].api_version
            listing = await client.list(resource_for(api_version, kind), namespace=NAMESPACE)
            for item in listing.items:
                await client.delete(ref_of(item))

    def unregister(self) -> dict[str, Any]:
        """Take the webhook configuration away, and return it as it was shipped."""
        where = ["validatingwebhookconfiguration", SERVICE]
        self.cluster.kubectl("delete", *where)
        documents = yaml.safe_load_all(INSTALL.read_text())
        kind = "ValidatingWebhookConfiguration"
        return next(doc for doc in documents if doc and doc["kind"] == kind)

    def register(self, configuration: dict[str, Any]) -> None:
        """Put the webhook configuration back, and wait until it is in effect."""
        self.cluster.apply(configuration, server_side=True)
        self.wait_ready()

    def route(self, *replicas: Replica) -> None:
        """Put these replicas behind the Service, and no other."""
        backends = [f"127.0.0.1:{replica.port}" for replica in replicas]
        self.cluster.route_service(NAMESPACE, SERVICE, backends)


def probe() -> dict[str, Any]:
    """Return an object that is valid, to be applied dry."""
    return {
        "apiVersion": "metallb.io/v1beta1",
        "kind": "Community",
        "metadata": {"name": "probe", "namespace": NAMESPACE},
        "spec": {},
    }


def install_with_admission(cluster: Cluster) -> None:
    """Install everything of the install manifest but the Deployments."""
    documents = yaml.safe_load_all(INSTALL.read_text())
    kept = [doc for doc in documents if doc and doc["kind"] != "Deployment"]
    cluster.kubectl("apply", "--server-side", "-f", "-", input=yaml.safe_dump_all(kept))


@contextmanager
def admitting(
    cluster: Cluster, logs: Path, *, replicas: int = 2, extra: tuple[str, ...] = ()
) -> Iterator[Admitting]:
    """Install the product and run its webhooks until the end of the block.

    Args:
        cluster: without admission so far.
        logs: a folder for their logs.
        replicas: how many.
        extra: further arguments of each.
    """
    install_with_admission(cluster)
    account = cluster.service_account_kubeconfig(NAMESPACE, SERVICE)
    made = tuple(
        Replica(
            webhooks_process(
                account,
                NAMESPACE,
                port=port,
                logs=logs,
                name=f"{SERVICE}-{number}",
                extra=extra,
            ),
            port,
        )
        for number, port in enumerate((free_port() for _ in range(replicas)), start=1)
    )
    with running(*(replica.process for replica in made)):
        admission = Admitting(cluster, made)
        admission.route(*made)
        admission.wait_ready()
        yield admission
        for replica in made:
            replica.process.kill()  # nobody is left who would notice

"""A node that loses power, and comes back."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from support.site import Document, Site
from support.waiting import wait_for


@contextmanager
def without_power(site: Site, node: str, seconds: float = 180) -> Iterator[None]:
    """Take the power of a node away for the block; at its end, all is as before.

    Raises:
        DeadlineError: its pods do not run again in time.
    """
    site.real.power_off(node)
    try:
        yield
    finally:
        # Until the kubelet says otherwise, its node and pods look as they did before.
        since = datetime.now(UTC).replace(microsecond=0)
        site.real.power_on(node)
        wait_for(
            f"the pods of {node} run again",
            lambda: run_again(pods_of(site, node), since),
            seconds=seconds,
            every=0.5,
        )
        site.wait_settled()


def pods_of(site: Site, node: str) -> tuple[Document, ...]:
    """Return the pods that a node is to run."""
    found = site.real.kubectl.get("pods", "--all-namespaces") or {"items": []}
    return tuple(pod for pod in found["items"] if pod["spec"].get("nodeName") == node)


def run_again(pods: tuple[Document, ...], since: datetime) -> bool:
    """Return whether every container is ready, and was started at that moment or later."""
    return all(
        status["ready"] and datetime.fromisoformat(status["state"]["running"]["startedAt"]) >= since
        for pod in pods
        for status in pod["status"].get("containerStatuses", ())
    )

"""Read what the rules look at from a cluster, once."""

import asyncio
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from metallb_cli.judge import Surroundings
from metallb_kube.client import KubeClient
from metallb_kube.errors import ForbiddenError, NotFoundError
from metallb_kube.resources import resource_for
from metallb_webhooks.followed import FOLLOWED, Followed
from metallb_webhooks.installation import METALLB, backend_in_effect, frr_k8s_namespace
from metallb_webhooks.store import Store

_DISPENSABLE: Final = frozenset({"Namespace", "Node", "Secret", "Service"})
"""Kinds without which the rules say less, and nothing wrong."""


@dataclass(frozen=True, slots=True)
class ClusterRead:
    """What a cluster has.

    Attributes:
        surroundings: what was read.
        forbidden: kinds that were not, as the user may not list them.
    """

    surroundings: Surroundings
    forbidden: tuple[str, ...]


def kubeconfig_of(environment: Mapping[str, str], home: Path) -> Path:
    """Return the kubeconfig that kubectl would use without being told."""
    return Path(environment.get("KUBECONFIG") or home / ".kube" / "config")


def read_cluster(kubeconfig: Path | None, context: str | None, namespace: str) -> ClusterRead:
    """Read everything that the rules look at.

    Args:
        kubeconfig: where the cluster is; kubectl's own without it.
        context: of the kubeconfig; its current one without it.
        namespace: MetalLB's.

    Raises:
        KubeError: the cluster cannot be reached, or MetalLB's configuration may not be read.
    """
    path = kubeconfig or kubeconfig_of(os.environ, Path.home())
    return asyncio.run(_read(path, context, namespace))


async def _read(kubeconfig: Path, context: str | None, namespace: str) -> ClusterRead:
    store = Store()
    async with KubeClient.connect(kubeconfig, context) as client:
        listed = {
            followed.kind: await _list(client, store, followed, namespace)
            for followed in FOLLOWED.values()
        }
    objects = tuple(thing for below in store.index.objects.values() for thing in below.values())
    known = frozenset(kind for kind, answered in listed.items() if answered)
    return ClusterRead(Surroundings(objects, known), _sorted(FOLLOWED.keys() - known))


async def _list(client: KubeClient, store: Store, followed: Followed, namespace: str) -> bool:
    """Put all objects of a kind into the store; False if the user may not list them."""
    try:
        listing = await client.list(
            resource_for(followed.api_version, followed.kind),
            namespace=_place(store, followed, namespace),
            field_selector=followed.field_selector,
        )
    except NotFoundError:
        return True  # a CRD that is not installed yet: there are none
    except ForbiddenError:
        if followed.kind not in _DISPENSABLE:
            raise
        return False
    store.replace(followed.kind, listing.items)
    return True


def _place(store: Store, followed: Followed, namespace: str) -> str | None:
    if followed.with_frr_k8s:
        # The MetalLB object, which is listed before, says where that is.
        metallb = store.index.objects["MetalLB"].get((namespace, METALLB))
        return frr_k8s_namespace(metallb, backend_in_effect(metallb), namespace)
    return None if followed.everywhere else namespace


def _sorted(kinds: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(kinds))

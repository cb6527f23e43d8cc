"""Whether an address belongs to a replica: what a Lease says alone is no reason to connect."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final

from metallb_kube.client import KubeClient
from metallb_kube.errors import KubeError
from metallb_kube.objects import ObjectRef
from metallb_webhooks.leadership import Leader
from metallb_webhooks.settings import APPLICATION

logger = logging.getLogger(__name__)

_ANSWER_SECONDS: Final = 0.5
_NAME_LABEL: Final = "app.kubernetes.io/name"


class Replicas:
    """Knows the pods of the webhooks."""

    def __init__(self, client: KubeClient, namespace: str) -> None:
        """Begin.

        Args:
            client: where pods are.
            namespace: theirs.
        """
        self._client = client
        self._namespace = namespace

    async def has(self, leader: Leader) -> bool:
        """Tell whether the address is one of the pod that the identity names; False if unknown."""
        pod = ObjectRef("v1", "Pod", self._namespace, pod_name(leader.identity))
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                return is_address_of(await self._client.get(pod), leader.address)
        except (KubeError, TimeoutError) as error:
            logger.debug("the pod of the replica that decides cannot be read: %s", error)
            return False


def pod_name(identity: str) -> str:
    """Return the name of the pod that an identity in the Lease begins with."""
    return identity.rpartition("_")[0]


def is_address_of(pod: Mapping[str, Any] | None, address: str) -> bool:
    """Tell whether a pod is a replica of the webhooks and has this address.

    Args:
        pod: as read; None if there is none.
        address: host and port, IPv6 in brackets.
    """
    if pod is None:
        return False
    labels = pod["metadata"].get("labels") or {}
    status = pod.get("status") or {}
    addresses = {one.get("ip") for one in status.get("podIPs") or ()} | {status.get("podIP")}
    host = address.rpartition(":")[0].strip("[]")
    return labels.get(_NAME_LABEL) == APPLICATION and bool(host) and host in addresses

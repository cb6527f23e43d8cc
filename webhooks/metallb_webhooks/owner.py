"""Have webhook configurations go with MetalLB's namespace: whoever would answer goes with it.

A configuration that is left over refuses pools everywhere. A cluster-scoped object may have a
Namespace as its owner, and Kubernetes' garbage collector deletes it once that is gone (Kubernetes,
"Owners and Dependents"). OLM, and whoever provides the certificate, keep their configurations
themselves.
"""

import logging
from collections.abc import Iterable
from typing import Final

from metallb_kube.client import KubeClient
from metallb_kube.errors import ForbiddenError, KubeError
from metallb_kube.objects import Manifest
from metallb_kube.resources import resource_for
from metallb_webhooks.publication import CONFIGURATION
from metallb_webhooks.settings import FIELD_MANAGER

logger = logging.getLogger(__name__)

# Another one than publishes the authority: what is left out of an apply is given up.
MANAGER: Final = f"{FIELD_MANAGER}-owner"


def is_owned(configuration: Manifest, namespace: Manifest) -> bool:
    """Return whether a configuration goes with this very namespace."""
    owners = configuration["metadata"].get("ownerReferences") or ()
    return any(owner.get("uid") == namespace["metadata"]["uid"] for owner in owners)


def owned(configuration: Manifest, namespace: Manifest) -> Manifest:
    """Return what to apply server-side: the owner, nothing else.

    The uid keeps a configuration that has just been deleted from being made anew.
    """
    metadata, owner = configuration["metadata"], namespace["metadata"]
    api_version, kind = CONFIGURATION
    reference = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "name": owner["name"],
        "uid": owner["uid"],
    }
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": metadata["name"],
            "uid": metadata["uid"],
            "ownerReferences": [reference],
        },
    }


class Owner:
    """MetalLB's namespace, as the owner of webhook configurations."""

    def __init__(self, client: KubeClient, namespace: str) -> None:
        """Write through a client."""
        self._client = client
        self._namespace = namespace
        self._known: Manifest | None = None
        self._gave_up = False

    async def take(self, configurations: Iterable[Manifest]) -> None:
        """Make the namespace the owner of configurations where it is not; raises nothing.

        Where that is refused it is not tried again: clusters with the admission plugin
        OwnerReferencesPermissionEnforcement (OpenShift) let only those do so who may delete.

        Args:
            configurations: ours, as they were read.
        """
        if self._gave_up:
            return
        try:
            self._known = self._known or await self._read()
            if self._known is not None:
                await self._take(configurations, self._known)
        except KubeError as error:
            self._gave_up = isinstance(error, ForbiddenError)
            logger.warning("the webhook configuration will outlive its namespace: %s", error)

    async def _take(self, configurations: Iterable[Manifest], namespace: Manifest) -> None:
        for configuration in configurations:
            if not is_owned(configuration, namespace):
                await self._client.apply(owned(configuration, namespace), field_manager=MANAGER)

    async def _read(self) -> Manifest | None:
        # Listed, not read: following the kind takes no right to read single objects.
        listing = await self._client.list(
            resource_for("v1", "Namespace"), field_selector=f"metadata.name={self._namespace}"
        )
        return next(iter(listing.items), None)

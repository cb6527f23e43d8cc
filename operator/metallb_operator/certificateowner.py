"""Keep the certificate of the webhooks while OLM replaces one version of the operator by the next.

OLM makes the certificate's Secret, and the ClusterServiceVersion that it made it for is the only
owner (operator-lifecycle-manager 0.38, pkg/controller/install/certresources.go). With each upgrade
that one is deleted, and the Secret with it: the API server then trusts a certificate that no pod
has yet, and refuses every write for some seconds. The Deployment of the webhooks stays from
version to version, and is deleted with the last one: as a second owner it keeps the Secret.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final

from metallb_kube.client import KubeClient
from metallb_kube.errors import KubeError
from metallb_kube.objects import Manifest, ObjectRef
from metallb_kube.seldom import Seldom
from metallb_operator.fields import at
from metallb_webhooks.settings import SERVICE

logger = logging.getLogger(__name__)

_CSV: Final = "ClusterServiceVersion"
_SECRET: Final = f"{SERVICE}-service-cert"
"""The name that OLM derives from the Deployment's (pkg/controller/install/certresources.go)."""
_REST_SECONDS: Final = 20.0


class CertificateOwner:
    """Names the Deployment of the webhooks as an owner of the certificate that OLM has made."""

    def __init__(self, client: KubeClient, namespace: str) -> None:
        """Begin; nothing is read yet.

        Args:
            client: reads and writes.
            namespace: the operator's.
        """
        self._client = client
        self._secret = ObjectRef("v1", "Secret", namespace, _SECRET)
        self._deployment = ObjectRef("apps/v1", "Deployment", namespace, SERVICE)
        self._seldom = Seldom()

    async def run(self) -> None:
        """Look again and again, until cancelled: OLM may make the Secret anew at any time."""
        while True:
            try:
                await self.keep()
            except KubeError as error:
                if self._seldom.due(str(error)):
                    logger.warning(
                        "the certificate of the webhooks may not outlive an upgrade by OLM: %s",
                        error,
                    )
            await asyncio.sleep(_REST_SECONDS)

    async def keep(self) -> None:
        """Add the owner where it is missing.

        Raises:
            KubeError: the Secret or the Deployment could not be read, or the write was refused.
        """
        secret = await self._client.get(self._secret)
        if secret is None or not is_olms(secret):
            return
        deployment = await self._client.get(self._deployment)
        patch = owned_by(secret, deployment) if deployment else None
        if patch:
            await self._client.patch(self._secret, patch)
            logger.info("the certificate of the webhooks outlives an upgrade by OLM")


def is_olms(secret: Manifest) -> bool:
    """Return whether a ClusterServiceVersion owns a Secret."""
    return any(owner.get("kind") == _CSV for owner in _owners(secret))


def owned_by(secret: Manifest, deployment: Manifest) -> Mapping[str, Any] | None:
    """Return the merge patch that adds an owner to those that a Secret has; None if it is there.

    Args:
        secret: as stored.
        deployment: as stored.
    """
    owners = _owners(secret)
    metadata = deployment["metadata"]
    if any(owner.get("uid") == metadata["uid"] for owner in owners):
        return None
    owner = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "name": metadata["name"],
        "uid": metadata["uid"],
    }
    # The version makes the API server refuse the patch where somebody was faster.
    version = at(secret, "metadata", "resourceVersion")
    return {"metadata": {"resourceVersion": version, "ownerReferences": [*owners, owner]}}


def _owners(secret: Manifest) -> list[Mapping[str, Any]]:
    return list(at(secret, "metadata", "ownerReferences") or ())

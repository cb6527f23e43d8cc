"""Let MetalLB's namespace go: whoever deletes it wants everything in it gone, us included.

The namespace's content is deleted in no order, the operator's pod and rights with it: a finalizer
that waits for an orderly removal would never be taken off. The namespace controller leaves
everything alone for five seconds (`namespaceDeletionGracePeriod`), which is the time there is.
"""

import asyncio
import logging
from typing import Final

from metallb_kube.client import KubeClient
from metallb_kube.errors import KubeError, NotFoundError
from metallb_kube.objects import Manifest, ref_of
from metallb_kube.resources import resource_for
from metallb_operator.fields import at
from metallb_operator.settings import FINALIZER
from metallb_webhooks.source import Source

logger = logging.getLogger(__name__)

_RETRY_SECONDS: Final = 0.5
_REST_SECONDS: Final = 2.0


def released(metallb: Manifest) -> Manifest | None:
    """Return the patch that takes our finalizer off an object; None where it has none of ours.

    The resourceVersion in it keeps finalizers that others have added meanwhile.
    """
    finalizers = at(metallb, "metadata", "finalizers") or ()
    if FINALIZER not in finalizers:
        return None
    kept = [one for one in finalizers if one != FINALIZER]
    version = at(metallb, "metadata", "resourceVersion")
    return {"metadata": {"finalizers": kept, "resourceVersion": version}}


class Departure:
    """Follows MetalLB's namespace, and takes the finalizer off as soon as that is to go."""

    def __init__(
        self,
        client: KubeClient,
        source: Source,
        namespace: str,
        *,
        retry: float = _RETRY_SECONDS,
        rest: float = _REST_SECONDS,
    ) -> None:
        """Work through a client.

        Args:
            client: lists and patches MetalLB objects.
            source: follows namespaces; somebody else runs it.
            namespace: MetalLB's.
            retry: seconds until the next attempt.
            rest: seconds after which it is looked whether somebody has put the finalizer back.
        """
        self._client = client
        self._source = source
        self._namespace = namespace
        self._retry = retry
        self._rest = rest

    @property
    def is_near(self) -> bool:
        """Whether the namespace is being deleted: nothing is to be written into it any more."""
        seen = self._source.store.index.objects["Namespace"].get(self._namespace)
        return seen is not None and seen.terminating

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            changed = self._source.changed
            if not self.is_near:
                await changed.wait()
            elif await self._release():
                await asyncio.sleep(self._rest)
            else:
                await asyncio.sleep(self._retry)

    async def _release(self) -> bool:
        """Take the finalizer off whatever has it; whether that worked."""
        try:
            listing = await self._client.list(
                resource_for("metallb.io/v1beta1", "MetalLB"), namespace=self._namespace
            )
            for metallb in listing.items:
                await self._let_go(metallb)
        except KubeError as error:
            logger.warning("the namespace is being deleted, and held up by us: %s", error)
            return False
        return True

    async def _let_go(self, metallb: Manifest) -> None:
        patch = released(metallb)
        if patch is None:
            return
        try:
            await self._client.patch(ref_of(metallb), patch)
        except NotFoundError:
            return
        logger.warning("%s is let go, for its namespace is being deleted", ref_of(metallb))

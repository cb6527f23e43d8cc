"""Have kopf look again at an object that its own patch has failed at.

kopf drops what it was about to do when the patch that should store it is refused (a conflict, a
policy) or has failed too often, and waits for the next event of the object. If nobody else changes
it there is none, and it would be without its finalizer, or never go.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from metallb_kube.client import KubeClient
from metallb_kube.errors import KubeError
from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_kube.resources import resource_for
from metallb_operator.fields import at, is_terminating
from metallb_operator.settings import FINALIZER
from metallb_operator.tools import utc_now

logger = logging.getLogger(__name__)

ANNOTATION: Final = "metallb.io/looked-at-again"
_PATIENCE_SECONDS: Final = 5.0


def is_under_way(metallb: Manifest) -> bool:
    """Tell whether kopf has still to do something: to add its finalizer, or to take it off."""
    held = FINALIZER in (at(metallb, "metadata", "finalizers") or ())
    return held if is_terminating(metallb) else not held


class Reminder:
    """Touches objects that stay under way while nothing is done about them."""

    def __init__(
        self,
        client: KubeClient,
        busy: Callable[[], bool],
        *,
        patience: float = _PATIENCE_SECONDS,
    ) -> None:
        """Touch through a client.

        Args:
            client: where objects are.
            busy: whether something is being done about one.
            patience: seconds that kopf has for its own patch.
        """
        self._client = client
        self._busy = busy
        self._patience = patience
        self._noted: set[ObjectRef] = set()
        self._news = asyncio.Event()

    def note(self, metallb: Manifest) -> None:
        """Take in an object as kopf sees it."""
        if is_under_way(metallb):
            self._noted.add(ref_of(metallb))
            self._news.set()

    async def run(self) -> None:
        """Remind until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            await asyncio.sleep(self._patience)
            for ref in tuple(self._noted):
                await self._remind(ref)
            if self._noted:
                self._news.set()

    async def _remind(self, ref: ObjectRef) -> None:
        try:
            # Listed, not read: following the kind takes no right to read single objects.
            listing = await self._client.list(
                resource_for(ref.api_version, ref.kind),
                namespace=ref.namespace,
                field_selector=f"metadata.name={ref.name}",
            )
            if not any(map(is_under_way, listing.items)):
                self._noted.discard(ref)
            elif not self._busy():
                touch = {"metadata": {"annotations": {ANNOTATION: utc_now().isoformat()}}}
                await self._client.patch(ref, touch)
        except KubeError as error:
            logger.warning("%s may have been dropped, and cannot be touched: %s", ref, error)

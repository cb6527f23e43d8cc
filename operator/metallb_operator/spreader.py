"""Bring the webhooks' replicas apart again, by the eviction API, which minds their budget."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

from metallb_kube.client import KubeClient
from metallb_kube.errors import KubeError
from metallb_kube.objects import Manifest, ref_of
from metallb_operator.fields import text_at
from metallb_operator.observe import Observer
from metallb_operator.podtroubles import where
from metallb_operator.tools import utc_now
from metallb_operator.webhookspread import to_move

logger = logging.getLogger(__name__)

_REST_SECONDS: Final = 30.0
_APART_SECONDS: Final = 600.0
"""A replica that came back to the same node, for whatever reason, is left there for so long."""


class Spreader:
    """Looks now and then whether all replicas of the webhooks share a node without need."""

    def __init__(
        self,
        client: KubeClient,
        observer: Observer,
        namespace: str,
        *,
        rest: float = _REST_SECONDS,
        apart: float = _APART_SECONDS,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """Evict as whoever the client is.

        Args:
            client: evicts.
            observer: knows pods, nodes and Deployments; somebody else runs it.
            namespace: MetalLB's.
            rest: seconds between two looks.
            apart: seconds between two evictions.
            now: the time, with a time zone.
        """
        self._client = client
        self._observer = observer
        self._namespace = namespace
        self._rest = rest
        self._apart = apart
        self._now = now

    async def run(self) -> None:
        """Look until cancelled."""
        await self._observer.wait_synced()
        while True:
            pod = to_move(self._observer.observation(), self._namespace, self._now())
            moved = pod is not None and await self._evict(pod)
            await asyncio.sleep(self._apart if moved else self._rest)

    async def _evict(self, pod: Manifest) -> bool:
        try:
            await self._client.evict(ref_of(pod), uid=text_at(pod, "metadata", "uid"))
        except KubeError as error:
            logger.warning("%s shares its node with all other replicas: %s", where(pod), error)
            return False
        logger.info("%s was evicted: all replicas of the webhooks shared its node", where(pod))
        return True

"""Replace pods that are older than their ServiceAccount, whom the API server refuses."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from metallb_kube.client import KubeClient
from metallb_kube.errors import KubeError
from metallb_operator.identities import next_renewal
from metallb_operator.observe import Observer

logger = logging.getLogger(__name__)

_REST_SECONDS: Final = 10.0


class Renewer:
    """Looks now and then whether pods have outlived their ServiceAccount."""

    def __init__(
        self,
        client: KubeClient,
        observer: Observer,
        is_paused: Callable[[], bool],
        *,
        rest: float = _REST_SECONDS,
    ) -> None:
        """Patch as whoever the client is.

        Args:
            client: patches pod templates.
            observer: knows workloads, pods and accounts; somebody else runs it.
            is_paused: whether the owner wants everything left as it is.
            rest: seconds between two looks.
        """
        self._client = client
        self._observer = observer
        self._is_paused = is_paused
        self._rest = rest

    async def run(self) -> None:
        """Look until cancelled."""
        await self._observer.wait_synced()
        while True:
            await self._renew()
            await asyncio.sleep(self._rest)

    async def _renew(self) -> None:
        found = None if self._is_paused() else next_renewal(self._observer.observation())
        if found is None:
            return
        try:
            stored = await self._client.patch(found.ref, found.patch)
        except KubeError as error:
            logger.warning("%s runs with tokens that are refused: %s", found.ref, error)
            return
        self._observer.learn([stored])
        logger.info(
            "%s is restarted: its pods are older than ServiceAccount %s, and their tokens refused",
            found.ref,
            found.account,
        )

"""Which kinds a verdict depends on, and how one that may rest on an old state is confirmed.

`ledger` sees to it that nothing is allowed for want of what was just stored. The opposite, a
denial because of what was just deleted or put right, is confirmed here by reading the kinds
once more as a whole. That takes the API server some 100 ms, for denials only, and not for those
that would be denied whatever else is stored.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from metallb_kube.client import KubeClient
from metallb_kube.resources import resource_for
from metallb_webhooks.followed import FOLLOWED
from metallb_webhooks.ledger import Entry, Ledger
from metallb_webhooks.rounds import causes
from metallb_webhooks.rules.base import Operation
from metallb_webhooks.settings import Settings
from metallb_webhooks.source import Source

logger = logging.getLogger(__name__)

_ON_WRITES: Final[Mapping[str, tuple[str, ...]]] = {
    "IPAddressPool": ("IPAddressPool", "BGPAdvertisement", "MetalLB"),
    "BGPAdvertisement": ("BGPAdvertisement", "IPAddressPool", "MetalLB"),
    "L2Advertisement": ("L2Advertisement",),
    "BGPPeer": ("BGPPeer", "BFDProfile", "MetalLB"),
    "BFDProfile": ("BGPPeer", "IPAddressPool", "MetalLB"),
    "Community": ("Community", "BGPAdvertisement", "MetalLB"),
    "MetalLB": ("MetalLB",),
    "FRRConfiguration": ("FRRConfiguration",),
}
_ON_DELETION: Final[Mapping[str, tuple[str, ...]]] = {
    "BFDProfile": ("BGPPeer",),
    "Community": ("BGPAdvertisement",),
}


def concerned(kind: str, operation: Operation) -> tuple[str, ...]:
    """Return the kinds whose objects may get an object of this kind refused."""
    table = _ON_DELETION if operation is Operation.DELETE else _ON_WRITES
    return table.get(kind, ())


class Freshness:
    """Brings a source up to date before and after a verdict."""

    def __init__(
        self,
        client: KubeClient,
        source: Source,
        settings: Settings,
        observe: Callable[[str, bool], None],
    ) -> None:
        """Begin.

        Args:
            client: where to read.
            source: what is brought up to date.
            settings: MetalLB's namespace, and how long reads may take.
            observe: is told the name of each step, and whether it succeeded in time.
        """
        self._client = client
        self._source = source
        self._settings = settings
        self._observe = observe
        self._ledger = Ledger(client, source, settings)

    async def catch_up(self, kinds: tuple[str, ...]) -> None:
        """Return when everything of these kinds that was answered before is known."""
        self._observe("catch_up", await self._ledger.catch_up(kinds))

    async def note(self, entry: Entry) -> None:
        """Return when other replicas can know that this was allowed."""
        self._observe("note", await self._ledger.note(entry))

    async def refresh(self, kinds: tuple[str, ...]) -> None:
        """Return when these kinds are exactly as they are stored."""
        self._observe("refresh", await self._refresh(kinds))

    async def _refresh(self, kinds: Iterable[str]) -> bool:
        try:
            async with asyncio.timeout(self._settings.fresh_seconds), asyncio.TaskGroup() as tasks:
                for kind in kinds:
                    tasks.create_task(self._relist(kind))
        except (ExceptionGroup, TimeoutError) as error:
            logger.warning("a denial could not be confirmed: %s", causes(error))
            return False
        return True

    async def _relist(self, kind: str) -> None:
        followed = FOLLOWED[kind]
        listing = await self._client.list(
            resource_for(followed.api_version, kind),
            namespace=None if followed.everywhere else self._settings.namespace,
        )
        self._source.relearn(kind, listing.items, int(listing.resource_version))

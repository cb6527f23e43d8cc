"""Which kinds a verdict depends on, and how it is made sure of.

`ledger` knows of whatever was answered, deletions included, so that neither is anything allowed for
want of what was just stored, nor denied because of what was just deleted or put right. Of kinds
that others change without our being asked, what a denial rests on is read once more as a whole.
That takes the API server some 100 ms.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from metallb_kube.client import KubeClient
from metallb_kube.resources import resource_for
from metallb_webhooks.followed import FOLLOWED
from metallb_webhooks.ledger import Basis, Entry, Ledger, Noted
from metallb_webhooks.rounds import causes
from metallb_webhooks.rules.base import Operation
from metallb_webhooks.settings import Settings
from metallb_webhooks.source import Source

logger = logging.getLogger(__name__)

_ON_WRITES: Final[Mapping[str, tuple[str, ...]]] = {
    "IPAddressPool": ("IPAddressPool", "BGPAdvertisement", "BGPPeer", "BFDProfile", "MetalLB"),
    "BGPAdvertisement": (
        "BGPAdvertisement",
        "IPAddressPool",
        "BGPPeer",
        "BFDProfile",
        "Community",
        "MetalLB",
    ),
    "L2Advertisement": ("L2Advertisement", "IPAddressPool", "MetalLB"),
    "BGPPeer": ("BGPPeer", "BFDProfile", "BGPAdvertisement", "IPAddressPool", "MetalLB"),
    "BFDProfile": ("BGPPeer", "BGPAdvertisement", "IPAddressPool", "MetalLB"),
    "Community": ("Community", "BGPAdvertisement", "MetalLB"),
    "MetalLB": ("MetalLB",),
    "FRRConfiguration": ("FRRConfiguration",),
}
_ON_DELETION: Final[Mapping[str, tuple[str, ...]]] = {
    "BFDProfile": ("BGPPeer",),
    "Community": ("BGPAdvertisement",),
}

UNHEARD: Final = frozenset({"FRRConfiguration"})
"""Kinds that change without a review: speakers write them, and nobody is asked about deletions."""


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

    async def run(self) -> None:
        """Follow what other replicas allow until cancelled."""
        await self._ledger.run()

    async def catch_up(self, kinds: tuple[str, ...]) -> Basis:
        """Return when everything of these kinds that others were heard to allow is known."""
        basis = self._ledger.basis(kinds)
        self._observe("catch_up", await self._ledger.catch_up(kinds))
        return basis

    async def note(self, entry: Entry, basis: Basis) -> bool:
        """Return when other replicas can know that this was allowed; False if overtaken."""
        noted = await self._ledger.note(entry, basis)
        self._observe("note", noted is not Noted.LATE)
        return noted is not Noted.OVERTAKEN

    async def holds(self, basis: Basis) -> bool:
        """Tell whether nothing was allowed that a verdict on this basis does not know of."""
        self._observe("look", await self._ledger.look())
        return basis == self._ledger.basis(basis.kinds)

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

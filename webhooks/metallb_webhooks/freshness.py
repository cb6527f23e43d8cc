"""Which kinds a verdict depends on, and how a copy of them is made as young as the store.

A watch is milliseconds behind. A list that asks for no particular version is not: whatever had been
stored when it was asked for is in it (Kubernetes documentation, "Resource versions"). It takes the
API server some 100 ms, since it waits for its watch cache to be as young as etcd (KEP-2340), which
is why no review is made to wait for it as long as `desk` can help it.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final

from metallb_kube.client import KubeClient
from metallb_kube.errors import KubeError, NotFoundError
from metallb_kube.resources import resource_for
from metallb_webhooks.followed import FOLLOWED
from metallb_webhooks.reading import REVIEWED
from metallb_webhooks.rounds import Rounds
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
    # The MetalLB object tells where frr-k8s is.
    "FRRConfiguration": ("FRRConfiguration", "MetalLB"),
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


class Refresher:
    """Brings a source up to date with what is stored at this moment."""

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
            settings: how long reads may take.
            observe: is told "refresh", and whether it succeeded in time.
        """
        self._client = client
        self._source = source
        self._observe = observe
        self._rounds = {
            kind: Rounds(partial(self._relist, kind), settings.fresh_seconds)
            for _, kind in REVIEWED
        }

    async def refresh(self, kinds: Iterable[str]) -> bool:
        """Return when of these kinds everything is known that is stored now.

        Returns:
            False if that could not be had in time.
        """
        outcomes = await asyncio.gather(*(self._rounds[kind].join() for kind in kinds))
        self._observe("refresh", all(outcomes))
        return all(outcomes)

    async def refresh_all(self) -> bool:
        """Do so for every kind that is reviewed, however long that takes.

        Returns:
            False if it could not be had.
        """
        try:
            await asyncio.gather(*map(self._relist, self._rounds))
        except KubeError as error:
            logger.log(error.level, "what is stored could not be read: %s", error)
            return False
        return True

    async def _relist(self, kind: str) -> None:
        followed = FOLLOWED[kind]
        for place in self._source.places(kind):
            try:
                listing = await self._client.list(
                    resource_for(followed.api_version, kind), namespace=place, keep=followed.keep
                )
            except NotFoundError:
                if not followed.may_be_absent:
                    raise
            else:
                revision = int(listing.resource_version)
                self._source.relearn(kind, listing.items, revision, place)

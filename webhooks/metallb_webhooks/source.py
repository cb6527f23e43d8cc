"""Follow the cluster: watches of every kind that rules look at feed one store.

Usable by whoever wants to know whether what is stored is valid: the webhooks for every review,
the operator continuously.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial

from metallb_kube.cache import Reflector
from metallb_kube.client import KubeClient, WatchEvent
from metallb_kube.objects import Manifest
from metallb_kube.resources import resource_for
from metallb_webhooks.followed import FOLLOWED, Followed
from metallb_webhooks.store import Seen, Store


class Source:
    """Keeps a `Store` true; `run` does the work.

    Attributes:
        store: what is stored, as far as it was heard of.
        changed: set when something is heard of; a new event takes its place then. Who wants to
            miss nothing gets hold of it before looking at the store.
    """

    def __init__(
        self,
        client: KubeClient,
        namespace: str,
        *,
        seen: Seen | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Describe what to follow.

        Args:
            client: where to read.
            namespace: MetalLB's.
            seen: see `Store`.
            clock: monotonic seconds.
        """
        self.store = Store(seen)
        self.changed = asyncio.Event()
        self._clock = clock
        self._reflectors = {
            kind: self._reflector(client, followed, namespace)
            for kind, followed in FOLLOWED.items()
        }

    async def run(self) -> None:
        """Follow until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for reflector in self._reflectors.values():
                tasks.create_task(reflector.run())

    @property
    def missing(self) -> tuple[str, ...]:
        """Kinds that have not been listed yet; until there is none, the store says nothing."""
        return tuple(
            kind for kind, reflector in self._reflectors.items() if not reflector.synced.is_set()
        )

    @property
    def synced(self) -> bool:
        """Whether every kind was listed once."""
        return not self.missing

    async def wait_synced(self) -> None:
        """Wait until every kind was listed once."""
        await asyncio.gather(*(each.synced.wait() for each in self._reflectors.values()))

    @property
    def silent_seconds(self) -> float:
        """For how long the quietest watch has not been heard of.

        A healthy one hears a bookmark every minute (KEP-956).
        """
        return self._clock() - min(each.last_seen for each in self._reflectors.values())

    @property
    def behind(self) -> tuple[str, ...]:
        """Kinds of which no watch is open at this moment: the store may lack what is stored."""
        return tuple(kind for kind, reflector in self._reflectors.items() if reflector.behind)

    @property
    def behind_seconds(self) -> float:
        """For how long that has been so of the kind of which it has been so the longest."""
        return max(each.behind_seconds for each in self._reflectors.values())

    def relearn(self, kind: str, items: tuple[Manifest, ...], revision: int) -> None:
        """Take in a complete list that somebody else has read."""
        self.store.relearn(kind, items, revision)
        self._tell()

    def learn(self, kind: str, item: Manifest) -> None:
        """Take in one object that somebody else has read."""
        self.store.learn(kind, item)
        self._tell()

    def forget(self, kind: str, namespace: str, name: str) -> None:
        """Drop an object that somebody else has found gone."""
        self.store.forget(kind, namespace, name)
        self._tell()

    def _reflector(self, client: KubeClient, followed: Followed, namespace: str) -> Reflector:
        return Reflector(
            client,
            resource_for(followed.api_version, followed.kind),
            None if followed.everywhere else namespace,
            partial(self._replaced, followed.kind),
            partial(self._happened, followed.kind),
            field_selector=followed.field_selector,
            absent_is_empty=followed.may_be_absent,
        )

    def _replaced(self, kind: str, items: tuple[Manifest, ...]) -> None:
        self.store.replace(kind, items)
        self._tell()

    def _happened(self, kind: str, event: WatchEvent) -> None:
        self.store.apply(kind, event)
        self._tell()

    def _tell(self) -> None:
        told, self.changed = self.changed, asyncio.Event()
        told.set()

"""Follow the cluster: watches of every kind that rules look at feed one store.

Usable by whoever wants to know whether what is stored is valid: the webhooks for every review,
the operator continuously.
"""

import asyncio
import time
from collections.abc import Callable, Collection
from functools import partial
from typing import Final

from metallb_crds.backend import Backend
from metallb_crds.operator_v1beta1 import MetalLB
from metallb_kube.cache import Reflector
from metallb_kube.client import KubeClient, WatchEvent
from metallb_kube.objects import Manifest
from metallb_kube.resources import resource_for
from metallb_webhooks.followed import FOLLOWED, Followed
from metallb_webhooks.installation import METALLB, backend_in_effect, frr_k8s_namespace
from metallb_webhooks.namespaces import Namespaces
from metallb_webhooks.store import Seen, Store

Places = Callable[[MetalLB | None], Collection[str]]
"""Returns where to follow what is `with_frr_k8s`, given the MetalLB object that counts."""

_METALLB: Final = "MetalLB"


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
        backend: Backend | None = None,
        places: Places | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Describe what to follow.

        Args:
            client: where to read.
            namespace: MetalLB's.
            seen: see `Store`.
            backend: the BGP backend in effect whatever the MetalLB object says.
            places: where FRRConfigurations matter; where frr-k8s reads them unless it is given.
            clock: monotonic seconds.
        """
        self.store = Store(seen)
        self.changed = asyncio.Event()
        self._clock = clock
        self._namespace = namespace
        self._backend = backend
        self._places = places or self._frr_k8s
        self._reflectors: dict[str, Reflector | Namespaces] = {
            kind: self._follower(client, followed, namespace) for kind, followed in FOLLOWED.items()
        }
        # As long as no MetalLB object is known; nobody relies on it before all kinds are listed.
        self._follow(None)

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

    def knows(self, kind: str, namespaces: Collection[str]) -> bool:
        """Tell whether what these namespaces hold of a kind is known."""
        reflector = self._reflectors[kind]
        if isinstance(reflector, Namespaces):
            return reflector.knows(namespaces)
        return reflector.synced.is_set()

    def places(self, kind: str) -> tuple[str | None, ...]:
        """Return the namespaces in which a kind is followed; None stands for all of them."""
        reflector = self._reflectors[kind]
        if isinstance(reflector, Namespaces):
            return tuple(reflector.wanted)
        return (None,) if FOLLOWED[kind].everywhere else (self._namespace,)

    def relearn(
        self, kind: str, items: tuple[Manifest, ...], revision: int, place: str | None = None
    ) -> None:
        """Take in a complete list that somebody else has read of one of the `places`."""
        if self._is_followed(kind, place):
            self.store.relearn(kind, items, revision, scope=self._scope(kind, place))
            self._tell(kind)

    def learn(self, kind: str, item: Manifest) -> None:
        """Take in one object that somebody else has read."""
        if self._is_followed(kind, FOLLOWED[kind].scope(item)):
            self.store.learn(kind, item)
            self._tell(kind)

    def forget(self, kind: str, namespace: str, name: str) -> None:
        """Drop an object that somebody else has found gone."""
        self.store.forget(kind, namespace, name)
        self._tell(kind)

    def _follower(
        self, client: KubeClient, followed: Followed, namespace: str
    ) -> Reflector | Namespaces:
        if followed.with_frr_k8s:
            make = partial(self._reflector, client, followed)
            left, listed = partial(self._left, followed.kind), partial(self._tell, followed.kind)
            return Namespaces(make, left, listed, self._clock)
        return self._reflector(client, followed, None if followed.everywhere else namespace)

    def _reflector(self, client: KubeClient, followed: Followed, place: str | None) -> Reflector:
        return Reflector(
            client,
            resource_for(followed.api_version, followed.kind),
            place,
            partial(self._replaced, followed.kind, place),
            partial(self._happened, followed.kind, place),
            keep=followed.keep,
            field_selector=followed.field_selector,
            absent_is_empty=followed.may_be_absent,
        )

    def _replaced(self, kind: str, place: str | None, items: tuple[Manifest, ...]) -> None:
        if self._is_followed(kind, place):
            self.store.replace(kind, items, scope=self._scope(kind, place))
            self._tell(kind)

    def _happened(self, kind: str, place: str | None, event: WatchEvent) -> None:
        if self._is_followed(kind, place):
            self.store.apply(kind, event)
            self._tell(kind)

    def _left(self, kind: str, place: str) -> None:
        self.store.drop(kind, place)

    def _scope(self, kind: str, place: str | None) -> str:
        return (place or "") if FOLLOWED[kind].with_frr_k8s else ""

    def _is_followed(self, kind: str, place: str | None) -> bool:
        """Tell whether news of a namespace matter: a watch that was given up may bring some."""
        reflector = self._reflectors[kind]
        return not isinstance(reflector, Namespaces) or place in reflector.wanted

    def _frr_k8s(self, metallb: MetalLB | None) -> Collection[str]:
        backend = self._backend or backend_in_effect(metallb)
        return {frr_k8s_namespace(metallb, backend, self._namespace)}

    def _follow(self, metallb: MetalLB | None) -> None:
        places = self._places(metallb)
        for reflector in self._reflectors.values():
            if isinstance(reflector, Namespaces):
                reflector.want(places)

    def _tell(self, kind: str = "") -> None:
        if kind == _METALLB:
            self._follow(self.store.index.objects[kind].get((self._namespace, METALLB)))
        told, self.changed = self.changed, asyncio.Event()
        told.set()

"""MetalLB objects in other namespaces: each is told that it has no effect.

Whoever may create them decides how many there are, and how large. So they are followed by their
metadata only, read one by one when they have changed, and forgotten.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from metallb_kube.cache import Reflector
from metallb_kube.client import KubeClient, WatchEvent
from metallb_kube.errors import KubeError
from metallb_kube.objects import Manifest, ObjectRef, ref_of
from metallb_kube.resources import resource_for

logger = logging.getLogger(__name__)

_KIND: Final = resource_for("metallb.io/v1beta1", "MetalLB")


class Strangers:
    """Has objects answered that are not in MetalLB's namespace."""

    def __init__(
        self, client: KubeClient, namespace: str, answer: Callable[[Manifest], Awaitable[None]]
    ) -> None:
        """Describe what to follow.

        Args:
            client: where to read.
            namespace: MetalLB's.
            answer: is given every object that has appeared or changed, one after the other.
        """
        self._client = client
        self._namespace = namespace
        self._answer = answer
        # In the order in which they came; a dict, for sets have none.
        self._due: dict[ObjectRef, None] = {}
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Follow and answer until cancelled."""
        reflector = Reflector(
            self._client,
            _KIND,
            None,
            self._replaced,
            self._happened,
            metadata_only=True,
            keep=_named,
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reflector.run())
            tasks.create_task(self._work())

    def _replaced(self, items: tuple[Manifest, ...]) -> None:
        self._due.clear()
        for item in items:
            self._note(ref_of(item))

    def _happened(self, event: WatchEvent) -> None:
        ref = ref_of(event.object)
        if event.type == "DELETED":
            self._due.pop(ref, None)
        else:
            self._note(ref)

    def _note(self, ref: ObjectRef) -> None:
        if ref.namespace != self._namespace:
            self._due[ref] = None
            self._news.set()

    async def _work(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while self._due:
                ref = next(iter(self._due))
                del self._due[ref]
                await self._look(ref)

    async def _look(self, ref: ObjectRef) -> None:
        try:
            # Listed, not read: following the kind takes no right to read single objects.
            listing = await self._client.list(
                _KIND, namespace=ref.namespace, field_selector=f"metadata.name={ref.name}"
            )
        except KubeError as error:
            logger.log(error.level, "%s cannot be read: %s", ref, error)
            return
        for metallb in listing.items:
            await self._answer(metallb)


def _named(metallb: Manifest) -> Manifest:
    named = {key: metallb["metadata"][key] for key in ("name", "namespace")}
    return {"apiVersion": _KIND.api_version, "kind": _KIND.kind, "metadata": named}

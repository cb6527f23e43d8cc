"""Follow one kind in some namespaces, of which it is known only later, and not for ever, which."""

import asyncio
import time
from collections.abc import Callable, Collection
from typing import Final

from metallb_kube.cache import Reflector

_NEVER: Final = 0.0


class Namespaces:
    """A reflector for each namespace that is wanted at the moment.

    Attributes:
        synced: set once everything was listed that was wanted then; it stays set when other
            namespaces are wanted, which are `behind` until they are listed.
    """

    def __init__(
        self,
        make: Callable[[str], Reflector],
        left: Callable[[str], None],
        listed: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with no namespace.

        Args:
            make: returns what follows a namespace.
            left: is told of a namespace that is not followed any more.
            listed: is called when a namespace has become known.
            clock: monotonic seconds.
        """
        self._make = make
        self._left = left
        self._listed = listed
        self._clock = clock
        self._reflectors: dict[str, Reflector] = {}
        self._since = _NEVER
        self._changed = asyncio.Event()
        self.synced = asyncio.Event()

    @property
    def wanted(self) -> Collection[str]:
        """The namespaces that are followed."""
        return self._reflectors.keys()

    def want(self, namespaces: Collection[str]) -> None:
        """Follow these namespaces and no others."""
        for gone in tuple(self._reflectors.keys() - set(namespaces)):
            del self._reflectors[gone]
            self._left(gone)
        for new in sorted(set(namespaces) - self._reflectors.keys()):
            self._reflectors[new] = self._make(new)
            self._since = self._clock()
        self._changed.set()
        self._look()

    def knows(self, namespaces: Collection[str]) -> bool:
        """Tell whether these namespaces are followed, and were listed."""
        return all(
            one in self._reflectors and self._reflectors[one].synced.is_set() for one in namespaces
        )

    @property
    def last_seen(self) -> float:
        """When the quietest watch was last heard of, monotonic; 0.0 if none was."""
        times = [each.last_seen for each in self._reflectors.values() if each.synced.is_set()]
        return min(times, default=self._since)

    @property
    def behind(self) -> bool:
        """Whether a namespace lacks a watch at this moment."""
        return self._unlisted or any(each.behind for each in self._reflectors.values())

    @property
    def behind_seconds(self) -> float:
        """For how long that has been so."""
        unlisted = self._clock() - self._since if self._unlisted else 0.0
        return max(unlisted, *(each.behind_seconds for each in self._reflectors.values()), 0.0)

    @property
    def _unlisted(self) -> bool:
        return not all(each.synced.is_set() for each in self._reflectors.values())

    async def run(self) -> None:
        """Follow until cancelled."""
        running: dict[Reflector, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._changed.clear()
                wanted = set(self._reflectors.values())
                for gone in running.keys() - wanted:
                    running.pop(gone).cancel()
                for new in wanted - running.keys():
                    running[new] = tasks.create_task(self._follow(new))
                await self._changed.wait()

    async def _follow(self, reflector: Reflector) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(reflector.run())
            await reflector.synced.wait()
            self._look()
            self._listed()

    def _look(self) -> None:
        if self._reflectors and not self._unlisted:
            self.synced.set()

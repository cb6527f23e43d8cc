"""Judge what is stored whenever it has changed, beside everything else that the process does."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

from metallb_kube.client import KubeClient
from metallb_kube.errors import KubeError
from metallb_operator.configuration import Fault, checked, fault, subjects, told_about
from metallb_operator.events import Note, event
from metallb_operator.situation import Checked
from metallb_operator.tools import utc_now
from metallb_webhooks.installation import METALLB, backend_in_effect
from metallb_webhooks.source import Source

_CHUNK: Final = 50
"""Objects that are judged before everything else gets its turn: some milliseconds."""
_REST_SECONDS: Final = 1.0
_REST_FACTOR: Final = 5.0
_EVENTS: Final = 20


class Auditor:
    """Keeps one `Checked` current.

    Attributes:
        checked: the outcome; not done until the first pass is.
    """

    def __init__(
        self, source: Source, client: KubeClient, namespace: str, tell: Callable[[], None]
    ) -> None:
        """Judge what a source follows.

        Args:
            source: where objects come from; somebody else runs it.
            client: where Events go.
            namespace: MetalLB's.
            tell: called when the outcome is another one.
        """
        self._source = source
        self._client = client
        self._namespace = namespace
        self._tell = tell
        self._told: dict[tuple[str, str], tuple[str, ...]] = {}
        self.checked = Checked()

    async def run(self) -> None:
        """Judge until cancelled."""
        await self._source.wait_synced()
        while True:
            changed = self._source.changed
            started = time.monotonic()
            faults = await self._judge()
            outcome = checked(faults, self._source.store.unreadable)
            if outcome != self.checked:
                self.checked = outcome
                self._tell()
            await self._post(faults)
            # However busy the cluster is, this takes a fraction of one core.
            took = time.monotonic() - started
            await asyncio.sleep(max(_REST_SECONDS, _REST_FACTOR * took))
            await changed.wait()

    async def _judge(self) -> tuple[Fault, ...]:
        index = self._source.store.index
        backend = backend_in_effect(index.objects["MetalLB"].get((self._namespace, METALLB)))
        found = []
        for number, subject in enumerate(subjects(index), start=1):
            found.append(fault(subject, index, backend, self._namespace))
            if number % _CHUNK == 0:
                await asyncio.sleep(0)
        return tuple(one for one in found if one is not None)

    async def _post(self, faults: tuple[Fault, ...]) -> None:
        """Tell of each object that has become bad, where it is looked for: at the object."""
        denied = {(one.kind, one.name): one.denied for one in faults if one.denied}
        news = [key for key, texts in denied.items() if self._told.get(key) != texts]
        for kind, name in news[:_EVENTS]:
            subject = self._source.store.index.objects[kind].get(name)
            if subject is not None:
                note = Note("InvalidConfiguration", "; ".join(denied[kind, name]), warning=True)
                about = told_about(subject)
                try:
                    await self._client.create(
                        event(note, about, namespace=self._namespace, now=utc_now())
                    )
                except KubeError:
                    return  # the status tells it, too
        self._told = denied

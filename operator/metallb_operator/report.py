"""Tell the world: status and Events, written only when they say something new."""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from metallb_kube.client import KubeClient
from metallb_kube.errors import KubeError, NotFoundError
from metallb_kube.objects import Manifest, ref_of
from metallb_operator.events import Note, event
from metallb_operator.fields import at, text_at
from metallb_operator.status import is_current

logger = logging.getLogger(__name__)


class Reporter:
    """Writes statuses and Events.

    Attributes:
        status_writes: how many statuses were written.
    """

    def __init__(self, client: KubeClient) -> None:
        """Write through a client."""
        self._client = client
        self._written: dict[str, Mapping[str, Any]] = {}
        self.status_writes = 0

    def latest(self, metallb: Manifest) -> Mapping[str, Any]:
        """Return the status as we know it: what we wrote, if the object was read before that."""
        uid = text_at(metallb, "metadata", "uid")
        return self._written.get(uid) or at(metallb, "status") or {}

    def forget(self, metallb: Manifest) -> None:
        """Drop what is known of an object that is gone."""
        self._written.pop(text_at(metallb, "metadata", "uid"), None)

    async def report(
        self, metallb: Manifest, status: Mapping[str, Any], notes: Iterable[Note], now: datetime
    ) -> None:
        """Write the status if it is news, and tell the notes.

        What the API server does not take is logged, and written at the next look.
        """
        try:
            await self._write_status(metallb, status)
            for note in notes:
                await self._tell(metallb, note, now)
        except NotFoundError:
            self.forget(metallb)
        except KubeError as error:
            logger.warning("the status cannot be written: %s", error)

    async def _write_status(self, metallb: Manifest, status: Mapping[str, Any]) -> None:
        if is_current(self.latest(metallb), status):
            return
        uid = text_at(metallb, "metadata", "uid")
        # With its uid, so that a namesake created meanwhile does not inherit it.
        body = {"metadata": {"uid": uid}, "status": dict(status)}
        self.status_writes += 1
        stored = await self._client.patch(ref_of(metallb), body, subresource="status")
        self._written[uid] = at(stored, "status") or {}

    async def _tell(self, metallb: Manifest, note: Note, now: datetime) -> None:
        namespace = text_at(metallb, "metadata", "namespace")
        logger.info("%s: %s", note.reason, note.message)
        await self._client.create(event(note, metallb, namespace=namespace, now=now))

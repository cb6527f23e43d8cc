"""Tell the world: status and Events, written only when they say something new."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from metallb_kube.client import KubeClient
from metallb_kube.errors import KubeError, NotFoundError
from metallb_kube.objects import Manifest, ref_of, resource_version
from metallb_operator.events import Note, event
from metallb_operator.fields import at, text_at
from metallb_operator.status import is_current

logger = logging.getLogger(__name__)

_JSON_PATCH: Final = "application/json-patch+json"
_REPEATED: Final = timedelta(minutes=5)
"""The same note is told again after so long: two controllers that fight are no flood of Events."""


@dataclass(frozen=True, slots=True)
class _Written:
    """A status as it was stored; of the object, which may be large, nothing else is kept."""

    version: int
    status: Mapping[str, Any]


class Reporter:
    """Writes statuses and Events.

    Attributes:
        status_writes: how many statuses were written.
    """

    def __init__(self, client: KubeClient) -> None:
        """Write through a client."""
        self._client = client
        self._written: dict[str, _Written] = {}
        self._told: dict[str, dict[Note, datetime]] = {}
        self.status_writes = 0

    def latest(self, metallb: Manifest) -> Mapping[str, Any]:
        """Return the status as we know it: what we wrote, if the object was read before that."""
        written = self._written.get(text_at(metallb, "metadata", "uid"))
        if written and written.version >= _version(metallb):
            return written.status
        return at(metallb, "status") or {}

    def forget(self, metallb: Manifest) -> None:
        """Drop what is known of an object that is gone, or is none of those that are served."""
        uid = text_at(metallb, "metadata", "uid")
        self._written.pop(uid, None)
        self._told.pop(uid, None)

    @property
    def known(self) -> frozenset[str]:
        """The uids of objects of which anything is kept."""
        return frozenset(self._written) | frozenset(self._told)

    async def report(
        self, metallb: Manifest, status: Mapping[str, Any], notes: Iterable[Note], now: datetime
    ) -> None:
        """Write the status if it is news, and tell the notes.

        What the API server does not take is logged. A status is written at the next look then;
        Events are told all the same: they may be the only way that is left.
        """
        try:
            await self._write_status(metallb, status)
        except NotFoundError:
            self.forget(metallb)
            return
        except KubeError as error:
            logger.warning("the status cannot be written: %s", error)
        try:
            await self._tell(metallb, notes, now)
        except KubeError as error:
            logger.warning("an Event cannot be written: %s", error)

    async def _write_status(self, metallb: Manifest, status: Mapping[str, Any]) -> None:
        if is_current(self.latest(metallb), status):
            return
        uid = text_at(metallb, "metadata", "uid")
        # A namesake created meanwhile shall not inherit it; a uid in a merge patch would be
        # ignored here: the status subresource takes no metadata.
        body = [
            {"op": "test", "path": "/metadata/uid", "value": uid},
            {"op": "add", "path": "/status", "value": dict(status)},
        ]
        stored = await self._client.patch(
            ref_of(metallb), body, content_type=_JSON_PATCH, subresource="status"
        )
        self._written[uid] = _Written(_version(stored), at(stored, "status") or {})
        self.status_writes += 1

    async def _tell(self, metallb: Manifest, notes: Iterable[Note], now: datetime) -> None:
        uid = text_at(metallb, "metadata", "uid")
        told = {n: time for n, time in self._told.get(uid, {}).items() if now - time < _REPEATED}
        self._told[uid] = told
        namespace = text_at(metallb, "metadata", "namespace")
        for note in notes:
            if note in told:
                continue
            logger.info("%s: %s", note.reason, note.message)
            await self._client.create(event(note, metallb, namespace=namespace, now=now))
            told[note] = now


def _version(manifest: Manifest) -> int:
    """Return a resourceVersion as the number it is (KEP-5504, Kubernetes 1.35)."""
    text = resource_version(manifest)
    return int(text) if text.isdigit() else 0

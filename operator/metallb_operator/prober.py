"""Probe admission now and then, and keep what it has shown."""

import asyncio
from collections.abc import Callable
from typing import Final

from metallb_kube.client import KubeClient
from metallb_kube.errors import KubeError
from metallb_operator.selftest import Finding, finding
from metallb_webhooks.selftest import probe

_NAME: Final = "metallb-operator-selftest"
_REST_SECONDS: Final = 20.0
_RETRY_SECONDS: Final = 10.0


class Prober:
    """Keeps one `Finding` current.

    Attributes:
        finding: what the last probe has shown.
    """

    def __init__(self, client: KubeClient, namespace: str, tell: Callable[[], None]) -> None:
        """Probe as whoever the client is.

        Args:
            client: sends the dry runs.
            namespace: MetalLB's.
            tell: called when a probe shows something else than the one before.
        """
        self._client = client
        self._probe = probe(namespace, _NAME)
        self._tell = tell
        self.finding = Finding()

    async def run(self) -> None:
        """Probe until cancelled: what nobody writes is seen no sooner than that."""
        while True:
            shown = finding(await self._answer())
            if shown != self.finding:
                self.finding = shown
                self._tell()
            await asyncio.sleep(_RETRY_SECONDS if shown.problem else _REST_SECONDS)

    async def _answer(self) -> KubeError | None:
        try:
            await self._client.create(self._probe, dry_run=True)
        except KubeError as error:
            return error
        return None

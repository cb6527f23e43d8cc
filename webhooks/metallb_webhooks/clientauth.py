"""Who may send reviews, where that is asked: clients with a certificate of these authorities."""

import asyncio
import logging
from pathlib import Path

from metallb_webhooks.settings import CertificateError
from metallb_webhooks.tls import Serving

logger = logging.getLogger(__name__)


class ClientAuthorities:
    """Has clients asked for certificates of the authorities in a file, and of what replaces it."""

    def __init__(self, file: Path, serving: Serving, seconds: float) -> None:
        """Read the file.

        Args:
            file: PEM of the authorities that sign the client certificates of API servers.
            serving: whose clients are asked.
            seconds: how often to look at it.

        Raises:
            CertificateError: it cannot be read, or what is served is for servers only.
        """
        self._file = file
        self._serving = serving
        self._seconds = seconds
        try:
            serving.demand(file.read_bytes())
        except (OSError, ValueError) as error:
            raise CertificateError(f"--client-ca-file {file} cannot be used: {error}") from error

    async def run(self) -> None:
        """Take a new file over until cancelled. A bad one is told of, and the old one kept."""
        while True:
            await asyncio.sleep(self._seconds)
            try:
                if self._serving.demand(self._file.read_bytes()):
                    logger.info("the authorities in %s were replaced", self._file)
            except (OSError, ValueError) as error:
                logger.warning("the old authorities of clients are kept: %s", error)

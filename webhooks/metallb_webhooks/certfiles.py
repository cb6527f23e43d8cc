"""A certificate that somebody else keeps in a folder: OLM, cert-manager, a mounted Secret."""

import asyncio
import logging
from pathlib import Path
from typing import Final

from metallb_webhooks.settings import CertificateError
from metallb_webhooks.tls import Serving

logger = logging.getLogger(__name__)

CERTIFICATE: Final = "tls.crt"
KEY: Final = "tls.key"
AUTHORITIES: Final = "ca.crt"
"""Written by cert-manager, not by all who keep such folders."""


class MountedCertificate:
    """Serves the files of a folder, and what takes their place.

    Attributes:
        serving: the context that serves them.
        waiting: what the certificate still wants before it is of use; never anything here, since
            whoever keeps the files publishes their authority, too.
        bundles: not known, for the same reason.
    """

    waiting = ""
    bundles = None

    def __init__(self, folder: Path, seconds: float) -> None:
        """Read the files.

        Args:
            folder: with tls.crt and tls.key, and perhaps ca.crt.
            seconds: how often to look at them.

        Raises:
            CertificateError: they cannot be read or used.
        """
        self._folder = folder
        self._seconds = seconds
        try:
            self.serving = Serving(*self._read())
        except (OSError, ValueError) as error:
            raise CertificateError(
                f"no certificate can be had from --tls-dir {folder}: {error}"
            ) from error

    async def run(self) -> None:
        """Take new files over until cancelled. Bad ones are told of, and the old ones kept."""
        while True:
            await asyncio.sleep(self._seconds)
            try:
                if self.serving.use(*self._read()):
                    logger.info("the certificate in %s was renewed", self._folder)
            except (OSError, ValueError) as error:
                logger.warning("the old certificate is kept: %s", error)

    def _read(self) -> tuple[bytes, bytes, bytes]:
        authorities = self._folder / AUTHORITIES
        return (
            (self._folder / CERTIFICATE).read_bytes(),
            (self._folder / KEY).read_bytes(),
            authorities.read_bytes() if authorities.exists() else b"",
        )

"""The one TLS context of the process, whose certificate is replaced while it serves."""

import os
import ssl
from datetime import UTC, datetime

from metallb_webhooks.certs import fingerprint, not_after


class Serving:
    """A context for servers.

    Connections that are open keep the certificate that they began with; the next ones get the
    new one. The listening socket knows nothing of it.

    Attributes:
        context: what a listener is given, once.
        fingerprint: SHA-256 of the certificate that is served.
    """

    def __init__(self, certificate: bytes, key: bytes) -> None:
        """Make a context that serves a certificate; arguments and errors as in `use`."""
        self.context = _context()
        self._served = b""
        self._ends = datetime.min.replace(tzinfo=UTC)
        self.fingerprint = b""
        self.use(certificate, key)

    def use(self, certificate: bytes, key: bytes) -> bool:
        """Serve a certificate from now on; returns whether it is another one than before.

        Args:
            certificate: PEM, perhaps followed by its chain.
            key: its private key as PEM, not encrypted.

        Raises:
            ValueError: they cannot be read or do not belong together; what was served stays.
        """
        pair = key.rstrip() + b"\n" + certificate
        if pair == self._served:
            return False
        ends, print_ = not_after(certificate), fingerprint(certificate)
        try:
            _load(_context(), pair)
            _load(self.context, pair)
        except OSError as error:  # ssl.SSLError is one
            raise ValueError(f"certificate and key cannot be used: {error}") from error
        self._served, self._ends, self.fingerprint = pair, ends, print_
        return True

    def seconds_left(self, now: datetime) -> float:
        """For how long what is served is still valid; negative once it is not."""
        return (self._ends - now).total_seconds()


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def _load(context: ssl.SSLContext, pair: bytes) -> None:
    # The standard library loads from files only. This one is memory and has no name anywhere,
    # so that the key is on no disk, and the pod's file system may be read-only.
    descriptor = os.memfd_create("pair", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, pair)
        # A password is never asked for: on a terminal that would block for ever.
        context.load_cert_chain(f"/proc/self/fd/{descriptor}", password="")
    finally:
        os.close(descriptor)

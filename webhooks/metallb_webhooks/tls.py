"""The TLS contexts of the process, whose certificate is replaced while it serves.

Replicas share one certificate, so that each knows another one by what it serves itself: a
certificate of the same authority, for the same name. Nobody else has a key to one.
"""

import os
import ssl
from datetime import UTC, datetime

from metallb_webhooks.certs import first_name, not_after


class Serving:
    """A context for servers, and one for connections to other replicas.

    Connections that are open keep the certificate that they began with; the next ones get the
    new one. The listening socket knows nothing of it.

    Attributes:
        context: what a listener is given, once.
        towards: for connections to other replicas; another one whenever what it trusts changes.
        name: the DNS name that another replica's certificate has to be for.
    """

    def __init__(self, certificate: bytes, key: bytes, authorities: bytes = b"") -> None:
        """Make contexts for a certificate; arguments and errors as in `use`."""
        self.context = _context()
        self._served = b""
        self._trusted = b""
        self._ends = datetime.min.replace(tzinfo=UTC)
        self.use(certificate, key, authorities)

    def use(self, certificate: bytes, key: bytes, authorities: bytes = b"") -> bool:
        """Serve a certificate from now on; returns whether it is another one than before.

        Args:
            certificate: PEM, perhaps followed by its chain.
            key: its private key as PEM, not encrypted.
            authorities: PEM of who signs what replicas serve; the certificate itself if not known.

        Raises:
            ValueError: they cannot be read or do not belong together; what was served stays.
        """
        pair = key.rstrip() + b"\n" + certificate
        trusted = authorities or certificate
        if (pair, trusted) == (self._served, self._trusted):
            return False
        ends, name = not_after(certificate), first_name(certificate)
        try:
            towards = _towards(trusted)
            _load(_context(), pair)
            _load(self.context, pair)
        except OSError as error:  # ssl.SSLError is one
            raise ValueError(f"certificate and key cannot be used: {error}") from error
        another = pair != self._served
        self._served, self._trusted, self._ends = pair, trusted, ends
        self.towards, self.name = towards, name
        return another

    def seconds_left(self, now: datetime) -> float:
        """For how long what is served is still valid; negative once it is not."""
        return (self._ends - now).total_seconds()


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def _towards(authorities: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Whatever is in there is an anchor, as for API servers: an intermediate, or the certificate.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.load_verify_locations(cadata=authorities.decode("ascii", "ignore"))
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

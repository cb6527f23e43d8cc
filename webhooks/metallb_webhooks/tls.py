"""The TLS contexts of the process, whose certificate is replaced while it serves.

Replicas share one certificate, so that each knows another one by what it serves itself: a
certificate of the same authority, for the same name. Nobody else has a key to one.
"""

import os
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from metallb_webhooks.certs import first_name, not_after, serves_clients

_ANCHOR: Final = ssl.VERIFY_X509_PARTIAL_CHAIN
"""Whatever is trusted is an anchor, as for API servers: an intermediate, or the certificate."""


@dataclass(frozen=True, slots=True)
class _Identity:
    """What is served, and who else may serve it.

    Attributes:
        pair: the key, then the certificate and its chain, as PEM.
        authorities: of other replicas' certificates, as PEM.
    """

    certificate: bytes
    pair: bytes
    authorities: bytes


class Serving:
    """A context for servers, and one for connections to other replicas.

    Both are replaced by new ones when what they hold changes: connections that are open keep what
    they began with.

    Attributes:
        context: for the next connection that is accepted.
        towards: for connections to other replicas.
        name: the DNS name that another replica's certificate has to be for.
    """

    def __init__(
        self, certificate: bytes, key: bytes, authorities: bytes = b"", clients: bytes = b""
    ) -> None:
        """Make contexts for a certificate; arguments and errors as in `use` and `demand`."""
        self._clients = clients
        self._before = b""
        self._identity: _Identity | None = None
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
        wanted = _Identity(certificate, pair, authorities or certificate)
        old = self._identity
        if wanted == old:
            return False
        ends, name = not_after(certificate), first_name(certificate)
        another = old is None or wanted.pair != old.pair
        before = old.certificate if old and another else self._before
        self._put(wanted, self._clients, before)
        self._identity, self._ends, self._before = wanted, ends, before
        self.name = name
        return another

    def demand(self, clients: bytes) -> bool:
        """Ask whoever connects for a certificate from now on; returns whether that is news.

        Who shows none is served all the same, and told apart by `is_known`: the kubelet's probes
        have none. Other replicas are known by what they serve.

        Args:
            clients: PEM of the authorities that sign the certificates of API servers.

        Raises:
            ValueError: they cannot be read, or what is served is for servers only; what was asked
                for stays.
        """
        if clients == self._clients:
            return False
        if self._identity is not None:
            self._put(self._identity, clients, self._before)
        self._clients = clients
        return True

    def present(self, context: ssl.SSLContext) -> ssl.SSLContext:
        """Show what is served when this context meets a server that asks; returns the context."""
        if self._identity is not None:
            _load(context, self._identity.pair)
        return context

    def seconds_left(self, now: datetime) -> float:
        """For how long what is served is still valid; negative once it is not."""
        return (self._ends - now).total_seconds()

    def _put(self, wanted: _Identity, clients: bytes, before: bytes) -> None:
        if clients and not serves_clients(wanted.certificate):
            raise ValueError(
                "the certificate is for servers only, and replicas show it to each other where"
                " clients are asked for theirs; have it made with the usage `client auth`, too"
            )
        try:
            context, towards = _server(), _client(wanted.authorities)
            _load(context, wanted.pair)
            _load(towards, wanted.pair)
            if clients:
                _ask(context, clients, wanted.certificate + before)
        except OSError as error:  # ssl.SSLError is one
            raise ValueError(f"certificate and key cannot be used: {error}") from error
        self.context, self.towards = context, towards


def is_known(transport: object) -> bool:
    """Tell whether whoever is connected has shown a certificate that was asked for.

    Args:
        transport: of a connection that a `Serving.context` has let in.
    """
    # OpenSSL has verified it: who shows another one is not connected.
    tell = getattr(transport, "get_extra_info", None)
    return tell is not None and bool(tell("peercert"))


def _server() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def _client(authorities: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _trust(context, authorities)
    return context


def _ask(context: ssl.SSLContext, clients: bytes, replicas: bytes) -> None:
    # Of replicas only the certificate counts: their authority may sign for half a cluster.
    context.verify_mode = ssl.CERT_OPTIONAL
    try:
        _trust(context, clients)
    except ssl.SSLError as error:
        raise ValueError(f"the authorities of clients cannot be read: {error}") from error
    _trust(context, replicas)


def _trust(context: ssl.SSLContext, authorities: bytes) -> None:
    context.verify_flags |= _ANCHOR
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.load_verify_locations(cadata=authorities.decode("ascii", "ignore"))


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

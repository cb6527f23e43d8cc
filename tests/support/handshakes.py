"""TLS handshakes in memory: who trusts whom, without a network."""

import ssl
import tempfile
from pathlib import Path


def handshake(chain: bytes, key: bytes, client: ssl.SSLContext, host: str) -> None:
    """Let a client meet a server.

    Args:
        chain: what the server shows, as PEM.
        key: its private key, as PEM.
        client: what the client trusts.
        host: whom the client wants to meet.

    Raises:
        SSLCertVerificationError: the client does not trust the server.
    """
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        pair = Path(folder) / "pair.pem"
        pair.write_bytes(key + chain)
        server.load_cert_chain(pair)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    one = client.wrap_bio(back, there, server_hostname=host)
    other = server.wrap_bio(there, back, server_side=True)
    while not (_goes_on(one) & _goes_on(other)):
        pass


def _goes_on(side: ssl.SSLObject) -> bool:
    """Do what can be done now; returns whether that was all."""
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True

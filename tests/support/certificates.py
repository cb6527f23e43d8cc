"""Certificates for tests, made as the product makes its own."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

from metallb_webhooks.certs import Authority, Lifetimes, Material, create_material

NAMES: Final = ("localhost",)


def material() -> Material:
    """Return a new authority and a certificate for localhost."""
    return create_material(NAMES, datetime.now(UTC), Lifetimes())


def authority_of(made: Material) -> Authority:
    """Return the authority that has signed it."""
    key = load_pem_private_key(made.authority_key, password=None)
    assert isinstance(key, EllipticCurvePrivateKey)
    return Authority(load_pem_x509_certificate(made.bundle), key)


def write(folder: Path, made: Material) -> None:
    """Write tls.crt and tls.key."""
    (folder / "tls.crt").write_bytes(made.certificate)
    (folder / "tls.key").write_bytes(made.key)

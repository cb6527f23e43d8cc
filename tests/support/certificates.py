"""Certificates for tests, made as the product makes its own."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from metallb_webhooks.certs import Lifetimes, Material, create_material

NAMES: Final = ("localhost",)


def material() -> Material:
    """Return a new authority and a certificate for localhost."""
    return create_material(NAMES, datetime.now(UTC), Lifetimes())


def write(folder: Path, made: Material) -> None:
    """Write tls.crt and tls.key."""
    (folder / "tls.crt").write_bytes(made.certificate)
    (folder / "tls.key").write_bytes(made.key)
